"""Clients, and the fence about each one's home."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from ecm.care.domain import Client
from ecm.care.imports import cells
from ecm.care.imports.csv_files import CellError, Columns, Row
from ecm.care.imports.uprns import without_leading_zeros
from geofences.fences import DEFAULT_RADIUS_M, Circle, Fence, FenceError, Polygon, fence_from_wkt, to_json
from geofences.grid import GridError, wgs84_from_national_grid
from geofences.plane import WGS84

CODE_COLUMN: Final = "client"
COLUMNS: Final = Columns(
    required=("client", "branch", "council"),
    optional=(
        "council_reference",
        "name",
        "address",
        "postcode",
        "uprn",
        "latitude",
        "longitude",
        "easting",
        "northing",
        "radius_m",
        "polygon",
        "lives_alone",
        "lacks_capacity",
    ),
)
CONTRADICTION_M: Final = 100.0
"""Two positions of one row farther apart than this cannot both be the home."""

_WHERE: Final = (
    "give latitude and longitude, or easting and northing, or a polygon, or a UPRN that was imported with the uprns"
)


@dataclass(frozen=True, slots=True)
class Position:
    """A position in WGS84 degrees."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class ClientRow:
    """A row of the file: the client, with an empty fence when the position is still to be found by the UPRN."""

    client: Client
    radius_m: float

    @property
    def code(self) -> str:
        """The client's code."""
        return self.client.code

    @property
    def wanted_uprn(self) -> str | None:
        """The UPRN to look up, in the spelling it is stored under; None when the row says itself where the home is."""
        if self.client.fence or self.client.uprn is None:
            return None
        return without_leading_zeros(self.client.uprn)


@dataclass(frozen=True, slots=True)
class Known:
    """What a client's row refers to."""

    branches: frozenset[str]
    councils: frozenset[str]
    uprns: Mapping[str, Position]


def canonical_shape(document: str) -> str:
    """Return the one spelling of a fence's JSON, so that what the database gives back compares equal."""
    return json.dumps(json.loads(document), sort_keys=True, separators=(",", ":"))


def read_row(row: Row) -> ClientRow:
    """Read one row; raises CellError. A polygon, where there is one, is the fence, and the radius is not used."""
    radius = cells.number(row, "radius_m")
    radius_m = DEFAULT_RADIUS_M if radius is None else radius
    position = _position(row)
    uprn = cells.uprn(row, "uprn")
    polygon = _polygon(row, position)
    if polygon is None and position is None and uprn is None:
        raise CellError(None, f"The row does not say where the home is: {_WHERE}.")
    fence: Fence | None = polygon
    if polygon is None and position is not None:
        fence = _circle(position, radius_m, "radius_m" if row.cells.get("radius_m") else None)
    client = Client(
        code=cells.code(row, "client"),
        branch=cells.code(row, "branch"),
        council=cells.council(row, "council"),
        council_reference=cells.optional_text(row, "council_reference", 100),
        lives_alone=cells.yes_no(row, "lives_alone"),
        lacks_capacity=cells.yes_no(row, "lacks_capacity"),
        name=cells.optional_text(row, "name", 200),
        address=cells.optional_text(row, "address", 500),
        postcode=cells.optional_text(row, "postcode", 10),
        uprn=uprn,
        fence="" if fence is None else canonical_shape(to_json(fence)),
    )
    return ClientRow(client, radius_m)


def resolve(row: ClientRow, known: Known) -> Client:
    """Check what the row refers to, and place the fence by the UPRN if need be; raises CellError."""
    client = row.client
    if client.branch not in known.branches:
        raise CellError("branch", f"There is no branch {client.branch} of this provider.")
    if client.council not in known.councils:
        raise CellError("council", f"The council {client.council} is not known to this service.")
    if row.wanted_uprn is None:
        return client
    position = known.uprns.get(row.wanted_uprn)
    if position is None:
        raise CellError("uprn", f"The position of the UPRN {client.uprn} is not known: {_WHERE}.")
    return msgspec.structs.replace(client, fence=canonical_shape(to_json(_circle(position, row.radius_m, None))))


def _position(row: Row) -> Position | None:
    degrees = _pair(row, "latitude", "longitude")
    metres = _pair(row, "easting", "northing")
    by_grid: Position | None = None
    if metres is not None:
        try:
            by_grid = Position(*wgs84_from_national_grid(*metres))
        except GridError as error:
            raise CellError("easting", str(error)) from None
    if degrees is None:
        return by_grid
    stated = Position(*degrees)
    _circle(stated, DEFAULT_RADIUS_M, "latitude")
    if by_grid is not None:
        apart = _metres_apart(stated, by_grid)
        if apart > CONTRADICTION_M:
            raise CellError(
                "easting",
                f"Easting and northing lie {apart:,.0f} m from latitude and longitude; they must mean one position.",
            )
    return stated


def _polygon(row: Row, position: Position | None) -> Polygon | None:
    text = row.cells.get("polygon", "")
    if not text:
        return None
    try:
        polygon = fence_from_wkt(text)
    except FenceError as error:
        raise CellError("polygon", str(error)) from None
    if position is not None:
        flat = polygon.flat
        apart = flat.signed_distance(*flat.plane.metres(position.latitude, position.longitude))
        if apart > CONTRADICTION_M:
            raise CellError("polygon", f"The polygon lies {apart:,.0f} m from the coordinates of the row.")
    return polygon


def _circle(position: Position, radius_m: float, column: str | None) -> Circle:
    try:
        return Circle(position.latitude, position.longitude, radius_m)
    except FenceError as error:
        swapped = position.latitude < 10 and position.longitude > 49
        hint = " Latitude and longitude seem to be swapped." if swapped else ""
        raise CellError(column, f"{error}{hint}") from None


def _pair(row: Row, first: str, second: str) -> tuple[float, float] | None:
    one, other = cells.number(row, first), cells.number(row, second)
    if one is None and other is None:
        return None
    if one is None or other is None:
        empty = first if one is None else second
        raise CellError(empty, f"{empty} is empty, though {second if one is None else first} is given.")
    return one, other


def _metres_apart(one: Position, other: Position) -> float:
    metres: float = WGS84.inv(one.longitude, one.latitude, other.longitude, other.latitude)[2]
    return metres
