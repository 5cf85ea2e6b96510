"""Cells of a row as values: each function takes the row and the column, and raises CellError in plain words."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Final

from ecm.care.imports.dates import DateFault, read_day, read_time
from ecm.care.imports.tables import CellError, Row, shown
from ecm.words.civil_time import LONDON
from ecm.words.codes import CODE_PATTERN

_CODE: Final = re.compile(CODE_PATTERN)
_COUNCIL: Final = re.compile(r"E[0-9]{8}")
_BETWEEN_CODES: Final = re.compile(r"[;,|\n]")
# A spreadsheet that takes a code for a number writes it so.
_AS_A_NUMBER: Final = re.compile(r"[0-9](?:\.[0-9]+)?[eE]\+[0-9]+")
_OFFSET: Final = re.compile(r"(.*[0-9])(Z|[+-][0-9]{2}:[0-9]{2})", re.DOTALL)
_DAY_AND_TIME: Final = re.compile(
    r"(.*?[0-9])(?:T|,?\s+(?:at\s+)?)([0-9]{1,2}[:][0-9].*|[0-9]{1,2} ?[ap]\.?m\.?)", re.IGNORECASE
)
# Spreadsheets and programs write a longitude close to Greenwich as 5E-05.
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,17})?(?:[eE]-[0-9]{1,2})?")
_WHOLE: Final = re.compile(r"([0-9]{1,9})(?:\.0{1,9})?")
_MINUTES: Final = re.compile(r"([0-9]{1,9})(?:\.0{1,9})?\s*(?:m|min|mins|minute|minutes)\.?", re.IGNORECASE)
_HOURS_MINUTES: Final = re.compile(r"([0-9]{1,2}):([0-5][0-9])(?::00)?")
_UPRN: Final = re.compile(r"[0-9]{1,12}")
_YES_NO: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("yes", "y", "true", "1"), True),
    **dict.fromkeys(("no", "n", "false", "0", ""), False),
}
_YEARS: Final = (2000, 2099)


def needed(row: Row, column: str) -> str:
    """Return what a column that must be filled holds."""
    text = row.cells.get(column, "")
    if not text:
        raise CellError(column, f"{column} is empty.")
    return text


def code(row: Row, column: str) -> str:
    """Return a code: up to 40 letters, digits, dots, underscores, slashes and hyphens."""
    text = needed(row, column)
    if _CODE.fullmatch(text) is None:
        spoilt = " A spreadsheet has made a number of it; format the column as text." if _as_a_number(text) else ""
        raise CellError(
            column,
            f"{shown(text)} is not a code: a letter or digit, then up to 39 letters, digits or any of . _ / -{spoilt}",
        )
    return text


def _as_a_number(text: str) -> bool:
    return _AS_A_NUMBER.fullmatch(text) is not None


def optional_code(row: Row, column: str) -> str | None:
    """Return a code, or None for an empty cell."""
    return code(row, column) if row.cells.get(column) else None


def codes(row: Row, column: str) -> tuple[str, ...]:
    """Return the codes with semicolons (or commas, or lines) between them, in their order; an empty cell gives none."""
    found: list[str] = []
    for part in _BETWEEN_CODES.split(row.cells.get(column, "")):
        text = part.strip()
        if not text:
            continue
        if _CODE.fullmatch(text) is None:
            raise CellError(column, f"{shown(text)} is not a code; write codes with semicolons between them.")
        if text in found:
            raise CellError(column, f"{text} is there twice.")
        found.append(text)
    return tuple(found)


def council(row: Row, column: str) -> str:
    """Return a council's ONS code."""
    text = needed(row, column).upper()
    if _COUNCIL.fullmatch(text) is None:
        raise CellError(column, f"{shown(text)} is not a council's ONS code, such as E10000015.")
    return text


def optional_text(row: Row, column: str, longest: int) -> str | None:
    """Return free text of at most `longest` characters, or None for an empty cell."""
    text = row.cells.get(column, "")
    if len(text) > longest:
        raise CellError(column, f"{column} has {len(text):,} characters; at most {longest} fit.")
    return text or None


def yes_no(row: Row, column: str) -> bool:
    """Return True for yes; no and an empty cell are False."""
    text = row.cells.get(column, "")
    value = _YES_NO.get(text.casefold())
    if value is None:
        raise CellError(column, f"{shown(text)} is neither yes nor no.")
    return value


def number(row: Row, column: str) -> float | None:
    """Return a decimal number, or None for an empty cell."""
    text = row.cells.get(column, "")
    if not text:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise CellError(column, f"{shown(text)} is not a number; write it as 50.8225, without units or commas.")
    return float(text)


def whole(row: Row, column: str, least: int, most: int) -> int:
    """Return a whole number within bounds, both included; a spreadsheet may write it as 30.0."""
    text = needed(row, column)
    match = _WHOLE.fullmatch(text)
    return _bounded(column, text, None if match is None else int(match[1]), least, most)


def minutes(row: Row, column: str, least: int, most: int) -> int:
    """Return a length in minutes within bounds, both included: 30, 30 min, or as hours and minutes 0:30."""
    text = needed(row, column)
    length: int | None = None
    if match := _WHOLE.fullmatch(text) or _MINUTES.fullmatch(text):
        length = int(match[1])
    elif match := _HOURS_MINUTES.fullmatch(text):
        length = int(match[1]) * 60 + int(match[2])
    return _bounded(column, text, length, least, most)


def _bounded(column: str, text: str, value: int | None, least: int, most: int) -> int:
    if value is None or not least <= value <= most:
        raise CellError(column, f"{shown(text)} is not a whole number from {least} to {most}.")
    return value


def uprn(row: Row, column: str) -> str | None:
    """Return a UPRN as written (it may have leading zeros), or None for an empty cell."""
    text = row.cells.get(column, "")
    if text and _UPRN.fullmatch(text) is None:
        raise CellError(column, f"{shown(text)} is not a UPRN: up to 12 digits.")
    return text or None


def day(row: Row, column: str) -> date:
    """Return a date written as 2026-11-20 or 20/11/2026, of the years 2000 to 2099."""
    return _day(column, needed(row, column), row)


def optional_day(row: Row, column: str) -> date | None:
    """Return a date, or None for an empty cell."""
    return day(row, column) if row.cells.get(column) else None


def local_time(row: Row, column: str) -> time:
    """Return a time of day written as 08:30 or 8:30:00."""
    return _clock_time(column, needed(row, column))


def local_instant(row: Row, column: str) -> datetime:
    """Return the UTC instant of a local time in England, or of a time with its offset.

    A time that the clocks skip in spring does not exist; one that they repeat in autumn needs its offset.
    """
    text = needed(row, column)
    written, offset = text, None
    if (match := _OFFSET.fullmatch(text)) and ":" in match[1]:
        written, offset = match[1], match[2]
    match = _DAY_AND_TIME.fullmatch(written)
    if match is None:
        raise CellError(column, f"{shown(text)} is not a date and time; write it as 2026-11-20T08:00.")
    moment = datetime.combine(_day(column, match[1], row), _clock_time(column, match[2]))
    return _with_offset(column, moment, offset) if offset is not None else instant_of(moment, column)


def instant_of(written: datetime, column: str) -> datetime:
    """Return the UTC instant of a local time in England; raises CellError where the clocks skip or repeat it."""
    text = f"{written:%Y-%m-%dT%H:%M}"
    earlier, later = (written.replace(tzinfo=LONDON, fold=fold).astimezone(UTC) for fold in (0, 1))
    if earlier == later:
        return earlier
    if later.astimezone(LONDON).replace(tzinfo=None) != written:
        raise CellError(column, f"{shown(text)} does not exist: the clocks go forward over it that night.")
    raise CellError(
        column,
        f"{shown(text)} happens twice, because the clocks go back that night: add its offset, "
        f"{text}+01:00 for the first or {text}+00:00 for the second.",
    )


def _with_offset(column: str, written: datetime, offset: str) -> datetime:
    try:
        return datetime.fromisoformat(f"{written.isoformat()}{offset}").astimezone(UTC)
    except ValueError:
        raise CellError(column, f"{shown(offset)} is not an offset from UTC, such as +01:00.") from None


def _day(column: str, text: str, row: Row) -> date:
    try:
        value = read_day(text, row.dates)
    except DateFault as fault:
        if fault.is_written_so:
            raise CellError(column, f"{shown(text)} is not a day of the calendar ({row.dates}).") from None
        raise CellError(column, f"{shown(text)} is not a date; write it as 2026-11-20 or 20/11/2026.") from None
    if not _YEARS[0] <= value.year <= _YEARS[1]:
        raise CellError(column, f"{shown(text)} lies outside the years {_YEARS[0]} to {_YEARS[1]}.")
    return value


def _clock_time(column: str, text: str) -> time:
    try:
        return read_time(text)
    except DateFault as fault:
        if fault.is_written_so:
            raise CellError(column, f"{shown(text)} is not a time of the day.") from None
        raise CellError(column, f"{shown(text)} is not a time of day; write it as 08:30.") from None
