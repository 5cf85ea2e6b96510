"""CSV files as people make them: UTF-8 with or without a byte order mark, a header row, commas.

`read_table` raises UnreadableFile when nothing can be made of the file, and otherwise gives every row that has a place
for each column, with a Rejection for each that has not.
"""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ecm.care.domain import Rejection

_SHOWN_CHARACTERS: Final = 40
_SPREADSHEET_SIGNATURES: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_SAVE_AS: Final = "Save it as 'CSV UTF-8 (comma delimited)'."


class UnreadableFile(Exception):
    """The file as a whole cannot be read; `line` and `byte` (both counted from 1) say where, when that is known."""

    def __init__(self, detail: str, *, line: int | None = None, byte: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.line = line
        self.byte = byte


class CellError(Exception):
    """A cell, or with `column` None a row, that cannot be taken; the reason is a sentence for whoever made it."""

    def __init__(self, column: str | None, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one kind of file, by the names in its header."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """Every column the kind has, the required ones first."""
        return self.required + self.optional


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line on which it begins, and its cells without blanks around them, by column."""

    line: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file in their order, and those that could not be read. `read` counts both."""

    read: int
    rows: tuple[Row, ...]
    rejected: tuple[Rejection, ...]


def shown(text: str) -> str:
    """Quote what somebody wrote for use in a sentence: short, and with nothing unprintable in it."""
    short = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    return "'" + "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in short) + "'"


def read_table(body: bytes, columns: Columns) -> Table:
    """Read a CSV file; takes a second for a million cells, so call it off the event loop for large files."""
    records = _records(_decode(body))
    header: list[str] | None = None
    rejected: list[Rejection] = []
    rows: list[Row] = []
    read = 0
    for line, cells, fault in records:
        if header is None:
            if fault is not None:
                raise UnreadableFile(f"The header cannot be read: {fault}", line=line)
            header, rejected = _header(line, cells, columns)
            continue
        if fault is None and not any(cells):
            continue
        read += 1
        problem = fault or _row_fault(cells, header)
        if problem is None:
            rows.append(Row(line, dict(zip(header, cells, strict=True))))
        else:
            rejected.append(Rejection(line, None, problem))
    if header is None:
        raise UnreadableFile("The file is empty; its first row must name the columns.")
    return Table(read, tuple(rows), tuple(rejected))


def _row_fault(cells: Sequence[str], header: Sequence[str]) -> str | None:
    if len(cells) != len(header):
        return f"The row has {len(cells)} cells where the header has {len(header)}."
    if any("\0" in cell for cell in cells):
        return "The row holds a NUL character, which no text may hold."
    return None


def _decode(body: bytes) -> str:
    if body.startswith(_SPREADSHEET_SIGNATURES):
        raise UnreadableFile(f"This is a spreadsheet and not a CSV file. {_SAVE_AS}", line=1, byte=1)
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or _looks_like_utf_16(body):
        raise UnreadableFile(f"The file is in UTF-16, not in UTF-8, from byte 1 on line 1. {_SAVE_AS}", line=1, byte=1)
    try:
        return body.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        skipped = len(codecs.BOM_UTF8) if body.startswith(codecs.BOM_UTF8) else 0
        byte = error.start + skipped + 1
        before = body[: byte - 1].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        line = before.count(b"\n") + 1
        raise UnreadableFile(
            f"The file is not in UTF-8: byte {byte:,}, on line {line:,}, has the value {body[byte - 1]:#04x}, "
            f"as in a file saved as Windows-1252. {_SAVE_AS}",
            line=line,
            byte=byte,
        ) from None


def _looks_like_utf_16(body: bytes) -> bool:
    start = body[:200]
    return len(start) >= 8 and start.count(0) * 3 >= len(start)


def _records(text: str) -> Iterator[tuple[int, list[str], str | None]]:
    """Give each record's first line, its cells, and what is wrong with its quoting."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield line, [], _quoting_fault(str(error))
            continue
        yield line, [cell.strip() for cell in cells], None


def _quoting_fault(error: str) -> str:
    if "unexpected end of data" in error:
        return "A quotation mark opens in this row and is never closed."
    if "field limit" in error:
        return f"A cell of this row is longer than {csv.field_size_limit():,} characters."
    return "The quotation marks of this row do not pair: write one inside a cell as two, and quote the whole cell."


def _header(line: int, cells: Sequence[str], columns: Columns) -> tuple[list[str], list[Rejection]]:
    by_folded = {name.casefold(): name for name in columns.known}
    header: list[str] = []
    rejected: list[Rejection] = []
    for position, cell in enumerate(cells, start=1):
        name = by_folded.get(cell.casefold())
        if name is None:
            what = f"The column {shown(cell)} is" if cell else f"Column {position} has no name and is"
            reason = f"{what} not known; the columns are: {', '.join(columns.known)}."
            rejected.append(Rejection(line, shown(cell)[1:-1] or None, reason))
        elif name in header:
            rejected.append(Rejection(line, name, f"The column {name} is there twice."))
        header.append(name if name is not None and name not in header else f"\0{position}")
    missing = [name for name in columns.required if name not in header]
    if missing:
        raise UnreadableFile(_missing(missing, cells), line=line)
    return header, rejected


def _missing(missing: Sequence[str], cells: Sequence[str]) -> str:
    sentence = f"The header lacks {', '.join(missing)}."
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(cells) == 1 and mark in cells[0]:
            return f"{sentence} The columns seem to be separated by {name}; they must be separated by commas."
    return f"{sentence} The first row of the file must name the columns."
