"""How likely it is that the phone was truly inside a fence, given its fix and the fix's 95 % radius.

The true position is taken as a circular normal distribution about the fix. Its 95 % radius is a95, so its
standard deviation on each axis is a95 / sqrt(-2 ln 0.05) (the Rayleigh distribution's 95th percentile).
Every length below is in units of that standard deviation unless its name ends in `_m`.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

SIGMAS_PER_A95: Final = math.sqrt(-2.0 * math.log(0.05))
CERTAIN: Final = 5.7
"""A margin to the boundary beyond which the other side holds less than exp(-5.7²/2) = 9e-8 of the chance."""

_SQRT_HALF: Final = math.sqrt(0.5)
_EXACT_M: Final = 1e-6
_BOUNDLESS_M: Final = 1e9
_WIDE: Final = 6.0

# Trapezoid nodes converge exponentially for both integrands: one is periodic in t, the other dies as a normal
# density in y.
_STEPS: Final = 12
_ANGLES: Final = tuple((math.sin(t), math.cos(t)) for t in (math.pi * k / (2 * _STEPS) for k in range(_STEPS)))
_ACROSS_STEP: Final = 0.9
_ACROSS: Final = tuple(
    (y * y, (1.0 if k else 0.5) * _ACROSS_STEP * 2.0 * math.exp(-0.5 * y * y) / math.sqrt(2.0 * math.pi))
    for k, y in ((k, k * _ACROSS_STEP) for k in range(7))
)

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_LOWEST: Final = 1e-7


def certain(margin_m: float, a95_m: float) -> float | None:
    """Return 1.0 or 0.0 when the boundary is too far from the fix to matter, else None.

    margin_m is the distance to the boundary in metres, positive when the fix is inside.
    """
    scaled = margin_m * SIGMAS_PER_A95
    if scaled > CERTAIN * a95_m:
        return 1.0
    if -scaled > CERTAIN * a95_m:
        return 0.0
    if a95_m < _EXACT_M:
        return 1.0 if margin_m >= 0 else 0.0
    if a95_m > _BOUNDLESS_M:
        return 0.0
    return None


def chance_in_circle(distance_m: float, radius_m: float, a95_m: float) -> float:
    """Return the chance, 0 to 1 and within 1e-6, of being inside a circle distance_m from centre to fix.

    This is 1 - Q1(distance / sigma, radius / sigma) with Q1 Marcum's Q function: the normal density is
    integrated over the circle in strips along the line from the fix to the centre.
    """
    sure = certain(radius_m - distance_m, a95_m)
    if sure is not None:
        return sure
    scale = SIGMAS_PER_A95 / a95_m
    offset, radius = distance_m * scale, radius_m * scale
    if radius > _WIDE:
        return _in_wide_circle(offset, radius)
    return _in_narrow_circle(offset, radius)


def _in_wide_circle(offset: float, radius: float) -> float:
    """Sum strips at fixed steps; here the circle's far side and its two ends hold nothing."""
    erf, sqrt, square = math.erf, math.sqrt, radius * radius
    total = 0.0
    for y_square, weight in _ACROSS:
        total += weight * erf((sqrt(square - y_square) - offset) * _SQRT_HALF)
    return min(max(0.5 + 0.5 * total, 0.0), 1.0)


def _in_narrow_circle(offset: float, radius: float) -> float:
    """Sum strips at equal angles about the circle, so that its ends, where strips shrink, stay smooth."""
    erf, exp = math.erf, math.exp
    shift, reach, half_square = offset * _SQRT_HALF, radius * _SQRT_HALF, 0.5 * radius * radius
    total = 0.0
    for sine, cosine in _ANGLES:
        half_strip = reach * cosine
        strip = erf(half_strip - shift) + erf(half_strip + shift)
        total += (cosine if sine else 0.5) * exp(-half_square * sine * sine) * strip
    chance = total * radius * math.sqrt(math.pi / 8.0) / _STEPS
    return min(max(chance, 0.0), 1.0)


def chance_in_rings(
    starts_m: NDArray[np.float64], ends_m: NDArray[np.float64], x_m: float, y_m: float, a95_m: float
) -> float:
    """Return the chance, 0 to 1 and within 1e-6, of being inside the rings whose edges are given.

    starts_m and ends_m are the n × 2 edge ends in metres on a plane, outer rings anticlockwise and holes
    clockwise. By Green's theorem the chance is the mean, over the directions from the fix, of
    1 - exp(-ρ²/2), ρ the way to the edge met there: of each edge the angle it is seen under, less what lies
    beyond it.
    """
    scale = SIGMAS_PER_A95 / a95_m
    here = np.array((x_m, y_m))
    start, end = (starts_m - here) * scale, (ends_m - here) * scale
    along = end - start
    length = np.hypot(along[:, 0], along[:, 1])
    turn = (start[:, 0] * end[:, 1] - start[:, 1] * end[:, 0]) / length
    height = np.maximum(np.abs(turn), _LOWEST)
    first, last = (start * along).sum(axis=1) / length, (end * along).sum(axis=1) / length
    angle = np.arctan2(last, height) - np.arctan2(first, height)
    held = angle - _beyond(last, height) + _beyond(first, height)
    chance = float((np.sign(turn) * held).sum()) / (2.0 * math.pi)
    return min(max(chance, 0.0), 1.0)


def _beyond(way: NDArray[np.float64], height: NDArray[np.float64]) -> NDArray[np.float64]:
    """Integrate exp(-ρ²/2) over the directions from the foot of the height to `way` along the edge.

    It is 2π times Owen's T function of height and way / height. It runs over u with ρ = height cosh u, which
    spreads the sharp turn of a close edge evenly, and ends where ρ is so long that nothing is left.
    """
    furthest = np.arccosh(np.maximum(CERTAIN / height, 1.0))
    half = 0.5 * np.minimum(np.arcsinh(np.abs(way) / height), furthest)
    cosh = np.cosh(half[:, None] * (1.0 + _NODES))
    far = height[:, None] * cosh
    whole: NDArray[np.float64] = np.sign(way) * half * ((np.exp(-0.5 * far * far) / cosh) @ _WEIGHTS)
    return whole
