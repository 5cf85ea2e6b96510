"""The shapes that stand for an address: a circle about a point, or a polygon with holes, in WGS84 degrees."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from geofences.plane import LocalPlane

DEFAULT_RADIUS_M: Final = 200.0
MIN_RADIUS_M: Final = 10.0
MAX_RADIUS_M: Final = 5_000.0
MIN_POLYGON_AREA_M2: Final = 25.0
MAX_POLYGON_AREA_M2: Final = 25_000_000.0
MAX_POLYGON_REACH_M: Final = 10_000.0
MAX_POLYGON_POSITIONS: Final = 2_000
ENGLAND_LATITUDES: Final = (49.8, 55.9)
ENGLAND_LONGITUDES: Final = (-6.6, 1.9)

Position: TypeAlias = tuple[float, float]
"""Longitude, then latitude, in WGS84 degrees: the order of WKT and GeoJSON."""


class FenceError(ValueError):
    """A shape that cannot be a fence; the message says why in one sentence."""


@dataclass(frozen=True, slots=True)
class Circle:
    """All places within radius_m metres of a WGS84 position in degrees, the boundary included.

    Raises FenceError when the position is outside England's extent or the radius outside 10 m to 5,000 m.
    """

    latitude: float
    longitude: float
    radius_m: float = DEFAULT_RADIUS_M

    def __post_init__(self) -> None:
        _check_in_england(self.latitude, self.longitude)
        if not MIN_RADIUS_M <= self.radius_m <= MAX_RADIUS_M:
            raise FenceError(
                f"The radius {self.radius_m:g} m is not between {MIN_RADIUS_M:g} m and {MAX_RADIUS_M:g} m."
            )
        for name in ("latitude", "longitude", "radius_m"):
            object.__setattr__(self, name, float(getattr(self, name)))


@dataclass(frozen=True, slots=True)
class Polygon:
    """All places within an outer ring and outside its holes; each ring is (longitude, latitude) positions.

    Rings may be given open or closed and are kept closed. Edges are straight on the ground. The flat shape
    in metres is worked out once, here. Raises FenceError for a shape that is not one valid polygon within
    England's extent, of 25 m² to 25 km², reaching no more than 10 km from its middle.
    """

    exterior: tuple[Position, ...]
    holes: tuple[tuple[Position, ...], ...] = ()
    flat: "FlatPolygon" = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        exterior = _ring(self.exterior, "outer ring")
        holes = tuple(_ring(hole, f"hole {number}") for number, hole in enumerate(self.holes, start=1))
        if sum(map(len, (exterior, *holes))) > MAX_POLYGON_POSITIONS:
            raise FenceError(f"The polygon has more than {MAX_POLYGON_POSITIONS:,} positions.")
        object.__setattr__(self, "exterior", exterior)
        object.__setattr__(self, "holes", holes)
        object.__setattr__(self, "flat", _flatten(exterior, holes))


Fence: TypeAlias = Circle | Polygon


@dataclass(frozen=True, slots=True, eq=False)
class FlatPolygon:
    """A polygon in metres on the local plane about its representative point.

    starts and ends hold the two ends of each edge, outer ring anticlockwise and holes clockwise.
    """

    plane: LocalPlane
    shape: shapely.Polygon
    boundary: shapely.Geometry
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]

    def signed_distance(self, x_m: float, y_m: float) -> float:
        """Return the distance in metres from a point of the plane to the nearest edge, negative inside."""
        point = shapely.Point(x_m, y_m)
        distance = float(shapely.distance(self.boundary, point))
        return -distance if shapely.covers(self.shape, point) else distance


def fence_from_wkt(text: str) -> Polygon:
    """Return the fence of a WKT `POLYGON ((lon lat, ...))` in WGS84 degrees; raises FenceError."""
    try:
        with np.errstate(all="ignore"):
            shape = shapely.from_wkt(text)
    except (shapely.errors.ShapelyError, TypeError, ValueError) as error:
        raise FenceError(f"The text is not well-known text (WKT): {_sentence(error)}") from error
    if not isinstance(shape, shapely.Polygon) or shape.is_empty:
        raise FenceError("The WKT is not one POLYGON with positions in it.")
    if shape.has_z or shape.has_m:
        raise FenceError("The WKT has heights or measures; give longitude and latitude only.")
    return Polygon(
        exterior=tuple((x, y) for x, y in shape.exterior.coords),
        holes=tuple(tuple((x, y) for x, y in hole.coords) for hole in shape.interiors),
    )


def to_json(fence: Fence) -> str:
    """Return the fence as compact JSON, the same text for the same fence; from_json gives an equal fence."""
    document: dict[str, object]
    if isinstance(fence, Circle):
        document = {
            "type": "circle",
            "latitude": fence.latitude,
            "longitude": fence.longitude,
            "radius_m": fence.radius_m,
        }
    else:
        document = {"type": "polygon", "exterior": fence.exterior, "holes": fence.holes}
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def from_json(text: str | bytes) -> Fence:
    """Return the fence that to_json wrote; raises FenceError for anything that is not one."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FenceError(f"The fence is not JSON: {_sentence(error)}") from error
    match document:
        case {"type": "circle", "latitude": latitude, "longitude": longitude, "radius_m": radius}:
            return Circle(_number(latitude), _number(longitude), _number(radius))
        case {"type": "polygon", "exterior": list(exterior), "holes": list(holes)}:
            return Polygon(_positions(exterior), tuple(map(_positions, holes)))
        case _:
            raise FenceError("The JSON is neither a circle nor a polygon fence.")


def _flatten(exterior: tuple[Position, ...], holes: tuple[tuple[Position, ...], ...]) -> FlatPolygon:
    drawn = shapely.Polygon(exterior, holes)
    if not shapely.is_valid(drawn):
        raise FenceError(f"The polygon is not valid: {shapely.is_valid_reason(drawn)}.")
    middle = drawn.representative_point()
    plane = LocalPlane(latitude=middle.y, longitude=middle.x)
    shape = shapely.Polygon(_on_plane(plane, exterior), [_on_plane(plane, hole) for hole in holes])
    reach = max(math.hypot(x, y) for x, y in shape.exterior.coords)
    if reach > MAX_POLYGON_REACH_M:
        raise FenceError(
            f"The polygon reaches {reach / 1000:.1f} km from its middle; the most is {MAX_POLYGON_REACH_M / 1000:g} km."
        )
    if not MIN_POLYGON_AREA_M2 <= shape.area <= MAX_POLYGON_AREA_M2:
        raise FenceError(
            f"The polygon's area of {shape.area:,.0f} m² is not between {MIN_POLYGON_AREA_M2:,.0f} m² "
            f"and {MAX_POLYGON_AREA_M2:,.0f} m²."
        )
    if not shapely.is_valid(shape):
        raise FenceError(f"The polygon is not valid on the ground: {shapely.is_valid_reason(shape)}.")
    shape = shapely.orient_polygons(shape)
    shapely.prepare(shape)
    rings = [np.asarray(ring.coords) for ring in (shape.exterior, *shape.interiors)]
    starts = np.concatenate([ring[:-1] for ring in rings])
    ends = np.concatenate([ring[1:] for ring in rings])
    moved = (starts != ends).any(axis=1)
    return FlatPolygon(plane, shape, shape.boundary, starts[moved], ends[moved])


def _on_plane(plane: LocalPlane, ring: Iterable[Position]) -> list[Position]:
    return [plane.metres(latitude, longitude) for longitude, latitude in ring]


def _ring(positions: Sequence[Sequence[float]], name: str) -> tuple[Position, ...]:
    ring: list[Position] = []
    for position in positions:
        if len(position) != 2:
            raise FenceError(f"A position of the {name} is not a longitude and a latitude.")
        longitude, latitude = map(float, position)
        _check_in_england(latitude, longitude)
        ring.append((longitude, latitude))
    if ring and ring[0] != ring[-1]:
        ring.append(ring[0])
    if len(set(ring)) < 3:
        raise FenceError(f"The {name} has fewer than three different positions.")
    return tuple(ring)


def _check_in_england(latitude: float, longitude: float) -> None:
    (south, north), (west, east) = ENGLAND_LATITUDES, ENGLAND_LONGITUDES
    if not (south <= latitude <= north and west <= longitude <= east):
        raise FenceError(
            f"Latitude {latitude:g}, longitude {longitude:g} is outside England "
            f"(latitude {south:g} to {north:g}, longitude {west:g} to {east:g})."
        )


def _positions(value: object) -> tuple[Position, ...]:
    if not isinstance(value, list):
        raise FenceError("A ring of the polygon is not a list of positions.")
    return tuple(_position(item) for item in value)


def _position(value: object) -> Position:
    match value:
        case [longitude, latitude]:
            return _number(longitude), _number(latitude)
        case _:
            raise FenceError("A position of the polygon is not [longitude, latitude].")


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise FenceError(f"{value!r} is not a number.")
    try:
        return float(value)
    except OverflowError as error:
        raise FenceError("A number of the fence is too large.") from error


def _sentence(error: Exception) -> str:
    return f"{str(error).strip().rstrip('.')}."
