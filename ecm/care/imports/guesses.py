"""Which of our columns another system's column may be: guesses by name and cells, for a person to see."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from ecm.care.imports.dates import DateFault, read_day, read_time
from ecm.care.imports.tables import DAY_FIRST, Column, Columns

# Words that a name can do without: a booking's id, ref or number is the booking.
_FILLERS: Final = frozenset(
    {"id", "ref", "reference", "code", "no", "number", "num", "key", "uid", "external", "system"}
)
_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")


def guess(
    columns: Columns, names: Mapping[str, Sequence[str]], decided: Mapping[str, str | None]
) -> dict[str, str | None]:
    """Guess for each name, given with examples of its cells, which column it is; what was `decided` stays so."""
    found = dict(decided)
    for fits in (_equal, _contains):
        for column in columns.columns:
            taken = {ours for ours in found.values() if ours is not None}
            if column.name in taken or _is_said_otherwise(columns, column, taken):
                continue
            free = (name for name, examples in names.items() if name not in found and _can_hold(column, examples))
            fitting = next((name for name in free if fits(column, name)), None)
            if fitting is not None:
                found[fitting] = column.name
    return found


def _is_said_otherwise(columns: Columns, column: Column, taken: set[str]) -> bool:
    """Say whether the file has said already what this column would: a start, or a date and a time instead of it."""
    if column.instead_of is not None:
        return column.instead_of in taken
    return column.required and column.name not in columns.lacking(taken)


def _can_hold(column: Column, examples: Sequence[str]) -> bool:
    """A column of nothing but days or times of day is no start with both, and the other way round."""
    days, times = (bool(examples) and all(map(reads, examples)) for reads in (_is_day, _is_time))
    match column.holds:
        case "instant":
            return not days and (not times or column.instead_of is not None)
        case "day":
            return days or not examples
        case "time":
            return times or not examples
        case "text":
            return True


def _is_day(text: str) -> bool:
    try:
        read_day(text, DAY_FIRST)
    except DateFault as fault:
        return fault.is_written_so
    return True


def _is_time(text: str) -> bool:
    try:
        read_time(text)
    except DateFault as fault:
        return fault.is_written_so
    return True


def _bare(name: str) -> tuple[str, ...]:
    words = [word.casefold().rstrip("s") for word in _WORDS.findall(name)]
    return tuple(word for word in words if word not in _FILLERS) or tuple(words)


def _known(column: Column) -> list[tuple[str, ...]]:
    return [_bare(name) for name in (column.name, *column.also)]


def _equal(column: Column, name: str) -> bool:
    return _bare(name) in _known(column)


def _contains(column: Column, name: str) -> bool:
    words = set(_bare(name))
    return any(set(known) <= words for known in _known(column) if known)
