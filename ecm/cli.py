"""The command line: serve, migrate, forget."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
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
from ecm.db import embedded
from ecm.db.errors import DatabaseError
from ecm.db.migrations import migrate
from ecm.db.pool import DatabaseUrls, open_database
from ecm.keys import ACCOUNTS
from ecm.logs import configure_logs
from ecm.rehearsal import rehearsal_start
from ecm.settings import Settings, SettingsError, from_environment

DATABASE_NAME: Final = "ecm"
OPERATOR_TOKEN_FILE: Final = "operator-token"  # noqa: S105 - a file's name, not a token
REHEARSAL_BEGINS: Final = datetime(2026, 11, 20, 5, 30, tzinfo=UTC)

_log = structlog.get_logger()


@click.group()
def main() -> None:
    """Electronic call monitoring for home care."""


@main.command()
@click.option("--host", help="Address to listen on (ECM_HOST; 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port (ECM_PORT; 8080); 0 takes a free one.")
@click.option("--state", "state_dir", type=click.Path(path_type=Path), help="Folder for files (ECM_STATE_DIR; .ecm).")
@click.option("--rehearsal", is_flag=True, help="Let an operator drive the clock, to rehearse an invented day.")
def serve(host: str | None, port: int | None, state_dir: Path | None, rehearsal: bool) -> None:
    """Start the service; without ECM_DATABASE_URL it brings its own PostgreSQL."""
    configure_logs()
    try:
        settings = from_environment()
        settings = replace(
            settings,
            host=settings.host if host is None else host,
            port=settings.port if port is None else port,
            state_dir=settings.state_dir if state_dir is None else state_dir,
            rehearsal=rehearsal,
        )
        uvloop.run(_serve(settings))
    except (SettingsError, DatabaseError, OSError) as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.option("--state", "state_dir", type=click.Path(path_type=Path), default=Path(".ecm"), show_default=True)
def forget(state_dir: Path) -> None:
    """Delete the embedded database and everything else under the state folder."""
    asyncio.run(embedded.forget(state_dir))


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        urls = await stack.enter_async_context(_database_urls(settings))
        await migrate(urls.migration, applied_at=SystemClock().now())
        database = await stack.enter_async_context(open_database(urls))
        clock: Clock = SystemClock()
        if settings.rehearsal:
            clock = RehearsalClock(await rehearsal_start(database, REHEARSAL_BEGINS))
        app = make_app(settings, database, clock)
        runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=10)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        token = await app[ACCOUNTS].ensure_operator("operator")
        _keep_private(settings.state_dir / OPERATOR_TOKEN_FILE, token)
        host, port = runner.addresses[0][:2]
        click.echo(f"service: http://{host}:{port}")
        await stop.wait()
        _log.info("service.stopping")


@asynccontextmanager
async def _database_urls(settings: Settings) -> AsyncIterator[DatabaseUrls]:
    """Give the URLs of the operator's own database, else of an embedded server that runs meanwhile."""
    if settings.database_url is not None:
        yield DatabaseUrls(
            service=settings.database_url,
            intake=settings.intake_database_url or settings.database_url,
            migration=settings.migration_database_url or settings.database_url,
        )
        return
    async with embedded.EmbeddedServer(settings.state_dir) as server:
        await server.ensure_database(DATABASE_NAME)
        supervisor = asyncio.create_task(server.supervise())
        try:
            yield server.urls(DATABASE_NAME)
        finally:
            supervisor.cancel()
            await asyncio.gather(supervisor, return_exceptions=True)


def _keep_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{text}\n")
