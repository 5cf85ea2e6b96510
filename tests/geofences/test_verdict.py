import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geofences.fences import Circle, Polygon
from geofences.verdict import judge

WGS84 = Geod(ellps="WGS84")
PLACES = {
    "Penzance": (50.1188, -5.5376),
    "Dover": (51.1279, 1.3134),
    "Birmingham": (52.4797, -1.9027),
    "Leeds": (53.7974, -1.5438),
    "Berwick-upon-Tweed": (55.7692, -2.0054),
}
FIX = (53.8011, -1.5512)
HOME = (53.8000, -1.5500)
FIX_DISTANCE_M = WGS84.inv(HOME[1], HOME[0], FIX[1], FIX[0])[2]


def at(place: tuple[float, float], bearing: float, distance_m: float) -> tuple[float, float]:
    longitude, latitude, _ = WGS84.fwd(place[1], place[0], bearing, distance_m)
    return latitude, longitude


def ring_about(place: tuple[float, float], radius_m: float, corners: int) -> tuple[tuple[float, float], ...]:
    return tuple(at(place, 360 * k / corners, radius_m)[::-1] for k in range(corners))


def expected_verdict(distance: float, radius: float, a95: float) -> str:
    if distance + a95 <= radius:
        return "inside"
    return "outside" if distance - a95 > radius else "indeterminate"


def margin(distance: float, radius: float, a95: float) -> float:
    """How far, in metres, the fix is from where the verdict would change."""
    return min(abs(distance + a95 - radius), abs(distance - a95 - radius))


@pytest.mark.heavy  # thousands of fixes
@pytest.mark.parametrize("place", PLACES)
def test_promise_6_a_ring_of_fixes_about_a_home_agrees_with_the_geodesic_but_within_a_decimetre(place):
    rng = np.random.default_rng(6)
    judged = 0
    for _ in range(4_000):
        radius = float(rng.choice([10.0, 50.0, 200.0, 1_609.0, 5_000.0]))
        a95 = float(rng.choice([0.0, 5.0, 20.0, 80.0, radius / 2]))
        distance = max(0.0, radius + float(rng.choice([-a95, a95])) + float(rng.uniform(-2.0, 2.0)))
        if margin(distance, radius, a95) <= 0.1:
            continue
        fix = at(PLACES[place], float(rng.uniform(0, 360)), distance)
        judgement = judge(Circle(*PLACES[place], radius), *fix, a95)
        assert judgement.verdict == expected_verdict(distance, radius, a95)
        assert judgement.distance_m == pytest.approx(distance, abs=1e-6)
        judged += 1
    assert judged > 3_000


@pytest.mark.heavy  # thousands of fixes
@pytest.mark.parametrize("place", PLACES)
def test_promise_6_a_polygon_drawn_as_a_circle_agrees_with_the_geodesic_but_within_a_decimetre(place):
    rng = np.random.default_rng(7)
    for radius in (50.0, 200.0, 2_500.0):
        polygon = Polygon(ring_about(PLACES[place], radius, 1_000))
        for _ in range(300):
            a95 = float(rng.choice([0.0, 5.0, 20.0, radius / 2]))
            distance = max(0.0, radius + float(rng.choice([-a95, a95])) + float(rng.uniform(-2.0, 2.0)))
            if margin(distance, radius, a95) <= 0.1:
                continue
            fix = at(PLACES[place], float(rng.uniform(0, 360)), distance)
            judgement = judge(polygon, *fix, a95)
            assert judgement.verdict == expected_verdict(distance, radius, a95)
            assert judgement.distance_m == pytest.approx(distance - radius, abs=0.05)


@pytest.mark.parametrize("place", PLACES)
def test_the_way_to_a_polygons_edge_is_that_of_the_geodesic_along_each_edge(place):
    corners = [
        at(PLACES[place], bearing, reach)[::-1] for bearing, reach in ((5, 900), (80, 300), (140, 2_000), (260, 700))
    ]
    polygon = Polygon(tuple(corners))
    dense = []
    for start, end in zip(corners, [*corners[1:], corners[0]], strict=True):
        length = WGS84.inv(*start, *end)[2]
        dense.extend([start, *WGS84.npts(*start, *end, int(length))])
    longitudes, latitudes = np.array(dense).T
    rng = np.random.default_rng(8)
    for _ in range(60):
        latitude, longitude = at(PLACES[place], float(rng.uniform(0, 360)), float(rng.uniform(0, 2_500)))
        ones = np.ones_like(longitudes)
        ways = WGS84.inv(longitude * ones, latitude * ones, longitudes, latitudes)[2]
        assert abs(judge(polygon, latitude, longitude, 0.0).distance_m) == pytest.approx(ways.min(), abs=0.1)


@given(a95=st.just(0.0) | st.floats(0.001, 1_000.0))
def test_promise_6_inside_boundary_is_inclusive(a95):
    radius = FIX_DISTANCE_M + a95
    assert judge(Circle(*HOME, radius), *FIX, a95).verdict == "inside"
    short = Circle(*HOME, math.nextafter(radius, 0.0))
    assert judge(short, *FIX, a95).verdict == ("indeterminate" if a95 else "outside")


@given(a95=st.floats(0.001, 100.0))
def test_promise_6_a_circle_that_only_just_touches_the_fence_is_not_outside(a95):
    radius = FIX_DISTANCE_M - a95
    assert judge(Circle(*HOME, radius), *FIX, a95).verdict == "indeterminate"
    assert judge(Circle(*HOME, math.nextafter(radius, 0.0)), *FIX, a95).verdict == "outside"


@given(a95=st.floats(0.0, 400.0), distance=st.floats(0.0, 1_000.0))
def test_promise_6_a_polygon_is_judged_by_its_signed_distance(a95, distance):
    polygon = Polygon(ring_about(HOME, 300.0, 6))
    judgement = judge(polygon, *at(HOME, 15.0, distance), a95)
    assert judgement.verdict == expected_verdict(judgement.distance_m, 0.0, a95)


def test_promise_6_a_polygon_edge_is_inside_inclusive_for_an_exact_fix():
    polygon = Polygon(ring_about(HOME, 300.0, 4))
    longitude, latitude = polygon.exterior[0]
    judgement = judge(polygon, latitude, longitude, 0.0)
    assert judgement.distance_m == 0.0
    assert (judgement.verdict, judgement.chance_inside) == ("inside", 1.0)


@pytest.mark.parametrize("fence", [Circle(*HOME, 200.0), Polygon(ring_about(HOME, 200.0, 12))])
def test_promise_6_a_fix_without_accuracy_is_indeterminate_but_keeps_its_distance(fence):
    judgement = judge(fence, *FIX, None)
    assert (judgement.verdict, judgement.a95_m, judgement.chance_inside) == ("indeterminate", None, None)
    assert judgement.distance_m == judge(fence, *FIX, 20.0).distance_m


def test_promise_6_the_chance_is_given_with_the_verdict():
    doubtful = judge(Circle(*HOME, FIX_DISTANCE_M), *FIX, 60.0)
    assert doubtful.verdict == "indeterminate"
    assert doubtful.chance_inside is not None
    assert 0.4 < doubtful.chance_inside < 0.5
    assert doubtful.a95_m == 60.0


def test_the_distance_is_not_rounded_before_the_verdict():
    assert judge(Circle(*HOME, 200.0), *FIX, 5.0).distance_m == FIX_DISTANCE_M
    assert judge(Circle(*HOME, round(FIX_DISTANCE_M, 3) - 0.001), *FIX, 0.0).verdict == "outside"


def test_a_fix_in_a_polygons_hole_is_outside_and_near_its_rim_cannot_be_told():
    polygon = Polygon(ring_about(HOME, 400.0, 90), (ring_about(HOME, 150.0, 90),))
    assert judge(polygon, *HOME, 20.0).verdict == "outside"
    assert judge(polygon, *HOME, 20.0).distance_m == pytest.approx(150.0, abs=0.1)
    assert judge(polygon, *at(HOME, 45, 160.0), 20.0).verdict == "indeterminate"
    assert judge(polygon, *at(HOME, 45, 275.0), 20.0).verdict == "inside"


def test_a_fix_on_the_other_side_of_the_earth_is_outside_either_shape():
    far = (-53.8, 178.45)
    for fence in (Circle(*HOME, 200.0), Polygon(ring_about(HOME, 200.0, 12))):
        judgement = judge(fence, *far, 20.0)
        assert (judgement.verdict, judgement.chance_inside) == ("outside", 0.0)
        assert judgement.distance_m > 1e7


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(90.01, 0.0), (0.0, -180.5), (math.nan, 0.0), (0.0, math.nan), (math.inf, 0.0)],
)
def test_a_position_not_on_the_earth_is_refused(latitude, longitude):
    with pytest.raises(ValueError, match="not a position on the Earth"):
        judge(Circle(*HOME), latitude, longitude, 10.0)


@pytest.mark.parametrize("a95", [-0.1, math.nan, math.inf])
def test_an_impossible_accuracy_is_refused(a95):
    with pytest.raises(ValueError, match="not a distance of zero or more"):
        judge(Circle(*HOME), *FIX, a95)
