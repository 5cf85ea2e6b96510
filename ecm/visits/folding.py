"""Keeps the visits folded in the background; copies in several processes share the work."""

import asyncio
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web

from ecm.db.errors import DatabaseError
from ecm.keys import VISITS
from ecm.visits.service import Visits

# Requests of one provider in one transaction: enough that those of one client and day are folded once, and few enough
# that nobody waits for its locks for long.
AT_A_TIME: Final = 1_000
BUSY_PER_SECOND: Final = 40.0
GATHER_SECONDS: Final = 2.0
REST_RATIO: Final = 2.0
_POLL_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 5.0
_log = structlog.get_logger()


@dataclass(slots=True)
class Pace:
    """How folding leaves the processors to whoever answers the phones, while many check-ins come in.

    While more than `BUSY_PER_SECOND` do, each piece of work is followed by a rest `REST_RATIO` times as long, so that
    folding, the database's part in it included, takes a third of one processor; and a round begins no sooner than
    `GATHER_SECONDS` after the one before, so that what gathers meanwhile of one client is folded once. A request then
    waits a few seconds, and longer only when more comes in than that third can fold. Once the stream is quiet nothing
    rests: what is left is folded at full speed, and a lone check-in at the next look.
    """

    busy: bool = False
    _asked: int | None = None
    _looked_at: float = 0.0

    def look(self, asked: int, at: float) -> None:
        """Take note, at the beginning of a round, of how many folds were ever asked for; times in seconds."""
        if self._asked is not None and at > self._looked_at:
            self.busy = asked - self._asked > BUSY_PER_SECOND * (at - self._looked_at)
        self._asked, self._looked_at = asked, at

    def rest(self, worked: float) -> float:
        """Return how long to rest after a piece of work of so many seconds."""
        return REST_RATIO * worked if self.busy else 0.0

    def until_next(self, served: int, now: float) -> float:
        """Return how long to wait after a round before the next."""
        if self.busy:
            return max(0.0, self._looked_at + GATHER_SECONDS - now)
        return 0.0 if served else _POLL_SECONDS


async def folding_loop(app: web.Application) -> None:
    """Fold whatever is asked for until cancelled, looking again after a quarter of a second without work."""
    clock = asyncio.get_running_loop().time
    pace, pause = Pace(), _POLL_SECONDS
    while True:
        try:
            served = await _round(app[VISITS], pace)
            pause = _POLL_SECONDS
        except DatabaseError as error:
            _log.warning("visits.fold.failed", error=type(error).__name__)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(pause)
            continue
        await asyncio.sleep(pace.until_next(served, clock()))


async def _round(visits: Visits, pace: Pace) -> int:
    """Fold once for each provider that waits; return how many requests were served."""
    clock = asyncio.get_running_loop().time
    waiting = await visits.waiting()
    pace.look(waiting.asked, clock())
    served = 0
    for provider in waiting.providers:
        began = clock()
        served += await visits.fold_some(provider, AT_A_TIME)
        await asyncio.sleep(pace.rest(clock() - began))
    return served
