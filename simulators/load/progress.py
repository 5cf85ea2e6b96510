"""Progress on standard error: one line that is written over on a terminal, a line each second elsewhere."""

import sys
import time
from collections.abc import Callable
from typing import TypeVar

from simulators.load.sender import Progress

Counter = TypeVar("Counter", bound=int)


class ProgressLine:
    """Says how far something is. As a context it leaves the terminal on a fresh line."""

    def __init__(self) -> None:
        self._said_at = 0.0
        self._open = False

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(self, *_: object) -> None:
        if self._open:
            sys.stderr.write("\n")
            sys.stderr.flush()
            self._open = False

    def say(self, text: str) -> None:
        """Show a line, at most ten times a second on a terminal and once a second elsewhere."""
        terminal = sys.stderr.isatty()
        now = time.monotonic()
        if now - self._said_at < (0.1 if terminal else 1.0):
            return
        self._said_at = now
        sys.stderr.write(f"\r\x1b[K{text}" if terminal else f"{text}\n")
        sys.stderr.flush()
        self._open = terminal

    def counting(self, what: str, total: int) -> Callable[[int], None]:
        """Return what to call with a count that rises to `total`."""
        return lambda count: self.say(f"{what} {count:,} of {total:,}")

    def sending(self) -> Callable[[list[Progress]], None]:
        """Return what to call each second with the progress of all senders."""
        began = time.monotonic()
        before = [0]

        def told(progress: list[Progress]) -> None:
            accepted = sum(each.accepted for each in progress)
            declined = sum(each.declined for each in progress)
            errors = sum(each.errors for each in progress)
            waiting = sum(each.open for each in progress)
            self.say(
                f"{time.monotonic() - began:5.0f} s: {accepted - before[0]:+,} answered 200 (of {accepted:,}),"
                f" {declined:,} declined, {errors:,} errors, {waiting:,} due and not answered"
            )
            before[0] = accepted

        return told
