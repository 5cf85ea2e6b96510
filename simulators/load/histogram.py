"""Latencies in logarithmic steps: constant memory, percentiles within one part in 128, any number of values."""

import math
from typing import Final, Self

_BITS: Final = 7
_STEPS: Final = 1 << _BITS
_LARGEST: Final = (1 << 42) - 1  # nanoseconds: 73 minutes
_SIZE: Final = (_LARGEST.bit_length() - _BITS << _BITS) + _STEPS


class Histogram:
    """Counts of durations in nanoseconds, each power of two cut into 128 equal steps.

    A percentile is the nearest rank's: never below the exact one and at most 1/128 above it.
    """

    __slots__ = ("_counts", "count", "largest", "total")

    def __init__(self) -> None:
        self._counts = [0] * _SIZE
        self.count = 0
        self.total = 0
        self.largest = 0

    def record(self, nanoseconds: int) -> None:
        """Count one duration; below nothing counts as nothing, above 73 minutes as 73 minutes."""
        value = min(max(nanoseconds, 0), _LARGEST)
        shift = max(value.bit_length() - _BITS - 1, 0)
        self._counts[(shift << _BITS) + (value >> shift)] += 1
        self.count += 1
        self.total += value
        self.largest = max(self.largest, value)

    def percentile(self, share: float) -> int:
        """Return the duration in nanoseconds that this share (0 to 1) of all durations does not exceed; 0 of none."""
        rank = max(1, math.ceil(share * self.count))
        seen = 0
        for step, count in enumerate(self._counts):
            seen += count
            if seen >= rank:
                return min(_highest(step), self.largest)
        return 0

    def milliseconds(self, share: float) -> float:
        """Return a percentile in milliseconds."""
        return self.percentile(share) / 1e6

    def add(self, other: Self) -> None:
        """Count everything that another histogram counted."""
        self._counts = [mine + theirs for mine, theirs in zip(self._counts, other._counts, strict=True)]
        self.count += other.count
        self.total += other.total
        self.largest = max(self.largest, other.largest)


def _highest(step: int) -> int:
    """Return the largest duration that counts in a step."""
    shift = max((step >> _BITS) - 1, 0)
    return ((step - (shift << _BITS) + 1) << shift) - 1
