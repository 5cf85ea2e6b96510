"""Setting up: the council, contracts, providers, staff, files, tags and phones, each step posted once it is due.

Every step is kept when answered, so that a run broken off here goes on here.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from devices.enrolment import prove_key
from devices.keys import PrivateKey
from simulators import sheets
from simulators.client import Refusal, ServiceClient, Token
from simulators.replies import Account, Device, Enrolment, Imported, Tag
from simulators.state import DayState
from simulators.world import Carer, Provider, World

AT_ONCE = 8
OFFICER = "officer"
_CONFLICT = 409


class ImportRejected(Exception):
    """The service rejected lines of a file that should have been taken."""


def coordinator_of(provider: Provider) -> str:
    """The username of a provider's coordinator."""
    return f"coordinator.{provider.branch.lower()}"


def manager_of(provider: Provider) -> str:
    """The username of a provider's registered manager."""
    return f"manager.{provider.branch.lower()}"


@dataclass(slots=True)
class Registration:
    """Brings a world into the service. `told` is called with a word on each step done."""

    world: World
    service: ServiceClient
    operator: Token
    state: DayState
    kept_at: Path
    told: Callable[[str], None]

    async def run(self) -> None:
        """Do every step not yet done. Raises ImportRejected or Refusal when the service will not have one."""
        await self._once("council", self._council)
        await self._accounts()
        await self._once("uprns", partial(self._import, "uprns", self.operator, sheets.uprns(self.world)))
        for provider in self.world.providers:
            await self._files(provider)
        for provider in self.world.providers:
            await self._tags(provider)
            await self._phones(provider)
            self.told(f"{provider.name}: tags, cards and phones")

    async def _once(self, step: str, do: Callable[[], Awaitable[None]]) -> None:
        if step not in self.state.done:
            await do()
            self.state.done.append(step)
            self.state.save(self.kept_at)

    async def _council(self) -> None:
        world = self.world
        await self._post("/v1/councils", {"council": world.council, "name": world.council_name})
        for contract in sheets.contracts(world):
            await self._unless_there("/v1/contracts", contract)
        for provider in world.providers:
            branch = {
                "branch": provider.branch,
                "name": provider.branch_name,
                "cqc_provider": provider.cqc_provider,
                "cqc_location": provider.cqc_location,
            }
            body = {"provider": provider.provider_id, "name": provider.name, "branches": [branch]}
            await self._post("/v1/providers", body)
        self.told(f"{world.council_name}: council, contracts A and B, {len(world.providers)} providers")

    async def _accounts(self) -> None:
        await self._account(OFFICER, "council_officer", None)
        for provider in self.world.providers:
            await self._account(coordinator_of(provider), "coordinator", provider)
            await self._account(manager_of(provider), "registered_manager", provider)

    async def _account(self, username: str, role: str, provider: Provider | None) -> None:
        """Make an account; under a name with a number when an earlier run lost the password of the first."""
        if username in self.state.staff:
            return
        for number in range(1, 100):
            name = username if number == 1 else f"{username}-{number}"
            body = {
                "username": name,
                "role": role,
                "provider": provider.provider_id if provider else None,
                "council": None if provider else self.world.council,
            }
            try:
                account = await self.service.post("/v1/accounts", self.operator, body, Account)
            except Refusal as refusal:
                if refusal.status != _CONFLICT:
                    raise
                continue
            self.state.staff[username] = account
            self.state.save(self.kept_at)
            return

    async def _files(self, provider: Provider) -> None:
        token = self.state.token(coordinator_of(provider))
        for kind, content in (
            ("carers", sheets.carers(provider)),
            ("clients", sheets.clients(self.world, provider)),
            ("commissions", sheets.commissions(self.world, provider)),
            ("roster", sheets.roster(provider.visits)),
        ):
            await self._once(f"{kind}/{provider.branch}", partial(self._import, kind, token, content))
        self.told(f"{provider.name}: carers, clients, commissions and roster")

    async def _import(self, kind: str, token: Token, content: bytes) -> None:
        """Import a file as a coordinator would: dry run first, then for good."""
        for dry_run in ("true", "false"):
            path = f"/v1/imports/{kind}?dry_run={dry_run}"
            reply = msgspec.json.decode(
                await self.service.send("POST", path, token, content, content="text/csv"), type=Imported
            )
            if reply.rejected:
                first = reply.rejected[0]
                raise ImportRejected(f"{kind} line {first.line}, {first.column}: {first.reason}")

    async def _tags(self, provider: Provider) -> None:
        token = self.state.token(coordinator_of(provider))
        wanted = [
            (tag, kind, client.code)
            for client in provider.clients
            for tag, kind in ((client.nfc_tag, "nfc"), (client.qr_card, "qr"))
            if tag is not None and str(tag) not in self.state.links
        ]

        async def register(tag: object, kind: str, client: str) -> None:
            body = {"tag": tag, "kind": kind, "client": client}
            stored = await self.service.post("/v1/tags", token, body, Tag)
            self.state.links[str(stored.tag)] = stored.link

        await _few_at_once(register(*each) for each in wanted)
        self.state.save(self.kept_at)

    async def _phones(self, provider: Provider) -> None:
        token = self.state.token(coordinator_of(provider))
        wanted = [carer for carer in provider.carers if f"phone/{carer.code}" not in self.state.done]

        async def enrol(carer: Carer) -> None:
            offered = await self.service.post("/v1/enrolments", token, {"carer": carer.code}, Enrolment)
            key = PrivateKey.from_seed(carer.key, carer.algorithm)
            body = {
                "code": offered.code,
                "device": carer.device_id,
                "public_key": key.public_jwk(),
                "proof": prove_key(key, carer.device_id, offered.code),
            }
            try:
                await self.service.post("/v1/devices", None, body, Device)
            except Refusal as refusal:
                if refusal.status != _CONFLICT:
                    raise
            self.state.done.append(f"phone/{carer.code}")

        await _few_at_once(enrol(carer) for carer in wanted)
        self.state.save(self.kept_at)

    async def _post(self, path: str, body: object) -> None:
        await self.service.send("POST", path, self.operator, msgspec.json.encode(body))

    async def _unless_there(self, path: str, body: object) -> None:
        """Post something that can be there once only: an earlier run may have posted it."""
        try:
            await self._post(path, body)
        except Refusal as refusal:
            if refusal.status != _CONFLICT:
                raise


async def _few_at_once(work: Iterable[Awaitable[None]]) -> None:
    seats = asyncio.Semaphore(AT_ONCE)

    async def seated(one: Awaitable[None]) -> None:
        async with seats:
            await one

    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(seated(each))
