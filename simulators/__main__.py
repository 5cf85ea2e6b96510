"""The command line: `day` rehearses a council's morning, `phone` is one phone driven by hand, `load` is thousands."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from devices.messages import MANUAL_REASONS, Direction, Evidence, Gps, LinkRead, Manual, ManualReason
from simulators.client import Refusal, ServiceLost
from simulators.day import Wish, rehearse
from simulators.handset import Handset, enrol, post
from simulators.load.command import load
from simulators.morning import ClockGoneOn, OtherService
from simulators.phones import Post
from simulators.places import ImpossibleWorld
from simulators.registration import ImportRejected
from simulators.service import ServiceFailed
from simulators.state import OtherMorning

_Result = TypeVar("_Result")
_SAID = (
    Refusal,
    ServiceLost,
    ClockGoneOn,
    ImportRejected,
    ServiceFailed,
    OtherMorning,
    OtherService,
    ImpossibleWorld,
    OSError,
)


@click.group()
def main() -> None:
    """An invented council with a known truth; speaks to the service over HTTP only."""


@main.command()
@click.option("--service", help="Address of a service started with --rehearsal; without it one is started.")
@click.option("--operator-token-file", type=click.Path(path_type=Path), help="Its operator's token.")
@click.option("--state", type=click.Path(path_type=Path), default=Path(".ecm"), show_default=True)
@click.option("--seed", default=1, show_default=True, help="Another seed, another council.")
@click.option("--scale", default=1.0, show_default=True, help="More or fewer people.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), default="2026-11-20", show_default=True)
@click.option("--council", default="E10000015", show_default=True, help="ONS code; its postcodes must be shipped.")
@click.option("--port", default=0, show_default=True, help="Port of the service started; 0 takes a free one.")
@click.option("--stay", is_flag=True, help="Leave the service up until Ctrl-C.")
def day(
    service: str | None,
    operator_token_file: Path | None,
    state: Path,
    seed: int,
    scale: float,
    day: datetime,
    council: str,
    port: int,
    stay: bool,
) -> None:
    """Send an invented council's morning through the service and set what it concludes against the truth."""
    wish = Wish(
        state=state,
        seed=seed,
        day=day.date(),
        scale=scale,
        council=council,
        stay=stay,
        port=port,
        service=service,
        operator_token_file=operator_token_file,
    )
    raise SystemExit(_run(rehearse(wish)))


main.add_command(load)


@main.group()
def phone() -> None:
    """One phone driven by hand; it remembers its key and its chain in a file."""


@phone.command("enrol")
@click.option("--service", required=True, help="Address of the service.")
@click.option("--code", required=True, help="The one-time code a coordinator gave out.")
@click.option("--keep", type=click.Path(path_type=Path), required=True, help="The phone's file.")
def enrol_phone(service: str, code: str, keep: Path) -> None:
    """Make a key and enrol it with a one-time code."""
    if keep.exists():
        raise click.ClickException(f"{keep} holds an enrolled phone already")
    handset = _run(enrol(service, code))
    handset.save(keep)
    click.echo(f"enrolled: device {handset.device}, carer {handset.carer}, kept in {keep}")


def _check_in_options(command: Callable[..., None]) -> Callable[..., None]:
    options = (
        click.option("--keep", type=click.Path(path_type=Path, exists=True), required=True, help="The phone's file."),
        click.option("--client", help="Code of the client visited."),
        click.option("--direction", type=click.Choice(["in", "out"]), required=True),
        click.option("--visit", help="Code of the planned visit."),
        click.option("--latitude", type=float, help="Degrees, WGS84."),
        click.option("--longitude", type=float, help="Degrees, WGS84."),
        click.option("--accuracy", type=float, help="Metres within which 95 % of fixes lie."),
        click.option("--nfc", help="The link read from a tag."),
        click.option("--qr", help="The link read from a card."),
        click.option("--manual", type=click.Choice(MANUAL_REASONS), help="Why neither place nor tag can be shown."),
        click.option("--memo", help="A few words beside the reason."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@phone.command("sign")
@_check_in_options
def sign_on_phone(keep: Path, **said: Any) -> None:
    """Sign a check-in made now and print the body for POST /v1/check-ins."""
    click.echo(msgspec.json.encode(_signed(keep, _Said(**said))))


@phone.command("post")
@_check_in_options
def post_from_phone(keep: Path, **said: Any) -> None:
    """Sign a check-in made now, post it, and print the service's answer."""
    body = _signed(keep, _Said(**said))
    for answer in _run(post(Handset.load(keep), body)):
        click.echo(msgspec.json.format(msgspec.json.encode(answer)))


@dataclass(frozen=True, slots=True)
class _Said:
    client: str | None
    direction: Direction
    visit: str | None
    latitude: float | None
    longitude: float | None
    accuracy: float | None
    nfc: str | None
    qr: str | None
    manual: ManualReason | None
    memo: str | None


def _signed(keep: Path, said: _Said) -> Post:
    if (said.latitude is None) != (said.longitude is None):
        raise click.UsageError("--latitude and --longitude go together")
    gps = None
    if said.latitude is not None and said.longitude is not None:
        gps = Gps(
            latitude=said.latitude,
            longitude=said.longitude,
            accuracy=said.accuracy,
            accuracy_basis="w3c",
            fix_age=0,
            mock=False,
        )
    if gps is None and said.nfc is None and said.qr is None and said.manual is None:
        raise click.UsageError("say how the visit is shown: --latitude and --longitude, --nfc, --qr or --manual")
    evidence = Evidence(
        nfc=LinkRead(said.nfc) if said.nfc is not None else None,
        qr=LinkRead(said.qr) if said.qr is not None else None,
        manual=Manual(said.manual, said.memo) if said.manual is not None else None,
    )
    handset = Handset.load(keep)
    body = handset.sign(said.direction, said.client, said.visit, evidence, gps)
    handset.save(keep)
    return body


def _run(work: Coroutine[None, None, _Result]) -> _Result:
    """Run to the end; what the service or the machine refuses becomes a sentence and exit code 1."""
    try:
        return asyncio.run(work)
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise click.ClickException("broken off; the same command goes on from here") from None
    except _SAID as error:
        raise click.ClickException(_sentence(error)) from error
    except ExceptionGroup as group:
        said, others = group.split(_SAID)
        if said is None or others is not None:
            raise
        raise click.ClickException(_sentence(said)) from group


def _sentence(group: BaseException) -> str:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    if isinstance(group, OSError) and group.strerror and group.filename:
        return f"{group.filename}: {group.strerror}"
    return str(group)


if __name__ == "__main__":
    main(prog_name="python -m simulators")
