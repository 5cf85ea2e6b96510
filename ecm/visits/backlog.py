"""Tells Prometheus, from the background, how much waits to be folded and for how long it has."""

import asyncio
from typing import Final

import structlog
from aiohttp import web

from ecm.db.errors import DatabaseError
from ecm.keys import BACKLOG, VISITS

_EVERY_SECONDS: Final = 5.0
_log = structlog.get_logger()


async def backlog_loop(app: web.Application) -> None:
    """Measure every five seconds until cancelled; apart from the folding, so that it tells also when that hangs."""
    while True:
        try:
            backlog = await app[VISITS].backlog()
            app[BACKLOG].waiting.set(backlog.requests)
            app[BACKLOG].oldest_seconds.set(backlog.oldest_seconds)
        except DatabaseError as error:
            _log.warning("visits.backlog.failed", error=type(error).__name__)
        await asyncio.sleep(_EVERY_SECONDS)
