"""When requests are due: instants fixed in advance, so that a slow answer delays none of those that follow."""

import asyncio
import ctypes
import os
import random
import time
from collections.abc import Callable, Iterator
from typing import Final, Literal

Arrivals = Literal["even", "poisson"]

_MONOTONIC: Final = 1
_NONBLOCKING_CLOSED_ON_EXEC: Final = 0o2004000
_ABSOLUTE: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def arrivals(kind: Arrivals, rate: float, seconds: float, seed: object) -> Iterator[int]:
    """Yield the nanoseconds after the start at which requests are due, `rate` a second on average.

    Evenly spaced, or as a Poisson process: as people act who know nothing of each other.
    """
    rng = random.Random(f"{seed}/arrivals")
    due = rng.random() / rate
    while due < seconds:
        yield int(due * 1e9)
        due += 1 / rate if kind == "even" else rng.expovariate(rate)


class Alarm:
    """Rings at an instant of the monotonic clock, to some tens of microseconds.

    The loop's own timers round up to whole milliseconds, which would be counted against the service; Linux's
    timerfd does not. Elsewhere the loop's timer has to do.
    """

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._fd = -1
        if hasattr(_LIBC, "timerfd_create"):
            self._fd = _LIBC.timerfd_create(_MONOTONIC, _NONBLOCKING_CLOSED_ON_EXEC)
            if self._fd < 0:
                raise OSError(ctypes.get_errno(), "timerfd_create")
            self._loop.add_reader(self._fd, self._rung)

    def set(self, at: int) -> None:
        """Ring once at `at` (nanoseconds of the monotonic clock), at once when that has passed."""
        if self._fd < 0:
            self._timer = self._loop.call_later(max(0.0, (at - time.monotonic_ns()) / 1e9), self._ring)
            return
        spec = (ctypes.c_long * 4)(0, 0, *divmod(max(at, 1), 1_000_000_000))
        if _LIBC.timerfd_settime(self._fd, _ABSOLUTE, spec, None) != 0:
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def close(self) -> None:
        """Never ring again."""
        if self._timer is not None:
            self._timer.cancel()
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _rung(self) -> None:
        os.read(self._fd, 8)
        self._ring()
