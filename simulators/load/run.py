"""One run from beginning to end: people, signatures, sending, and the summary."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import aiohttp
import msgspec

from simulators.client import ServiceClient
from simulators.load.fan import Outcome, Share, send_all
from simulators.load.fleet import Enlisting, Fleet, grow
from simulators.load.progress import ProgressLine
from simulators.load.sender import Plan
from simulators.load.signing import chains, sign_all
from simulators.load.tally import Summary, Tally, summarise
from simulators.load.wire import Parcel

# Signed for each second of a flat-out run, unless said otherwise: more than one machine takes.
_FLAT_OUT: Final = {1: 8_000, 50: 40_000, 500: 60_000}


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for; see the command's help."""

    plan: Plan
    operator_token_file: Path
    kept_at: Path
    devices: int
    batch: int
    seed: int
    processes: int = 1
    prepare: int | None = None
    broken: int = 0
    broken_rate: float = 10_000.0


class Result(msgspec.Struct, frozen=True):
    """The summary of the run, and of the broken items sent beside it."""

    load: Summary
    broken: Summary | None


async def enlist(wish: Wish, line: ProgressLine) -> Fleet:
    """Return a fleet that is registered with the service, large enough for the broken phones too."""
    fleet = Fleet.open(wish.kept_at, wish.seed)
    grow(fleet, wish.devices + wish.broken)
    async with aiohttp.ClientSession() as session:
        service = ServiceClient(session, wish.plan.services[0].rstrip("/"))
        token = wish.operator_token_file
        enlisting = Enlisting(
            fleet,
            service,
            lambda: token.read_text(encoding="utf-8").strip(),
            wish.kept_at,
            lambda done, total: line.say(f"enrolled {done:,} of {total:,} phones"),
        )
        await enlisting.run()
    return fleet


def run(wish: Wish) -> Result:
    """Register, sign, send, count. Raises Refusal, FleetRejected, ServiceLost or OSError."""
    with ProgressLine() as line:
        fleet = asyncio.run(enlist(wish, line))
        good = _sign(wish, fleet, line)
        spoilt = _sign_broken(wish, fleet, line)
    shares = _shares(wish, fleet, good)
    if spoilt:
        shares.append(_broken_share(wish, spoilt))
    with ProgressLine() as line:
        outcomes = send_all(shares, line.sending())
    remember(fleet, outcomes)
    fleet.save(wish.kept_at)
    sound = outcomes[: wish.processes]
    return Result(
        summarise(_together(sound)),
        summarise(_together(outcomes[wish.processes :])) if spoilt else None,
    )


def remember(fleet: Fleet, outcomes: Sequence[Outcome]) -> None:
    """Let each phone's chain go on after the last check-in it posted."""
    for outcome in outcomes:
        for number, (sequence, link) in outcome.heads.items():
            fleet.phones[number].sequence, fleet.phones[number].link = sequence, link


def _sign(wish: Wish, fleet: Fleet, line: ProgressLine) -> list[Parcel]:
    plan = wish.plan
    if plan.rate is not None:
        parcels = int(plan.rate * plan.seconds * 1.05 + 4 * (plan.rate * plan.seconds) ** 0.5) + 1
    else:
        size = max((size for size in _FLAT_OUT if size <= wish.batch), default=1)
        parcels = max(1, (wish.prepare or int(_FLAT_OUT[size] * plan.seconds)) // wish.batch)
    dealt = chains(fleet, range(wish.devices), parcels, wish.batch)
    return sign_all(dealt, wish.seed, line.counting("signed", parcels * wish.batch))


def _sign_broken(wish: Wish, fleet: Fleet, line: ProgressLine) -> list[Parcel]:
    if not wish.broken:
        return []
    count = int(wish.broken_rate / 60 * wish.plan.seconds * wish.broken) + wish.broken
    numbers = range(wish.devices, wish.devices + wish.broken)
    return sign_all(chains(fleet, numbers, count, 1, spoilt=True), wish.seed, line.counting("spoilt", count))


def _shares(wish: Wish, fleet: Fleet, parcels: Sequence[Parcel]) -> list[Share]:
    """Deal parcels out so that each phone's stay in one process, in their order."""
    count = wish.processes
    plan = wish.plan
    devices = tuple(phone.device for phone in fleet.phones) if plan.ledger is not None else ()
    return [
        Share(
            replace(
                plan,
                connections=max(1, plan.connections // count),
                rate=None if plan.rate is None else plan.rate / count,
                seed=f"{wish.seed}/{number}",
                devices=devices,
            ),
            [parcel for parcel in parcels if parcel.device % count == number],
        )
        for number in range(count)
    ]


def _broken_share(wish: Wish, parcels: Sequence[Parcel]) -> Share:
    plan = replace(
        wish.plan,
        connections=wish.broken,
        rate=wish.broken_rate / 60 * wish.broken,
        arrivals="even",
        seed=f"{wish.seed}/broken",
        ledger=None,
        twice=False,
    )
    return Share(plan, parcels)


def _together(outcomes: Sequence[Outcome]) -> Tally:
    total = Tally()
    for outcome in outcomes:
        total.add(outcome.tally)
    return total
