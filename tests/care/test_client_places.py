"""Where a client's row puts the fence."""

import json
from typing import Any

import pytest

from ecm.care.domain import Client
from ecm.care.imports import clients
from ecm.care.imports.clients import Known, Position
from ecm.care.imports.tables import CellError, Faults, Row

# Point TP20 of the Ordnance Survey's OSTN15 test set.
EASTING, NORTHING = "422242.186", "433818.701"
LATITUDE, LONGITUDE = 53.80021519630, -1.66379168242
KNOWN = Known(frozenset({"L1"}), frozenset({"E10000015"}), {"100012345": Position(51.8, -0.08)})


def resolved(**values: str) -> Client:
    row = Row(2, {"client": "C-1", "branch": "L1", "council": "E10000015", **values})
    faults = Faults()
    client = clients.resolve(clients.read_row(row, faults), faults, KNOWN)
    if faults.found:
        (only,) = faults.found
        raise only
    return client


def fence(**values: str) -> dict[str, Any]:
    shape: dict[str, Any] = json.loads(resolved(**values).fence)
    return shape


def test_latitude_and_longitude_make_a_circle_of_200_m() -> None:
    expected = {"type": "circle", "latitude": 51.8, "longitude": -0.08, "radius_m": 200.0}
    assert fence(latitude="51.8", longitude="-0.08") == expected


def test_easting_and_northing_are_converted_with_the_ostn15_grid() -> None:
    shape = fence(easting=EASTING, northing=NORTHING, radius_m="75.5")
    assert shape["latitude"] == pytest.approx(LATITUDE, abs=1e-7)
    assert shape["longitude"] == pytest.approx(LONGITUDE, abs=1e-7)
    assert shape["radius_m"] == 75.5


def test_a_uprn_is_looked_up_whatever_zeros_lead_it() -> None:
    client = resolved(uprn="000100012345", radius_m="50")
    assert json.loads(client.fence)["latitude"] == 51.8
    assert json.loads(client.fence)["radius_m"] == 50
    assert client.uprn == "000100012345"


def test_coordinates_come_before_a_uprn_and_a_polygon_before_both() -> None:
    assert fence(uprn="999", latitude="51.8", longitude="-0.08")["type"] == "circle"
    square = "POLYGON ((-0.081 51.799, -0.079 51.799, -0.079 51.801, -0.081 51.801, -0.081 51.799))"
    shape = fence(uprn="999", latitude="51.8", longitude="-0.08", polygon=square)
    assert shape["type"] == "polygon"


@pytest.mark.parametrize(
    ("values", "column", "said"),
    [
        ({}, None, "does not say where the home is"),
        ({"uprn": "999"}, "uprn", "imported with the uprns"),
        ({"latitude": "51.8"}, "longitude", "longitude is empty"),
        ({"northing": "1"}, "easting", "easting is empty"),
        ({"latitude": "-0.08", "longitude": "51.8"}, "latitude", "swapped"),
        ({"latitude": "91", "longitude": "0"}, "latitude", "outside England"),
        ({"easting": "1", "northing": "1"}, "easting", "outside England"),
        ({"latitude": "51.8", "longitude": "-0.08", "radius_m": "5"}, "radius_m", "10 m"),
        ({"polygon": "POLYGON (("}, "polygon", "WKT"),
        ({"polygon": "POINT (0 51)"}, "polygon", "POLYGON"),
        (
            {
                "polygon": "POLYGON ((-0.081 51.799, -0.079 51.799, -0.079 51.801, -0.081 51.799))",
                "latitude": "51.9",
                "longitude": "-0.08",
            },
            "polygon",
            "from the coordinates",
        ),
        ({"latitude": "51.8", "longitude": "-0.08", "branch": "L9"}, "branch", "no branch L9"),
        ({"latitude": "51.8", "longitude": "-0.08", "council": "E10000016"}, "council", "not known"),
        ({"latitude": "51.8", "longitude": "-0.08", "postcode": "x" * 11}, "postcode", "at most 10"),
    ],
)
def test_a_place_that_cannot_be_is_rejected_with_what_to_do(
    values: dict[str, str], column: str | None, said: str
) -> None:
    with pytest.raises(CellError, match=said) as refused:
        resolved(**values)
    assert refused.value.column == column


def test_degrees_and_grid_may_differ_by_100_m_and_no_more() -> None:
    near, far = (f"{LATITUDE + metres / 111_290:.8f}" for metres in (99, 101))
    resolved(latitude=near, longitude=str(LONGITUDE), easting=EASTING, northing=NORTHING)
    with pytest.raises(CellError, match="one position"):
        resolved(latitude=far, longitude=str(LONGITUDE), easting=EASTING, northing=NORTHING)
