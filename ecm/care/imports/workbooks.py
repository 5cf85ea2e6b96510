"""Excel workbooks (XLSX): bounded before they are opened, and read cell by cell as the texts a CSV file would hold."""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from ecm.care.imports.tables import Given, Line, UnreadableFile

Value = int | float | str | bool | time | date | datetime | timedelta

_SIGNATURE: Final = b"PK\x03\x04"
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_PARTS: Final = 500
_PACKED_AS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MOST_ROWS: Final = 200_000
_MOST_COLUMNS: Final = 256
_MOST_CELLS: Final = 2_000_000
_TAG: Final = re.compile(rb"<(?:\w+:)?(c|row)((?:\s(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)?/?)>")
_ATTRIBUTE: Final = re.compile(rb"(?:^|\s)r\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_REFERENCE: Final = re.compile(rb"([A-Z]{0,3})([0-9]{1,7})")
_TOO_LARGE: Final = (
    f"The workbook is larger than this service opens: at most {_MOST_ROWS:,} rows, {_MOST_COLUMNS} columns and "
    f"{_MOST_CELLS:,} cells in a sheet, and {_MOST_BYTES // 1024 // 1024} MiB unpacked. Send only the rows that are "
    "needed, or save the sheet as CSV."
)
_BROKEN: Final = "The workbook is damaged and cannot be opened. Save it once more as an Excel workbook, or as CSV."


def is_workbook(body: bytes) -> bool:
    """Say whether a file is packed as workbooks are."""
    return body.startswith(_SIGNATURE)


def read_workbook(body: bytes, lacking: Callable[[Sequence[str]], list[str]]) -> Given:
    """Read the first sheet in which a line lacks nothing, or else the first that holds anything.

    Dates and times become the texts that stand for them. Raises UnreadableFile for what is no workbook, is damaged, or
    would take more memory than a roster can need. Takes seconds for a large one, so call it off the event loop.
    """
    sheets = list(_sheets(_repacked(body)))
    filled = [(name, lines) for name, lines in sheets if lines]
    for name, lines in filled:
        if any(not lacking(cells) for _, cells, _ in lines[:20]):
            return Given(lines, _note(name, sheets), is_workbook=True)
    if not filled:
        raise UnreadableFile("The workbook holds nothing; the first row of a sheet must name the columns.")
    return Given(filled[0][1], _note(filled[0][0], sheets), is_workbook=True)


def _note(name: str, sheets: Sequence[object]) -> tuple[str, ...]:
    return (f"Of the {len(sheets)} sheets of the workbook, {name!r} was read.",) if len(sheets) > 1 else ()


def _repacked(body: bytes) -> io.BytesIO:
    """Unpack within bounds and pack again, so that what is opened is exactly what was measured."""
    packed = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive, zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as copy:
            parts = [part for part in archive.infolist() if part.filename.lower().endswith((".xml", ".rels"))]
            _check_parts(parts)
            for part in parts:
                with archive.open(part) as opened:
                    content = opened.read(part.file_size)
                _check_extent(content)
                copy.writestr(part.filename, content)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError, OSError):
        raise UnreadableFile(_BROKEN) from None
    packed.seek(0)
    return packed


def _check_parts(parts: Sequence[zipfile.ZipInfo]) -> None:
    names = {part.filename for part in parts}
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_BYTES:
        raise UnreadableFile(_TOO_LARGE)
    if len(names) != len(parts) or any(part.compress_type not in _PACKED_AS for part in parts):
        raise UnreadableFile(_BROKEN)
    if not any(name.lower().startswith("xl/") for name in names):
        raise UnreadableFile("This is no Excel workbook (.xlsx). Save it as one, or as CSV, and send it again.")


def _check_extent(content: bytes) -> None:
    """Refuse a sheet whose outermost filled cells lie too far apart: room is made for all between them."""
    if b"<!DOCTYPE" in content or b"\0" in content:
        raise UnreadableFile(_BROKEN)
    row = column = rows = columns = 0
    for match in _TAG.finditer(content):
        named = _ATTRIBUTE.search(match[2])
        reference = None if named is None else _REFERENCE.fullmatch(named[1] or named[2] or b"")
        if named is not None and reference is None:
            raise UnreadableFile(_BROKEN)
        if match[1] == b"row":
            row, column = row + 1 if reference is None else int(reference[2]), 0
        else:
            row = row if reference is None else int(reference[2])
            column = column + 1 if reference is None else _column_number(reference[1])
        if not match[2].endswith(b"/"):
            rows, columns = max(rows, row), max(columns, column)
    if rows > _MOST_ROWS or columns > _MOST_COLUMNS or rows * columns > _MOST_CELLS:
        raise UnreadableFile(_TOO_LARGE)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _sheets(packed: io.BytesIO) -> Iterator[tuple[str, tuple[Line, ...]]]:
    try:
        workbook = CalamineWorkbook.from_filelike(packed)
        for sheet in workbook.sheets_metadata:
            if sheet.typ == SheetTypeEnum.WorkSheet:
                yield sheet.name, _lines(workbook.get_sheet_by_name(sheet.name))
    except (CalamineError, ValueError, OverflowError):
        raise UnreadableFile(_BROKEN) from None


def _lines(sheet: CalamineSheet) -> tuple[Line, ...]:
    if sheet.start is None:
        return ()
    lines: list[Line] = []
    for number, values in enumerate(sheet.iter_rows(), start=1):
        cells = [_text(value) for value in values]
        if any(cells):
            lines.append((number, cells, None))
    return tuple(lines)


def _text(value: Value) -> str:
    """Write a cell as people type it: 2026-11-20T08:00, 08:00, 30."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return str(int(value)) if isinstance(value, int) or value.is_integer() else repr(value)
    return _clock_text(value)


def _clock_text(value: time | date | timedelta) -> str:
    if isinstance(value, datetime):
        near = _whole_seconds(value)
        return near.date().isoformat() if near.time() == time(0) else near.isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return _whole_seconds(datetime.combine(date(2000, 1, 1), value)).time().isoformat(timespec="seconds")
    seconds = round(value.total_seconds())
    return ":".join(f"{part:02d}" for part in (seconds // 3600, seconds // 60 % 60, seconds % 60))


def _whole_seconds(value: datetime) -> datetime:
    """Spreadsheets keep times as fractions of a day, which come out a millisecond beside what was meant."""
    return (value + timedelta(microseconds=500_000)).replace(microsecond=0)
