"""The clock on which raw coordinates go (promise 10)."""

import asyncio
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from ecm.audit.domain import SERVICE, EventTag, Told
from ecm.audit.service import record
from ecm.db.errors import DatabaseError
from ecm.db.pool import Database
from ecm.intake import store
from ecm.words.clock import Clock

_EVERY_SECONDS: Final = 3_600.0
_AT_ONCE: Final = 5_000
_log = structlog.get_logger()


class Purge:
    """Deletes the coordinates that were kept long enough; the signed parts, distances and verdicts stay."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def once(self, keep: timedelta) -> int:
        """Delete the coordinates of check-ins received longer than `keep` ago, for every provider; return how many."""
        now = self._clock.now()
        async with self._database.transaction("providers_to_purge", read_only=True) as connection:
            providers = await store.providers(connection)
        purged = 0
        for provider in providers:
            while (count := await self._some(provider, now - keep, now)) > 0:
                purged += count
        return purged

    async def _some(self, provider: UUID, before: datetime, now: datetime) -> int:
        async with self._database.transaction("purge_locations", provider=provider) as connection:
            count = await store.purge_locations(connection, provider, before, _AT_ONCE)
            if count:
                detail: Told = {"count": count, "received_before": before.isoformat()}
                await record(
                    connection, provider, EventTag.LOCATIONS_PURGED, SERVICE, "check_in_locations", detail, now
                )
        return count


async def purging_loop(purge: Purge, keep: timedelta) -> None:
    """Purge at once and then every hour until cancelled; a database that is away is tried again the next time.

    `keep` is how long coordinates are kept.
    """
    while True:
        try:
            purged = await purge.once(keep)
        except DatabaseError as error:
            _log.warning("intake.purge.failed", error=type(error).__name__)
        else:
            _log.info("intake.purge.done", count=purged)
        await asyncio.sleep(_EVERY_SECONDS)
