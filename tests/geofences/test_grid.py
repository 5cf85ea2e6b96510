import math

import pytest
from pyproj import Geod

from geofences.grid import GridError, wgs84_from_national_grid

WGS84 = Geod(ellps="WGS84")

# The English points of the Ordnance Survey's OSTN15 test set: easting, northing, ETRS89 latitude, longitude.
PUBLISHED = {
    "TP01": (91492.146, 11318.804, 49.92226393730, -6.29977752014),
    "TP02": (170370.718, 11572.405, 49.96006137820, -5.20304609998),
    "TP03": (250359.811, 62016.569, 50.43885825610, -4.10864563561),
    "TP04": (449816.371, 75335.861, 50.57563665000, -1.29782277240),
    "TP05": (438710.920, 114792.250, 50.93127937910, -1.45051433700),
    "TP07": (639821.835, 169565.858, 51.37447025550, 1.44454730409),
    "TP08": (362269.991, 169978.690, 51.42754743020, -2.54407618349),
    "TP09": (530624.974, 178388.464, 51.48936564950, -0.11992557180),
    "TP11": (599445.590, 225722.826, 51.89436637350, 0.89724327012),
    "TP12": (389544.190, 261912.153, 52.25529381630, -2.15458614387),
    "TP13": (474335.969, 262047.755, 52.25160951230, -0.91248956970),
    "TP14": (562180.547, 319784.995, 52.75136687170, 0.40153547065),
    "TP15": (454002.834, 340834.943, 52.96219109410, -1.19747655922),
    "TP16": (357455.843, 383290.436, 53.34480280190, -2.64049320810),
    "TP19": (331534.564, 431920.794, 53.77911025760, -3.04045490691),
    "TP20": (422242.186, 433818.701, 53.80021519630, -1.66379168242),
    "TP22": (525745.670, 470703.214, 54.11685144290, -0.07773133187),
    "TP24": (339921.145, 556034.761, 54.89542340420, -2.93827741149),
    "TP25": (424639.355, 565012.703, 54.97912273660, -1.61657685184),
}


@pytest.mark.parametrize("point", PUBLISHED)
def test_eastings_and_northings_meet_the_published_ostn15_points_to_two_millimetres(point):
    easting, northing, latitude, longitude = PUBLISHED[point]
    found_latitude, found_longitude = wgs84_from_national_grid(easting, northing)
    assert WGS84.inv(longitude, latitude, found_longitude, found_latitude)[2] < 0.002


@pytest.mark.parametrize(
    ("easting", "northing"),
    [
        (0.0, 0.0),
        (530624.974, 1_178_388.0),
        (79_999.0, 100_000.0),
        (657_000.0, 300_000.0),
        (math.nan, 300_000.0),
        (400_000.0, math.inf),
        (51.5, -0.12),
    ],
)
def test_eastings_and_northings_outside_england_are_refused_in_a_sentence(easting, northing):
    with pytest.raises(GridError, match=r"is outside England \(easting 80,000 to 656,500"):
        wgs84_from_national_grid(easting, northing)


def test_a_place_at_sea_without_the_grid_is_refused_not_guessed():
    with pytest.raises(GridError, match="not covered by the OSTN15 grid"):
        wgs84_from_national_grid(80_000.0, 658_000.0)
