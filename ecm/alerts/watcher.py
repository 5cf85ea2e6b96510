"""Watches in the background for visits that nobody began; any number of copies raise each alert once.

One copy, the holder of an advisory lock, looks often; the others look now and then, so that nothing rests on the
holder being alive. The lock only saves work.
"""

import asyncio
from typing import Final

import asyncpg
import structlog

from ecm.alerts.service import Alerts
from ecm.db.errors import DatabaseError
from ecm.db.pool import Database
from ecm.db.queries import load_queries
from ecm.words.clock import Clock

_TRY_LOCK: Final = load_queries(__package__)["try_watcher_lock"]
_EVERY_SECONDS: Final = 5.0
_TURNS_BETWEEN_LOOKS_WITHOUT_LOCK: Final = 6
_LOCK_SECONDS: Final = 2.0
_log = structlog.get_logger()


async def watching_loop(database: Database, alerts: Alerts, clock: Clock) -> None:
    """Watch until cancelled; a database that is away is tried again at the next turn."""
    while True:
        try:
            async with database.direct("watcher") as connection:
                await _watch_while_connected(connection, alerts, clock)
        except (DatabaseError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            _log.warning("alerts.watch.failed", error=type(error).__name__)
        await asyncio.sleep(_EVERY_SECONDS)


async def _watch_while_connected(connection: asyncpg.Connection, alerts: Alerts, clock: Clock) -> None:
    turn, holder = 0, False
    while True:
        holder = holder or await connection.fetchval(_TRY_LOCK, timeout=_LOCK_SECONDS)
        if connection.is_closed():
            return
        if holder or turn % _TURNS_BETWEEN_LOOKS_WITHOUT_LOCK == 0:
            raised = await alerts.watch_once(clock.now())
            if raised:
                _log.info("alerts.watch.raised", count=raised)
        turn += 1
        await asyncio.sleep(_EVERY_SECONDS)
