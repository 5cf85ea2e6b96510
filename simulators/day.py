"""One rehearsal from beginning to end: set up, play the morning, score it, tell, and stay if asked."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import aiohttp
import click
import msgspec

from simulators.client import ServiceClient, Token
from simulators.conclusions import Conclusions, fetch
from simulators.expectations import Expectations, expectations_of
from simulators.morning import Morning, check_accounts, check_clock, set_clock, steps_of
from simulators.outbox import Outbox
from simulators.registration import Registration
from simulators.roster import LONDON
from simulators.score import Difference, score, since_the_end
from simulators.service import OwnService, own_service
from simulators.state import DayState, open_state
from simulators.summary import addresses, summary, written
from simulators.truth import Truth, build_truth
from simulators.world import build_world

_DIFFERENCES = msgspec.json.Decoder(list[Difference])


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for. Without `service` one is started, its files under `state`."""

    state: Path
    seed: int
    day: date
    scale: float
    council: str
    stay: bool
    port: int
    service: str | None
    operator_token_file: Path | None


class TruthTold(msgspec.Struct, frozen=True):
    """The truth as written beside what the service concluded."""

    synthetic: bool
    truth: Truth
    expected: list[Expectations]


async def rehearse(wish: Wish) -> int:
    """Run the rehearsal; the exit code is 1 when a difference to the truth stays unexplained."""
    _stop_in_order()
    folder = wish.state / "rehearsal"
    folder.mkdir(parents=True, exist_ok=True)
    truth = build_truth(build_world(wish.seed, wish.day, wish.scale, wish.council))
    kept_at = folder / "state.json"
    state = open_state(kept_at, wish.seed, wish.day, wish.scale, wish.council)
    with Outbox(folder / "phones.jsonl") as outbox:
        async with _service(wish) as (service, operator, own):
            play = _Play(truth, service, operator, own, state, kept_at, outbox)
            await play.run()
            differences, hours = await play.tell(folder)
            for line in (f"service: {service.base}", f"hours: {hours}"):
                click.echo(line)
            sys.stdout.flush()
            if wish.stay:
                await _stay()
    return 1 if any(not difference.explained for difference in differences) else 0


def _stop_in_order() -> None:
    """Let Ctrl-C and SIGTERM break off once; a second one does not disturb the stopping of the service."""
    task = asyncio.current_task()
    if task is None or sys.platform == "win32":
        return
    asked: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        if not asked:
            task.cancel()
        asked.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)


@asynccontextmanager
async def _service(wish: Wish) -> AsyncIterator[tuple[ServiceClient, Token, OwnService | None]]:
    async with aiohttp.ClientSession() as session:
        if wish.service is not None:
            token_file = wish.operator_token_file or wish.state / "operator-token"
            yield ServiceClient(session, wish.service.rstrip("/")), _token_in(token_file), None
            return
        click.echo("starting the service")
        async with own_service(wish.state, wish.port) as own:
            yield ServiceClient(session, own.url), _token_in(own.token_file), own


def _token_in(path: Path) -> Token:
    return lambda: path.read_text(encoding="utf-8").strip()


@dataclass(slots=True)
class _Play:
    truth: Truth
    service: ServiceClient
    operator: Token
    own: OwnService | None
    state: DayState
    kept_at: Path
    outbox: Outbox

    async def run(self) -> None:
        """Set up and play whatever has not been done yet."""
        steps = steps_of(self.truth)
        if self.own is not None:
            self.service.revive = self.own.revive
        if not self.state.done:
            await check_clock(self.service, self.operator, self.truth)
        await check_accounts(self.service, self.state)
        if self.state.step == len(steps):
            click.echo("this morning has been sent already; nothing is left to send")
            return
        await set_clock(self.service, self.operator, steps[max(0, self.state.step - 1)])
        world = self.truth.world
        await Registration(world, self.service, self.operator, self.state, self.kept_at, click.echo).run()
        morning = Morning(self.truth, self.service, self.operator, self.state, self.kept_at, self.outbox)
        left = len(steps) - self.state.step
        with click.progressbar(length=left, label="the morning", item_show_func=_clock_face) as bar:
            await morning.play(lambda at: bar.update(1, at))

    async def tell(self, folder: Path) -> tuple[list[Difference], Path]:
        """Print the summary, and the differences of this run to the truth."""
        world = self.truth.world
        concluded, hours = await fetch(self.service, self.state, world, self.outbox, folder)
        differences = self._score(folder, concluded)
        self.state.write_tokens(folder / "tokens")
        for line in (
            "",
            *summary(world, concluded, self.outbox, differences),
            "",
            *addresses(self.service.base, world, self.state, folder),
            "",
            written(folder),
        ):
            click.echo(line)
        return differences, hours

    def _score(self, folder: Path, concluded: Conclusions) -> list[Difference]:
        """Score as the service stands now; what people change by hand after the end is no fault, so the end is kept."""
        now = steps_of(self.truth)[-1]
        expected = [expectations_of(told, now) for told in self.truth.providers]
        differences = score(expected, concluded, self.outbox, self.state.undone)
        at_the_end = folder / "differences-at-the-end.json"
        if self.state.scored and at_the_end.exists():
            differences = since_the_end(_DIFFERENCES.decode(at_the_end.read_bytes()), differences)
        else:
            _write(at_the_end, differences)
        _write(folder / "truth.json", TruthTold(True, self.truth, expected))
        _write(folder / "concluded.json", concluded)
        _write(folder / "differences.json", differences)
        self.state.scored = True
        self.state.save(self.kept_at)
        return differences


def _clock_face(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(LONDON).strftime("%H:%M")


def _write(path: Path, what: TruthTold | Conclusions | list[Difference]) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(what), indent=1))


async def _stay() -> None:
    """Wait for Ctrl-C or SIGTERM; both end the rehearsal in order."""
    click.echo("the service stays up until Ctrl-C")
    sys.stdout.flush()
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        click.echo("stopping")
