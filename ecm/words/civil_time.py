"""England's civil time: what people read and what a day is. Pure; it never asks what time it is."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def london_day(instant: datetime) -> date:
    """Return the civil date in England of an aware instant."""
    return instant.astimezone(LONDON).date()


def first_instant(day: date) -> datetime:
    """Return the instant, in UTC, at which a day of England's civil time begins."""
    return datetime(day.year, day.month, day.day, tzinfo=LONDON).astimezone(UTC)
