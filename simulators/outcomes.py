"""What a planned visit comes to, from who came and went: status and paid minutes.

Worked out again here from the rules as they are written for people, simply and one visit at a time, so that the
service's own reckoning is checked by something that shares no code with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from simulators.happenings import Grade
from simulators.roster import Commission, PlannedVisit, local

Status = Literal["due", "late", "in_progress", "presumed_missed", "missed", "done", "done_late", "cancelled"]

LATE_AFTER = timedelta(minutes=30)
PRESUMED_MISSED_AFTER = timedelta(minutes=60)
OUT_OVERDUE_AFTER = timedelta(minutes=60)


@dataclass(frozen=True, slots=True)
class KnownStay:
    """One carer at one visit; None where an end is not known."""

    carer: str
    in_at: datetime | None
    out_at: datetime | None
    in_grade: Grade | None
    out_grade: Grade | None

    @property
    def seconds(self) -> int | None:
        """Delivered whole seconds, None when an end is not known."""
        if self.in_at is None or self.out_at is None:
            return None
        return round((self.out_at - self.in_at).total_seconds())


def begun(stays: Sequence[KnownStay]) -> datetime | None:
    """When the first carer came."""
    return min((stay.in_at for stay in stays if stay.in_at is not None), default=None)


def missed_from(visit: PlannedVisit, following: PlannedVisit | None) -> datetime:
    """From when a visit not begun is missed: the client's next planned visit, or 23:00 local (Essex)."""
    night = local(visit.start.date(), "23:00")
    return min(night, following.start) if following is not None else night


def status_of(visit: PlannedVisit, stays: Sequence[KnownStay], following: PlannedVisit | None, now: datetime) -> Status:
    """The status of a visit at an instant."""
    if visit.cancelled is not None:
        return "cancelled"
    came = begun(stays)
    deadline = missed_from(visit, following)
    if came is None:
        return _status_unbegun(visit, deadline, now)
    if came >= deadline:
        return "missed"
    if any(_still_there(visit, stay, now) for stay in stays):
        return "in_progress"
    return "done_late" if came > visit.start + LATE_AFTER else "done"


def _still_there(visit: PlannedVisit, stay: KnownStay, now: datetime) -> bool:
    """An out tap may be an hour overdue before the carer is no longer taken to be there."""
    overdue = timedelta(minutes=visit.minutes) + OUT_OVERDUE_AFTER
    return stay.in_at is not None and stay.out_at is None and now <= stay.in_at + overdue


def _status_unbegun(visit: PlannedVisit, deadline: datetime, now: datetime) -> Status:
    if now >= deadline:
        return "missed"
    if now > visit.start + PRESUMED_MISSED_AFTER:
        return "presumed_missed"
    return "late" if now > visit.start + LATE_AFTER else "due"


def days_bought(day: date) -> int:
    """Days of contract B's week, which begins on Sunday, that a commission starting on a day covers."""
    return 7 - day.isoweekday() % 7


def paid_minutes(bought: Commission, stays: Sequence[KnownStay], status: Status, days: int) -> int:
    """Minutes the council pays for a visit under its commission's contract, all carers together.

    A visit that was missed, cancelled or is not over pays nothing. Contract A: quarter-hour bands (8–22 becomes
    15, and so on; 7 and less becomes 0), within five minutes of the commissioned minutes becomes them, at most the
    commissioned minutes for each carer. Contract B: by the minute, at most what the commission bought in the week,
    of which `days` days, this one the first. A further carer is paid for the time shared with the first.
    """
    if status not in {"done", "done_late"} or not stays:
        return 0
    first = min(stays, key=lambda stay: (stay.in_at is None, stay.in_at, stay.carer))
    minutes = [_minutes_together(first, stay) for stay in stays]
    if bought.contract == "A":
        return sum(_banded(each, bought.minutes) for each in minutes)
    return min(sum(minutes), bought.minutes * bought.carers * days)


def _minutes_together(first: KnownStay, stay: KnownStay) -> int:
    if stay.seconds is None:
        return 0
    if stay is first:
        return stay.seconds // 60
    if first.in_at is None or first.out_at is None or stay.in_at is None or stay.out_at is None:
        return 0
    shared = min(first.out_at, stay.out_at) - max(first.in_at, stay.in_at)
    return max(0, round(shared.total_seconds())) // 60


def _banded(minutes: int, commissioned: int) -> int:
    banded = 0 if minutes <= 7 else (minutes + 7) // 15 * 15
    if banded and abs(banded - commissioned) <= 5:
        banded = commissioned
    return min(banded, commissioned)
