"""Carers: who works for which branch."""

from dataclasses import dataclass
from typing import Final

from ecm.care.domain import Carer
from ecm.care.imports import cells
from ecm.care.imports.alike import unknown
from ecm.care.imports.tables import CellError, Column, Columns, Faults, Row

COLUMNS: Final = Columns(
    (
        Column(
            "carer",
            "The carer's code in your own system, never the name.",
            "W-001",
            required=True,
            also=(
                "carer id",
                "carer code",
                "carer ref",
                "employee",
                "employee id",
                "staff id",
                "worker id",
                "payroll no",
            ),
        ),
        Column(
            "branch",
            "The code of the registered branch that the carer works for.",
            "L1",
            required=True,
            also=("branch id", "branch code", "office", "location", "site"),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Known:
    """What a carer's row refers to."""

    branches: frozenset[str]


def read_row(row: Row, faults: Faults) -> Carer:
    """Read one row, as far as it can be read."""
    return Carer(
        code=faults.take(lambda: cells.code(row, "carer"), ""),
        branch=faults.take(lambda: cells.code(row, "branch"), ""),
    )


def resolve(carer: Carer, faults: Faults, known: Known) -> Carer:
    """Check what the row refers to."""
    if carer.branch not in known.branches:
        faults.add(CellError("branch", unknown("branch", carer.branch, known.branches, "not of this provider")))
    return carer


def written(carer: Carer) -> dict[str, str | None]:
    """Write a carer as the file does."""
    return {"branch": carer.branch}
