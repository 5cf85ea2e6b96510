"""What a visit's state is at an instant, which alerts are due, and when to look again.

The state machine is Essex's reading of "missed" with a step before it: due, late, presumed missed, then
missed or done late. A visit is missed when nobody has come before the client's next planned visit or 23:00
local time of its day, whichever is first, but never while it is not yet late. A late check-in turns
presumed missed into done late; one that shows an arrival only after the visit was missed leaves it missed,
with the call to be seen on it.
"""

from collections.abc import Iterable
from datetime import MAXYEAR, UTC, datetime, time, timedelta
from typing import Literal

from ecm.visits.model import Call, PlannedVisit, Rules, Visit, VisitException
from ecm.words.civil_time import LONDON

Status = Literal["due", "late", "in_progress", "presumed_missed", "missed", "done", "done_late", "cancelled"]
AlertKind = Literal["late_visit", "missed_visit"]

_TICK = timedelta(seconds=1)


def status(visit: Visit, now: datetime, rules: Rules, next_start: datetime | None) -> Status:
    """Return the state of a visit at `now`.

    `next_start` is the start of the client's next planned visit, if any (see `next_planned_start`). The
    late window includes its boundary: with 30 minutes, a visit planned for 08:00 is late after 08:30:00.
    """
    if visit.cancelled is not None:
        return "cancelled"
    if any(_running(visit, call, now, rules) for call in visit.calls):
        return "in_progress"
    start = visit.planned_start
    if start is None:
        return "done"
    if _missed(visit, start, now, rules, next_start):
        return "missed"
    if visit.arrived_at is not None:
        return "done_late" if visit.arrived_at - start > rules.late else "done"
    return _waiting(now - start, rules)


def _waiting(overdue: timedelta, rules: Rules) -> Status:
    if overdue <= rules.late:
        return "due"
    return "presumed_missed" if overdue >= rules.missed_after else "late"


def alerts_due(visit: Visit, now: datetime, rules: Rules, next_start: datetime | None) -> tuple[AlertKind, ...]:
    """Return the alerts that are true of a visit at `now`; one raised before and no longer here is withdrawn.

    `late_visit` holds once the late window has passed without an arrival in it, also when somebody came
    later; `missed_visit` from presumed missed on, until an arrival before the visit counted as missed
    disproves it.
    """
    start = visit.planned_start
    if start is None or visit.cancelled is not None:
        return ()
    missed = _missed(visit, start, now, rules, next_start)
    if visit.arrived_at is None:
        missed = missed or _waiting(now - start, rules) == "presumed_missed"
        late = now - start > rules.late
    else:
        late = visit.arrived_at - start > rules.late
    kinds: tuple[AlertKind, ...] = ("late_visit",) if late else ()
    return (*kinds, "missed_visit") if missed else kinds


def next_change(visit: Visit, now: datetime, rules: Rules, next_start: datetime | None) -> datetime | None:
    """Return when the passing of time alone may next change the state or the alerts of a visit, or None."""
    if visit.cancelled is not None:
        return None
    changes = [
        call.in_at + _longest(visit, rules) + _TICK
        for call in visit.calls
        if call.in_at is not None and call.in_at.year < MAXYEAR and _running(visit, call, now, rules)
    ]
    if visit.planned_start is not None:
        changes.append(_missed_from(visit, visit.planned_start, rules, next_start))
        if not visit.calls:
            changes.append(visit.planned_start + rules.late + _TICK)
            changes.append(visit.planned_start + max(rules.missed_after, rules.late + _TICK))
    return min((change for change in changes if change > now), default=None)


def exceptions_at(visit: Visit, now: datetime, rules: Rules) -> tuple[VisitException, ...]:
    """Return the exceptions worth showing at `now`, without what is only missing because care goes on.

    A missing departure shows once it is `out_overdue_minutes` overdue, a missing second carer after the
    late window.
    """
    calls = {call.carer: call for call in visit.calls}
    return tuple(
        made
        for made in visit.exceptions
        if not (made.kind == "no_out" and made.carer is not None and _running(visit, calls[made.carer], now, rules))
        and not (made.kind == "second_carer_missing" and _still_awaited(visit, now, rules))
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


def _missed_from(visit: Visit, start: datetime, rules: Rules, next_start: datetime | None) -> datetime:
    late_from = start + rules.late + _TICK
    closing = datetime.combine(visit.day, time(rules.missed_at_hour), LONDON).astimezone(UTC)
    if next_start is not None and next_start > start:
        closing = min(closing, next_start)
    return max(closing, late_from)


def _missed(visit: Visit, start: datetime, now: datetime, rules: Rules, next_start: datetime | None) -> bool:
    missed_from = _missed_from(visit, start, rules, next_start)
    return now >= missed_from and (visit.arrived_at is None or visit.arrived_at >= missed_from)


def _longest(visit: Visit, rules: Rules) -> timedelta:
    """How long after an arrival a call with no departure is held to be going on."""
    if visit.planned_minutes is None:
        return rules.longest_visit
    return timedelta(minutes=visit.planned_minutes + rules.out_overdue_minutes)


def _running(visit: Visit, call: Call, now: datetime, rules: Rules) -> bool:
    return call.in_at is not None and call.out_at is None and now - call.in_at <= _longest(visit, rules)


def _still_awaited(visit: Visit, now: datetime, rules: Rules) -> bool:
    return visit.planned_start is not None and now - visit.planned_start <= rules.late
