"""England's civil time: what people read and what a day is. Pure; it never asks what time it is."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")


def london_day(instant: datetime) -> date:
    """Return the civil date in England of an aware instant."""
    return instant.astimezone(LONDON).date()
