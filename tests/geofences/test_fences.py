import json
import math
import pickle
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geofences.fences import (
    DEFAULT_RADIUS_M,
    Circle,
    FenceError,
    Polygon,
    fence_from_wkt,
    from_json,
    to_json,
)

WGS84 = Geod(ellps="WGS84")
SQUARE = ((-1.55, 53.80), (-1.54, 53.80), (-1.54, 53.81), (-1.55, 53.81))
HOLE = ((-1.548, 53.802), (-1.542, 53.802), (-1.542, 53.808), (-1.548, 53.808))
SQUARE_WKT = "POLYGON ((-1.55 53.80, -1.54 53.80, -1.54 53.81, -1.55 53.81, -1.55 53.80))"


def test_a_circle_without_a_radius_has_the_default_of_200_metres():
    assert Circle(53.8, -1.55).radius_m == DEFAULT_RADIUS_M == 200.0


@pytest.mark.parametrize("radius", [10.0, 5_000.0])
def test_the_radius_limits_themselves_are_allowed(radius):
    assert Circle(53.8, -1.55, radius).radius_m == radius


@pytest.mark.parametrize("radius", [9.99, 5_000.01, 0.0, -200.0, math.nan, math.inf])
def test_a_radius_outside_its_limits_is_refused(radius):
    with pytest.raises(FenceError, match="is not between 10 m and 5000 m"):
        Circle(53.8, -1.55, radius)


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(0.0, 0.0), (-1.55, 53.8), (91.0, 0.0), (math.nan, -1.55), (53.8, math.inf), (53.8, 2.5)],
)
def test_a_circle_outside_england_is_refused(latitude, longitude):
    with pytest.raises(FenceError, match="is outside England"):
        Circle(latitude, longitude)


def test_fences_are_frozen():
    with pytest.raises(FrozenInstanceError):
        setattr(Circle(53.8, -1.55), "radius_m", 1_000.0)  # noqa: B010 – the type check would not let it through
    with pytest.raises(FrozenInstanceError):
        setattr(Polygon(SQUARE), "holes", (HOLE,))  # noqa: B010 – as above


def test_an_open_and_a_closed_ring_make_the_same_polygon():
    assert Polygon(SQUARE) == Polygon((*SQUARE, SQUARE[0]))
    assert hash(Polygon(SQUARE)) == hash(Polygon((*SQUARE, SQUARE[0])))


def test_a_polygon_is_flattened_to_its_size_on_the_ground():
    area, hole_area = (
        WGS84.polygon_area_perimeter([x for x, _ in ring], [y for _, y in ring])[0] for ring in (SQUARE, HOLE)
    )
    flat = Polygon(SQUARE, (HOLE,)).flat
    assert flat.shape.area == pytest.approx(area - hole_area, rel=1e-5)


def test_a_polygon_survives_the_way_to_another_process():
    polygon = Polygon(SQUARE, (HOLE,))
    copy = pickle.loads(pickle.dumps(polygon))  # noqa: S301 - our own bytes
    assert copy == polygon
    assert copy.flat.signed_distance(0.0, 0.0) == polygon.flat.signed_distance(0.0, 0.0)


def _square(side_m: float) -> tuple[tuple[float, float], ...]:
    half = side_m / math.sqrt(2)
    return tuple(WGS84.fwd(-1.55, 53.8, bearing, half)[:2] for bearing in (45, 135, 225, 315))


def _strip(length_m: float, width_m: float) -> tuple[tuple[float, float], ...]:
    west, east = (WGS84.fwd(-1.55, 53.8, bearing, length_m / 2)[:2] for bearing in (270, 90))
    return (west, east, WGS84.fwd(*east, 0, width_m)[:2], WGS84.fwd(*west, 0, width_m)[:2])


def test_the_area_limits_are_5_metres_square_and_5_kilometres_square():
    assert Polygon(_square(5.01)).flat.shape.area == pytest.approx(25.1, abs=0.1)
    assert Polygon(_square(4_999)).flat.shape.area == pytest.approx(24.99e6, rel=1e-4)
    for side in (4.99, 5_001):
        with pytest.raises(FenceError, match=r"area of .* is not between 25 m² and 25,000,000 m²"):
            Polygon(_square(side))


@pytest.mark.parametrize(
    ("exterior", "holes", "says"),
    [
        ((), (), "outer ring has fewer than three"),
        (SQUARE[:2], (), "outer ring has fewer than three"),
        ((SQUARE[0], SQUARE[1], SQUARE[0], SQUARE[1]), (), "outer ring has fewer than three"),
        (SQUARE, (HOLE, HOLE[:2]), "hole 2 has fewer than three"),
        ((SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]), (), "not valid: Self-intersection"),
        (SQUARE, (((-1.53, 53.80), (-1.52, 53.80), (-1.52, 53.81)),), "not valid: Hole lies outside shell"),
        (tuple((lat, lon) for lon, lat in SQUARE), (), "outside England"),
        (((math.nan, 53.8), *SQUARE), (), "outside England"),
        (((-1.55, 53.8, 20.0), *SQUARE), (), "not a longitude and a latitude"),
        (_strip(20_200, 100), (), "reaches 10.1 km from its middle; the most is 10 km"),
        (tuple((-1.55 + k * 1e-6, 53.8) for k in range(2_001)), (), "more than 2,000 positions"),
    ],
)
def test_a_shape_that_cannot_be_a_fence_is_refused_in_a_sentence(exterior, holes, says):
    with pytest.raises(FenceError, match=says):
        Polygon(exterior, holes)


def test_wkt_gives_the_polygon_with_its_holes():
    hole = "(-1.548 53.802, -1.542 53.802, -1.542 53.808, -1.548 53.808, -1.548 53.802)"
    assert fence_from_wkt(SQUARE_WKT) == Polygon(SQUARE)
    assert fence_from_wkt(SQUARE_WKT[:-1] + f", {hole})") == Polygon(SQUARE, (HOLE,))


@pytest.mark.parametrize(
    ("wkt", "says"),
    [
        ("", "not well-known text"),
        ("a square", "not well-known text"),
        ("POLYGON ((-1.55 53.8, -1.54 53.8, -1.54 53.81, -1.55 53.81))", "not well-known text"),
        ("POLYGON ((-1.55 53.8, -1.54))", "not well-known text"),
        ("POLYGON ((-1.55 53.8\x00", "not well-known text"),
        ("POLYGON EMPTY", "not one POLYGON"),
        ("POINT (-1.55 53.8)", "not one POLYGON"),
        (f"MULTI{SQUARE_WKT.replace('((', '(((').replace('))', ')))')}", "not one POLYGON"),
        ("POLYGON Z ((-1.55 53.8 1, -1.54 53.8 1, -1.54 53.81 1, -1.55 53.8 1))", "heights or measures"),
        ("POLYGON M ((-1.55 53.8 1, -1.54 53.8 1, -1.54 53.81 1, -1.55 53.8 1))", "heights or measures"),
        (SQUARE_WKT.replace("-1.54 53.80", "nan nan"), "outside England"),
        (SQUARE_WKT.replace("-1.54 53.80", "1e400 53.80"), "outside England"),
        (SQUARE_WKT.replace("-1.5", "401.5"), "outside England"),
    ],
)
def test_wkt_that_is_no_polygon_is_refused_in_a_sentence(wkt, says):
    with pytest.raises(FenceError, match=says):
        fence_from_wkt(wkt)


circles = st.builds(
    Circle,
    st.floats(49.8, 55.9),
    st.floats(-6.6, 1.9),
    st.floats(10.0, 5_000.0),
)


@given(circles)
def test_a_circle_comes_back_from_json_as_it_went(circle):
    assert from_json(to_json(circle)) == circle


@pytest.mark.parametrize("fence", [Polygon(SQUARE), Polygon(SQUARE, (HOLE,))])
def test_a_polygon_comes_back_from_json_as_it_went(fence):
    assert from_json(to_json(fence).encode()) == fence


def test_equal_circles_have_equal_json():
    assert to_json(Circle(53, -1, 200)) == to_json(Circle(53.0, -1.0, 200.0))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not JSON"),
        (b"\xff", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("null", "neither a circle nor a polygon"),
        ('{"type":"square"}', "neither a circle nor a polygon"),
        ('{"type":"circle","latitude":53}', "neither a circle nor a polygon"),
        ('{"type":"circle","latitude":"53","longitude":-1,"radius_m":200}', "'53' is not a number"),
        ('{"type":"circle","latitude":53,"longitude":-1,"radius_m":true}', "True is not a number"),
        ('{"type":"circle","latitude":NaN,"longitude":-1,"radius_m":200}', "outside England"),
        (f'{{"type":"circle","latitude":53,"longitude":-1,"radius_m":1{"0" * 400}}}', "too large"),
        ('{"type":"polygon","exterior":[1,2,3],"holes":[]}', "position of the polygon is not"),
        ('{"type":"polygon","exterior":[[1,2,3]],"holes":[]}', "position of the polygon is not"),
        (json.dumps({"type": "polygon", "exterior": SQUARE, "holes": [7]}), "not a list of positions"),
    ],
)
def test_json_that_is_no_fence_is_refused_in_a_sentence(text, says):
    with pytest.raises(FenceError, match=says):
        from_json(text)
