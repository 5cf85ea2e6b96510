"""What a planned visit comes to, from who came and went: status and paid minutes.

Worked out again here from the rules as they are written for people, simply and one visit at a time, so that the
service's own reckoning is checked by something that shares no code with it.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Literal

from simulators.roster import LONDON, Commission, PlannedVisit, local
from simulators.slots import KnownStay, present, seconds_in, slots_of, together

Status = Literal[
    "due", "late", "in_progress", "end_unknown", "presumed_missed", "missed", "done", "done_late", "cancelled"
]

LATE_AFTER = timedelta(minutes=30)
PRESUMED_MISSED_AFTER = timedelta(minutes=60)
OUT_OVERDUE_AFTER = timedelta(minutes=60)


def begun(stays: Iterable[KnownStay]) -> datetime | None:
    """When the first carer came."""
    return min((stay.in_at for stay in stays if stay.in_at is not None), default=None)


def missed_from(visit: PlannedVisit, following: PlannedVisit | None) -> datetime:
    """From when a visit not begun is missed: the client's next planned visit, or 23:00 local (Essex).

    Never before its planned end, nor before it was presumed missed.
    """
    night = local(visit.start.astimezone(LONDON).date(), "23:00")
    closing = min(night, following.start) if following is not None else night
    return max(closing, visit.end, visit.start + PRESUMED_MISSED_AFTER)


def status_of(visit: PlannedVisit, stays: Sequence[KnownStay], following: PlannedVisit | None, now: datetime) -> Status:
    """The status of a visit at an instant."""
    if visit.cancelled is not None:
        return "cancelled"
    came = begun(stays)
    deadline = missed_from(visit, following)
    if any(still_there(visit, stay, now) for stay in stays):
        return "in_progress"
    if came is None:
        return _status_unbegun(visit, deadline, now)
    if came >= deadline:
        return "missed"
    if any(stay.in_at is not None and stay.out_at is None for stay in stays):
        return "end_unknown"
    return "done_late" if came > visit.start + LATE_AFTER else "done"


def still_there(visit: PlannedVisit, stay: KnownStay, now: datetime) -> bool:
    """An out tap may be an hour overdue before the carer is no longer taken to be there."""
    overdue = timedelta(minutes=visit.minutes) + OUT_OVERDUE_AFTER
    return stay.in_at is not None and stay.out_at is None and now <= stay.in_at + overdue


def _status_unbegun(visit: PlannedVisit, deadline: datetime, now: datetime) -> Status:
    if now >= deadline:
        return "missed"
    if now >= visit.start + PRESUMED_MISSED_AFTER:
        return "presumed_missed"
    return "late" if now > visit.start + LATE_AFTER else "due"


def days_bought(bought: Commission, day: date) -> int:
    """Days of contract B's week about a day, which begins on Sunday, on which a commission buys."""
    sunday = day - timedelta(days=day.isoweekday() % 7)
    week = (sunday + timedelta(days=number) for number in range(7))
    return sum(each >= bought.first_day and bought.days[each.weekday()] != "-" for each in week)


def paid_minutes(visit: PlannedVisit, bought: Commission, stays: Sequence[KnownStay], status: Status, days: int) -> int:
    """Minutes the council pays for a visit under its commission's contract, all slots together.

    A visit that was missed, cancelled or is not over pays nothing, and nothing pays who was looking on. Contract A:
    quarter-hour bands (8–22 becomes 15, and so on; 7 and less becomes 0), within five minutes of the commissioned
    minutes becomes them, at most the commissioned minutes for each carer. Contract B: by the minute, at most what the
    commission bought in the week, of which `days` days, this one the first. A further slot is paid for the time
    shared with the first.
    """
    if status not in {"done", "done_late", "end_unknown"}:
        return 0
    (first, *further), _ = slots_of(visit, stays)
    there = present(first)
    minutes = [seconds_in(there) // 60, *(seconds_in(together(there, present(slot))) // 60 for slot in further)]
    if bought.contract == "A":
        return sum(_banded(each, bought.minutes) for each in minutes)
    return min(sum(minutes), bought.minutes * bought.carers * days)


def _banded(minutes: int, commissioned: int) -> int:
    banded = 0 if minutes <= 7 else (minutes + 7) // 15 * 15
    if banded and abs(banded - commissioned) <= 5:
        banded = commissioned
    return min(banded, commissioned)
