"""Which clients live at one address: a couple, say, whom a carer may visit together."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

import shapely

from ecm.care import store
from ecm.db.pool import Connection
from geofences.fences import Circle, FenceError, from_json
from geofences.plane import WGS84

# The middles of two fences no farther apart than this are taken for one address.
ONE_ADDRESS_M: Final = 30.0


async def at_one_address(
    connection: Connection, provider: UUID, pairs: Iterable[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Return those pairs of clients who live at one address: of one UPRN, or of fences about one middle."""
    asked = sorted(set(pairs))
    if not asked:
        return set()
    return {(one, other) for one, other, *known in await store.homes(connection, provider, asked) if _one_home(*known)}


def _one_home(uprn: str | None, other_uprn: str | None, shape: str | None, other_shape: str | None) -> bool:
    if uprn is not None and other_uprn is not None and uprn.lstrip("0") == other_uprn.lstrip("0"):
        return True
    middle, other_middle = _middle(shape), _middle(other_shape)
    if middle is None or other_middle is None:
        return False
    *_, apart = WGS84.inv(*middle, *other_middle)
    return bool(apart <= ONE_ADDRESS_M)


def _middle(shape: str | None) -> tuple[float, float] | None:
    """Return longitude and latitude of a fence's middle; None without a fence, or with one that cannot be read."""
    if shape is None:
        return None
    try:
        fence = from_json(shape)
    except FenceError:
        return None
    if isinstance(fence, Circle):
        return fence.longitude, fence.latitude
    middle = shapely.Polygon(fence.exterior).centroid
    return middle.x, middle.y
