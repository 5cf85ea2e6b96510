"""The one place that reads the time, so that every rule takes it as an argument."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time as an aware UTC instant."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the machine's time, aware, in UTC."""
        return datetime.now(UTC)


class RehearsalClock:
    """A clock that an operator moves forward by hand; between moves it ticks at the pace of real time."""

    def __init__(self, start: datetime) -> None:
        self._base = start
        self._moved_at = time.monotonic()

    def now(self) -> datetime:
        """Return the rehearsed instant, aware, in UTC."""
        return self._base + timedelta(seconds=time.monotonic() - self._moved_at)

    def move_to(self, instant: datetime) -> None:
        """Go forward to `instant`; raises ValueError when that would be going back by more than a minute."""
        if instant < self.now() - timedelta(minutes=1):
            raise ValueError("the rehearsal clock only goes forward")
        self._base = instant
        self._moved_at = time.monotonic()
