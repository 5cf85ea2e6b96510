"""Addresses of OS Open UPRN, in the columns that the Ordnance Survey publishes."""

from typing import Final

from ecm.care.domain import Uprn
from ecm.care.imports import cells
from ecm.care.imports.csv_files import CellError, Columns, Row

CODE_COLUMN: Final = "UPRN"
COLUMNS: Final = Columns(required=("UPRN", "X_COORDINATE", "Y_COORDINATE", "LATITUDE", "LONGITUDE"))

# OS Open UPRN covers Great Britain.
_LATITUDES: Final = (49.0, 61.0)
_LONGITUDES: Final = (-9.0, 2.5)


def read_row(row: Row) -> Uprn:
    """Read one row; raises CellError. The published degrees are kept; the grid coordinates must only be numbers."""
    cells.needed(row, "UPRN")
    for column in ("X_COORDINATE", "Y_COORDINATE"):
        cells.needed(row, column)
        cells.number(row, column)
    return Uprn(
        code=without_leading_zeros(cells.uprn(row, "UPRN") or ""),
        latitude=_degrees(row, "LATITUDE", _LATITUDES),
        longitude=_degrees(row, "LONGITUDE", _LONGITUDES),
    )


def resolve(uprn: Uprn) -> Uprn:
    """A UPRN refers to nothing else."""
    return uprn


def without_leading_zeros(uprn: str) -> str:
    """Return the one spelling a UPRN is looked up by: systems pad it with zeros to different lengths."""
    return uprn.lstrip("0") or "0"


def _degrees(row: Row, column: str, bounds: tuple[float, float]) -> float:
    cells.needed(row, column)
    value = cells.number(row, column)
    if value is None or not bounds[0] <= value <= bounds[1]:
        raise CellError(column, f"{value} is not a {column.lower()} in Great Britain.")
    return value
