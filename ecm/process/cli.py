"""The command line: serve, forget, and the manual of the settings."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click
import structlog
import uvloop

from ecm import __version__
from ecm.db.embedded.server import forget as forget_state
from ecm.db.errors import DatabaseError
from ecm.process.logs import configure_logs
from ecm.process.manual import help_line, manual
from ecm.process.parent import WorkerFailed, serving
from ecm.process.settings import SETTINGS, Setting, Settings, SettingsError, read_settings, unknown_variables

_Command = TypeVar("_Command", bound=Callable[..., None])
_SERVES: Final = [setting for setting in SETTINGS if setting.flag]
_FORGETS: Final = [setting for setting in SETTINGS if setting.field == "state_dir"]

_log = structlog.get_logger()


def _flags(settings: list[Setting]) -> Callable[[_Command], _Command]:
    """Give a command the flags of these settings; a flag that is not given comes as None."""

    def decorate(command: _Command) -> _Command:
        for setting in reversed(settings):
            command = click.option(
                setting.flag or "",
                setting.field,
                type=_kind(setting),
                is_flag=setting.kind is bool,
                default=None,
                help=help_line(setting),
            )(command)
        return command

    return decorate


def _kind(setting: Setting) -> "click.ParamType[Any]":
    if setting.kind is int:
        return click.IntRange(setting.least, setting.most)
    if setting.kind is Path:
        return click.Path(path_type=Path)
    return click.BOOL if setting.kind is bool else click.STRING


@click.group()
@click.version_option(__version__, prog_name="ecm")
def main() -> None:
    """Electronic call monitoring for home care."""


@main.command()
@_flags(_SERVES)
def serve(**flags: Any) -> None:
    """Start the service; without ECM_DATABASE_URL it brings its own PostgreSQL."""
    configure_logs()
    if flags["rehearsal"] and (flags["workers"] or 1) > 1:
        raise click.ClickException("A rehearsal has one clock, so it runs in one worker.")
    unknown = unknown_variables(os.environ)
    if unknown:
        _log.warning("process.settings.ignored", variables=unknown)
    try:
        settings = read_settings(flags=flags)
        uvloop.run(_serve(settings, 1 if settings.rehearsal else settings.workers or _processors()))
    except (SettingsError, DatabaseError, WorkerFailed, OSError) as error:
        raise click.ClickException(str(error)) from None


@main.command()
@_flags(_FORGETS)
def forget(**flags: Any) -> None:
    """Delete the embedded database and everything else under the state folder."""
    try:
        asyncio.run(forget_state(read_settings(flags=flags).state_dir))
    except (SettingsError, DatabaseError, OSError) as error:
        raise click.ClickException(str(error)) from None


@main.command()
def settings() -> None:
    """Print the manual of all settings."""
    click.echo(manual(), nl=False)


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
