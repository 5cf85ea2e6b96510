"""Days and times of day as people and spreadsheets write them: 25/11/2026, 25-Nov-26, 8:00, 08:00:00, 8 am."""

import re
from datetime import date, time
from typing import Final

from ecm.care.domain import DateOrder

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY: Final = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?,? )?"
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")
_NUMERIC: Final = re.compile(rf"{_WEEKDAY}([0-9]{{1,2}})([/.-])([0-9]{{1,2}})\2([0-9]{{4}}|[0-9]{{2}})", re.IGNORECASE)
_NAMED: Final = re.compile(
    rf"{_WEEKDAY}([0-9]{{1,2}})(?:st|nd|rd|th)?[ -]([a-z]{{3,9}})\.?,?[ -]([0-9]{{4}}|[0-9]{{2}})", re.IGNORECASE
)
_MIDNIGHT: Final = re.compile(r"[T ]0{1,2}:00(?::00)?$")
_TIME: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.0+)?)?(?: ?([ap])\.?m\.?)?", re.IGNORECASE)
_HOUR: Final = re.compile(r"([0-9]{1,2}) ?([ap])\.?m\.?", re.IGNORECASE)


class DateFault(ValueError):
    """A text that stands for no day or time; `is_written_so` where the writing is right and there is no such day."""

    def __init__(self, *, is_written_so: bool) -> None:
        super().__init__()
        self.is_written_so = is_written_so


def read_day(text: str, order: DateOrder) -> date:
    """Return the day that a text stands for; of a two-digit year the century is this one. Raises DateFault."""
    text = _MIDNIGHT.sub("", text)
    year, month, day = _parts(text, order)
    try:
        return date(2000 + year if year < 100 else year, month, day)
    except ValueError:
        raise DateFault(is_written_so=True) from None


def _parts(text: str, order: DateOrder) -> tuple[int, int, int]:
    if match := _YEAR_FIRST.fullmatch(text):
        return int(match[1]), int(match[3]), int(match[4])
    if match := _NUMERIC.fullmatch(text):
        first, second = int(match[1]), int(match[3])
        day, month = (first, second) if order == "day/month/year" else (second, first)
        return int(match[4]), month, day
    if (match := _NAMED.fullmatch(text)) and (named := month_number(match[2])) is not None:
        return int(match[3]), named, int(match[1])
    raise DateFault(is_written_so=False)


def month_number(text: str) -> int | None:
    """Return the number of a month by its English name or the first three letters of it, None for no month."""
    short = text[:3].casefold()
    return _MONTHS.index(short) + 1 if short in _MONTHS else None


def read_time(text: str) -> time:
    """Return the time of day that a text stands for; raises DateFault."""
    if match := _TIME.fullmatch(text):
        hour, minute, second, half = int(match[1]), int(match[2]), int(match[3] or 0), match[4]
    elif match := _HOUR.fullmatch(text):
        hour, minute, second, half = int(match[1]), 0, 0, match[2]
    else:
        raise DateFault(is_written_so=False)
    if half is not None:
        if not 1 <= hour <= 12:
            raise DateFault(is_written_so=True)
        hour = hour % 12 + (12 if half.casefold() == "p" else 0)
    try:
        return time(hour, minute, second)
    except ValueError:
        raise DateFault(is_written_so=True) from None
