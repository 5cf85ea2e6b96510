"""National Grid eastings and northings (EPSG:27700) brought to WGS84, once, at import.

The Ordnance Survey's OSTN15 grid is used, which the convertbng wheel carries. A transform without the grid is
up to 4 m off. OSTN15 leads to ETRS89, which differs from the WGS84 of a phone by less than a metre.
"""

from typing import Final

import shapely
from convertbng import cutil

from geofences.fences import ENGLAND_LATITUDES, ENGLAND_LONGITUDES

ENGLAND_EASTINGS: Final = (80_000.0, 656_500.0)
ENGLAND_NORTHINGS: Final = (4_500.0, 658_000.0)
# England's land in kilometres of the grid, drawn by hand to within some five of them, from Land's End eastwards.
_OUTLINE_KM: Final = (
    (133, 20), (170, 8), (250, 42), (283, 34), (305, 78), (368, 66), (415, 83), (450, 73), (485, 89), (530, 98),
    (560, 92), (612, 112), (636, 140), (642, 172), (622, 200), (636, 232), (658, 292), (655, 312), (620, 346),
    (565, 347), (545, 332), (562, 365), (543, 412), (527, 474), (492, 516), (455, 539), (442, 560), (434, 592),
    (424, 638), (402, 660), (388, 618), (358, 594), (330, 574), (296, 558), (290, 512), (313, 460), (338, 462),
    (326, 436), (322, 418), (316, 390), (336, 362), (320, 330), (318, 300), (320, 270), (318, 242), (346, 210),
    (352, 190), (348, 176), (326, 160), (296, 150), (250, 152), (218, 130), (216, 106), (186, 80), (148, 44),
)  # fmt: skip
_ENGLAND: Final = shapely.Polygon([(1_000 * east, 1_000 * north) for east, north in _OUTLINE_KM])
_ABOUT_ENGLAND: Final = shapely.buffer(_ENGLAND, 8_000.0)
shapely.prepare([_ENGLAND, _ABOUT_ENGLAND])


class GridError(ValueError):
    """An easting and northing that cannot be an address in England."""


def wgs84_from_national_grid(easting: float, northing: float) -> tuple[float, float]:
    """Return (latitude, longitude) in degrees of an easting and northing in metres.

    Agrees with the Ordnance Survey's published OSTN15 test points to a millimetre. Raises GridError outside
    England's extent.
    """
    (west, east), (south, north) = ENGLAND_EASTINGS, ENGLAND_NORTHINGS
    if not (west <= easting <= east and south <= northing <= north):
        raise GridError(
            f"Easting {easting:g}, northing {northing:g} is outside England "
            f"(easting {west:,.0f} to {east:,.0f}, northing {south:,.0f} to {north:,.0f})."
        )
    longitudes, latitudes = cutil.convert_osgb36_to_ll(easting, northing)
    latitude, longitude = float(latitudes[0]), float(longitudes[0])
    (south, north), (west, east) = ENGLAND_LATITUDES, ENGLAND_LONGITUDES
    if not (south <= latitude <= north and west <= longitude <= east):
        raise GridError(f"Easting {easting:g}, northing {northing:g} is not covered by the OSTN15 grid.")
    return latitude, longitude


def seems_swapped(easting: float, northing: float) -> bool:
    """Say whether a position lies off England's land, and would lie on it with its two numbers the other way round."""
    there, other = shapely.points([[easting, northing], [northing, easting]])
    return not shapely.covers(_ABOUT_ENGLAND, there) and bool(shapely.covers(_ENGLAND, other))
