"""Commissions: what a council bought for a client."""

from dataclasses import dataclass
from datetime import date, time
from typing import Final

from ecm.care.domain import Commission
from ecm.care.imports import cells
from ecm.care.imports.alike import unknown
from ecm.care.imports.tables import CellError, Column, Columns, Faults, Row, shown

COLUMNS: Final = Columns(
    (
        Column("commission", "The code of what the council bought.", "K-0001", True, also=("package", "order")),
        Column("client", "The client's code.", "C-0001", True, also=("client id", "service user", "customer")),
        Column("council", "The council's ONS code.", "E10000015", True, also=("authority", "funder")),
        Column("contract", "The code of the council's contract.", "A", True),
        Column("service", "What is bought, in words.", "personal care", True, also=("service type",)),
        Column("start_date", "The first day.", "01/11/2026", True, holds="day", also=("valid from", "start")),
        Column(
            "days",
            "The days of the week, Monday first, with a hyphen for each day without a visit.",
            "MTWTFSS",
            True,
        ),
        Column("start_time", "When the visit is to begin, on the clocks in England.", "08:00", True, holds="time"),
        Column("minutes", "How long it is to be.", "30", True, also=("duration", "length")),
        Column("carers", "How many carers it needs.", "1", True),
        Column("end_date", "The last day; empty while none is known.", "", holds="day", also=("valid to", "end")),
        Column("time_critical", "yes where the time must be kept, otherwise no.", "no"),
        Column("short_visit_agreed", "yes where a visit of 15 minutes or less was agreed, otherwise no.", "no"),
    )
)
EVERY_DAY: Final = "MTWTFSS"
_LONGEST_SERVICE: Final = 100


@dataclass(frozen=True, slots=True)
class Known:
    """What a commission's row refers to; contracts are (council, contract) pairs."""

    clients: frozenset[str]
    councils: frozenset[str]
    contracts: frozenset[tuple[str, str]]


def read_row(row: Row, faults: Faults) -> Commission:
    """Read one row, as far as it can be read."""
    commission = Commission(
        code=faults.take(lambda: cells.code(row, "commission"), ""),
        client=faults.take(lambda: cells.code(row, "client"), ""),
        council=faults.take(lambda: cells.council(row, "council"), ""),
        contract=faults.take(lambda: cells.code(row, "contract"), ""),
        service=faults.take(lambda: _service(row), ""),
        start_date=faults.take(lambda: cells.day(row, "start_date"), date.min),
        end_date=faults.take(lambda: cells.optional_day(row, "end_date"), None),
        days=faults.take(lambda: _days(row), EVERY_DAY),
        start_time=faults.take(lambda: cells.local_time(row, "start_time"), time.min),
        minutes=faults.take(lambda: cells.minutes(row, "minutes", 1, 1440), 1),
        carers=faults.take(lambda: cells.whole(row, "carers", 1, 9), 1),
        time_critical=faults.take(lambda: cells.yes_no(row, "time_critical"), False),
        short_visit_agreed=faults.take(lambda: cells.yes_no(row, "short_visit_agreed"), False),
    )
    if commission.end_date is not None and commission.end_date < commission.start_date:
        faults.add(CellError("end_date", f"The commission ends on {commission.end_date}, before it starts."))
    return commission


def resolve(commission: Commission, faults: Faults, known: Known) -> Commission:
    """Check what the row refers to."""
    if commission.client not in known.clients:
        reason = unknown("client", commission.client, known.clients, "import the clients first")
        faults.add(CellError("client", reason))
    if commission.council not in known.councils:
        faults.add(CellError("council", f"The council {commission.council} is not known to this service."))
    elif (commission.council, commission.contract) not in known.contracts:
        reason = f"The council {commission.council} has no contract {commission.contract} here."
        faults.add(CellError("contract", reason))
    return commission


def written(commission: Commission) -> dict[str, str | None]:
    """Write a commission as the file does."""
    return {
        "client": commission.client,
        "council": commission.council,
        "contract": commission.contract,
        "service": commission.service,
        "start_date": str(commission.start_date),
        "end_date": None if commission.end_date is None else str(commission.end_date),
        "days": commission.days,
        "start_time": f"{commission.start_time:%H:%M}",
        "minutes": str(commission.minutes),
        "carers": str(commission.carers),
        "time_critical": "yes" if commission.time_critical else "no",
        "short_visit_agreed": "yes" if commission.short_visit_agreed else "no",
    }


def _service(row: Row) -> str:
    cells.needed(row, "service")
    return cells.optional_text(row, "service", _LONGEST_SERVICE) or ""


def _days(row: Row) -> str:
    text = cells.needed(row, "days").upper()
    fits = len(text) == len(EVERY_DAY) and all(given in (day, "-") for given, day in zip(text, EVERY_DAY, strict=True))
    if not fits or text == "-" * len(EVERY_DAY):
        raise CellError(
            "days",
            f"{shown(text)} does not name days; write {EVERY_DAY}, with a hyphen for each day without a visit.",
        )
    return text
