"""How much is taken in at once, how much may wait, and for how long.

A request waits here as the bytes that came: taken apart, its check-ins need six times the room. Whoever would wait
longer than it takes to come back is asked to come back.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final, NamedTuple

from ecm.errors import UNAVAILABLE, Problem
from ecm.intake.metrics import IntakeMetrics

# Some 2,600 check-ins: more than the writer's lanes take at once, so that the gate never keeps them waiting.
BYTES_AT_WORK: Final = 2 * 1024 * 1024
RETRY_AFTER_SECONDS: Final = 2
# Once the first in the queue has waited this long, whoever comes now would wait longer than we let anybody.
OVERDUE_SECONDS: Final = 1.0


class _Waiting(NamedTuple):
    size: int
    since: float
    admitted: "asyncio.Future[None]"


class Gate:
    """Lets requests in by their bytes, first come first served, and declines those that would wait too long."""

    def __init__(self, metrics: IntakeMetrics, waiting_limit: int) -> None:
        self._metrics = metrics
        self._waiting_limit = waiting_limit
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._at_work = 0

    async def enter(self, size: int) -> None:
        """Wait until a request of so many bytes may be worked on; whoever has entered must `leave`.

        Raises the `unavailable` problem: at once when too much waits already or the first has waited for long, and
        when its own turn does not come in time.
        """
        if not self._waiting and self._fits(size):
            self._at_work += size
            return
        now = asyncio.get_running_loop().time()
        overdue = bool(self._waiting) and now - self._waiting[0].since > OVERDUE_SECONDS
        if overdue or self._waiting_bytes + size > self._waiting_limit:
            raise self._declined()
        turn = _Waiting(size, now, asyncio.get_running_loop().create_future())
        self._waiting.append(turn)
        self._waiting_bytes += size
        try:
            async with asyncio.timeout(RETRY_AFTER_SECONDS):
                await turn.admitted
        except asyncio.CancelledError:
            self._give_up(turn)
            raise
        except TimeoutError:
            self._give_up(turn)
            raise self._declined() from None

    def leave(self, size: int) -> None:
        """Make room for whoever waits."""
        self._at_work -= size
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and (self._waiting[0].admitted.done() or self._fits(self._waiting[0].size)):
            turn = self._waiting.popleft()
            self._waiting_bytes -= turn.size
            if not turn.admitted.done():
                self._at_work += turn.size
                turn.admitted.set_result(None)

    def _declined(self) -> Problem:
        self._metrics.declined.inc()
        return unavailable("Too many check-ins are waiting to be taken in; please send this again shortly.")

    def _fits(self, size: int) -> bool:
        return not self._at_work or self._at_work + size <= BYTES_AT_WORK

    def _give_up(self, turn: _Waiting) -> None:
        """Let others by, or give back what was let in at the very moment it was given up."""
        if turn.admitted.cancelled():
            with suppress(ValueError):
                self._waiting.remove(turn)
                self._waiting_bytes -= turn.size
            self._let_in()
        else:
            self.leave(turn.size)


def unavailable(detail: str) -> Problem:
    """Return the problem that tells a phone to keep its items and come back."""
    return UNAVAILABLE.because(detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
