"""Writing down who did what, sealing check-ins into a log that only grows, and proving that one is in it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from aiohttp import web

from devices.keys import PublicKey
from ecm.audit import merkle, store
from ecm.audit.domain import Event, EventTag, Proof, Sealable, ServiceEvent, SignedCheckIn, StoredCheckIn, Told
from ecm.db.pool import Connection, Database
from ecm.words.clock import Clock
from ecm.words.problems import CONFLICT, NOT_FOUND
from ecm.words.roles import Account


async def record(
    connection: Connection,
    provider: UUID,
    tag: EventTag,
    actor: str,
    subject: str,
    detail: Told,
    at: datetime,
) -> None:
    """Write one event in the transaction of what it tells; the actor is a username or `service`, all else codes."""
    await store.insert_events(connection, provider, [Event(tag, actor, subject, at, detail)])


async def record_all(connection: Connection, provider: UUID, events: Sequence[Event]) -> None:
    """Write many audit events in one statement."""
    if events:
        await store.insert_events(connection, provider, events)


async def record_of_service(connection: Connection, event: ServiceEvent) -> None:
    """Write one event of what is no provider's in the transaction of what it tells."""
    await store.insert_service_event(connection, event)


async def seal(connection: Connection, provider: UUID, check_ins: Sequence[Sealable]) -> int:
    """Append to the provider's log those of these check-ins that are not in it yet; return how many.

    Locks the head of the log until the transaction ends, so call it last.
    """
    if not check_ins:
        return 0
    distinct = {(sealable.device_id, sealable.check_in_id): sealable for sealable in check_ins}
    await store.lock_log_head(connection, provider)
    leaves = [(sealable, merkle.leaf_hash(sealable.link_digest)) for sealable in distinct.values()]
    return await store.append_leaves(connection, provider, leaves)


async def wait_for_turn(connection: Connection, provider: UUID) -> None:
    """Let no other transaction that seals for this provider, or waits for its turn, go on until this one ends."""
    await store.lock_log_head(connection, provider)


async def check_ins(connection: Connection, provider: UUID, refs: Sequence[tuple[UUID, UUID]]) -> list[StoredCheckIn]:
    """Find check-ins by (device, check-in), as far as the transaction may see them, in order of time."""
    return await store.check_ins(connection, provider, refs)


class Audit:
    """Reading the evidence and its proof."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def check_in(self, account: Account, provider: UUID, device: UUID, check_in: UUID) -> StoredCheckIn:
        """Find one check-in that the account may see; raises `not-found` otherwise."""
        if account.provider is not None and account.provider != provider:
            raise _no_check_in()
        async with self._database.transaction(
            "read_check_in", provider=account.provider, council=account.council, read_only=True
        ) as connection:
            found = await store.check_ins(connection, provider, [(device, check_in)])
        if not found:
            raise _no_check_in()
        return found[0]

    async def proof(self, account: Account, provider: UUID, device: UUID, check_in: UUID) -> Proof:
        """Prove that a check-in which the account may see is in the log; raises `conflict` until it is sealed.

        The leaves, the signed part and the phone's public key are read as the provider, since hashes of other people's
        check-ins give nothing away and a council could not prove its own without them.
        """
        evidence = await self.check_in(account, provider, device, check_in)
        async with self._database.transaction("read_log", provider=provider, read_only=True) as connection:
            index = await store.leaf_index(connection, provider, device, check_in)
            leaves = await store.leaves(connection, provider)
            (signed,) = await store.signed_check_ins(connection, provider, [(device, check_in)])
        if index is None:
            raise CONFLICT.because("The check-in is stored and not yet sealed into the log; ask again in a moment.")
        return await asyncio.to_thread(_prove, evidence, signed, leaves, index)

    async def leaf_indexes(
        self, provider: UUID, refs: Sequence[tuple[UUID, UUID]]
    ) -> tuple[int, dict[tuple[UUID, UUID], int]]:
        """Return the size of a provider's log, and the leaf index of those check-ins that are in it.

        For check-ins that the asker has been shown: reads as the provider, as `proof` does, and no leaves.
        """
        async with self._database.transaction("read_leaf_indexes", provider=provider, read_only=True) as connection:
            found = await store.leaf_indexes(connection, provider, refs)
            return await store.log_size(connection, provider), found


AUDIT: Final = web.AppKey("audit", Audit)


def _prove(evidence: StoredCheckIn, signed: SignedCheckIn, leaves: list[bytes], index: int) -> Proof:
    return Proof(
        check_in=evidence.check_in_id,
        signed_part=signed.signed_part,
        public_key=PublicKey.from_jwk(signed.public_key).jwk(),
        link_digest=evidence.link_digest,
        leaf_hash=leaves[index].hex(),
        leaf_index=index,
        tree_size=len(leaves),
        path=[node.hex() for node in merkle.inclusion_proof(leaves, index)],
        root=merkle.root_hash(leaves).hex(),
    )


def _no_check_in() -> Exception:
    return NOT_FOUND.because("There is no such check-in among those you may see.")
