"""What intake must know of devices, clients, tags and fences, remembered so that a check-in waits for nothing.

A provider's part is forgotten when its directory version rises; versions are read twice a second, and a memory
whose last reading is older than a second is not trusted: so a revoked key or a moved fence counts within a second.
"""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from ecm.db.directory import directory_versions
from ecm.db.pool import Database
from ecm.intake import store
from ecm.intake.domain import Client, Device, Tag

FRESH_SECONDS: Final = 0.5
TRUSTED_SECONDS: Final = 1.0


@dataclass(slots=True)
class ProviderDirectory:
    """What is remembered of one provider; None as a value means looked up and not there."""

    clients: dict[str, Client | None] = field(default_factory=dict)
    carers: dict[str, bool] = field(default_factory=dict)
    tags: dict[UUID, Tag | None] = field(default_factory=dict)


class Directory:
    """The memory of one intake process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._versions: dict[UUID, int] = {}
        self._devices: dict[UUID, tuple[Device, ...]] = {}
        self._providers: dict[UUID, ProviderDirectory] = {}
        self._tag_keys: dict[UUID, bytes] = {}
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
            self._tag_keys.clear()
            for provider in changed:
                self._providers.pop(provider, None)
            # A device not found may have been enrolled since with any of the changed providers.
            self._devices = {
                device_id: devices
                for device_id, devices in self._devices.items()
                if devices and not any(device.provider in changed for device in devices)
            }
        self._read_at = began

    def device(self, device_id: UUID) -> tuple[Device, ...]:
        """Return the devices of that id (of several providers, if they chose alike), after `learn_devices`."""
        return self._devices.get(device_id, ())

    def of(self, provider: UUID) -> ProviderDirectory:
        """Return what is remembered of a provider."""
        return self._providers.setdefault(provider, ProviderDirectory())

    def tag_key(self, provider: UUID) -> bytes | None:
        """Return the key that signs the provider's tags and cards, after `learn`."""
        return self._tag_keys.get(provider)

    async def learn_devices(self, device_ids: Iterable[UUID]) -> None:
        """Look up the devices not yet known, in one query."""
        unknown = [device_id for device_id in set(device_ids) if device_id not in self._devices]
        if not unknown:
            return
        async with self._database.transaction("intake_devices", role="intake", read_only=True) as connection:
            found = await store.devices(connection, unknown)
        for device_id in unknown:
            self._devices[device_id] = tuple(device for device in found if device.device_id == device_id)

    async def learn(
        self,
        carers: Iterable[tuple[UUID, str]],
        clients: Iterable[tuple[UUID, str]],
        tags: Iterable[tuple[UUID, UUID]],
    ) -> None:
        """Look up the carers, clients and tags not yet known, one query each; the clients of new tags too."""
        new_carers = {pair for pair in carers if pair[1] not in self.of(pair[0]).carers}
        new_clients = {pair for pair in clients if pair[1] not in self.of(pair[0]).clients}
        new_tags = {pair for pair in tags if pair[1] not in self.of(pair[0]).tags}
        if not (new_carers or new_clients or new_tags):
            return
        async with self._database.transaction("intake_directory", role="intake", read_only=True) as connection:
            if new_tags:
                self._tag_keys = await store.tag_keys(connection)
                found_tags = await store.tags(connection, new_tags)
                for provider, tag_id in new_tags:
                    tag = found_tags.get((provider, tag_id))
                    self.of(provider).tags[tag_id] = tag
                    if tag is not None and tag.client not in self.of(provider).clients:
                        new_clients.add((provider, tag.client))
            if new_clients:
                found_clients = await store.clients(connection, new_clients)
                for provider, client in new_clients:
                    self.of(provider).clients[client] = found_clients.get((provider, client))
            if new_carers:
                found_carers = await store.carers(connection, new_carers)
                for provider, carer in new_carers:
                    self.of(provider).carers[carer] = (provider, carer) in found_carers
