"""``python -m tests.chaos``: at least fifty faults under load, then the counts; exit code 1 unless all are zero."""

import argparse
import asyncio
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from simulators.client import Refusal, ServiceLost
from tests.chaos import findings, traffic
from tests.chaos.faults import CATALOGUE, Scene, deck
from tests.chaos.findings import Facts, Zeros
from tests.chaos.stage import DATABASE, NeverReady, Stage, staged
from tests.chaos.traffic import Traffic

BUILD: Final = Path("build") / "chaos"
GIVE_UP_SECONDS: Final = 120.0
FOLDING_SECONDS: Final = 180.0
# Load is signed before it begins: so many seconds of it for each fault and pause, more than most faults take.
_SECONDS_A_FAULT: Final = 9.0


class Wish(msgspec.Struct, frozen=True):
    """What was asked for."""

    seed: int
    faults: int
    seconds_between: float
    workers: int
    replicas: int
    rate: float
    own_disk: bool


class Done(msgspec.Struct, frozen=True):
    """One fault as it happened, in seconds: `began` from the start of the load, `ready_after` from the fault's end."""

    fault: str
    detail: str
    began: float
    seconds: float
    ready_after: float


class Report(msgspec.Struct, frozen=True):
    """The whole run, as it is written to build/chaos.

    `answered_after` and `folded_after` are the seconds from the end of the last fault until everything was.
    """

    at: datetime
    wish: Wish
    left_out: dict[str, str]
    faults: list[Done]
    zeros: Zeros
    unclean_stops: int
    ended_by_itself: int
    ready_too_late: int
    facts: Facts
    statuses: dict[str, int]
    errors: dict[str, int]
    notes: list[str]
    seconds: float
    answered_after: float
    folded_after: float

    def failures(self) -> dict[str, int]:
        """Whatever should be zero and is not."""
        others = {name: getattr(self, name) for name in ("unclean_stops", "ended_by_itself", "ready_too_late")}
        return self.zeros.failures() | {name: count for name, count in others.items() if count}


async def run(wish: Wish, folder: Path) -> Report:
    """Set up, send, inject, let everything heal, and count."""
    async with staged(folder, wish.replicas, wish.workers, own_disk=wish.own_disk) as stage:
        last = stage.replicas[-1]  # whose start gave the operator another token than those before
        fleet = await traffic.enrolled(folder, wish.seed, last.url, last.state / "operator-token")
        requests = int(wish.rate * wish.faults * (_SECONDS_A_FAULT + wish.seconds_between))
        parcels = await asyncio.to_thread(traffic.signed, fleet, requests, wish.seed)
        print(f"{len(fleet.phones)} phones with {sum(len(parcel.check_ins) for parcel in parcels):,} check-ins to post")
        services = [f"http://127.0.0.1:{replica.phones.port}" for replica in stage.replicas]
        sending = traffic.begin(folder, fleet, parcels, services, wish.rate, wish.seed)
        left_out = {fault.name: why for fault in CATALOGUE if (why := fault.hindrance(stage)) is not None}
        began = time.monotonic()
        faults = await _inject_all(wish, stage, sending)
        healed = time.monotonic()
        await sending.finish(GIVE_UP_SECONDS)
        answered = time.monotonic()
        if sending.post.ran_dry:
            stage.notes.append("the load ran dry before the faults were over")
        dsn = stage.postgres.dsn(database=DATABASE)
        await _folded(dsn)
        folded = time.monotonic()
        for replica in stage.replicas:
            stage.unclean_stops += await replica.stop() != 0
        zeros, facts = findings.judge(sending.post.posted, sending.ledger, await findings.read(dsn))
        tally = sending.sender.tally
        return Report(
            datetime.now(UTC),
            wish,
            left_out,
            faults,
            zeros,
            stage.unclean_stops,
            sum(replica.died + replica.workers_that_died() for replica in stage.replicas),
            stage.late,
            facts,
            {str(status): count for status, count in sorted(tally.statuses.items())},
            dict(sorted(tally.errors.items())),
            stage.notes,
            round(time.monotonic() - began, 1),
            round(answered - healed, 1),
            round(folded - healed, 1),
        )


async def _inject_all(wish: Wish, stage: Stage, sending: Traffic) -> list[Done]:
    loop = asyncio.get_running_loop()
    start = loop.time()
    done: list[Done] = []
    for number, fault in enumerate(deck(stage, wish.faults, random.Random(wish.seed)), start=1):
        # Chance of its own for each, so that what one happened to meet does not change those after it.
        rng = random.Random(f"{wish.seed}/{number}")
        await asyncio.sleep(rng.uniform(0, 2 * wish.seconds_between))
        if sending.task.done():
            raise NeverReady("the phones stopped sending")
        began = loop.time()
        detail = await fault.inject(Scene(stage, sending.post, rng))
        ended = loop.time()
        ready_after = await stage.ready()
        done.append(Done(fault.name, detail, round(began - start, 2), round(ended - began, 2), round(ready_after, 2)))
        answers = sending.sender.tally.answers.total()
        print(
            f"{number:3}/{wish.faults} {began - start:6.1f} s  {fault.name}: {detail};"
            f" ready after {ready_after:.2f} s; {answers:,} answers",
            flush=True,
        )
    return done


async def _folded(dsn: str) -> None:
    """Wait until nothing is left to fold, for as long as that may take."""
    deadline = time.monotonic() + FOLDING_SECONDS
    while await findings.waiting_to_be_folded(dsn) and time.monotonic() < deadline:
        await asyncio.sleep(0.25)


def describe(report: Report) -> str:
    """The report as a small table."""
    counts: dict[str, object] = {
        **msgspec.structs.asdict(report.zeros),
        "unclean_stops": report.unclean_stops,
        "ended_by_itself": report.ended_by_itself,
        "ready_too_late": report.ready_too_late,
    }
    lines = [f"{name.replace('_', ' '):28}{count:>10,}" for name, count in counts.items()]
    facts = ", ".join(f"{name} {count:,}" for name, count in msgspec.structs.asdict(report.facts).items())
    told = [f"left out: {name} ({why})" for name, why in report.left_out.items()] + report.notes
    return "\n".join(
        [
            f"{len(report.faults)} faults in {report.seconds:.0f} s; everything answered {report.answered_after} s and"
            f" folded {report.folded_after} s after the last. Every count must be 0:",
            *lines,
            facts,
            f"replies by status {report.statuses}, without a reply {report.errors}",
            *told,
        ]
    )


def _wish(arguments: Sequence[str] | None) -> tuple[Wish, Path | None]:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, help="decides the faults and their order; a random one by default")
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument("--seconds-between", type=float, default=1.0, help="on average")
    parser.add_argument("--workers", type=int, default=2, help="processes of each replica")
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--rate", type=float, default=40.0, help="requests a second")
    parser.add_argument("--quick", action="store_true", help="8 faults close together, on the usual disk")
    parser.add_argument("--folder", type=Path, help="where to keep everything; a temporary folder by default")
    asked = parser.parse_args(arguments)
    wish = Wish(
        seed=secrets.randbelow(1_000_000) if asked.seed is None else asked.seed,
        faults=8 if asked.quick else asked.faults,
        seconds_between=0.3 if asked.quick else asked.seconds_between,
        workers=asked.workers,
        replicas=asked.replicas,
        rate=asked.rate,
        own_disk=not asked.quick,
    )
    return wish, asked.folder


async def _until_told(wish: Wish, folder: Path) -> Report:
    """Run, and tidy up on SIGTERM too."""
    task = asyncio.ensure_future(run(wish, folder))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once; return the exit code."""
    wish, folder = _wish(arguments)
    print(f"seed {wish.seed}", flush=True)
    kept = folder is not None
    place = folder or Path(tempfile.mkdtemp(prefix="ecm-chaos-"))
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o755)
    try:
        report = asyncio.run(_until_told(wish, place))
    except (NeverReady, Refusal, ServiceLost, OSError) as error:
        print(f"broken off: {error}; everything is in {place}")
        return 1
    print(describe(report))
    target = (place if kept else BUILD) / f"{wish.seed}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n")
    failures = report.failures()
    print(f"{target}: {'all zero' if not failures else f'NOT ALL ZERO: {failures}; everything is in {place}'}")
    if not failures and not kept:
        shutil.rmtree(place)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
