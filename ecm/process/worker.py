"""One of the processes that serve; `parent.py` starts it as `python -m ecm.process.worker`."""

import asyncio
import gc
import os
import signal
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args

import click
import structlog
import uvloop
from aiohttp import web

from ecm.db.errors import DatabaseError
from ecm.db.pool import open_database
from ecm.process.health import LOOPS, STOPPING
from ecm.process.logs import configure_logs
from ecm.process.parent import BACKLOG, READY
from ecm.process.rehearsal import rehearsal_start
from ecm.process.settings import Settings, SettingsError, database_urls, read_settings
from ecm.process.wiring import make_app
from ecm.words.clock import Clock, RehearsalClock, SystemClock
from ecm.words.system_errors import in_plain_words

REHEARSAL_BEGINS: Final = datetime(2026, 11, 20, 5, 30, tzinfo=UTC)
SHUTDOWN_SECONDS: Final = 10
# A batch of check-ins makes thousands of short-lived objects and hardly a cycle.
GC_THRESHOLD: Final = 20_000

# Serving comes first: whoever answers a phone should not wait for a fold.
CHORES_NICENESS: Final = 10

Duty = Literal["all", "serve", "chores"]

_log = structlog.get_logger()


class ChoreFailed(Exception):
    """A background loop ended though nobody asked it to; the parent starts the process again."""


@click.command()
@click.option("--host", required=True, help="Where to listen, beside the other workers.")
@click.option("--port", type=int, required=True)
@click.option("--parent", type=int, required=True, help="A pipe that closes when the parent dies.")
@click.option("--state", "state_dir", type=click.Path(path_type=Path), required=True)
@click.option("--rehearsal", is_flag=True)
@click.option("--duty", type=click.Choice(get_args(Duty)), default="all", show_default=True)
def main(host: str, port: int, parent: int, state_dir: Path, rehearsal: bool, duty: Duty) -> None:
    """Work as one of the processes of `ecm serve`."""
    configure_logs()
    try:
        settings = read_settings(flags={"host": host, "port": port, "state_dir": state_dir, "rehearsal": rehearsal})
        uvloop.run(work(settings, parent, duty))
    except OSError as error:
        raise click.ClickException(in_plain_words(error, state_dir)) from None
    except (SettingsError, DatabaseError, ChoreFailed) as error:
        raise click.ClickException(str(error)) from None


async def work(settings: Settings, parent: int, duty: Duty) -> None:
    """Do one's duty until SIGTERM: then not ready, drained, closed. Raises ChoreFailed when a chore has ended."""
    asyncio.get_running_loop().add_reader(parent, os._exit, 1)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if duty == "chores":
        os.nice(CHORES_NICENESS)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(database_urls(settings)))
        clock: Clock = SystemClock()
        if settings.rehearsal:
            clock = RehearsalClock(await rehearsal_start(database, REHEARSAL_BEGINS))
        app = make_app(settings, database, clock, chores=duty != "serve")
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        # What has been made so far stays for good; the collector need not walk through it with every request.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD)
        if duty != "chores":
            await web.TCPSite(runner, settings.host, settings.port, backlog=BACKLOG, reuse_port=True).start()
        sys.stdout.buffer.write(READY)
        sys.stdout.buffer.flush()
        stopping = asyncio.ensure_future(stop.wait())
        ended: list[asyncio.Future[Any]] = [stopping, *app[LOOPS]]
        await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            stopping.cancel()
            raise ChoreFailed("a background loop has ended; the lines above say why")
        _log.info("process.worker.stopping", duty=duty)
        app[STOPPING].set()
        if duty != "chores":
            await asyncio.sleep(settings.drain_seconds)


if __name__ == "__main__":
    main()
