"""Commissions: what a council bought for a client."""

from dataclasses import dataclass
from typing import Final

from ecm.care.domain import Commission
from ecm.care.imports import cells
from ecm.care.imports.csv_files import CellError, Columns, Row, shown

CODE_COLUMN: Final = "commission"
COLUMNS: Final = Columns(
    required=(
        "commission",
        "client",
        "council",
        "contract",
        "service",
        "start_date",
        "days",
        "start_time",
        "minutes",
        "carers",
    ),
    optional=("end_date", "time_critical", "short_visit_agreed"),
)
EVERY_DAY: Final = "MTWTFSS"
_LONGEST_SERVICE: Final = 100


@dataclass(frozen=True, slots=True)
class Known:
    """What a commission's row refers to; contracts are (council, contract) pairs."""

    clients: frozenset[str]
    councils: frozenset[str]
    contracts: frozenset[tuple[str, str]]


def read_row(row: Row) -> Commission:
    """Read one row; raises CellError."""
    commission = Commission(
        code=cells.code(row, "commission"),
        client=cells.code(row, "client"),
        council=cells.council(row, "council"),
        contract=cells.code(row, "contract"),
        service=_service(row),
        start_date=cells.day(row, "start_date"),
        end_date=cells.optional_day(row, "end_date"),
        days=_days(row),
        start_time=cells.local_time(row, "start_time"),
        minutes=cells.whole(row, "minutes", 1, 1440),
        carers=cells.whole(row, "carers", 1, 9),
        time_critical=cells.yes_no(row, "time_critical"),
        short_visit_agreed=cells.yes_no(row, "short_visit_agreed"),
    )
    if commission.end_date is not None and commission.end_date < commission.start_date:
        raise CellError("end_date", f"The commission ends on {commission.end_date}, before it starts.")
    return commission


def resolve(commission: Commission, known: Known) -> Commission:
    """Check what the row refers to; raises CellError."""
    if commission.client not in known.clients:
        raise CellError("client", f"There is no client {commission.client}; import the clients first.")
    if commission.council not in known.councils:
        raise CellError("council", f"The council {commission.council} is not known to this service.")
    if (commission.council, commission.contract) not in known.contracts:
        raise CellError("contract", f"The council {commission.council} has no contract {commission.contract} here.")
    return commission


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
