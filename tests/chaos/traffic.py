"""Phones that send the whole time: the project's own load, and everything it posted remembered."""

import asyncio
import random
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, overload

import aiohttp

from simulators.client import ServiceClient
from simulators.load.fleet import Enlisting, Fleet, grow
from simulators.load.sender import Plan, Sender
from simulators.load.signing import chains, sign_all
from simulators.load.wire import Parcel

CONNECTIONS: Final = 32
REPLY_SECONDS: Final = 5.0
# Requests of one check-in, and of batches as a phone sends that was offline: how many of a hundred.
_SHARES: Final = {1: 85, 4: 8, 15: 5, 50: 2}
_PHONES: Final = {1: 60, 4: 12, 15: 12, 50: 12}
_TWICE_AT_RANDOM: Final = 0.05


class Post(Sequence[Parcel]):
    """What the phones have to send, in order, until `stop`; now and then, and always while `twice`, a request goes
    out twice. `posted` holds every parcel that was taken to be sent."""

    def __init__(self, parcels: Sequence[Parcel], seed: int) -> None:
        self._parcels = parcels
        self._rng = random.Random(f"{seed}/twice")
        self.posted: list[Parcel] = []
        self.twice = False
        self.stopped = False
        self.ran_dry = False

    def stop(self) -> None:
        """Take nothing more."""
        self.stopped = True

    def __iter__(self) -> Iterator[Parcel]:
        for parcel in self._parcels:
            if self.stopped:
                return
            self.posted.append(parcel)
            yield parcel
            if self.twice or self._rng.random() < _TWICE_AT_RANDOM:
                yield parcel
        self.ran_dry = True

    def __len__(self) -> int:
        return len(self._parcels)

    @overload
    def __getitem__(self, index: int) -> Parcel: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Parcel]: ...

    def __getitem__(self, index: int | slice) -> Parcel | Sequence[Parcel]:
        return self._parcels[index]


@dataclass(slots=True)
class Traffic:
    """The phones at work. `sender` counts, `ledger` keeps every answer."""

    post: Post
    sender: Sender
    ledger: Path
    task: asyncio.Task[None]

    async def finish(self, give_up_seconds: float) -> bool:
        """Send nothing new and wait until everything posted is answered; false when that took too long."""
        self.post.stop()
        done, _ = await asyncio.wait([self.task], timeout=give_up_seconds)
        if not done:
            self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=not done)
        return bool(done)


async def enrolled(folder: Path, seed: int, url: str, token: Path) -> Fleet:
    """Invent the phones and bring them into the service."""
    fleet = Fleet.open(folder / "fleet.json", seed)
    grow(fleet, sum(_PHONES.values()))
    async with aiohttp.ClientSession() as session:
        await Enlisting(
            fleet,
            ServiceClient(session, url),
            lambda: token.read_text(encoding="utf-8").strip(),
            folder / "fleet.json",
            lambda done, total: None,
        ).run()
    return fleet


def signed(fleet: Fleet, requests: int, seed: int) -> list[Parcel]:
    """Sign about so many requests of all sizes, each phone's in its order, the sizes mixed by the seed."""
    first, dealt, kind_of = 0, [], {}
    for batch, phones in _PHONES.items():
        numbers = range(first, first + phones)
        first += phones
        dealt += chains(fleet, numbers, max(phones, requests * _SHARES[batch] // 100), batch)
        kind_of.update(dict.fromkeys(numbers, batch))
    kinds: dict[int, deque[Parcel]] = {batch: deque() for batch in _PHONES}
    for parcel in sign_all(dealt, seed, lambda done: None):
        kinds[kind_of[parcel.device]].append(parcel)
    turns = [batch for batch, parcels in kinds.items() for _ in parcels]
    random.Random(f"{seed}/mix").shuffle(turns)
    return [kinds[batch].popleft() for batch in turns]


def begin(
    folder: Path, fleet: Fleet, parcels: Sequence[Parcel], services: Sequence[str], rate: float, seed: int
) -> Traffic:
    """Begin to send `rate` requests a second to the services, for as long as there is anything to send."""
    post = Post(parcels, seed)
    ledger = folder / "ledger.jsonl"
    plan = Plan(
        services=tuple(services),
        connections=CONNECTIONS,
        seconds=86_400.0,
        rate=rate,
        seed=str(seed),
        timeout=REPLY_SECONDS,
        ledger=ledger,
        devices=tuple(phone.device for phone in fleet.phones),
    )
    sender = Sender(plan, post, lambda progress: None)
    return Traffic(post, sender, ledger, asyncio.create_task(sender.run(lambda: None)))
