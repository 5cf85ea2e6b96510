"""What intake must know of devices, clients, tags and fences, remembered so that a check-in waits for nothing.

A provider's part is forgotten when its directory version rises; versions are read twice a second, and a memory
whose last reading is older than a second is not trusted: so a revoked key or a moved fence counts within a second.
What is not remembered is looked up together: while one look-up is under way, whatever is wanted gathers for the next.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

from ecm.db.directory import directory_versions
from ecm.db.pool import Database
from ecm.intake import store
from ecm.intake.domain import Client, Device, Tag

FRESH_SECONDS: Final = 0.5
TRUSTED_SECONDS: Final = 1.0
# Beyond this many, most are ids that nobody enrolled; they are forgotten together.
MOST_DEVICES: Final = 200_000


@dataclass(slots=True)
class ProviderDirectory:
    """What is remembered of one provider; None as a value means looked up and not there."""

    clients: dict[str, Client | None] = field(default_factory=dict)
    carers: dict[str, bool] = field(default_factory=dict)
    tags: dict[UUID, Tag | None] = field(default_factory=dict)
    tag_key: bytes | None = None


class Named(NamedTuple):
    """What one check-in names, with the provider whose phone sent it."""

    provider: UUID
    carer: str
    client: str | None
    tags: tuple[UUID, ...]


Devices = Mapping[UUID, tuple[Device, ...]]
T = TypeVar("T")
_Kind = Literal["carer", "client", "tag"]
_Name = tuple[_Kind, UUID, Any]
_NOTHING_KNOWN: Final = ProviderDirectory()


class Directory:
    """The memory of one intake process.

    A check-in is read and judged with the very objects that `learn` gave for it. When something changes, those are
    replaced, never altered: what was looked up before the change cannot slip into the memory after it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._versions: dict[UUID, int] = {}
        self._devices: dict[UUID, tuple[Device, ...]] = {}
        self._providers: dict[UUID, ProviderDirectory] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._devices_wanted = _Together(self._look_up_devices)
        self._names_wanted = _Together(self._look_up_names)

    async def keep_fresh(self) -> None:
        """Read the versions now if the last reading is older than a second."""
        if time.monotonic() - self._read_at < TRUSTED_SECONDS:
            return
        async with self._reading:
            if time.monotonic() - self._read_at >= TRUSTED_SECONDS:
                await self.refresh()

    async def refresh(self) -> None:
        """Read the versions, and forget every provider whose version rose."""
        began = time.monotonic()
        async with self._database.transaction("directory_versions", role="intake", read_only=True) as connection:
            versions = await directory_versions(connection)
        changed = {provider for provider, version in versions.items() if self._versions.get(provider) != version}
        if changed:
            self._versions = versions
            for provider in changed:
                self._providers.pop(provider, None)
            # A device not found may have been enrolled since, with any of the changed providers.
            self._devices = {
                device_id: devices
                for device_id, devices in self._devices.items()
                if devices and not any(device.provider in changed for device in devices)
            }
        if len(self._devices) > MOST_DEVICES:
            self._devices = {}
        self._read_at = began

    async def devices(self, device_ids: Iterable[UUID]) -> Devices:
        """Give the devices of these ids (several where providers chose the same id), looking up the unknown ones."""
        while unknown := [device_id for device_id in device_ids if device_id not in self._devices]:
            await self._devices_wanted.look_up(unknown)
        return self._devices

    async def learn(self, named: Sequence[Named]) -> Mapping[UUID, ProviderDirectory]:
        """Give the directories with everything that is named, looking up what is not yet known."""
        while unknown := [each for one in named for each in self._unknown(one)]:
            await self._names_wanted.look_up(unknown)
        return {one.provider: self._providers[one.provider] for one in named}

    def _unknown(self, named: Named) -> Iterator[_Name]:
        """Yield what is not known of what is named; a known tag may name a client that is not."""
        provider, carer, client, tags = named
        known = self._providers.get(provider, _NOTHING_KNOWN)
        if carer not in known.carers:
            yield "carer", provider, carer
        if client is not None and client not in known.clients:
            yield "client", provider, client
        for tag_id in tags:
            if tag_id not in known.tags:
                yield "tag", provider, tag_id
            elif (tag := known.tags[tag_id]) is not None and tag.client not in known.clients:
                yield "client", provider, tag.client

    async def _look_up_devices(self, device_ids: Set[UUID]) -> None:
        known = self._devices
        async with self._database.statement("intake_devices", role="intake") as connection:
            found = await store.devices(connection, device_ids)
        by_id: dict[UUID, list[Device]] = {device_id: [] for device_id in device_ids}
        for device in found:
            by_id[device.device_id].append(device)
        known.update({device_id: tuple(devices) for device_id, devices in by_id.items()})

    async def _look_up_names(self, names: Set[_Name]) -> None:
        known = {provider: self._providers.setdefault(provider, ProviderDirectory()) for _, provider, _ in names}
        asked: dict[_Kind, list[tuple[UUID, Any]]] = {"carer": [], "client": [], "tag": []}
        for kind, provider, name in names:
            asked[kind].append((provider, name))
        async with self._database.statement("intake_directory", role="intake") as connection:
            carers = await store.carers(connection, asked["carer"])
            clients = await store.clients(connection, asked["client"])
            tags = await store.tags(connection, asked["tag"])
            keys = await store.tag_keys(connection, {provider for provider, _ in asked["tag"]})
        for provider, carer in asked["carer"]:
            known[provider].carers[carer] = (provider, carer) in carers
        for provider, client in asked["client"]:
            known[provider].clients[client] = clients.get((provider, client))
        for provider, tag_id in asked["tag"]:
            known[provider].tags[tag_id] = tags.get((provider, tag_id))
            known[provider].tag_key = keys.get(provider)


class _Together(Generic[T]):
    """Look-ups of which one is under way at a time; whatever is wanted meanwhile goes together in the next."""

    def __init__(self, look_up: Callable[[Set[T]], Awaitable[None]]) -> None:
        self._look_up = look_up
        self._under_way = asyncio.Lock()
        self._wanted: set[T] = set()
        self._next: asyncio.Future[None] | None = None

    async def look_up(self, wanted: Iterable[T]) -> None:
        """Look these up with whatever else is wanted; raises the DatabaseError that met the look-up."""
        self._wanted.update(wanted)
        if self._next is None:
            self._next = asyncio.ensure_future(self._go())
        await asyncio.shield(self._next)

    async def _go(self) -> None:
        async with self._under_way:
            wanted, self._wanted, self._next = self._wanted, set(), None
            await self._look_up(wanted)
