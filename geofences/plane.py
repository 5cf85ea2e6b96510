"""Metres on the ground: the WGS84 ellipsoid and a flat plane about one point of it."""

import math
from dataclasses import dataclass
from typing import Final

from pyproj import Geod

WGS84: Final = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class LocalPlane:
    """A flat plane in metres about a WGS84 position in degrees: x to the east, y to the north.

    Distances from the origin are geodesic; between two points within 10 km of it they are short by
    less than one part in a million (azimuthal equidistant projection), a centimetre at the worst.
    """

    latitude: float
    longitude: float

    def metres(self, latitude: float, longitude: float) -> tuple[float, float]:
        """Return (x, y) in metres of a WGS84 position in degrees."""
        azimuth, _, distance = WGS84.inv(self.longitude, self.latitude, longitude, latitude)
        bearing = math.radians(azimuth)
        return distance * math.sin(bearing), distance * math.cos(bearing)
