"""Two visits made in one stay: a planned visit that nobody else has come to shares a stay that covers it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from ecm.visits.matching import Matching
from ecm.visits.model import CheckIn, PlannedVisit
from ecm.visits.pairing import RawStay

UNPLANNED = "unplanned:"


class Part(msgspec.Struct, frozen=True, gc=False):
    """What of a stay belongs to one visit: all of it, or from one planned start to the next.

    `shared_with` names the visits that have the rest, and `own` says that this is the visit that the stay belonged to.
    An instant that is None is not known.
    """

    carer: str
    in_at: datetime | None
    out_at: datetime | None
    raw: RawStay
    shared_with: tuple[str, ...] = ()
    own: bool = True


# A visit's name, its plan if it has one, and its stays or its parts of them.
Given = tuple[str, PlannedVisit | None, tuple[RawStay, ...]]
Group = tuple[str, PlannedVisit | None, tuple[Part, ...]]


def shared(matching: Matching) -> list[Group]:
    """Return each planned visit with its parts of stays, and each stay that belongs to none as a visit of its own."""
    given: list[Given] = [(plan.visit, plan, stays) for plan, stays in matching.planned]
    given += [(f"{UNPLANNED}{raw.opening.check_in_id}", None, (raw,)) for raw in matching.unplanned]
    awaiting = [plan for plan, stays in matching.planned if not stays and plan.cancelled is None]
    hosts = [raw for _, _, stays in given for raw in stays if _has_length(raw)] if awaiting else []
    guests: defaultdict[str, list[PlannedVisit]] = defaultdict(list)
    for plan in awaiting:
        if (raw := _covering(plan, hosts)) is not None:
            guests[raw.opening.ref].append(plan)
    if not guests:
        return [(name, plan, tuple(map(_whole, stays))) for name, plan, stays in given]
    parts: list[list[Part]] = [[] for _ in given]
    number_of = {plan.visit: number for number, (_, plan, _) in enumerate(given) if plan is not None}
    for number, (name, host, stays) in enumerate(given):
        for raw in stays:
            for visit, part in _parts(name, host, raw, guests.get(raw.opening.ref, [])):
                parts[number if visit == name else number_of[visit]].append(part)
    return [(name, plan, tuple(parts[number])) for number, (name, plan, _) in enumerate(given)]


def _covering(plan: PlannedVisit, stays: Iterable[RawStay]) -> RawStay | None:
    """The stay of a rostered carer that covers most of a visit's planned time, if at least half of it."""
    half = timedelta(minutes=plan.minutes) / 2
    covering = [
        (-covered, raw.order, raw)
        for raw in stays
        if raw.carer in plan.carers and (covered := _covered(plan, raw)) >= half
    ]
    return min(covering, key=lambda each: each[:2])[2] if covering else None


def _has_length(raw: RawStay) -> bool:
    return raw.arrival is not None and raw.departure is not None and raw.arrival.occurred_at < raw.departure.occurred_at


def _covered(plan: PlannedVisit, raw: RawStay) -> timedelta:
    if raw.arrival is None or raw.departure is None:
        return timedelta()
    return min(plan.end, raw.departure.occurred_at) - max(plan.start, raw.arrival.occurred_at)


def _parts(
    name: str, host: PlannedVisit | None, raw: RawStay, guests: Sequence[PlannedVisit]
) -> Iterable[tuple[str, Part]]:
    """Cut a stay at the planned start of each visit that shares it but the first."""
    in_at, out_at = _instant(raw.arrival), _instant(raw.departure)
    if in_at is None or out_at is None or not guests:
        yield name, _whole(raw)
        return
    visits = sorted(
        [(host.start if host else in_at, False, name), *((guest.start, True, guest.visit) for guest in guests)]
    )
    cuts = [in_at, *(min(max(start, in_at), out_at) for start, _, _ in visits[1:]), out_at]
    names = [visit for _, _, visit in visits]
    for number, visit in enumerate(names):
        others = tuple(other for other in names if other != visit)
        yield visit, Part(raw.carer, cuts[number], cuts[number + 1], raw, others, own=visit == name)


def _whole(raw: RawStay) -> Part:
    return Part(raw.carer, _instant(raw.arrival), _instant(raw.departure), raw)


def _instant(tap: CheckIn | None) -> datetime | None:
    return None if tap is None else tap.occurred_at
