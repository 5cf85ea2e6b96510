"""The files a council downloads: the lines as CSV, and their names. The workbook is in `reports.workbook`.

RFC 4180: comma, CRLF, quotes where needed; UTF-8 with a byte order mark, for Excel takes it for Windows-1252 without.
A text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection), and so does a code
that it would take for a number, a date or a time: who drops an apostrophe at the beginning has the code as it was.
"""

import csv
import io
import re
import unicodedata
from calendar import month_abbr, month_name
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from reports.lines import Line, printed_flags
from reports.periods import Period, local
from reports.reconciliation import Reconciliation
from reports.trace import readable
from reports.workbook import workbook

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?\Z", re.ASCII)
_CODES = frozenset({"client", "commission", "slot", "visit", "carer", "contract"})
_SHOWN_AS_IT_IS = re.compile(r"0|[1-9]\d{0,14}", re.ASCII)
_MONTHS = {name.lower() for name in (*month_name, *month_abbr) if name} | {"sept"}
_IN_NUMBERS_AND_TIMES = _MONTHS | {"e", "a", "p", "am", "pm"}
_UNSAFE_IN_NAMES = re.compile(r"[^A-Za-z0-9.-]+")


@dataclass(frozen=True, slots=True)
class Header:
    """Whom a file is for and when it was made. `generated_at` is an aware instant; None means every provider.

    Raises ValueError if `generated_at` has no time zone.
    """

    generated_at: datetime
    council: str
    provider: str | None

    def __post_init__(self) -> None:
        if self.generated_at.tzinfo is None:
            raise ValueError("generated_at needs a time zone")

    def check(self, reconciliation: Reconciliation) -> None:
        """Raise ValueError if a line belongs to another council or provider: each sees its own."""
        for line in reconciliation.lines:
            if line.council != self.council or self.provider not in {None, line.provider}:
                raise ValueError(f"a line of {line.council} and {line.provider} is not for this file")


def _instant(value: datetime | None) -> str | None:
    return None if value is None else local(value).isoformat(timespec="seconds")


def _metres(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"


Cell = str | int | None
_COLUMNS: dict[str, Callable[[Line], Cell]] = {
    "provider": lambda line: line.provider,
    "council": lambda line: line.council,
    "client": lambda line: line.client,
    "commission": lambda line: line.commission,
    "slot": lambda line: line.slot,
    "day": lambda line: line.day.isoformat(),
    "visit": lambda line: line.visit,
    "carer": lambda line: line.carer,
    "position": lambda line: line.position,
    "planned_start": lambda line: _instant(line.planned_start),
    "planned_minutes": lambda line: line.planned_minutes,
    "commissioned_minutes": lambda line: line.commissioned_minutes,
    "in_at": lambda line: _instant(line.in_at),
    "out_at": lambda line: _instant(line.out_at),
    "delivered_seconds": lambda line: line.delivered_seconds,
    "delivered_minutes": lambda line: line.delivered_minutes,
    "banded_minutes": lambda line: line.banded_minutes,
    "paid_minutes": lambda line: line.paid_minutes,
    "excess_minutes": lambda line: line.excess_minutes,
    "amount_pence": lambda line: line.amount_pence,
    "outcome": lambda line: line.outcome,
    "flags": printed_flags,
    "in_grade": lambda line: line.in_grade,
    "out_grade": lambda line: line.out_grade,
    "in_distance_m": lambda line: _metres(line.in_distance_m),
    "out_distance_m": lambda line: _metres(line.out_distance_m),
    "in_check_in": lambda line: line.in_check_in,
    "out_check_in": lambda line: line.out_check_in,
    "contract": lambda line: line.contract,
    "contract_version": lambda line: line.contract_version,
    "trace": lambda line: readable(line.trace),
}


def lines_csv(reconciliation: Reconciliation, generated: Header) -> bytes:
    """The lines as a pure table, one a row, the trace as one text; times are Europe/London with their offset.

    Raises ValueError if a line is not for the council and provider of the header.
    """
    generated.check(reconciliation)
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for line in reconciliation.lines:
        cells = ((name, read(line)) for name, read in _COLUMNS.items())
        writer.writerow([as_written(cell) if name in _CODES else harmless(cell) for name, cell in cells])
    return text.getvalue().encode("utf-8-sig")


def lines_xlsx(reconciliation: Reconciliation, generated: Header) -> bytes:
    """The same as a workbook with the sheets Summary, Lines, Trace and Contract; the same input gives the same bytes.

    Raises ValueError if a line is not for the council and provider of the header.
    """
    generated.check(reconciliation)
    return workbook(reconciliation, generated.generated_at, generated.council, generated.provider)


def harmless(cell: Cell) -> Cell:
    """The cell as a spreadsheet may read it: an apostrophe keeps a text from running as a formula."""
    if isinstance(cell, str) and _folded(cell[:1]).startswith(_FORMULA) and not _NUMBER.match(cell):
        return f"'{cell}"
    return cell


def as_written(code: Cell) -> Cell:
    """A code as a spreadsheet shows it unchanged: neither 0012 as 12, nor 3-1 as the third of January."""
    if not isinstance(code, str) or not (code.startswith("'") or _taken_for_something_else(code)):
        return harmless(code)
    return f"'{code}"


def _taken_for_something_else(code: str) -> bool:
    """Whether a spreadsheet may turn a text into a number, a date, a time or a truth value; rather too often."""
    if _SHOWN_AS_IT_IS.fullmatch(code):
        return False
    shown = _folded(code).strip()
    words = re.findall(r"[^\W\d_]+", shown)
    known = _MONTHS if shown[:1].isalpha() else _IN_NUMBERS_AND_TIMES
    numeric = any(character.isnumeric() for character in shown)
    return shown in {"true", "false"} or (numeric and known.issuperset(words[:1]) and {*words} <= _IN_NUMBERS_AND_TIMES)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def file_name(council: str, provider: str | None, period: Period, contract: str, kind: str = "csv") -> str:
    """A name that says what the file holds, safe on any file system: `hours_E10000015_..._A-1.csv`."""
    parts = (council, provider or "all-providers", str(period.first), str(period.last), contract)
    safe = [_UNSAFE_IN_NAMES.sub("-", part).strip("-.") or "none" for part in parts]
    return f"hours_{'_'.join(safe)}.{kind}"
