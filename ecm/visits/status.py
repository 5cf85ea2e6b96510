"""What a visit's state is at an instant, which alerts are due, and when to look again.

The state machine is Essex's reading of "missed" with a step before it: due, late, presumed missed, then
missed or done late. A visit is missed when nobody has come before the client's next planned visit or 23:00
local time of its day, whichever is first, but never before its own planned end, nor before an hour after its
start. A late check-in turns presumed missed into done late; one that shows an arrival only after the visit was
missed leaves it missed, with the stay to be seen on it.
"""

from collections.abc import Iterable
from datetime import MAXYEAR, UTC, datetime, time, timedelta
from typing import Literal

from ecm.visits.limits import Limits, longest_stay
from ecm.visits.model import PlannedVisit, Stay, Visit, VisitException
from ecm.words.civil_time import LONDON

Status = Literal[
    "due", "late", "in_progress", "end_unknown", "presumed_missed", "missed", "done", "done_late", "cancelled"
]
AlertKind = Literal["late_visit", "missed_visit"]

_TICK = timedelta(seconds=1)


def status(visit: Visit, now: datetime, limits: Limits, next_start: datetime | None) -> Status:
    """Return the state of a visit at `now`.

    `next_start` is the start of the client's next planned visit, if any (see `next_planned_start`). The
    late window includes its boundary: with 30 minutes, a visit planned for 08:00 is late after 08:30:00.
    """
    if visit.cancelled is not None:
        return "cancelled"
    if any(_running(visit, stay, now, limits) for stay in visit.stays):
        return "in_progress"
    start = visit.planned_start
    if start is not None and _missed(visit, start, now, limits, next_start):
        return "missed"
    if start is not None and not visit.stays:
        return _waiting(now - start, limits)
    return _come(visit, limits)


def _come(visit: Visit, limits: Limits) -> Status:
    """The state of a visit that somebody came to, and where nobody is now."""
    if any(stay.in_at is not None and stay.out_at is None for stay in visit.stays):
        return "end_unknown"
    start = visit.planned_start
    arrived_at = min((stay.in_at for stay in visit.stays if stay.in_at is not None), default=None)
    late = start is not None and arrived_at is not None and arrived_at - start > limits.late
    return "done_late" if late else "done"


def _waiting(overdue: timedelta, limits: Limits) -> Status:
    if overdue <= limits.late:
        return "due"
    return "presumed_missed" if overdue >= limits.missed_after else "late"


def alerts_due(visit: Visit, now: datetime, limits: Limits, next_start: datetime | None) -> tuple[AlertKind, ...]:
    """Return the alerts that are true of a visit at `now`; one raised before and no longer here is withdrawn.

    `late_visit` holds once the late window has passed without an arrival in it, also when somebody came
    later; `missed_visit` from presumed missed on, until an arrival before the visit counted as missed
    disproves it.
    """
    start = visit.planned_start
    if start is None or visit.cancelled is not None:
        return ()
    missed = _missed(visit, start, now, limits, next_start)
    if visit.begun_at is None:
        missed = missed or _waiting(now - start, limits) == "presumed_missed"
        late = now - start > limits.late
    else:
        late = visit.begun_at - start > limits.late
    kinds: tuple[AlertKind, ...] = ("late_visit",) if late else ()
    return (*kinds, "missed_visit") if missed else kinds


def missed_from(visit: Visit, limits: Limits, next_start: datetime | None) -> datetime | None:
    """Return from when on a visit counts as missed if nobody has come, None for an unplanned one."""
    start = visit.planned_start
    return None if start is None else _missed_from(visit, start, limits, next_start)


def next_change(visit: Visit, now: datetime, limits: Limits, next_start: datetime | None) -> datetime | None:
    """Return when the passing of time alone may next change the state or the alerts of a visit, or None."""
    if visit.cancelled is not None:
        return None
    changes = [
        stay.in_at + _longest(visit, limits) + _TICK
        for stay in visit.stays
        if stay.in_at is not None and stay.in_at.year < MAXYEAR and _running(visit, stay, now, limits)
    ]
    if visit.planned_start is not None:
        changes.append(_missed_from(visit, visit.planned_start, limits, next_start))
        if not visit.stays:
            changes.append(visit.planned_start + limits.late + _TICK)
            changes.append(visit.planned_start + max(limits.missed_after, limits.late + _TICK))
    return min((change for change in changes if change > now), default=None)


def exceptions_at(visit: Visit, now: datetime, limits: Limits) -> tuple[VisitException, ...]:
    """Return the exceptions worth showing at `now`, without what is only missing because care goes on.

    A missing departure shows once it is `out_overdue_minutes` overdue, a missing second carer after the
    late window.
    """
    there = {stay.carer for stay in visit.stays if _running(visit, stay, now, limits)}
    gone = {stay.carer for stay in visit.stays if stay.out_at is None and not _running(visit, stay, now, limits)}
    return tuple(
        exception
        for exception in visit.exceptions
        if not (exception.kind == "no_out" and exception.carer in there - gone)
        and not (exception.kind == "second_carer_missing" and _still_awaited(visit, now, limits))
    )


def next_planned_start(visit: Visit, planned: Iterable[PlannedVisit]) -> datetime | None:
    """Return the start of the client's first planned, not cancelled visit after this one, or None."""
    start = visit.planned_start
    if start is None:
        return None
    return min(
        (
            other.start
            for other in planned
            if other.client == visit.client and other.cancelled is None and other.start > start
        ),
        default=None,
    )


def _missed_from(visit: Visit, start: datetime, limits: Limits, next_start: datetime | None) -> datetime:
    closing = datetime.combine(visit.day, time(limits.missed_at_hour), LONDON).astimezone(UTC)
    if next_start is not None and next_start > start:
        closing = min(closing, next_start)
    planned_end = start + timedelta(minutes=visit.planned_minutes or 0)
    return max(closing, planned_end, start + limits.missed_after, start + limits.late + _TICK)


def _missed(visit: Visit, start: datetime, now: datetime, limits: Limits, next_start: datetime | None) -> bool:
    missed_from = _missed_from(visit, start, limits, next_start)
    return now >= missed_from and (visit.begun_at is None or visit.begun_at >= missed_from)


def _longest(visit: Visit, limits: Limits) -> timedelta:
    """How long after an arrival a stay with no departure is held to be going on."""
    if visit.planned_minutes is None:
        return longest_stay(None)
    return timedelta(minutes=visit.planned_minutes) + limits.out_overdue


def _running(visit: Visit, stay: Stay, now: datetime, limits: Limits) -> bool:
    return stay.in_at is not None and stay.out_at is None and now - stay.in_at <= _longest(visit, limits)


def _still_awaited(visit: Visit, now: datetime, limits: Limits) -> bool:
    return visit.planned_start is not None and now - visit.planned_start <= limits.late
