"""What intake must know of devices, clients, tags and fences, remembered so that a check-in waits for nothing.

A provider's part is forgotten when its directory version rises; versions are read twice a second, and a memory
whose last reading is older than a second is not trusted: so a revoked key or a moved fence counts within a second.
What is not remembered is looked up together: while one look-up is under way, whatever is wanted gathers for the next.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

from ecm.db.directory import directory_versions
from ecm.db.pool import Database
from ecm.intake import store
from ecm.intake.domain import Client, Tag
from ecm.phones.domain import Phone
from ecm.phones.service import phones_of_ids

FRESH_SECONDS: Final = 0.5
TRUSTED_SECONDS: Final = 1.0
# Beyond this many, most are ids that nobody enrolled; they are forgotten together.
MOST_PHONES: Final = 200_000


@dataclass(slots=True, eq=False)
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


PhonesById = Mapping[UUID, tuple[Phone, ...]]
T = TypeVar("T")
_Kind = Literal["carer", "client", "tag"]
_Name = tuple[ProviderDirectory, _Kind, UUID, Any]


@dataclass(slots=True, eq=False)
class _Memory:
    """What is remembered between two changes. Whoever began with one goes on with it, so nobody starts over."""

    phones: dict[UUID, tuple[Phone, ...]] = field(default_factory=dict)
    providers: dict[UUID, ProviderDirectory] = field(default_factory=dict)


class Directory:
    """The memory of one intake process.

    When something changes, the memory is replaced and never altered: what was looked up before the change cannot slip
    into the memory after it, and whoever is at work then ends with what they have, as if the change came after them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._versions: dict[UUID, int] = {}
        self._memory = _Memory()
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._phones_wanted = _Together(self._look_up_phones)
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
        async with self._database.statement("directory_versions", role="intake") as connection:
            versions = await directory_versions(connection)
        changed = {provider for provider, version in versions.items() if self._versions.get(provider) != version}
        if changed:
            self._versions = versions
            self._memory = _without(self._memory, changed)
        if len(self._memory.phones) > MOST_PHONES:
            self._memory = _Memory(providers=self._memory.providers)
        self._read_at = began

    async def phones(self, device_ids: Iterable[UUID]) -> PhonesById:
        """Give the phones of these ids (several where providers chose the same id), looking up the unknown ones."""
        memory = self._memory
        if unknown := [device_id for device_id in device_ids if device_id not in memory.phones]:
            await self._phones_wanted.look_up((memory, device_id) for device_id in unknown)
        return memory.phones

    async def learn(self, named: Sequence[Named]) -> Mapping[UUID, ProviderDirectory]:
        """Give the directories with everything that is named, looking up what is not yet known."""
        remembered = self._memory.providers
        providers = {one.provider for one in named}
        known = {provider: remembered.setdefault(provider, ProviderDirectory()) for provider in providers}
        while unknown := [each for one in named for each in _unknown(one, known[one.provider])]:
            await self._names_wanted.look_up(unknown)
        return known

    async def _look_up_phones(self, wanted: Set[tuple[_Memory, UUID]]) -> None:
        async with self._database.statement("intake_phones", role="intake") as connection:
            found = await phones_of_ids(connection, {device_id for _, device_id in wanted})
        by_id: defaultdict[UUID, list[Phone]] = defaultdict(list)
        for phone in found:
            by_id[phone.device_id].append(phone)
        for memory, device_id in wanted:
            memory.phones[device_id] = tuple(by_id[device_id])

    async def _look_up_names(self, wanted: Set[_Name]) -> None:
        asked: dict[_Kind, set[tuple[UUID, Any]]] = {"carer": set(), "client": set(), "tag": set()}
        for _, kind, provider, name in wanted:
            asked[kind].add((provider, name))
        async with self._database.statement("intake_directory", role="intake") as connection:
            carers = await store.carers(connection, asked["carer"])
            clients = await store.clients(connection, asked["client"])
            tags = await store.tags(connection, asked["tag"])
            keys = await store.tag_keys(connection, {provider for provider, _ in asked["tag"]})
        for known, kind, provider, name in wanted:
            match kind:
                case "carer":
                    known.carers[name] = (provider, name) in carers
                case "client":
                    known.clients[name] = clients.get((provider, name))
                case "tag":
                    known.tags[name] = tags.get((provider, name))
                    known.tag_key = keys.get(provider)


def _without(memory: _Memory, changed: Set[UUID]) -> _Memory:
    """Return what is still remembered when these providers have changed."""
    # A phone not found may have been enrolled since, with any of the changed providers.
    phones = {
        device_id: phones
        for device_id, phones in memory.phones.items()
        if phones and not any(phone.provider in changed for phone in phones)
    }
    providers = {provider: known for provider, known in memory.providers.items() if provider not in changed}
    return _Memory(phones, providers)


def _unknown(named: Named, known: ProviderDirectory) -> Iterator[_Name]:
    """Yield what is not known of what is named; a known tag may name a client that is not."""
    provider, carer, client, tags = named
    if carer not in known.carers:
        yield known, "carer", provider, carer
    if client is not None and client not in known.clients:
        yield known, "client", provider, client
    for tag_id in tags:
        if tag_id not in known.tags:
            yield known, "tag", provider, tag_id
        elif (tag := known.tags[tag_id]) is not None and tag.client not in known.clients:
            yield known, "client", provider, tag.client


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
