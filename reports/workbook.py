"""The workbook a contract team opens: a summary, the lines, the trace of every rule, and the contract's own words."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet as Sheet

from reports.contracts import Contract, SecondCarer
from reports.kpis import SHORT_VISIT_MINUTES, Share, key_figures
from reports.lines import SUMMED, Line, printed_flags
from reports.periods import local
from reports.reconciliation import Reconciliation
from reports.trace import readable

Cell = str | int | Decimal | float | datetime | date | None
_SECOND_CARER: Mapping[SecondCarer, str] = {"overlap": "paid for the time shared with the first"}
MOST_ROWS = 1_048_575
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    width: int
    style: str = "text"


@dataclass(frozen=True, slots=True)
class _Styles:
    head: Format
    by_name: dict[str, Format]


_LINES = (
    _Column("Day", 11, "day"),
    _Column("Client", 12),
    _Column("Commission", 16),
    _Column("Slot", 6, "whole"),
    _Column("Visit", 18),
    _Column("Carer", 12),
    _Column("Position", 9, "whole"),
    _Column("Planned start", 17, "instant"),
    _Column("In", 19, "instant"),
    _Column("Out", 19, "instant"),
    _Column("Outcome", 20),
    _Column("Commissioned minutes", 14, "whole"),
    _Column("Planned minutes", 10, "whole"),
    _Column("Delivered minutes", 10, "whole"),
    _Column("Banded minutes", 10, "whole"),
    _Column("Paid minutes", 10, "whole"),
    _Column("Excess minutes", 10, "whole"),
    _Column("Commissioned hours", 14, "hours"),
    _Column("Delivered hours", 10, "hours"),
    _Column("Paid hours", 10, "hours"),
    _Column("Amount", 11, "pounds"),
    _Column("Flags", 32),
    _Column("In grade", 13),
    _Column("Out grade", 13),
    _Column("In distance (m)", 10, "metres"),
    _Column("Out distance (m)", 10, "metres"),
    _Column("In check-in", 24),
    _Column("Out check-in", 24),
    _Column("Provider", 38),
    _Column("Council", 12),
    _Column("Contract", 10),
    _Column("Version", 8, "whole"),
    _Column("Trace", 90),
)
_TRACE = (
    _Column("Day", 11, "day"),
    _Column("Client", 12),
    _Column("Commission", 16),
    _Column("Slot", 6, "whole"),
    _Column("Visit", 18),
    _Column("Carer", 12),
    _Column("Position", 9, "whole"),
    _Column("Step", 6, "whole"),
    _Column("Rule", 24),
    _Column("Before", 8, "whole"),
    _Column("After", 8, "whole"),
    _Column("Because", 90),
    _Column("Check-ins", 50),
)
_SUMMARY = (_Column("What", 34), _Column("Value", 22), _Column("How it is counted", 90))
_TERMS = (_Column("Contract", 12), _Column("Term", 26), _Column("Value", 90))
_WEEKS = (
    _Column("Week from", 11, "day"),
    _Column("Client", 12),
    _Column("Provider", 38),
    _Column("Lines", 8, "whole"),
    _Column("Commissioned hours", 14, "hours"),
    _Column("Planned hours", 10, "hours"),
    _Column("Delivered hours", 10, "hours"),
    _Column("Paid hours", 10, "hours"),
    _Column("Excess hours", 10, "hours"),
    _Column("Amount", 11, "pounds"),
    _Column("Whole week", 12),
)


def workbook(reconciliation: Reconciliation, generated_at: datetime, council: str, provider: str | None) -> bytes:
    """The bytes of the workbook: times as Europe/London reads them, hours as numbers, texts never formulas.

    The file is dated `generated_at` (aware) inside, so the same arguments give the same bytes.
    """
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, _OPTIONS)
    book.set_properties({"title": "Delivered against commissioned hours", "created": _utc(generated_at)})
    styles = _styles(book)
    _sheet(book, styles, "Summary", _SUMMARY, _summary(reconciliation, generated_at, council, provider))
    _sheet(book, styles, "Lines", _LINES, map(_line, reconciliation.lines))
    _sheet(book, styles, "Trace", _TRACE, _steps(reconciliation.lines))
    _sheet(book, styles, "Contract", _TERMS, _terms(reconciliation.contracts))
    _sheet(book, styles, "Weeks", _WEEKS, _weeks(reconciliation))
    book.close()
    return file.getvalue()


def _utc(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _styles(book: Workbook) -> _Styles:
    formats = {
        "text": {},
        "whole": {"num_format": "0"},
        "hours": {"num_format": "0.00"},
        "pounds": {"num_format": "£#,##0.00"},
        "metres": {"num_format": "0.0"},
        "day": {"num_format": "dd/mm/yyyy", "align": "left"},
        "instant": {"num_format": "dd/mm/yyyy hh:mm:ss", "align": "left"},
    }
    head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    return _Styles(head, {name: book.add_format(format_) for name, format_ in formats.items()})


def _sheet(
    book: Workbook, styles: _Styles, name: str, columns: Sequence[_Column], rows: Iterable[Sequence[Cell]]
) -> None:
    """One sheet, and further ones numbered from 2 when the rows are more than a sheet can hold."""
    rest, number = iter(rows), 1
    part = list(islice(rest, MOST_ROWS))
    while part or number == 1:
        sheet = book.add_worksheet(name if number == 1 else f"{name} {number}")
        _fill(sheet, styles, columns, part)
        part, number = list(islice(rest, MOST_ROWS)), number + 1


def _fill(sheet: Sheet, styles: _Styles, columns: Sequence[_Column], rows: Sequence[Sequence[Cell]]) -> None:
    for index, column in enumerate(columns):
        sheet.set_column(index, index, column.width)
        sheet.write_string(0, index, column.title, styles.head)
    formats = [styles.by_name[column.style] for column in columns]
    for number, row in enumerate(rows, start=1):
        for index, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, index, cell, formats[index])
            elif isinstance(cell, date):
                sheet.write_datetime(number, index, cell, formats[index])
            elif cell is not None:
                sheet.write_number(number, index, cell, formats[index])
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(1, len(rows)), len(columns) - 1)


def _hours(minutes: int) -> Decimal:
    return Decimal(minutes) / 60


def _pounds(pence: int | None) -> Decimal | None:
    return None if pence is None else Decimal(pence) / 100


def _wall(instant: datetime | None) -> datetime | None:
    return None if instant is None else local(instant).replace(tzinfo=None)


def _line(line: Line) -> tuple[Cell, ...]:
    return (
        line.day,
        line.client,
        line.commission,
        line.slot,
        line.visit,
        line.carer,
        line.position,
        _wall(line.planned_start),
        _wall(line.in_at),
        _wall(line.out_at),
        line.outcome,
        line.commissioned_minutes,
        line.planned_minutes,
        line.delivered_minutes,
        line.banded_minutes,
        line.paid_minutes,
        line.excess_minutes,
        _hours(line.commissioned_minutes),
        _hours(line.delivered_minutes),
        _hours(line.paid_minutes),
        _pounds(line.amount_pence),
        printed_flags(line),
        line.in_grade,
        line.out_grade,
        line.in_distance_m,
        line.out_distance_m,
        line.in_check_in,
        line.out_check_in,
        line.provider,
        line.council,
        line.contract,
        line.contract_version,
        readable(line.trace),
    )


def _steps(rows: Iterable[Line]) -> Iterator[tuple[Cell, ...]]:
    for line in rows:
        key = (line.day, line.client, line.commission, line.slot, line.visit, line.carer, line.position)
        for number, step in enumerate(line.trace, start=1):
            check_ins = ", ".join(step.check_ins)
            yield (*key, number, step.rule, step.before, step.after, step.because, check_ins)


def _summary(
    reconciliation: Reconciliation, generated_at: datetime, council: str, provider: str | None
) -> Iterator[tuple[Cell, ...]]:
    totals, figures = reconciliation.totals, key_figures(reconciliation)
    period = reconciliation.period
    yield ("Council", council)
    yield ("Provider", provider or "all")
    yield ("Period", f"{period.first:%d/%m/%Y} to {period.last:%d/%m/%Y}", "local days, both included")
    yield ("Made at", f"{local(generated_at):%d/%m/%Y %H:%M:%S}", "Europe/London")
    for contract in reconciliation.contracts:
        rules = f"{_basis(contract)}; order of rules: {', '.join(contract.order())}"
        replay = "replayed under " if reconciliation.replayed else ""
        yield ("Contract", f"{replay}{contract.code} version {contract.version}", rules)
    yield ("Lines", totals.lines, "one for each carer of a commissioned visit, and for each call not commissioned")
    yield ("Commissioned hours", _hours(totals.commissioned_minutes), "minutes × carers that the council bought")
    yield ("Planned hours", _hours(totals.planned_minutes), "what the provider's roster held")
    yield ("Delivered hours", Decimal(totals.delivered_seconds) / 3600, "elapsed time between in and out")
    yield ("Paid hours", _hours(totals.paid_minutes), "after every rule of the contract")
    yield ("Excess hours", _hours(totals.excess_minutes), "delivered beyond what the contract pays for")
    yield ("Amount in pounds", _pounds(totals.amount_pence), "each line rounded to a penny, halves up")
    for share in figures.shares():
        yield (share.name, _percent(share), share.rule)
    clients = ", ".join(figures.short_visit_clients) or "none"
    yield (f"Clients with visits of ≤ {SHORT_VISIT_MINUTES} minutes", len(figures.short_visit_clients), clients)


def _percent(share: Share) -> str:
    if share.percent is None:
        return "none to count"
    return f"{share.percent} % ({share.part} of {share.whole})"


def _basis(contract: Contract) -> str:
    return "paid by the minute" if contract.basis == "by_the_minute" else "paid by bands of minutes"


def _terms(contracts: Iterable[Contract]) -> Iterator[tuple[Cell, ...]]:
    for contract in contracts:
        terms: list[tuple[str, Cell]] = [
            ("name", contract.name),
            ("version", contract.version),
            ("valid from", f"{contract.valid_from:%d/%m/%Y}"),
            ("basis", _basis(contract)),
            ("order of rules", ", ".join(contract.order())),
        ]
        terms += [
            (f"band {band.minutes_from}–{band.minutes_to}", f"becomes {band.becomes} minutes")
            for band in contract.bands or ()
        ]
        terms += _further_terms(contract)
        yield from ((contract.code, term, value) for term, value in terms)


def _further_terms(contract: Contract) -> Iterator[tuple[str, Cell]]:
    if contract.basis == "banded":
        yield ("bands above delivered", "allowed" if contract.bands_above_delivered else "not allowed")
    if contract.tolerance is not None:
        under, over = contract.tolerance.under_minutes, contract.tolerance.over_minutes
        when = contract.tolerance.when.replace("_", " ")
        yield ("tolerance", f"{under} minutes under, {over} over the commissioned, {when}")
    yield ("cap", f"per {contract.cap}" if contract.cap else "none")
    yield ("week starts", contract.week_starts)
    yield ("second carer", _SECOND_CARER[contract.second_carer])
    window = contract.punctual
    yield ("punctual", f"{window.early_minutes} minutes before to {window.late_minutes} after the planned start")
    yield ("grades paid", ", ".join(contract.grades_paid))
    for outcome in contract.outcomes.__struct_fields__:
        yield (f"outcome {outcome}", f"pays {getattr(contract.outcomes, outcome)}")
    yield ("presence", f"shown by {contract.presence_check_ins} electronic check-in(s)")
    rate = contract.rate_pence_per_hour
    yield ("rate", "not priced" if rate is None else f"{rate} pence an hour")


def _weeks(reconciliation: Reconciliation) -> Iterator[tuple[Cell, ...]]:
    weeks = reconciliation.weeks
    names = ("week", "client", "provider", "lines", *SUMMED, "cut")
    for row in zip(*(weeks[name].tolist() for name in names), strict=True):
        week, client, provider, lines, bought, planned, seconds, _, paid, excess, pence, cut = row
        yield (
            week,
            client,
            provider,
            lines,
            _hours(bought),
            _hours(planned),
            Decimal(seconds) / 3600,
            _hours(paid),
            _hours(excess),
            _pounds(pence),
            "cut by the period" if cut else "whole",
        )
