"""What visits are: a pure fold over check-ins, roster and amendments, and a visit's state at an instant.

The fold depends on the set of what is known, never on the order or the number of times it arrived (promise
5).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from ecm.visits.amended import Attended, attended
from ecm.visits.exceptions import HANDLING, exceptions_of
from ecm.visits.limits import Limits
from ecm.visits.matching import match
from ecm.visits.model import (
    Amendment,
    CheckIn,
    Direction,
    Handling,
    PlannedVisit,
    Stay,
    Visit,
    VisitException,
    distinct,
)
from ecm.visits.pairing import pair
from ecm.visits.sharing import UNPLANNED, Group, Part, shared
from ecm.visits.slots import slots_filled
from ecm.visits.status import (
    AlertKind,
    Status,
    alerts_due,
    exceptions_at,
    missed_from,
    next_change,
    next_planned_start,
    status,
)
from ecm.words.civil_time import LONDON, london_day

__all__ = [
    "FAR",
    "HANDLING",
    "NEAR",
    "UNPLANNED",
    "AlertKind",
    "Amendment",
    "CheckIn",
    "Direction",
    "Handling",
    "Limits",
    "PlannedVisit",
    "Reach",
    "Status",
    "Stay",
    "Visit",
    "VisitException",
    "alerts_due",
    "days_touched",
    "exceptions_at",
    "fold",
    "missed_from",
    "next_change",
    "next_planned_start",
    "status",
    "window",
]


@dataclass(frozen=True, slots=True)
class Reach:
    """How many days before and after a day have a say in it: in what is folded, and in what must be folded again."""

    days: int
    touched_before: int
    touched_after: int


# Without a visit of more than LONG_MINUTES near by: a shorter call is over, with all that a late carer may add to it,
# on the next day. A visit of a day and a night takes arrivals until its end, each of a stay of up to 25 hours.
NEAR: Final = Reach(days=1, touched_before=1, touched_after=1)
FAR: Final = Reach(days=3, touched_before=3, touched_after=2)


def window(day: date, reach: Reach = NEAR) -> tuple[datetime, datetime]:
    """Return the first instant whose data the fold of `day` needs and the first it does not, in UTC.

    Needed are roster visits that start in it, check-ins whose `occurred_at` lies in it, and the amendments of those
    visits and of unplanned ones.
    """
    return _midnight(day, -reach.days), _midnight(day, 1 + reach.days)


def days_touched(instant: datetime, reach: Reach = NEAR) -> tuple[date, ...]:
    """Return the days to fold again when a check-in or a roster visit of this instant changes."""
    day = london_day(instant).toordinal()
    return tuple(
        date.fromordinal(ordinal)
        for ordinal in range(day - reach.touched_before, day + reach.touched_after + 1)
        if date.min.toordinal() <= ordinal <= date.max.toordinal()
    )


def fold(
    client: str,
    day: date,
    planned: Iterable[PlannedVisit],
    check_ins: Iterable[CheckIn],
    amendments: Iterable[Amendment],
    limits: Limits,
    reach: Reach = NEAR,
) -> tuple[Visit, ...]:
    """Return the client's visits of a day, in order of time, as everything known tells them.

    A planned visit belongs to the local day of its planned start, an unplanned one to that of its opening
    check-in. Pass all that lies in `window(day, reach)`; what lies outside it, or belongs to another client, is
    left out of account, so that more changes nothing. Amendments never move a visit to another day.
    """
    first, end = window(day, reach)
    return fold_all(
        [visit for visit in planned if visit.client == client and first <= visit.start < end],
        [tap for tap in check_ins if tap.client == client and first <= tap.occurred_at < end],
        amendments,
        limits,
        frozenset({day}),
    )


def fold_all(
    planned: Iterable[PlannedVisit],
    check_ins: Iterable[CheckIn],
    amendments: Iterable[Amendment],
    limits: Limits,
    days: frozenset[date] | None = None,
) -> tuple[Visit, ...]:
    """Return all visits of one client that its whole history tells, or those of some days."""
    matching = match(pair(check_ins), planned, limits)
    groups = shared(matching)
    by_visit = _amendments_by_visit(amendments, groups)
    visits = [
        _visit(name, plan, parts, day, by_visit.get(name, []), limits)
        for name, plan, parts in groups
        if (day := london_day(plan.start if plan else parts[0].raw.at)) and (days is None or day in days)
    ]
    return tuple(sorted(visits, key=_order))


def _order(visit: Visit) -> tuple[datetime, str]:
    start = visit.planned_start or visit.arrived_at
    if start is None:
        raise ValueError("an unplanned visit has a stay")
    return (start, visit.visit)


def _midnight(day: date, days_on: int) -> datetime:
    ordinal = day.toordinal() + days_on
    if ordinal > date.max.toordinal():
        return datetime.max.replace(tzinfo=UTC)
    moved = date.fromordinal(ordinal)
    return datetime(moved.year, moved.month, moved.day, tzinfo=LONDON).astimezone(UTC)


def _amendments_by_visit(amendments: Iterable[Amendment], groups: list[Group]) -> dict[str, list[Amendment]]:
    """Sort amendments to their visits, oldest first.

    One of an unplanned visit follows that visit's opening check-in to wherever later arrivals have put it.
    """
    known = distinct(amendments, lambda amendment: amendment.amendment_id)
    if not known:
        return {}
    names = {name: name for name, _, _ in groups}
    for name, _, parts in groups:
        for part in parts:
            for check_in in part.raw.check_ins if part.own else ():
                names.setdefault(f"{UNPLANNED}{check_in.check_in_id}", name)
    by_visit: dict[str, list[Amendment]] = {}
    for amendment in sorted(known, key=lambda each: (each.made_at, each.amendment_id)):
        if amendment.visit in names:
            by_visit.setdefault(names[amendment.visit], []).append(amendment)
    return by_visit


def _visit(
    name: str,
    plan: PlannedVisit | None,
    parts: tuple[Part, ...],
    day: date,
    amendments: list[Amendment],
    limits: Limits,
) -> Visit:
    came = attended(parts, amendments)
    rostered = plan.carers if plan else ()
    slots = slots_filled(came, rostered, plan.capacity if plan else 1, plan.minutes if plan else None)
    stays = tuple(_stay(stay, slot) for stay, slot in zip(came, slots, strict=True))
    return Visit(
        visit=name,
        client=plan.client if plan else parts[0].raw.opening.client,
        commission=plan.commission if plan else None,
        day=day,
        planned_start=plan.start if plan else None,
        planned_minutes=plan.minutes if plan else None,
        carers_needed=plan.carers_needed if plan else 1,
        stays=stays,
        exceptions=exceptions_of(list(zip(came, stays, strict=True)), plan, limits),
        cancelled=plan.cancelled if plan else None,
        rostered=rostered,
    )


def _stay(stay: Attended, slot: int | None) -> Stay:
    arrival, departure = stay.arrival, stay.departure
    return Stay(
        carer=stay.carer,
        in_at=stay.in_at,
        out_at=stay.out_at,
        delivered_seconds=stay.seconds,
        in_check_in=arrival.ref if arrival else None,
        out_check_in=departure.ref if departure else None,
        in_grade=arrival.grade if arrival else None,
        out_grade=departure.grade if departure else None,
        in_distance_m=arrival.distance_m if arrival else None,
        out_distance_m=departure.distance_m if departure else None,
        slot=slot,
        repeat_check_ins=tuple(tap.ref for tap in stay.repeats),
        amendments=tuple(
            sorted({amendment for amendment in (stay.amended_in, stay.amended_out) if amendment is not None})
        ),
        shared_with=stay.shared_with,
    )
