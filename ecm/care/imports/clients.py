"""Clients, and the fence about each one's home."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

import msgspec

from ecm.care.domain import Client, Warned
from ecm.care.imports import cells
from ecm.care.imports.alike import unknown
from ecm.care.imports.planner import Numbered
from ecm.care.imports.tables import CellError, Column, Columns, Faults, Row
from ecm.care.imports.uprns import without_leading_zeros
from geofences.fences import DEFAULT_RADIUS_M, Circle, Fence, FenceError, Polygon, fence_from_wkt, from_json, to_json
from geofences.grid import GridError, seems_swapped, wgs84_from_national_grid
from geofences.plane import WGS84

_CLIENT_NAMES: Final = ("client id", "client code", "client ref", "service user", "service user id", "customer", "id")
COLUMNS: Final = Columns(
    (
        Column("client", "The client's code in your own system, never the name.", "C-0001", True, also=_CLIENT_NAMES),
        Column("branch", "The code of the registered branch that cares for the client.", "L1", True, also=("office",)),
        Column("council", "The ONS code of the council that pays.", "E10000015", True, also=("authority", "funder")),
        Column("council_reference", "What the council calls the client.", "", also=("council ref", "mosaic id")),
        Column("name", "The client's name; kept apart, and it can be dropped.", "", also=("client name", "full name")),
        Column("address", "The address; kept apart, and it can be dropped.", "", also=("home address",)),
        Column("postcode", "The postcode; kept apart, and it can be dropped.", "", also=("post code",)),
        Column("uprn", "The unique property reference number, where an operator imported the addresses.", ""),
        Column("latitude", "Where the home is, in degrees (WGS84).", "51.7520", also=("lat",)),
        Column("longitude", "The longitude that goes with it, in degrees.", "-0.3360", also=("long", "lng", "lon")),
        Column("easting", "Instead of degrees: metres east on the national grid.", "", also=("eastings", "x")),
        Column("northing", "The northing that goes with it, in metres.", "", also=("northings", "y")),
        Column("radius_m", "How many metres about the home count as there.", "200"),
        Column("polygon", "Instead of a circle: the grounds, as WKT in degrees.", ""),
        Column("lives_alone", "yes or no; empty means no.", "yes"),
        Column("lacks_capacity", "yes or no; empty means no.", "no"),
    )
)
CONTRADICTION_M: Final = 100.0
"""Two positions of one row farther apart than this cannot both be the home."""

_NUMBERS: Final = ("latitude", "longitude", "easting", "northing", "radius_m")
_FAR_M: Final = 30_000.0
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
    grid: tuple[float, float] | None = None  # easting and northing as written

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


def read_row(row: Row, faults: Faults) -> ClientRow:
    """Read one row, as far as it can be read. A polygon, where there is one, is the fence, without the radius."""
    for column in _NUMBERS:
        faults.take(lambda column=column: cells.number(row, column), None)  # type: ignore[misc]
    uprn = faults.take(lambda: cells.uprn(row, "uprn"), None)
    fence, radius_m = None, DEFAULT_RADIUS_M
    if not faults.has(*_NUMBERS):
        given = cells.number(row, "radius_m")
        radius_m = DEFAULT_RADIUS_M if given is None else given
        fence = faults.take(lambda: _fence(row, radius_m, has_uprn=uprn is not None or faults.has("uprn")), None)
    client = Client(
        code=faults.take(lambda: cells.code(row, "client"), ""),
        branch=faults.take(lambda: cells.code(row, "branch"), ""),
        council=faults.take(lambda: cells.council(row, "council"), ""),
        council_reference=faults.take(lambda: cells.optional_text(row, "council_reference", 100), None),
        lives_alone=faults.take(lambda: cells.yes_no(row, "lives_alone"), False),
        lacks_capacity=faults.take(lambda: cells.yes_no(row, "lacks_capacity"), False),
        name=faults.take(lambda: cells.optional_text(row, "name", 200), None),
        address=faults.take(lambda: cells.optional_text(row, "address", 500), None),
        postcode=faults.take(lambda: cells.optional_text(row, "postcode", 10), None),
        uprn=uprn,
        fence="" if fence is None else canonical_shape(to_json(fence)),
    )
    pair = None if faults.found else _pair(row, "easting", "northing")
    return ClientRow(client, radius_m, pair)


def _fence(row: Row, radius_m: float, *, has_uprn: bool) -> Fence | None:
    position = _position(row)
    polygon = _polygon(row, position)
    if polygon is not None:
        return polygon
    if position is not None:
        return _circle(position, radius_m, "radius_m" if row.cells.get("radius_m") else None)
    if not has_uprn:
        raise CellError(None, f"The row does not say where the home is: {_WHERE}.")
    return None


def resolve(row: ClientRow, faults: Faults, known: Known) -> Client:
    """Check what the row refers to, and place the fence by the UPRN if need be."""
    client = row.client
    if client.branch not in known.branches:
        faults.add(CellError("branch", unknown("branch", client.branch, known.branches, "not of this provider")))
    if client.council not in known.councils:
        faults.add(CellError("council", f"The council {client.council} is not known to this service."))
    if row.wanted_uprn is None or faults.has(*_NUMBERS, "polygon"):
        return client
    position = known.uprns.get(row.wanted_uprn)
    if position is None:
        faults.add(CellError("uprn", f"The position of the UPRN {client.uprn} is not known: {_WHERE}."))
        return client
    fence = faults.take(lambda: canonical_shape(to_json(_circle(position, row.radius_m, None))), "")
    return msgspec.structs.replace(client, fence=fence)


def written(client: Client) -> dict[str, str | None]:
    """Write a client as the file does, the fence as what it is."""
    return {
        "branch": client.branch,
        "council": client.council,
        "council_reference": client.council_reference,
        "name": client.name,
        "address": client.address,
        "postcode": client.postcode,
        "uprn": client.uprn,
        "fence": _fence_words(client.fence),
        "lives_alone": "yes" if client.lives_alone else "no",
        "lacks_capacity": "yes" if client.lacks_capacity else "no",
    }


def _fence_words(shape: str) -> str | None:
    if not shape:
        return None
    fence = from_json(shape)
    if isinstance(fence, Circle):
        return f"{fence.radius_m:g} m about {fence.latitude:.6f}, {fence.longitude:.6f}"
    longitude, latitude = fence.exterior[0]
    return f"a polygon of {len(fence.exterior) - 1} corners from {latitude:.6f}, {longitude:.6f}"


def position_of(shape: str) -> Position | None:
    """Return about where a fence is, None where there is none."""
    fence = from_json(shape) if shape else None
    if isinstance(fence, Polygon):
        longitude, latitude = fence.exterior[0]
        return Position(latitude, longitude)
    return None if fence is None else Position(fence.latitude, fence.longitude)


def warn_of_swapped(rows: Sequence[Numbered[ClientRow]], stored: Iterable[Position]) -> Iterable[Warned]:
    """Warn of eastings and northings that seem to be each other's: off the land, or far from the other clients."""
    near = [*stored, *(found for row in rows if (found := position_of(row.record.client.fence)) is not None)]
    if not near:
        return
    middle = Position(median(each.latitude for each in near), median(each.longitude for each in near))
    for row in rows:
        if row.record.grid is not None and (why := _why_swapped(*row.record.grid, middle)) is not None:
            yield Warned(row.line, "easting", f"Easting and northing look swapped: {why}.")


def _why_swapped(easting: float, northing: float, middle: Position) -> str | None:
    if seems_swapped(easting, northing):
        return "as they are the home lies off England's land"
    try:
        there = _metres_apart(Position(*wgs84_from_national_grid(easting, northing)), middle)
        swapped = _metres_apart(Position(*wgs84_from_national_grid(northing, easting)), middle)
    except GridError:
        return None
    if there > _FAR_M and swapped < there / 3:
        return f"as they are the home lies {there / 1000:,.0f} km from where most clients are"
    return None


def _position(row: Row) -> Position | None:
    degrees = _pair(row, "latitude", "longitude")
    metres = _pair(row, "easting", "northing")
    by_grid: Position | None = None
    if metres is not None:
        try:
            by_grid = Position(*wgs84_from_national_grid(*metres))
        except GridError as error:
            swapped = " Easting and northing seem to be swapped." if seems_swapped(*metres) else ""
            raise CellError("easting", f"{error}{swapped}") from None
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
