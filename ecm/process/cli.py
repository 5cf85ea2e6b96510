"""The command line: serve, and forget."""

import asyncio
import os
import signal
from dataclasses import replace
from pathlib import Path

import click
import uvloop

from ecm import __version__
from ecm.db.embedded.server import forget as forget_state
from ecm.db.errors import DatabaseError
from ecm.process.logs import configure_logs
from ecm.process.parent import WorkerFailed, serving
from ecm.process.settings import Settings, SettingsError, from_environment

_STATE_HELP = "Folder for files (ECM_STATE_DIR; /var/lib/ecm for root, else ~/.local/state/ecm)."


@click.group()
@click.version_option(__version__, prog_name="ecm")
def main() -> None:
    """Electronic call monitoring for home care."""


@main.command()
@click.option("--host", help="Address to listen on (ECM_HOST; 127.0.0.1).")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port (ECM_PORT; 8080); 0 takes a free one.")
@click.option("--state", "state_dir", type=click.Path(path_type=Path), help=_STATE_HELP)
@click.option("--workers", type=click.IntRange(1, 64), help="Processes that serve; what the machine has by default.")
@click.option("--rehearsal", is_flag=True, help="Let an operator drive the clock, to rehearse an invented day.")
def serve(host: str | None, port: int | None, state_dir: Path | None, workers: int | None, rehearsal: bool) -> None:
    """Start the service; without ECM_DATABASE_URL it brings its own PostgreSQL."""
    configure_logs()
    if rehearsal and (workers or 1) > 1:
        raise click.ClickException("A rehearsal has one clock, so it runs in one worker.")
    try:
        settings = from_environment()
        settings = replace(
            settings,
            host=settings.host if host is None else host,
            port=settings.port if port is None else port,
            state_dir=settings.state_dir if state_dir is None else state_dir,
            rehearsal=rehearsal,
        )
        uvloop.run(_serve(settings, 1 if rehearsal else workers or _processors()))
    except (SettingsError, DatabaseError, WorkerFailed, OSError) as error:
        raise click.ClickException(str(error)) from None


@main.command()
@click.option("--state", "state_dir", type=click.Path(path_type=Path), help=_STATE_HELP)
def forget(state_dir: Path | None) -> None:
    """Delete the embedded database and everything else under the state folder."""
    try:
        asyncio.run(forget_state(state_dir or from_environment().state_dir))
    except (SettingsError, DatabaseError, OSError) as error:
        raise click.ClickException(str(error)) from None


async def _serve(settings: Settings, workers: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(settings, workers) as address:
        click.echo(f"service: {address}")
        await stop.wait()


def _processors() -> int:
    """Return how many processors this process may use (Linux), else how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
