"""Tells Prometheus, from the background, how much waits to be folded and for how long it has."""

import asyncio
from typing import Final

import structlog

from ecm.db.errors import DatabaseError
from ecm.visits.metrics import BacklogMetrics
from ecm.visits.service import Visits

_EVERY_SECONDS: Final = 5.0
_log = structlog.get_logger()


async def backlog_loop(visits: Visits, metrics: BacklogMetrics) -> None:
    """Measure every five seconds until cancelled; apart from the folding, so that it tells also when that hangs."""
    while True:
        try:
            backlog = await visits.backlog()
            metrics.waiting.set(backlog.requests)
            metrics.oldest_seconds.set(backlog.oldest_seconds)
        except DatabaseError as error:
            _log.warning("visits.backlog.failed", error=type(error).__name__)
        await asyncio.sleep(_EVERY_SECONDS)
