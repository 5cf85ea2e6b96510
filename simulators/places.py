"""Where the invented people live: real postcode units, invented houses.

The postcode units are OS Code-Point Open (see simulators/data/README.md for the attribution that must stay with it).
"""

import csv
import gzip
import random
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from pyproj import Geod

from geofences.grid import wgs84_from_national_grid

_GEOD = Geod(ellps="WGS84")
_DATA = files("simulators") / "data"


class ImpossibleWorld(ValueError):
    """No world can be invented from what was asked for."""


@dataclass(frozen=True, slots=True)
class Postcode:
    """A postcode unit and its centre in EPSG:27700 metres."""

    postcode: str
    easting: int
    northing: int


@dataclass(frozen=True, slots=True)
class Home:
    """An invented house within a real postcode unit; metres in EPSG:27700 and degrees in WGS84."""

    postcode: str
    easting: float
    northing: float
    latitude: float
    longitude: float


def authority_name(code: str) -> str:
    """The council's published name without the ONS suffix such as `(B)`; KeyError when the code is unknown."""
    with (_DATA / "authorities.csv").open(encoding="utf-8") as lines:
        names = {row["code"]: row["name"] for row in csv.DictReader(lines)}
    return names[code].split(" (")[0]


@cache
def postcodes_of(authority: str) -> tuple[Postcode, ...]:
    """Every postcode unit of an authority, in file order; ImpossibleWorld when the data hold none."""
    with (
        (_DATA / "postcodes.csv.gz").open("rb") as packed,
        gzip.open(packed, "rt", encoding="utf-8", newline="") as lines,
    ):
        found = tuple(
            Postcode(row["postcode"], int(row["easting"]), int(row["northing"]))
            for row in csv.DictReader(lines)
            if row["authority"] == authority
        )
    if not found:
        raise ImpossibleWorld(f"no postcode units are shipped for authority {authority}")
    return found


def neighbourhood(rng: random.Random, units: tuple[Postcode, ...], count: int) -> list[Postcode]:
    """Some of the units nearest to a random one, so that a carer's round is a walk or a short drive."""
    middle = rng.choice(units)
    nearest = sorted(
        units,
        key=lambda unit: (
            (unit.easting - middle.easting) ** 2 + (unit.northing - middle.northing) ** 2,
            unit.postcode,
        ),
    )[: count * 4]
    return rng.sample(nearest, min(count, len(nearest)))


def house_in(rng: random.Random, unit: Postcode) -> Home:
    """An invented house within 20 m each way of the unit's centre."""
    easting = unit.easting + rng.randint(-20, 20)
    northing = unit.northing + rng.randint(-20, 20)
    latitude, longitude = wgs84_from_national_grid(easting, northing)
    return Home(unit.postcode, easting, northing, round(latitude, 7), round(longitude, 7))


def away_from(latitude: float, longitude: float, bearing: float, metres: float) -> tuple[float, float]:
    """Latitude and longitude (7 decimals, about a centimetre) at a bearing in degrees and a distance."""
    there_longitude, there_latitude, _ = _GEOD.fwd(longitude, latitude, bearing, metres)
    return round(there_latitude, 7), round(there_longitude, 7)


def square_around(home: Home, half_side_m: float) -> tuple[tuple[float, float], ...]:
    """A closed ring of (longitude, latitude) corners around a home, as a garden's boundary might be drawn."""
    corners = [
        away_from(home.latitude, home.longitude, bearing, half_side_m * 2**0.5) for bearing in (45, 135, 225, 315)
    ]
    ring = [(longitude, latitude) for latitude, longitude in corners]
    return (*ring, ring[0])
