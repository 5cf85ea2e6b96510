"""Addresses of OS Open UPRN, in the columns that the Ordnance Survey publishes."""

from typing import Final

from ecm.care.domain import Uprn
from ecm.care.imports import cells
from ecm.care.imports.tables import CellError, Column, Columns, Faults, Row

COLUMNS: Final = Columns(
    (
        Column("UPRN", "The address's unique property reference number.", "10001234567", required=True),
        Column("X_COORDINATE", "Its easting in metres.", "515000.00", required=True),
        Column("Y_COORDINATE", "Its northing in metres.", "207000.00", required=True),
        Column("LATITUDE", "Its latitude in degrees (WGS84).", "51.7520", required=True),
        Column("LONGITUDE", "Its longitude in degrees (WGS84).", "-0.3360", required=True),
    )
)

# OS Open UPRN covers Great Britain.
_LATITUDES: Final = (49.0, 61.0)
_LONGITUDES: Final = (-9.0, 2.5)


def read_row(row: Row, faults: Faults) -> Uprn:
    """Read one row. The published degrees are kept; the grid coordinates must only be numbers."""
    faults.take(lambda: _metres(row, "X_COORDINATE"), None)
    faults.take(lambda: _metres(row, "Y_COORDINATE"), None)
    return Uprn(
        code=faults.take(lambda: _number(row), ""),
        latitude=faults.take(lambda: _degrees(row, "LATITUDE", _LATITUDES), 0.0),
        longitude=faults.take(lambda: _degrees(row, "LONGITUDE", _LONGITUDES), 0.0),
    )


def resolve(uprn: Uprn, _: Faults) -> Uprn:
    """A UPRN refers to nothing else."""
    return uprn


def written(uprn: Uprn) -> dict[str, str | None]:
    """Write an address as the file does."""
    return {"LATITUDE": str(uprn.latitude), "LONGITUDE": str(uprn.longitude)}


def _number(row: Row) -> str:
    cells.needed(row, "UPRN")
    return without_leading_zeros(cells.uprn(row, "UPRN") or "")


def _metres(row: Row, column: str) -> float | None:
    cells.needed(row, column)
    return cells.number(row, column)


def without_leading_zeros(uprn: str) -> str:
    """Return the one spelling a UPRN is looked up by: systems pad it with zeros to different lengths."""
    return uprn.lstrip("0") or "0"


def _degrees(row: Row, column: str, bounds: tuple[float, float]) -> float:
    cells.needed(row, column)
    value = cells.number(row, column)
    if value is None or not bounds[0] <= value <= bounds[1]:
        raise CellError(column, f"{value} is not a {column.lower()} in Great Britain.")
    return value
