"""The people and phones behind a load: invented from a seed, registered over HTTP, and kept for the next run."""

import asyncio
import csv
import io
import os
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self
from uuid import UUID

import msgspec

from devices.enrolment import prove_key
from devices.keys import PrivateKey
from simulators.client import Refusal, ServiceClient, Token
from simulators.places import Postcode, authority_name, house_in, postcodes_of
from simulators.replies import Account, Device, Enrolment, Imported, Tag
from simulators.seeds import chance, random_id, secret, timed_id

COUNCIL: Final = "E10000015"
PHONES_PER_PROVIDER: Final = 250
CLIENTS_PER_PHONE: Final = 2
_CARD_EVERY: Final = 5
_AT_ONCE: Final = 16
_CONFLICT: Final = 409


class FleetRejected(Exception):
    """The service will not take the invented people."""


class Place(msgspec.Struct, frozen=True):
    """A client's home in WGS84 degrees, and the link on the card that hangs there, if one does."""

    client: str
    latitude: float
    longitude: float
    card: UUID | None


class Phone(msgspec.Struct):
    """One carer's phone and where its chain has come to: the last sequence posted and that check-in's link."""

    device: UUID
    carer: str
    provider: int
    places: list[Place]
    sequence: int = 0
    link: str | None = None


class Fleet(msgspec.Struct):
    """Everything kept between runs. `name` is random, so that a lost file makes a new fleet and breaks no chain."""

    seed: int
    name: str
    phones: list[Phone] = []
    staff: list[str] = []
    links: dict[str, str] = {}
    done: list[str] = []

    @classmethod
    def open(cls, path: Path, seed: int) -> Self:
        """Return the fleet kept at a path, or a new one where there is none of this seed."""
        if path.exists():
            kept = msgspec.json.decode(path.read_bytes(), type=cls)
            if kept.seed == seed:
                return kept
        return cls(seed, secrets.token_hex(4))

    def save(self, path: Path) -> None:
        """Keep the fleet, readable by its owner only: it holds tokens."""
        draft = path.with_suffix(".part")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.encode(self))
        draft.replace(path)

    def key(self, number: int) -> bytes:
        """Return the seed of a phone's private key."""
        return secret(self.seed, self.name, "key", number)

    def provider(self, index: int) -> UUID:
        """Return a provider's id."""
        return random_id(self.seed, self.name, "provider", index)


def grow(fleet: Fleet, size: int) -> None:
    """Invent phones until there are `size`, each with a carer and some clients."""
    units = postcodes_of(COUNCIL)
    now = datetime.now(UTC)
    for number in range(len(fleet.phones), size):
        fleet.phones.append(
            Phone(
                device=timed_id(now, fleet.seed, fleet.name, "device", number),
                carer=f"W-{number:06d}",
                provider=number // PHONES_PER_PROVIDER,
                places=[_place(fleet, number, turn, units) for turn in range(CLIENTS_PER_PHONE)],
            )
        )


def _place(fleet: Fleet, number: int, turn: int, units: Sequence[Postcode]) -> Place:
    client = f"C-{number:06d}-{turn}"
    rng = chance(fleet.seed, "home", client)
    home = house_in(rng, rng.choice(units))
    carded = (number * CLIENTS_PER_PHONE + turn) % _CARD_EVERY == 0
    card = random_id(fleet.seed, fleet.name, "card", client) if carded else None
    return Place(client, home.latitude, home.longitude, card)


@dataclass(slots=True)
class Enlisting:
    """Brings a fleet into a service. `told` is called with how many phones of how many are enrolled."""

    fleet: Fleet
    service: ServiceClient
    operator: Token
    kept_at: Path
    told: Callable[[int, int], None]

    async def run(self) -> None:
        """Do whatever is not yet done; raises FleetRejected or Refusal when the service will not have it."""
        fleet = self.fleet
        fleet.save(self.kept_at)
        council = {"council": COUNCIL, "name": f"{authority_name(COUNCIL)} (synthetic)"}
        await self._post("/v1/councils", council)
        for index in range(fleet.phones[-1].provider + 1):
            await self._provider(index)
        done = set(fleet.done)
        waiting = [number for number in range(len(fleet.phones)) if f"phone/{number}" not in done]
        left = len(waiting)

        async def enrol(number: int) -> None:
            nonlocal left
            await self._phone(number)
            left -= 1
            self.told(len(fleet.phones) - left, len(fleet.phones))

        try:
            await _few_at_once(enrol(number) for number in waiting)
        finally:
            fleet.save(self.kept_at)

    async def _provider(self, index: int) -> None:
        fleet = self.fleet
        if index == len(fleet.staff):
            branch = {
                "branch": "L1",
                "name": "Main branch (synthetic)",
                "cqc_provider": f"1-{index + 1:09d}",
                "cqc_location": f"1-{index + 500_001:09d}",
            }
            name = f"Load {fleet.name} {index + 1} (synthetic)"
            provider = fleet.provider(index)
            await self._post("/v1/providers", {"provider": provider, "name": name, "branches": [branch]})
            fleet.staff.append(await self._coordinator(index))
            fleet.save(self.kept_at)
        phones = [phone for phone in fleet.phones if phone.provider == index]
        step = f"people/{index}/{len(phones)}"
        if step in fleet.done:
            return
        token = fleet.staff[index]
        await self._import("carers", token, ("carer", "branch"), [(phone.carer, "L1") for phone in phones])
        places = [place for phone in phones for place in phone.places]
        header = ("client", "branch", "council", "latitude", "longitude", "radius_m")
        rows = [(place.client, "L1", COUNCIL, place.latitude, place.longitude, 150) for place in places]
        await self._import("clients", token, header, rows)
        await _few_at_once(self._card(token, place) for place in places if place.card is not None)
        fleet.done.append(step)
        fleet.save(self.kept_at)

    async def _coordinator(self, index: int) -> str:
        """Make an account; a run broken off before it kept the token leaves a name behind that cannot be used."""
        username = f"load.{self.fleet.name}.{index + 1}.{secrets.token_hex(2)}"
        body = {
            "username": username,
            "role": "coordinator",
            "provider": self.fleet.provider(index),
            "council": None,
        }
        return (await self.service.post("/v1/accounts", self.operator, body, Account)).token

    async def _import(self, kind: str, token: Token, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text).writerows([header, *rows])
        path = f"/v1/imports/{kind}?dry_run=false"
        content = text.getvalue().encode()
        try:
            reply = await self.service.send("POST", path, token, content, content="text/csv")
        except Refusal as refusal:
            raise FleetRejected(f"the {kind} were not taken: {refusal}") from refusal
        rejected = msgspec.json.decode(reply, type=Imported).rejected
        if rejected:
            raise FleetRejected(f"{kind} line {rejected[0].line}: {rejected[0].reason}")

    async def _card(self, token: Token, place: Place) -> None:
        if str(place.card) in self.fleet.links:
            return
        body = {"tag": place.card, "kind": "qr", "client": place.client}
        tag = await self.service.post("/v1/tags", token, body, Tag)
        self.fleet.links[str(tag.tag)] = tag.link

    async def _phone(self, number: int) -> None:
        phone = self.fleet.phones[number]
        token = self.fleet.staff[phone.provider]
        offered = await self.service.post("/v1/enrolments", token, {"carer": phone.carer}, Enrolment)
        key = PrivateKey.from_seed(self.fleet.key(number))
        body = {
            "code": offered.code,
            "device": phone.device,
            "public_key": key.public_jwk(),
            "proof": prove_key(key, phone.device, offered.code),
        }
        try:
            await self.service.post("/v1/devices", None, body, Device)
        except Refusal as refusal:
            if refusal.status != _CONFLICT:  # enrolled by a run that was broken off
                raise
        self.fleet.done.append(f"phone/{number}")

    async def _post(self, path: str, body: object) -> None:
        await self.service.send("POST", path, self.operator, msgspec.json.encode(body))


async def _few_at_once(work: Iterable[Awaitable[None]]) -> None:
    """Await all, sixteen at a time."""
    waiting = iter(work)

    async def hand() -> None:
        for each in waiting:
            await each

    async with asyncio.TaskGroup() as hands:
        for _ in range(_AT_ONCE):
            hands.create_task(hand())
