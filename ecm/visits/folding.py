"""Keeps the visits folded in the background; copies in several processes share the work."""

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from ecm.db.errors import DatabaseError, DatabaseUnavailable, StatementTimedOut
from ecm.visits.service import Visits

# Requests of one provider in one transaction: enough that those of one client and day are folded once, and few enough
# that nobody waits for its locks for long.
AT_A_TIME: Final = 1_000
BUSY_PER_SECOND: Final = 40.0
GATHER_SECONDS: Final = 2.0
# So many check-ins a second leave folding half of one processor, and any number of them a tenth.
EVEN_PER_SECOND: Final = 250.0
MOST_REST: Final = 9.0
LONGEST_REST_SECONDS: Final = 5.0
_POLL_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 5.0
# How long a provider whose fold has failed by itself is left alone, so that the others' go on.
SET_ASIDE_SECONDS: Final = 30.0
_log = structlog.get_logger()


@dataclass(slots=True)
class Pace:
    """How folding leaves the processors to whoever answers the phones, while many check-ins come in.

    While more than `BUSY_PER_SECOND` do, each piece of work is followed by a rest, the longer the more come in: as long
    as the work at `EVEN_PER_SECOND`, and at most `MOST_REST` times as long, so that folding, the database's part in it
    included, takes between all and a tenth of one processor. And a round begins no sooner than `GATHER_SECONDS` after
    the one before, so that what gathers meanwhile of one client is folded once. A request then waits a few seconds, and
    longer only when more comes in than that share can fold. Once the stream is quiet nothing rests: what is left is
    folded at full speed, and a lone check-in at the next look.
    """

    per_second: float = 0.0
    _asked: int | None = None
    _looked_at: float = 0.0

    def look(self, asked: int, at: float) -> None:
        """Take note, at the beginning of a round or in a long one, of how many folds were ever asked for.

        `at` is in seconds.
        """
        if self._asked is not None and at > self._looked_at:
            self.per_second = (asked - self._asked) / (at - self._looked_at)
        self._asked, self._looked_at = asked, at

    @property
    def busy(self) -> bool:
        """Say whether many come in."""
        return self.per_second > BUSY_PER_SECOND

    def rest(self, worked: float) -> float:
        """Return how long to rest after a piece of work of so many seconds."""
        if not self.busy:
            return 0.0
        return min(LONGEST_REST_SECONDS, worked * min(MOST_REST, self.per_second / EVEN_PER_SECOND))

    def outdated(self, now: float) -> bool:
        """Say whether the last look was so long ago that the stream may have changed."""
        return now - self._looked_at > GATHER_SECONDS

    def until_next(self, served: int, now: float) -> float:
        """Return how long to wait after a round before the next."""
        if self.busy:
            return max(0.0, self._looked_at + GATHER_SECONDS - now)
        return 0.0 if served else _POLL_SECONDS


async def folding_loop(visits: Visits) -> None:
    """Fold whatever is asked for until cancelled, looking again after a quarter of a second without work."""
    rounds, pause = Rounds(visits), _POLL_SECONDS
    while True:
        try:
            rest = await rounds.one()
            pause = _POLL_SECONDS
        except DatabaseError as error:
            _log.warning("visits.fold.failed", error=type(error).__name__)
            rest = pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(rest)


class Rounds:
    """Rounds of folding, at a pace; a provider whose fold meets a bug is set aside for a while, and only that one."""

    def __init__(self, visits: Visits) -> None:
        self._visits = visits
        self._pace = Pace()
        self._set_aside: dict[UUID, float] = {}

    async def one(self) -> float:
        """Fold once for each provider that waits; return how long to wait before the next round."""
        clock = asyncio.get_running_loop().time
        waiting = await self._visits.waiting()
        self._pace.look(waiting.asked, clock())
        served = 0
        for provider in waiting.providers:
            began = clock()
            if self._set_aside.get(provider, began) <= began:
                served += await self._fold(provider, began)
                await asyncio.sleep(self._pace.rest(clock() - began))
                if self._pace.outdated(clock()):
                    self._pace.look((await self._visits.waiting()).asked, clock())
        return self._pace.until_next(served, clock())

    async def _fold(self, provider: UUID, now: float) -> int:
        try:
            return await self._visits.fold_some(provider, AT_A_TIME)
        except (DatabaseUnavailable, StatementTimedOut):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the visits of the others must go on being folded
            # A trace reads source files, which must not hold the loop.
            await asyncio.to_thread(_log.error, "visits.fold.set_aside", provider=str(provider), exc_info=error)
            self._set_aside[provider] = now + SET_ASIDE_SECONDS
            return 0
