"""A phone's accuracy brought to one meaning: the radius that holds the truth 95 % of the time."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, get_args

AccuracyBasis: TypeAlias = Literal["w3c", "android", "apple"]

A95_PER_METRE: Final[Mapping[AccuracyBasis, float]] = MappingProxyType(
    {
        "w3c": 1.0,  # W3C Geolocation asks for a 95 % confidence level.
        "android": 1.615,  # Location.getAccuracy is 68 %: sqrt(ln 0.05 / ln 0.317) for a circular normal.
        "apple": 1.73,  # CLLocation.horizontalAccuracy has no published level; taken with care.
    }
)

WIDEST_A95_M: Final = 20_038_000.0
"""Half-way round the Earth: a fix cannot be vaguer, whatever the phone says."""


class AccuracyError(ValueError):
    """An accuracy that no phone can mean."""


def a95(accuracy_m: float | None, basis: AccuracyBasis) -> float | None:
    """Return the 95 % accuracy radius in metres, or None when the phone gave no accuracy.

    Android's getAccuracy answers 0.0 when there is no accuracy, so a zero on that basis is none.
    Raises AccuracyError for a negative or not finite accuracy, or an unknown basis.
    Source: W3C Geolocation §position accuracy; Android Location reference; promise 6 of ARCHITECTURE.md.
    """
    if basis not in A95_PER_METRE:
        known = ", ".join(get_args(AccuracyBasis))
        raise AccuracyError(f"The accuracy basis {basis!r} is not one of {known}.")
    if accuracy_m is None or (basis == "android" and accuracy_m == 0):
        return None
    if not 0 <= accuracy_m < math.inf:
        raise AccuracyError(f"The accuracy {accuracy_m} m is not a distance of zero or more.")
    return min(accuracy_m * A95_PER_METRE[basis], WIDEST_A95_M)
