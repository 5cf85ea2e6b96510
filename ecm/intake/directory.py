"""What intake must know of devices, clients, tags and fences, remembered so that a check-in waits for nothing.

A provider's part is forgotten when its directory version rises; versions are read twice a second, and a memory
whose last reading is older than a second is not trusted: so a revoked key or a moved fence counts within a second.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from ecm.db.directory import directory_versions
from ecm.db.pool import Connection, Database
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


@dataclass(slots=True)
class Wanted:
    """The carers, clients and tags of one provider that a batch names."""

    carers: set[str] = field(default_factory=set)
    clients: set[str] = field(default_factory=set)
    tags: set[UUID] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.carers or self.clients or self.tags)

    def beyond(self, known: ProviderDirectory) -> "Wanted":
        """Return what of this is not known; a known tag may name a client that is not."""
        tagged = (known.tags.get(tag_id) for tag_id in self.tags)
        clients = self.clients | {tag.client for tag in tagged if tag is not None}
        return Wanted(
            {carer for carer in self.carers if carer not in known.carers},
            {client for client in clients if client not in known.clients},
            {tag_id for tag_id in self.tags if tag_id not in known.tags},
        )


Devices = Mapping[UUID, tuple[Device, ...]]


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
        known = self._devices
        unknown = {device_id for device_id in device_ids if device_id not in known}
        if unknown:
            async with self._database.transaction("intake_devices", role="intake", read_only=True) as connection:
                found = await store.devices(connection, unknown)
            for device_id in unknown:
                known[device_id] = tuple(device for device in found if device.device_id == device_id)
        return known

    async def learn(self, wanted: Mapping[UUID, Wanted]) -> dict[UUID, ProviderDirectory]:
        """Give the directory of each provider with all that is wanted of it, looking up what is not yet known."""
        known = {provider: self._providers.setdefault(provider, ProviderDirectory()) for provider in wanted}
        missing = {provider: one.beyond(known[provider]) for provider, one in wanted.items()}
        if any(missing.values()):
            async with self._database.transaction("intake_directory", role="intake", read_only=True) as connection:
                for provider, one in missing.items():
                    if one:
                        await _look_up(connection, provider, one, known[provider])
        return known


async def _look_up(connection: Connection, provider: UUID, wanted: Wanted, known: ProviderDirectory) -> None:
    clients = set(wanted.clients)
    if wanted.tags:
        known.tag_key = await store.tag_key(connection, provider)
        tags = await store.tags(connection, provider, wanted.tags)
        known.tags.update({tag_id: tags.get(tag_id) for tag_id in wanted.tags})
        clients |= {tag.client for tag in tags.values() if tag.client not in known.clients}
    if clients:
        found = await store.clients(connection, provider, clients)
        known.clients.update({client: found.get(client) for client in clients})
    if wanted.carers:
        present = await store.carers(connection, provider, wanted.carers)
        known.carers.update({carer: carer in present for carer in wanted.carers})
