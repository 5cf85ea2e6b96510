"""Keeps the visits folded in the background; copies in several processes share the work."""

import asyncio
from typing import Final

import structlog
from aiohttp import web

from ecm.db.errors import DatabaseError
from ecm.keys import INTAKE, VISITS

AT_A_TIME: Final = 200
_POLL_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 5.0
_log = structlog.get_logger()


async def folding_loop(app: web.Application) -> None:
    """Fold whatever is asked for until cancelled: at once when this process took something in, else by polling."""
    visits, wakers = app[VISITS], (app[INTAKE].stored, app[VISITS].requested)
    pause = _POLL_SECONDS
    while True:
        for waker in wakers:
            waker.clear()
        try:
            served = await visits.fold_pending(AT_A_TIME)
        except DatabaseError as error:
            _log.warning("visits.fold.failed", error=type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
            continue
        pause = _POLL_SECONDS
        if not served:
            await _first_of(wakers, _POLL_SECONDS)


async def _first_of(wakers: tuple[asyncio.Event, ...], seconds: float) -> None:
    waiting = [asyncio.ensure_future(waker.wait()) for waker in wakers]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
