"""The clock on which raw coordinates go (promise 10)."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog

from ecm.audit.service import Audit
from ecm.db.errors import DatabaseError

_EVERY_SECONDS: Final = 3_600.0
_log = structlog.get_logger()


async def purging_loop(audit: Audit, keep: timedelta) -> None:
    """Purge at once and then every hour until cancelled; a database that is away is tried again the next time.

    `keep` is how long coordinates are kept.
    """
    while True:
        try:
            purged = await audit.purge_locations(keep)
        except DatabaseError as error:
            _log.warning("audit.purge.failed", error=type(error).__name__)
        else:
            _log.info("audit.purge.done", count=purged)
        await asyncio.sleep(_EVERY_SECONDS)
