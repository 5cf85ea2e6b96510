"""One of the processes that serve; `serving.py` starts it as `python -m ecm.worker`."""

import asyncio
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click
import structlog
import uvloop
from aiohttp import web

from ecm.app import make_app
from ecm.clock import Clock, RehearsalClock, SystemClock
from ecm.db.errors import DatabaseError
from ecm.db.pool import open_database
from ecm.health import STOPPING
from ecm.logs import configure_logs
from ecm.rehearsal import rehearsal_start
from ecm.serving import BACKLOG, READY
from ecm.settings import Settings, SettingsError, database_urls, from_environment

REHEARSAL_BEGINS: Final = datetime(2026, 11, 20, 5, 30, tzinfo=UTC)
SHUTDOWN_SECONDS: Final = 10

_log = structlog.get_logger()


@click.command()
@click.option("--listening", type=int, required=True, help="The inherited listening socket.")
@click.option("--parent", type=int, required=True, help="A pipe that closes when the parent dies.")
@click.option("--state", "state_dir", type=click.Path(path_type=Path), required=True)
@click.option("--rehearsal", is_flag=True)
def main(listening: int, parent: int, state_dir: Path, rehearsal: bool) -> None:
    """Serve as one of the processes of `ecm serve`."""
    configure_logs()
    try:
        settings = replace(from_environment(), state_dir=state_dir, rehearsal=rehearsal)
        uvloop.run(work(settings, listening, parent))
    except (SettingsError, DatabaseError, OSError) as error:
        raise click.ClickException(str(error)) from None


async def work(settings: Settings, listening: int, parent: int) -> None:
    """Serve on the inherited socket until SIGTERM: then not ready, drained, closed."""
    asyncio.get_running_loop().add_reader(parent, os._exit, 1)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(database_urls(settings)))
        clock: Clock = SystemClock()
        if settings.rehearsal:
            clock = RehearsalClock(await rehearsal_start(database, REHEARSAL_BEGINS))
        app = make_app(settings, database, clock)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, socket.socket(fileno=listening), backlog=BACKLOG).start()
        sys.stdout.buffer.write(READY)
        sys.stdout.buffer.flush()
        await stop.wait()
        _log.info("worker.stopping")
        app[STOPPING].set()
        await asyncio.sleep(settings.drain_seconds)


if __name__ == "__main__":
    main()
