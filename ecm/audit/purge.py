"""The clock on which raw coordinates go (promise 10)."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from aiohttp import web

from ecm.db.errors import DatabaseError
from ecm.keys import AUDIT, SETTINGS

_EVERY_SECONDS: Final = 3_600.0
_log = structlog.get_logger()


async def purging_loop(app: web.Application) -> None:
    """Purge at once and then every hour until cancelled; a database that is away is tried again the next time."""
    keep = timedelta(days=app[SETTINGS].location_days)
    while True:
        try:
            purged = await app[AUDIT].purge_locations(keep)
        except DatabaseError as error:
            _log.warning("audit.purge.failed", error=type(error).__name__)
        else:
            _log.info("audit.purge.done", count=purged)
        await asyncio.sleep(_EVERY_SECONDS)
