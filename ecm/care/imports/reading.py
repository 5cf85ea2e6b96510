"""From the bytes of a file to rows under the columns of its kind: the header found, names mapped, dates understood."""

import re
from collections.abc import Iterable, Sequence
from typing import Final

from ecm.care.domain import NO_MAPPING, ColumnMapping, DateOrder, Rejection
from ecm.care.imports.csv_files import read_csv
from ecm.care.imports.guesses import guess
from ecm.care.imports.tables import (
    DAY_FIRST,
    Columns,
    Line,
    Row,
    Table,
    TheirColumn,
    UnknownColumns,
    UnreadableFile,
    plain_name,
    shown,
)
from ecm.care.imports.workbooks import is_workbook, read_workbook

MONTH_FIRST: Final[DateOrder] = "month/day/year"
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
_EXAMPLES: Final = 3
# Titles stand above the header in the files of some systems; it is looked for in so many lines.
_HEADER_WITHIN: Final = 20
_NUMERIC_DATE: Final = re.compile(r"(?:[A-Za-z]+,? )?([0-9]{1,2})([/.-])([0-9]{1,2})\2(?:[0-9]{4}|[0-9]{2})(?![0-9])")


_ISO_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_table(body: bytes, columns: Columns, mapping: ColumnMapping = NO_MAPPING) -> Table:
    """Read a file of a kind; takes a second for a million cells, so call it off the event loop.

    Raises UnreadableFile when nothing can be made of the file, and UnknownColumns where a name in its header is
    neither of the kind nor mapped.
    """
    names = _Names(columns, mapping)
    if body.startswith(_OLD_WORKBOOK):
        raise UnreadableFile(
            "This is a workbook of an old Excel (.xls), or one with a password. Save it as an Excel workbook (.xlsx) "
            "without a password, or as CSV, and send it again."
        )
    given = read_workbook(body, names.lacking) if is_workbook(body) else read_csv(body)
    if not given.lines:
        raise UnreadableFile("The file is empty; its first row must name the columns.")
    at = _header_position(given.lines, names)
    header, rejected = _header(given.lines[at], given.lines[at + 1 :], names)
    rows: list[Row] = []
    padded = 0
    for line, cells, fault in given.lines[at + 1 :]:
        fitted, problem = (cells, fault) if fault is not None else _fitted(cells, header)
        if problem is not None:
            rejected.append(Rejection(line, None, problem))
            continue
        padded += len(cells) < _last_known(header)
        rows.append(Row(line, {name: cell for name, cell in zip(header, fitted, strict=True) if name is not None}))
    if given.is_workbook:
        _tell_midnights(rows, columns)
    is_mapped = any(map(names.is_mapped, given.lines[at][1]))
    chosen = mapping.dates if is_mapped else None
    order, notes = _date_order(rows, columns, chosen)
    if order != DAY_FIRST:
        rows = [Row(row.line, row.cells, order) for row in rows]
    if padded:
        notes = (*notes, f"{padded:,} {_rows(padded)} fewer cells than the header; what is missing was read as empty.")
    return Table(len(given.lines) - at - 1, tuple(rows), tuple(rejected), given.notes + notes, is_mapped)


def _rows(number: int) -> str:
    return "row has" if number == 1 else "rows have"


class _Names:
    """Which of our columns a name in a header means."""

    def __init__(self, columns: Columns, mapping: ColumnMapping) -> None:
        self.columns = columns
        self._ours = {plain_name(name): name for name in columns.known}
        self._mapped = {plain_name(name): ours for name, ours in mapping.columns.items()}

    def meant(self, name: str) -> str | None:
        """Return our column, or None for one that is left out or not known."""
        plain = plain_name(name)
        ours = self._mapped[plain] if plain in self._mapped else self._ours.get(plain)
        return ours if ours in self.columns.known else None

    def is_known(self, name: str) -> bool:
        """Say whether something was decided of this name."""
        plain = plain_name(name)
        return plain in self._mapped or plain in self._ours

    def is_mapped(self, name: str) -> bool:
        """Say whether the mapping says something of this name."""
        return plain_name(name) in self._mapped

    def lacking(self, header: Sequence[str]) -> list[str]:
        """Return the required columns that a header has not."""
        return self.columns.lacking(ours for name in header if (ours := self.meant(name)) is not None)


def _header_position(lines: Sequence[Line], names: _Names) -> int:
    """Find the header: the first line that has all required columns, or else the first that names several things."""
    first = lines[:_HEADER_WITHIN]
    for position, (_, cells, _) in enumerate(first):
        if not names.lacking(cells):
            return position
    several = (position for position, (_, cells, _) in enumerate(first) if sum(map(bool, cells)) > 1)
    return next(several, 0)


def _header(header: Line, below: Sequence[Line], names: _Names) -> tuple[list[str | None], list[Rejection]]:
    line, cells, fault = header
    if fault is not None:
        raise UnreadableFile(f"The header cannot be read: {fault}", line=line)
    found: list[str | None] = []
    rejected: list[Rejection] = []
    unknown: list[str] = []
    for position, cell in enumerate(cells):
        ours = names.meant(cell)
        if ours is not None and ours in found:
            rejected.append(Rejection(line, ours, f"The column {ours} is there twice."))
        elif not names.is_known(cell) and (cell or _anything_in(below, position)):
            unknown.append(cell)
        found.append(None if ours in found else ours)
    lacking = names.columns.lacking(name for name in found if name is not None)
    detail = _unknown(unknown, lacking, names.columns)
    if unknown or (lacking and any(map(names.is_mapped, cells))):
        raise UnknownColumns(detail, _theirs(cells, below, names), line=line)
    if lacking:
        raise UnreadableFile(detail, line=line)
    return found, rejected


def _unknown(unknown: Sequence[str], lacking: Sequence[str], columns: Columns) -> str:
    sentences: list[str] = []
    named = [shown(name) for name in unknown if name]
    if named:
        which = f"The columns {', '.join(named)} are" if len(named) > 1 else f"The column {named[0]} is"
        sentences.append(f"{which} not known here.")
    if len(named) < len(unknown):
        sentences.append("A column with something in it has no name.")
    if lacking:
        sentences.append(f"The header lacks {', '.join(lacking)}.")
    return " ".join([*sentences, f"The columns are: {', '.join(columns.known)}."])


def _theirs(cells: Sequence[str], below: Sequence[Line], names: _Names) -> tuple[TheirColumn, ...]:
    examples = {cell: _examples(below, position) for position, cell in enumerate(cells) if cell}
    decided = {cell: ours for cell in examples if (ours := names.meant(cell)) is not None}
    guesses = guess(names.columns, examples, decided)
    return tuple(TheirColumn(cell, shown_of_it, guesses.get(cell)) for cell, shown_of_it in examples.items())


def _examples(below: Sequence[Line], position: int) -> tuple[str, ...]:
    found = dict.fromkeys(
        cells[position][:60] for _, cells, fault in below[:200] if fault is None and cells[position : position + 1]
    )
    return tuple(text for text in found if text)[:_EXAMPLES]


def _anything_in(below: Sequence[Line], position: int) -> bool:
    return any(len(cells) > position and cells[position] for _, cells, _ in below)


def _last_known(header: Sequence[str | None]) -> int:
    return max((position + 1 for position, name in enumerate(header) if name is not None), default=0)


def _fitted(cells: list[str], header: Sequence[str | None]) -> tuple[list[str], str | None]:
    """Fit a row to the header: spreadsheets write trailing commas on some lines and leave them out on others."""
    if any("\0" in cell for cell in cells):
        return cells, "The row holds a NUL character, which no text may hold."
    if any(cells[len(header) :]):
        more = len(cells) - next(number for number, cell in enumerate(reversed(cells)) if cell)
        return cells, (
            f"The row has {more} cells where the header has {len(header)}; a cell with the separator in it must be "
            "quoted."
        )
    return (cells + [""] * len(header))[: len(header)], None


def _tell_midnights(rows: Sequence[Row], columns: Columns) -> None:
    """Give midnight its time of day: a workbook keeps it as the bare day. A column of nothing but days stays so."""
    for column in columns.holding("instant"):
        if any("T" in row.cells.get(column, "") for row in rows):
            for row in rows:
                if _ISO_DAY.fullmatch(row.cells.get(column, "")):
                    row.cells[column] += "T00:00"


def _date_order(rows: Iterable[Row], columns: Columns, chosen: DateOrder | None) -> tuple[DateOrder, tuple[str, ...]]:
    """Find out whether days stand before months; without a sign, they do, as people here write them."""
    dated = columns.holding("day", "instant")
    day_first: tuple[int, str] | None = None
    month_first: tuple[int, str] | None = None
    seen = False
    for row in rows:
        for column in dated & row.cells.keys():
            match = _NUMERIC_DATE.match(row.cells[column])
            if match is None:
                continue
            seen = True
            if int(match[1]) > 12:
                day_first = day_first or (row.line, row.cells[column])
            elif int(match[3]) > 12:
                month_first = month_first or (row.line, row.cells[column])
    if not seen:
        return DAY_FIRST, ()
    if chosen is not None:
        return chosen, (f"Dates were read as {chosen}, as was chosen for this kind of file.",)
    if day_first is not None and month_first is not None:
        raise UnreadableFile(
            f"The dates of this file contradict each other: {shown(day_first[1])} on line {day_first[0]:,} has the "
            f"day first, {shown(month_first[1])} on line {month_first[0]:,} the month. Write all of them in one order.",
            line=max(day_first[0], month_first[0]),
        )
    if month_first is not None:
        why = f"since {shown(month_first[1])} on line {month_first[0]:,} can be read in no other order"
        return MONTH_FIRST, (f"Dates were read as {MONTH_FIRST}, {why}.",)
    return DAY_FIRST, (f"Dates were read as {DAY_FIRST}.",)
