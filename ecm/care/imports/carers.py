"""Carers: who works for which branch."""

from dataclasses import dataclass
from typing import Final

from ecm.care.domain import Carer
from ecm.care.imports import cells
from ecm.care.imports.csv_files import CellError, Columns, Row

CODE_COLUMN: Final = "carer"
COLUMNS: Final = Columns(required=("carer", "branch"))


@dataclass(frozen=True, slots=True)
class Known:
    """What a carer's row refers to."""

    branches: frozenset[str]


def read_row(row: Row) -> Carer:
    """Read one row; raises CellError."""
    return Carer(code=cells.code(row, "carer"), branch=cells.code(row, "branch"))


def resolve(carer: Carer, known: Known) -> Carer:
    """Check what the row refers to; raises CellError."""
    if carer.branch not in known.branches:
        raise CellError("branch", f"There is no branch {carer.branch} of this provider.")
    return carer
