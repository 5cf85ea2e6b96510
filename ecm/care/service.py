"""Councils, contracts, providers, tags and cards, and the imports."""

import asyncio
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final
from uuid import UUID

import msgspec
from aiohttp import web

from devices.cards import card_svg
from devices.links import make_link
from ecm.audit.domain import EventTag, ServiceEvent, Told
from ecm.audit.service import record, record_of_service
from ecm.care import store
from ecm.care.domain import (
    Branch,
    Carer,
    ColumnMapping,
    ImportKind,
    ImportReport,
    PlannedBefore,
    Provider,
    RosterVisit,
    StoredImport,
    Tag,
    contract_document_fault,
    live_day_fault,
    pair_fault,
)
from ecm.care.imports import corrections, history
from ecm.care.imports import service as imports
from ecm.care.imports.messages import UndoReport
from ecm.db.errors import ConstraintViolated
from ecm.db.once import store_once
from ecm.db.pool import Connection, Database
from ecm.db.reference import mark_reference_changed
from ecm.words.clock import Clock
from ecm.words.problems import CONFLICT, INVALID, NOT_ALLOWED, NOT_FOUND
from ecm.words.roles import Account
from reports.contracts import Contract, contract_to_json

_TAG_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Stored:
    """Whether something was new; if not, it was there already."""

    is_new: bool


@dataclass(frozen=True, slots=True)
class StoredTag:
    """A tag, the link to write on it, and whether it was new."""

    tag: Tag
    link: str
    is_new: bool


class Care:
    """The steps of each use of the people, places and plans of care."""

    def __init__(self, database: Database, clock: Clock, listener: imports.Listener) -> None:
        self._database = database
        self._clock = clock
        self._listener = listener

    async def store_council(self, account: Account, council: str, name: str) -> Stored:
        """Store a council, or its new name."""
        async with self._database.transaction("store_council") as connection:
            is_new = await store.insert_council(connection, council, name)
            known_as = None if is_new else await store.lock_council(connection, council)
            if known_as != name:
                if known_as is not None:
                    await store.rename_council(connection, council, name)
                before = None if known_as is None else {"name": known_as}
                await self._tell(connection, EventTag.COUNCIL_STORED, account, council, before, {"name": name})
            return Stored(is_new)

    async def store_contract(self, account: Account, contract: Contract) -> Stored:
        """Store one version of a contract; a version never changes.

        Raises `not-allowed` for another council's officer, `conflict` for another document under the same version,
        `invalid` for an unknown council.
        """
        if account.council is not None and account.council != contract.council:
            raise NOT_ALLOWED.because(f"Your account is for {account.council} and not for {contract.council}.")
        fault = contract_document_fault(contract_to_json(contract))
        if fault is not None:
            raise INVALID.because(fault)
        try:
            async with self._database.transaction("store_contract") as connection:
                _, is_new = await store_once(
                    contract,
                    store.insert_contract(connection, contract, self._clock.now()),
                    partial(store.contract, connection, contract.council, contract.code, contract.version),
                    lambda one: one,
                    CONFLICT.because(
                        f"Version {contract.version} of the contract {contract.code} is stored with other rules, and a "
                        "version never changes; give the new rules a new version."
                    ),
                )
                if is_new:
                    subject = f"{contract.council}/{contract.code}/{contract.version}"
                    document: Told = msgspec.json.decode(contract_to_json(contract))
                    await self._tell(connection, EventTag.CONTRACT_STORED, account, subject, None, document)
        except ConstraintViolated as broken:
            if broken.kind == "foreign_key":
                raise INVALID.because(f"The council {contract.council} is not known to this service.") from None
            raise
        return Stored(is_new)

    async def contracts(self, account: Account) -> list[Contract]:
        """List contracts: an officer's own council's, those of the councils of a provider's clients, or all."""
        async with self._database.transaction(
            "contracts", provider=account.provider, council=account.council, read_only=True
        ) as connection:
            return await store.contracts(connection, provider=account.provider, council=account.council)

    async def store_provider(self, account: Account, provider: Provider) -> Stored:
        """Store a provider with its branches, or what changed of them; a new one gets a key that signs its tags.

        Raises `invalid` when a branch is named twice, or a pair of CQC ids or the live date cannot be right.
        """
        live_day_is_wrong = live_day_fault(provider)
        if live_day_is_wrong is not None:
            raise INVALID.because(live_day_is_wrong)
        codes = [branch.branch for branch in provider.branches]
        if len(set(codes)) != len(codes):
            raise INVALID.because("A branch's code is there twice.")
        for branch in provider.branches:
            fault = pair_fault(branch)
            if fault is not None:
                raise INVALID.because(fault)
        async with self._database.transaction("store_provider", provider=provider.provider) as connection:
            is_new = await store.insert_provider(connection, provider, self._clock.now())
            await store.lock_provider(connection, provider.provider)
            before = None if is_new else await store.provider(connection, provider.provider)
            was_live_on = None if is_new else await self._live_day(connection, provider.provider)
            await store.update_provider(connection, provider, secrets.token_bytes(_TAG_KEY_BYTES))
            after = await store.provider(connection, provider.provider)
            live_on = await self._live_day(connection, provider.provider)
            if live_on != was_live_on:
                told = None if was_live_on is None else {"live_on": was_live_on}
                subject = str(provider.provider)
                await self._tell(connection, EventTag.LIVE_DATE_SET, account, subject, told, {"live_on": live_on})
            await mark_reference_changed(connection, provider.provider)
            await record(
                connection,
                provider.provider,
                EventTag.PROVIDER_STORED,
                account.username,
                str(provider.provider),
                {"branches": len(codes), "before": _told(before), "after": _told(after)},
                self._clock.now(),
            )
        return Stored(is_new)

    async def _tell(
        self,
        connection: Connection,
        tag: EventTag,
        account: Account,
        subject: str,
        before: Told | None,
        after: Told,
    ) -> None:
        await record_of_service(
            connection, ServiceEvent(tag, account.username, subject, self._clock.now(), before, after)
        )

    async def _live_day(self, connection: Connection, provider: UUID) -> str:
        return (await store.live_days(connection, [provider]))[provider].isoformat()

    async def live_days(self, providers: Collection[UUID]) -> dict[UUID, date]:
        """Return the first day of whose visits alerts are raised, of each of these providers that is known."""
        async with self._database.transaction("live_days", read_only=True) as connection:
            return await store.live_days(connection, providers)

    async def providers(self, account: Account) -> list[tuple[UUID, str]]:
        """List the ids and names of the providers that an officer's council commissions; an operator sees all."""
        async with self._database.transaction("providers", council=account.council, read_only=True) as connection:
            return await store.providers(connection, account.council)

    async def carers(self, provider: UUID) -> list[Carer]:
        """List a provider's carers."""
        async with self._database.transaction("carers", provider=provider, read_only=True) as connection:
            return await store.carers(connection, provider)

    async def store_tag(self, account: Account, provider: UUID, tag: Tag, base: str) -> StoredTag:
        """Store a tag or card of a client and give its link, which begins with `base`.

        Raises `conflict` when the id is taken by another tag, `invalid` when the client is not known.
        """
        try:
            async with self._database.transaction("store_tag", provider=provider) as connection:
                _, is_new = await store_once(
                    tag,
                    store.insert_tag(connection, provider, tag, self._clock.now()),
                    partial(store.tag, connection, provider, tag.tag),
                    lambda one: one,
                    CONFLICT.because("A tag of this id is stored for another client or as another kind."),
                )
                if is_new:
                    detail = {"kind": tag.kind, "client": tag.client}
                    await record(
                        connection,
                        provider,
                        EventTag.TAG_STORED,
                        account.username,
                        str(tag.tag),
                        detail,
                        self._clock.now(),
                    )
                    await mark_reference_changed(connection, provider)
                key = await store.tag_key(connection, provider)
        except ConstraintViolated as broken:
            if broken.name == "tags_client_known":
                raise INVALID.because(f"There is no client {tag.client}; import the clients first.") from None
            raise
        return StoredTag(tag, make_link(base, tag.kind, provider, tag.tag, _present(key)), is_new)

    async def card(self, provider: UUID, tag_id: UUID, base: str) -> bytes:
        """Draw the QR card of a tag as SVG, under the client's code; raises `not-found` for what has no card."""
        async with self._database.transaction("card", provider=provider, read_only=True) as connection:
            tag = await store.tag(connection, provider, tag_id)
            key = await store.tag_key(connection, provider)
        if tag is None or tag.kind != "qr":
            raise NOT_FOUND.because("There is no QR card of this id.")
        link = make_link(base, tag.kind, provider, tag.tag, _present(key))
        return await asyncio.to_thread(card_svg, link, tag.client)

    async def import_file(
        self,
        account: Account,
        kind: ImportKind,
        body: bytes,
        *,
        dry_run: bool,
        asked: imports.Asked = imports.Asked(),  # noqa: B008 - frozen
    ) -> ImportReport:
        """Import a file, or say what importing it would do; see `ecm.care.imports.service.import_file`."""
        return await imports.import_file(
            self._database, self._clock, self._listener, account, kind, body, dry_run=dry_run, asked=asked
        )

    async def store_import_mapping(
        self, account: Account, kind: ImportKind, branch: str | None, mapping: ColumnMapping
    ) -> ColumnMapping:
        """Keep what another system's columns mean; see `ecm.care.imports.service.store_mapping`."""
        return await imports.store_mapping(self._database, self._clock, account, kind, branch, mapping)

    async def branches(self, provider: UUID) -> tuple[Branch, ...]:
        """List a provider's branches in order of their code."""
        async with self._database.transaction("branches", provider=provider, read_only=True) as connection:
            found = await store.provider(connection, provider)
        return () if found is None else found.branches

    async def imports(self, provider: UUID, limit: int, skip: int) -> tuple[list[StoredImport], int]:
        """List a provider's imports, the newest first, and say how many there are."""
        return await history.imports(self._database, provider, limit, skip)

    async def undo_import(self, account: Account, import_id: UUID, dry_run: bool) -> UndoReport:
        """Put back what an import changed; see `ecm.care.imports.history.undo_import`."""
        return await history.undo_import(
            self._database, self._clock, self._listener, account, import_id, dry_run=dry_run
        )

    async def plan_in_error(self, account: Account, visit: str, reason: str) -> RosterVisit:
        """Take a planned visit off; see `ecm.care.imports.corrections.plan_in_error`."""
        return await corrections.plan_in_error(self._database, self._clock, self._listener, account, visit, reason)

    async def planned_before(self, provider: UUID, visit: str) -> list[PlannedBefore]:
        """List what was planned of a visit before, the oldest first."""
        return await corrections.planned_before(self._database, provider, visit)


CARE: Final = web.AppKey("care", Care)


def _told(provider: Provider | None) -> Told | None:
    told: Told | None = msgspec.to_builtins(provider)
    return told


def _present(key: bytes | None) -> bytes:
    if key is None:
        raise INVALID.because("The provider has no key for its tags; an operator must store the provider again.")
    return key
