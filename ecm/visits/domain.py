"""What visits are: a pure fold over check-ins, roster and amendments, and a visit's state at an instant.

The fold depends on the set of what is known, never on the order or the number of times it arrived (promise
5).
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from uuid import UUID

from msgspec.structs import replace

from ecm.visits.exceptions import HANDLING, stay_exceptions, visit_exceptions
from ecm.visits.matching import match
from ecm.visits.model import (
    Amendment,
    CheckIn,
    Direction,
    Handling,
    Limits,
    PlannedVisit,
    Stay,
    Visit,
    VisitException,
    distinct,
    seconds_between,
)
from ecm.visits.pairing import RawStay, pair
from ecm.visits.status import (
    AlertKind,
    Status,
    alerts_due,
    exceptions_at,
    next_change,
    next_planned_start,
    status,
)
from ecm.words.civil_time import LONDON, london_day

__all__ = [
    "HANDLING",
    "AlertKind",
    "Amendment",
    "CheckIn",
    "Direction",
    "Handling",
    "Limits",
    "PlannedVisit",
    "Status",
    "Stay",
    "Visit",
    "VisitException",
    "alerts_due",
    "days_touched",
    "exceptions_at",
    "fold",
    "next_change",
    "next_planned_start",
    "status",
    "window",
]

UNPLANNED = "unplanned:"


def window(day: date) -> tuple[datetime, datetime]:
    """Return the first instant whose data the fold of `day` needs and the first it does not, in UTC.

    It is the local day before, the day itself and the day after: roster visits that start in it, check-ins
    whose `occurred_at` lies in it, and the amendments of those visits and of unplanned ones. That is enough
    because a visit lasts no longer than `Limits.longest_visit_hours` (16) and is matched no further than
    `Limits.match_window_minutes` (120) from its plan in a fixed number of rounds.
    """
    return _midnight(day, -1), _midnight(day, 2)


def days_touched(instant: datetime) -> tuple[date, ...]:
    """Return the days to fold again when a check-in or a roster visit of this instant changes."""
    day = london_day(instant)
    return tuple(
        date.fromordinal(ordinal)
        for ordinal in range(day.toordinal() - 1, day.toordinal() + 2)
        if date.min.toordinal() <= ordinal <= date.max.toordinal()
    )


def fold(
    client: str,
    day: date,
    planned: Iterable[PlannedVisit],
    check_ins: Iterable[CheckIn],
    amendments: Iterable[Amendment],
    limits: Limits,
) -> tuple[Visit, ...]:
    """Return the client's visits of a day, in order of time, as everything known tells them.

    A planned visit belongs to the local day of its planned start, an unplanned one to that of its opening
    check-in. Pass all that lies in `window(day)`; what lies outside it, or belongs to another client, is
    left out of account, so that more changes nothing. Amendments never move a visit to another day.
    """
    first, end = window(day)
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
    matching = match(pair(check_ins, limits), planned, limits)
    groups: list[tuple[str, PlannedVisit | None, tuple[RawStay, ...]]] = [
        (plan.visit, plan, raw) for plan, raw in matching.planned
    ]
    groups += [(f"{UNPLANNED}{raw.opening.check_in_id}", None, (raw,)) for raw in matching.unplanned]
    by_visit = _amendments_by_visit(amendments, groups)
    visits = [
        _visit(name, plan, raw, day, by_visit.get(name, []), limits)
        for name, plan, raw in groups
        if (day := london_day(plan.start if plan else raw[0].at)) and (days is None or day in days)
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


def _amendments_by_visit(
    amendments: Iterable[Amendment], groups: list[tuple[str, PlannedVisit | None, tuple[RawStay, ...]]]
) -> dict[str, list[Amendment]]:
    """Sort amendments to their visits, oldest first.

    One of an unplanned visit follows that visit's opening check-in to wherever later arrivals have put it.
    """
    known = distinct(amendments, lambda amendment: amendment.amendment_id)
    if not known:
        return {}
    names = {name: name for name, _, _ in groups}
    for name, _, raw_stays in groups:
        for raw in raw_stays:
            for check_in in raw.check_ins:
                names.setdefault(f"{UNPLANNED}{check_in.check_in_id}", name)
    by_visit: dict[str, list[Amendment]] = {}
    for amendment in sorted(known, key=lambda each: (each.made_at, each.amendment_id)):
        if amendment.visit in names:
            by_visit.setdefault(names[amendment.visit], []).append(amendment)
    return by_visit


def _visit(
    name: str,
    plan: PlannedVisit | None,
    raw_stays: tuple[RawStay, ...],
    day: date,
    amendments: list[Amendment],
    limits: Limits,
) -> Visit:
    by_carer = {raw.carer: raw for raw in raw_stays}
    carers = set(by_carer) | {amendment.carer for amendment in amendments if amendment.in_at or amendment.out_at}
    unnumbered = [
        _stay(carer, by_carer.get(carer), [amendment for amendment in amendments if amendment.carer == carer])
        for carer in carers
    ]
    stays = _numbered(unnumbered)
    exceptions = set(visit_exceptions(stays, plan))
    for stay in stays:
        raw = by_carer.get(stay.carer)
        evidence = [tap for tap in (raw.arrival, raw.departure) if tap is not None] if raw else []
        exceptions.update(stay_exceptions(stay, evidence, plan, limits))
    return Visit(
        visit=name,
        client=plan.client if plan else raw_stays[0].opening.client,
        commission=plan.commission if plan else None,
        day=day,
        planned_start=plan.start if plan else None,
        planned_minutes=plan.minutes if plan else None,
        carers_needed=plan.carers_needed if plan else 1,
        stays=stays,
        exceptions=tuple(sorted(exceptions, key=lambda exception: (exception.kind, exception.carer or ""))),
        cancelled=plan.cancelled if plan else None,
        rostered=plan.carers if plan else (),
    )


def _stay(carer: str, raw: RawStay | None, amendments: list[Amendment]) -> Stay:
    """Make one carer's stay: the times of its check-ins, or the latest amendments of those times."""
    arrival = raw.arrival if raw else None
    departure = raw.departure if raw else None
    in_at = arrival.occurred_at if arrival else None
    out_at = departure.occurred_at if departure else None
    in_force: dict[str, UUID] = {}
    for amendment in amendments:
        if amendment.in_at is not None:
            in_at, in_force["in"] = amendment.in_at, amendment.amendment_id
        if amendment.out_at is not None:
            out_at, in_force["out"] = amendment.out_at, amendment.amendment_id
    return Stay(
        carer=carer,
        position=0,
        in_at=in_at,
        out_at=out_at,
        delivered_seconds=_delivered(in_at, out_at),
        overlap_seconds=0,
        in_check_in=arrival.ref if arrival else None,
        out_check_in=departure.ref if departure else None,
        in_grade=arrival.grade if arrival else None,
        out_grade=departure.grade if departure else None,
        in_distance_m=arrival.distance_m if arrival else None,
        out_distance_m=departure.distance_m if departure else None,
        repeat_check_ins=tuple(tap.ref for tap in raw.repeats) if raw else (),
        amendments=tuple(
            amendment.amendment_id for amendment in amendments if amendment.amendment_id in in_force.values()
        ),
    )


def _numbered(stays: list[Stay]) -> tuple[Stay, ...]:
    """Number the stays by arrival (or departure) and carer, and measure each against the first."""
    ordered = sorted(stays, key=lambda stay: (stay.at, stay.carer))
    return tuple(
        replace(stay, position=position, overlap_seconds=_overlap(ordered[0], stay)) if position else stay
        for position, stay in enumerate(ordered)
    )


def _delivered(in_at: datetime | None, out_at: datetime | None) -> int | None:
    if in_at is None or out_at is None or out_at < in_at:
        return None
    return seconds_between(in_at, out_at)


def _overlap(first: Stay, other: Stay) -> int:
    if first.in_at is None or first.out_at is None or other.in_at is None or other.out_at is None:
        return 0
    shared = seconds_between(max(first.in_at, other.in_at), min(first.out_at, other.out_at))
    return max(shared, 0)
