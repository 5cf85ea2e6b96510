"""Carers: who works for which branch."""

from dataclasses import dataclass
from typing import Final

from ecm.care.domain import Carer
from ecm.care.imports import cells
from ecm.care.imports.csv_files import CellError, Columns, Row

CODE_COLUMN: Final = "carer"
COLUMNS: Final = Columns(required=("carer", "location"))


@dataclass(frozen=True, slots=True)
class Known:
    """What a carer's row refers to."""

    locations: frozenset[str]


def read_row(row: Row) -> Carer:
    """Read one row; raises CellError."""
    return Carer(code=cells.code(row, "carer"), location=cells.code(row, "location"))


def settle(carer: Carer, known: Known) -> Carer:
    """Check what the row refers to; raises CellError."""
    if carer.location not in known.locations:
        raise CellError("location", f"There is no location {carer.location} of this provider.")
    return carer
