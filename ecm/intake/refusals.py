"""Items that cannot be read or authenticated: counted, kept in a ring, and slowed where one phone sends many."""

import asyncio
import hashlib
import math
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
import structlog

from ecm.db.errors import DatabaseError
from ecm.db.pool import Database
from ecm.intake import store
from ecm.intake.domain import Answer, Refusal
from ecm.intake.metrics import IntakeMetrics
from ecm.words.problems import TOO_MANY

# A phone that is merely confused sends a few broken items and stops; beyond this many it may send two a second.
BURST: Final = 200
REFILL_PER_SECOND: Final = 2.0
MOST_SOURCES: Final = 50_000
WAITING: Final = 1_000
TEXT_KEPT: Final = 4_096
FLUSHED_EVERY_SECONDS: Final = 0.25

_log = structlog.get_logger()


class Refused(msgspec.Struct, frozen=True):
    """An item and why it is refused; `device_id` is whose it claims to be, where it can be read.

    `provider` is where that phone is enrolled, if it is with exactly one.
    """

    item: object
    device_id: UUID | None
    check_in: UUID | None
    reason: str
    detail: str
    provider: UUID | None = None


class Refusals:
    """What one intake process refuses."""

    def __init__(self, database: Database, metrics: IntakeMetrics) -> None:
        self._database = database
        self._metrics = metrics
        self._waiting: list[Refusal] = []
        self._storing = asyncio.Lock()
        self._budgets: dict[tuple[str, UUID | None], _Budget] = {}

    def answer(self, refused: Mapping[int, Refused], source: str, received_at: datetime) -> dict[int, Answer]:
        """Answer refused items, by index.

        Raises the `too-many` problem (429) when a device has sent too many from this network address: its budget is
        its own, so that others behind the same address do not feel it.
        """
        for device_id in {one.device_id for one in refused.values()}:
            spent = sum(one.device_id == device_id for one in refused.values())
            pause = self._budget(source, device_id).spend(spent, time.monotonic())
            if pause:
                self._metrics.slowed.inc()
                raise TOO_MANY.because(
                    "This phone sends too many check-ins that cannot be accepted; please wait.",
                    headers={"Retry-After": str(pause)},
                )
        for one in refused.values():
            self._metrics.refusals.labels(reason=one.reason).inc()
            if len(self._waiting) < WAITING:
                self._waiting.append(_kept(one, received_at))
        return {index: Answer("refused", one.check_in, None, one.reason, one.detail) for index, one in refused.items()}

    async def keep(self) -> None:
        """Store what waits, again and again, until cancelled."""
        while True:
            await asyncio.sleep(FLUSHED_EVERY_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Store what waits; on failure it waits on. Of two at once the second stores what came meanwhile."""
        async with self._storing:
            refusals = self._waiting[:]
            if not refusals:
                return
            try:
                async with self._database.transaction("store_refusals", role="intake") as connection:
                    await store.store_refusals(connection, refusals)
            except DatabaseError as error:
                _log.warning("intake.refusals.failed", error=type(error).__name__)
                return
            del self._waiting[: len(refusals)]

    def _budget(self, source: str, device_id: UUID | None) -> "_Budget":
        if len(self._budgets) > MOST_SOURCES:
            self._budgets.clear()
        return self._budgets.setdefault((source, device_id), _Budget())


class _Budget:
    """A token bucket: how many refusals a device may still cause at once."""

    def __init__(self) -> None:
        self._left = float(BURST)
        self._at = time.monotonic()

    def spend(self, count: int, now: float) -> int:
        """Spend tokens and return 0, or spend nothing and return after how many seconds it is worth trying again.

        A full bucket pays for any request, so that a single large batch is always answered.
        """
        self._left = min(BURST, self._left + (now - self._at) * REFILL_PER_SECOND)
        self._at = now
        if self._left < min(count, BURST):
            return max(1, math.ceil((min(count, BURST) - self._left) / REFILL_PER_SECOND))
        self._left = max(0.0, self._left - count)
        return 0


def _kept(refused: Refused, received_at: datetime) -> Refusal:
    text = refused.item if isinstance(refused.item, str) else repr(refused.item)
    return Refusal(
        received_at,
        refused.reason,
        refused.detail,
        refused.device_id,
        hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest(),
        # The signed part only: what follows the first tilde may be a location.
        ascii(text.partition("~")[0])[1:-1][:TEXT_KEPT],
        refused.provider,
    )
