"""Periods of local days, and weeks that start on any weekday."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from reports.contracts import Contract, Weekday

LONDON = ZoneInfo("Europe/London")
WEEKDAYS: tuple[Weekday, ...] = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)


@dataclass(frozen=True, slots=True)
class Period:
    """The local days from `first` to `last`, both included. Raises ValueError if `last` comes first."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"the period ends on {self.last}, before it starts on {self.first}")

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def week_of(day: date, week_starts: Weekday) -> date:
    """The first day of the week that `day` lies in."""
    return day - timedelta(days=(day.weekday() - WEEKDAYS.index(week_starts)) % 7)


def whole_weeks(period: Period, contracts: Iterable[Contract]) -> Period:
    """The days to read so that a weekly cap sees every week that the period touches in full."""
    starts = {contract.week_starts for contract in contracts}
    first = min((week_of(period.first, start) for start in starts), default=period.first)
    last = max((week_of(period.last, start) + timedelta(days=6) for start in starts), default=period.last)
    return Period(first, last)


def elapsed_seconds(start: datetime, end: datetime) -> int:
    """Whole seconds that really passed between two aware instants, whatever the clocks on the wall did.

    Two datetimes of one zone subtract as wall clocks do, so both are taken to UTC first.
    """
    return int((end.astimezone(UTC) - start.astimezone(UTC)).total_seconds() // 1)


def local(instant: datetime) -> datetime:
    """The instant as Europe/London reads it."""
    return instant.astimezone(LONDON)
