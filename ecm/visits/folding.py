"""Keeps the visits folded in the background; copies in several processes share the work."""

import asyncio
from typing import Final

import structlog
from aiohttp import web

from ecm.db.errors import DatabaseError
from ecm.keys import VISITS

AT_A_TIME: Final = 200
_POLL_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 5.0
_log = structlog.get_logger()


async def folding_loop(app: web.Application) -> None:
    """Fold whatever is asked for until cancelled, looking again after a quarter of a second without work."""
    visits = app[VISITS]
    pause = _POLL_SECONDS
    while True:
        try:
            served = await visits.fold_pending(AT_A_TIME)
            pause = _POLL_SECONDS
        except DatabaseError as error:
            _log.warning("visits.fold.failed", error=type(error).__name__)
            served, pause = 0, min(2 * pause, _LONGEST_PAUSE_SECONDS)
        if not served:
            await asyncio.sleep(pause)
