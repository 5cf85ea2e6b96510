"""National Grid eastings and northings (EPSG:27700) brought to WGS84, once, at import.

The Ordnance Survey's OSTN15 grid is used, which the convertbng wheel carries. A transform without the grid is
up to 4 m off. OSTN15 leads to ETRS89, which differs from the WGS84 of a phone by less than a metre.
"""

from typing import Final

from convertbng import cutil

from geofences.fences import ENGLAND_LATITUDES, ENGLAND_LONGITUDES

ENGLAND_EASTINGS: Final = (80_000.0, 656_500.0)
ENGLAND_NORTHINGS: Final = (4_500.0, 658_000.0)


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
