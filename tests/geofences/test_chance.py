import math

import numpy as np
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from pyproj import Geod

from geofences.chance import CERTAIN, SIGMAS_PER_A95, chance_in_circle, chance_in_rings
from geofences.fences import Circle, Polygon
from geofences.verdict import judge

WGS84 = Geod(ellps="WGS84")
LATITUDE, LONGITUDE = 53.8, -1.55
ONE_SIGMA_A95 = SIGMAS_PER_A95


def _lgamma(numbers: np.ndarray) -> np.ndarray:
    return np.array([math.lgamma(number) for number in numbers])


def _poisson(mean: float, upto: int) -> np.ndarray:
    counts = np.arange(upto)
    if mean == 0:
        return np.asarray(counts == 0, dtype=float)
    return np.asarray(np.exp(counts * math.log(mean) - mean - _lgamma(counts + 1.0)))


def marcum_complement(a: float, b: float) -> float:
    """1 - Q1(a, b) as the chance that a Poisson count of mean b²/2 exceeds one of mean a²/2."""
    upto = int(max(a, b) ** 2 / 2 + 12 * max(a, b) + 60)
    fewer = np.cumsum(_poisson(a * a / 2, upto))
    return float((_poisson(b * b / 2, upto)[1:] * fewer[:-1]).sum())


def at(bearing: float, distance_m: float) -> tuple[float, float]:
    longitude, latitude, _ = WGS84.fwd(LONGITUDE, LATITUDE, bearing, distance_m)
    return latitude, longitude


def ring(radius_m: float, corners: int) -> tuple[tuple[float, float], ...]:
    return tuple(at(360 * k / corners, radius_m)[::-1] for k in range(corners))


@given(offset=st.floats(-CERTAIN - 1, CERTAIN + 1), radius=st.floats(0.01, 45.0))
def test_chance_in_a_circle_is_marcums_q_to_one_in_a_million(offset, radius):
    distance = max(radius + offset, 0.0)
    chance = chance_in_circle(distance, radius, ONE_SIGMA_A95)
    assert chance == pytest.approx(marcum_complement(distance, radius), abs=1e-6)


@pytest.mark.parametrize("radius", [5.0, 5.7, 5.999, 6.001, 6.05, 6.3, 7.0, 9.0])
def test_the_two_ways_to_sum_agree_where_they_meet(radius):
    for offset in np.linspace(-6.0, 6.0, 97):
        distance = max(radius + offset, 0.0)
        chance = chance_in_circle(distance, radius, ONE_SIGMA_A95)
        assert chance == pytest.approx(marcum_complement(distance, radius), abs=1e-6)


def test_a_circle_of_its_own_accuracy_about_the_fix_holds_95_percent():
    assert chance_in_circle(0.0, 120.0, 120.0) == pytest.approx(0.95, abs=1e-6)


def test_a_fix_on_a_very_wide_boundary_is_an_even_chance():
    assert chance_in_circle(5_000.0, 5_000.0, 5.0) == pytest.approx(0.5, abs=1e-3)


@given(
    distance=st.floats(0.0, 2_000.0),
    step=st.floats(0.0, 200.0),
    radius=st.floats(10.0, 5_000.0),
    accuracy=st.floats(0.0, 5_000.0),
)
def test_chance_falls_with_distance_and_rises_with_radius(distance, step, radius, accuracy):
    chance = chance_in_circle(distance, radius, accuracy)
    assert 0.0 <= chance <= 1.0
    assert chance_in_circle(distance + step, radius, accuracy) <= chance + 1e-6
    assert chance_in_circle(distance, radius + step, accuracy) >= chance - 1e-6


@given(accuracy=st.floats(0.5, 2_000.0), step=st.floats(0.0, 2_000.0))
def test_chance_of_a_fix_at_the_centre_falls_as_the_fix_grows_vaguer(accuracy, step):
    assert chance_in_circle(0.0, 200.0, accuracy + step) <= chance_in_circle(0.0, 200.0, accuracy) + 1e-6


@given(distance=st.floats(0.0, 1_000.0), accuracy=st.floats(0.0, 1_000.0))
def test_promise_6_an_inside_verdict_is_at_least_95_percent_likely_and_an_outside_one_at_most_5(distance, accuracy):
    latitude, longitude = at(77.0, distance)
    judgement = judge(Circle(LATITUDE, LONGITUDE, 200.0), latitude, longitude, accuracy)
    chance = judgement.chance_inside
    assert chance is not None
    if judgement.verdict == "inside":
        assert chance >= 0.95 - 1e-6
    if judgement.verdict == "outside":
        assert chance <= 0.05 + 1e-6


@pytest.mark.parametrize("accuracy", [0.0, 1e-300, 1e-9, 1e-5, 20_038_000.0, 1e300])
@pytest.mark.parametrize("distance", [0.0, 200.0, 200.0001, 1e7])
def test_chance_stays_a_chance_at_the_ends_of_the_scale(accuracy, distance):
    polygon = Polygon(ring(200.0, 4))
    latitude, longitude = at(0.0, distance)
    assert 0.0 <= chance_in_circle(distance, 200.0, accuracy) <= 1.0
    chance = judge(polygon, latitude, longitude, accuracy).chance_inside
    assert chance is not None
    assert 0.0 <= chance <= 1.0


def test_a_fix_as_vague_as_the_earth_has_no_chance_worth_a_millionth():
    for accuracy in (20_038_000.0, 1e300):
        assert chance_in_circle(0.0, 5_000.0, accuracy) == pytest.approx(0.0, abs=1e-6)


def test_an_exact_fix_is_either_in_or_out():
    assert chance_in_circle(200.0, 200.0, 0.0) == 1.0
    assert chance_in_circle(math.nextafter(200.0, 300.0), 200.0, 0.0) == 0.0


@pytest.mark.parametrize("accuracy", [15.0, 60.0, 250.0, 2_000.0])
@pytest.mark.parametrize("distance", [0.0, 120.0, 199.0, 200.0, 260.0, 500.0])
def test_a_polygon_drawn_as_a_circle_has_the_circles_chance(accuracy, distance):
    latitude, longitude = at(123.0, distance)
    circle = judge(Circle(LATITUDE, LONGITUDE, 200.0), latitude, longitude, accuracy)
    polygon = judge(Polygon(ring(200.0, 720)), latitude, longitude, accuracy)
    assert polygon.chance_inside == pytest.approx(circle.chance_inside, abs=1e-4)


@pytest.mark.parametrize("accuracy", [10.0, 40.0, 150.0, 600.0])
@pytest.mark.parametrize(("bearing", "distance"), [(0, 0), (10, 55), (90, 61), (200, 130), (301, 200), (45, 300)])
def test_chance_in_a_polygon_with_a_hole_meets_a_throw_of_dice(bearing, distance, accuracy):
    polygon = Polygon(ring(200.0, 5), (ring(60.0, 4),))
    latitude, longitude = at(bearing, distance)
    throws, rng = 100_000, np.random.default_rng(20261120)
    here = polygon.flat.plane.metres(latitude, longitude)
    truths = rng.normal(here, accuracy / SIGMAS_PER_A95, (throws, 2))
    share = shapely.contains_xy(polygon.flat.shape, truths).mean()
    chance = judge(polygon, latitude, longitude, accuracy).chance_inside
    assert chance == pytest.approx(share, abs=5 * math.sqrt(max(share * (1 - share), 1e-4) / throws))


def normal_within(low: float, high: float, mean: float, sigma: float) -> float:
    """The chance of a normal variable to lie between two values."""
    return 0.5 * (math.erf((high - mean) / sigma / math.sqrt(2)) - math.erf((low - mean) / sigma / math.sqrt(2)))


@given(x=st.floats(-300, 300), y=st.floats(-300, 300), accuracy=st.floats(1.0, 1_000.0))
@example(x=0.0, y=99.0, accuracy=1.0)
def test_chance_in_a_rectangle_is_the_product_of_two_normals(x, y, accuracy):
    half = 100.0 * math.sqrt(2)
    polygon = Polygon(tuple(at(bearing, half)[::-1] for bearing in (45, 135, 225, 315)))
    sigma = accuracy / SIGMAS_PER_A95
    corners = np.array(polygon.flat.shape.exterior.coords)
    (west, south), (east, north) = corners.min(axis=0), corners.max(axis=0)
    longitude, latitude, _ = WGS84.fwd(
        polygon.flat.plane.longitude,
        polygon.flat.plane.latitude,
        math.degrees(math.atan2(x, y)),
        math.hypot(x, y),
    )
    expected = normal_within(west, east, x, sigma) * normal_within(south, north, y, sigma)
    chance = judge(polygon, latitude, longitude, accuracy).chance_inside
    assert chance == pytest.approx(expected, abs=1e-6)


@given(
    half_width=st.floats(0.01, 10_000),
    half_height=st.floats(0.01, 10_000),
    beyond_edge=st.floats(-12, 12),
    along=st.floats(-1.2, 1.2),
    accuracy=st.floats(0.1, 3_000.0),
)
@example(half_width=5_584.0, half_height=0.03, beyond_edge=-0.3, along=0.0, accuracy=0.22)
def test_chance_is_exact_however_long_an_edge_is_and_however_close(
    half_width, half_height, beyond_edge, along, accuracy
):
    sigma = accuracy / SIGMAS_PER_A95
    x, y = along * half_width, half_height + beyond_edge * sigma
    corners = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)]) * (half_width, half_height)
    chance = chance_in_rings(corners, np.roll(corners, -1, axis=0), x, y, accuracy)
    expected = normal_within(-half_width, half_width, x, sigma) * normal_within(-half_height, half_height, y, sigma)
    assert chance == pytest.approx(expected, abs=1e-6)
