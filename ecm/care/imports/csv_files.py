"""CSV files as people and spreadsheets make them: any usual encoding and separator, with or without a `sep=` line."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from ecm.care.imports.tables import Given, Line, UnreadableFile

_SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_SEPARATOR_LINE: Final = re.compile(r"\"?sep=([,;\t|])\"?[,;\t|]*(\r\n|\r|\n|$)", re.IGNORECASE)
_QUOTED: Final = re.compile(r'"[^"]*"')


def read_csv(body: bytes) -> Given:
    """Read the lines of a CSV file that hold anything; raises UnreadableFile for what is no text.

    Takes a second for a million cells, so call it off the event loop for large files.
    """
    text, notes = _decode(body)
    text, separator, skipped = _separator(text)
    if separator != ",":
        notes.append(f"The columns were read as separated by {_SEPARATORS.get(separator, repr(separator))}.")
    lines = tuple(
        (line + skipped, cells, fault)
        for line, cells, fault in _lines(text, separator)
        if fault is not None or any(cells)
    )
    return Given(lines, tuple(notes))


def _decode(body: bytes) -> tuple[str, list[str]]:
    utf_16 = _utf_16(body)
    if utf_16 is not None:
        try:
            return body.decode(utf_16).removeprefix("\ufeff"), ["The file was read as UTF-16."]
        except UnicodeDecodeError:
            raise UnreadableFile("The file begins as text in UTF-16 and is not, so it cannot be read.") from None
    try:
        return body.removeprefix(codecs.BOM_UTF8).decode("utf-8"), []
    except UnicodeDecodeError as error:
        return _windows(body.removeprefix(codecs.BOM_UTF8), error)


def _windows(body: bytes, error: UnicodeDecodeError) -> tuple[str, list[str]]:
    byte = error.start + 1
    line = body[: error.start].replace(b"\r\n", b"\n").replace(b"\r", b"\n").count(b"\n") + 1
    try:
        text = body.decode("cp1252")
    except UnicodeDecodeError as other:
        raise UnreadableFile(
            f"The file is no text: it is neither in UTF-8 nor in Windows-1252. Its byte {other.start + 1:,} stands for "
            "no letter. Save it as CSV or as an Excel workbook, and send it again.",
            line=line,
            byte=byte,
        ) from None
    return text, [f"The file was read as Windows-1252, as spreadsheets save it; line {line:,} shows that it is so."]


def _utf_16(body: bytes) -> str | None:
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    start = body[:200]
    if len(start) < 8:
        return None
    evens, odds = start[0::2].count(0), start[1::2].count(0)
    if max(evens, odds) * 3 < len(start):
        return None
    return "utf-16-le" if odds > evens else "utf-16-be"


def _separator(text: str) -> tuple[str, str, int]:
    """Return the text, what separates its cells, and how many lines were taken off its top."""
    declared = _SEPARATOR_LINE.match(text)
    if declared is not None:
        return text[declared.end() :], declared[1], 1
    header = next((line for line in re.split(r"\r\n|\r|\n", text[:100_000]) if line.strip(' ",;\t|')), "")
    bare = _QUOTED.sub("", header)
    return text, max(_SEPARATORS, key=lambda mark: (bare.count(mark), mark == ",")), 0


def _lines(text: str, separator: str) -> Iterator[Line]:
    """Give each record's first line, its cells, and what is wrong with its quoting."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=separator)
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
