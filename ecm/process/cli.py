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
from ecm.db.embedded.housing import belongings
from ecm.db.embedded.server import forget as forget_state
from ecm.db.errors import DatabaseError
from ecm.process.logs import configure_logs
from ecm.process.manual import help_line, manual
from ecm.process.parent import CannotListen, WorkerFailed, serving
from ecm.process.settings import SETTINGS, Setting, Settings, SettingsError, read_settings, unknown_variables
from ecm.words.system_errors import in_plain_words, refusal_in

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
    settings = _settings(flags)
    try:
        uvloop.run(_serve(settings, 1 if settings.rehearsal else settings.workers or _processors()))
    except (DatabaseError, WorkerFailed, CannotListen, OSError) as error:
        raise _said(error, settings) from None


@main.command()
@_flags(_FORGETS)
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(yes: bool, **flags: Any) -> None:
    """Delete the embedded database and everything else that the service made in the state folder."""
    settings = _settings(flags)
    try:
        doomed = belongings(settings.state_dir)
        if not doomed:
            click.echo(f"Nothing is kept in {settings.state_dir}.")
            return
        click.echo("This deletes for good, with every check-in in it:")
        for path in doomed:
            click.echo(f"  {path}")
        if not yes:
            click.confirm("Delete all this?", abort=True)
        asyncio.run(forget_state(settings.state_dir))
    except (DatabaseError, OSError) as error:
        raise _said(error, settings) from None


@main.command()
def settings() -> None:
    """Print the manual of all settings."""
    click.echo(manual(), nl=False)


def _settings(flags: dict[str, Any]) -> Settings:
    try:
        return read_settings(flags=flags)
    except SettingsError as error:
        raise click.ClickException(str(error)) from None


def _said(error: Exception, settings: Settings) -> click.ClickException:
    if isinstance(error, OSError):
        return click.ClickException(in_plain_words(error, settings.state_dir))
    return click.ClickException(refusal_in(str(error), settings.state_dir) or str(error))


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
