"""Whether a fix lies inside a fence: yes, no, or cannot be told (promise 6)."""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

from geofences.chance import certain, chance_in_circle, chance_in_rings
from geofences.fences import Circle, Fence, Polygon
from geofences.plane import WGS84

Verdict: TypeAlias = Literal["inside", "outside", "indeterminate"]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a fence says of one fix.

    distance_m: to the centre of a circle, or to the nearest edge of a polygon (negative inside); not rounded.
    a95_m: the 95 % accuracy radius the verdict was reached with, None when the phone gave none.
    chance_inside: how likely the phone was truly inside, 0 to 1; None without an accuracy.
    """

    verdict: Verdict
    distance_m: float
    a95_m: float | None
    chance_inside: float | None


def judge(fence: Fence, latitude: float, longitude: float, a95_m: float | None) -> Judgement:
    """Judge a WGS84 fix in degrees, whose 95 % accuracy radius is a95_m metres, against a fence.

    With d the distance and r the radius (0 for a polygon, whose d is signed): inside if d + a95 ≤ r, outside
    if d - a95 > r, else indeterminate; without an accuracy always indeterminate.
    Raises ValueError for a position that is not on the Earth, or an accuracy that is negative or not finite.
    """
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError(f"Latitude {latitude}, longitude {longitude} is not a position on the Earth.")
    if a95_m is not None and not 0 <= a95_m < math.inf:
        raise ValueError(f"The accuracy {a95_m} m is not a distance of zero or more.")
    if isinstance(fence, Circle):
        distance: float = WGS84.inv(fence.longitude, fence.latitude, longitude, latitude)[2]
        if a95_m is None:
            return Judgement("indeterminate", distance, None, None)
        chance = chance_in_circle(distance, fence.radius_m, a95_m)
        return Judgement(_verdict(distance, fence.radius_m, a95_m), distance, a95_m, chance)
    return _judge_polygon(fence, latitude, longitude, a95_m)


def _judge_polygon(fence: Polygon, latitude: float, longitude: float, a95_m: float | None) -> Judgement:
    flat = fence.flat
    x_m, y_m = flat.plane.metres(latitude, longitude)
    distance = flat.signed_distance(x_m, y_m)
    if a95_m is None:
        return Judgement("indeterminate", distance, None, None)
    chance = certain(-distance, a95_m)
    if chance is None:
        chance = chance_in_rings(flat.starts, flat.ends, x_m, y_m, a95_m)
    return Judgement(_verdict(distance, 0.0, a95_m), distance, a95_m, chance)


def _verdict(distance: float, radius: float, a95_m: float) -> Verdict:
    if distance + a95_m <= radius:
        return "inside"
    if distance - a95_m > radius:
        return "outside"
    return "indeterminate"
