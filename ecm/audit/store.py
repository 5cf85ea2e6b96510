"""Audit events, the sealed log and stored check-ins in the database."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import msgspec

from ecm.audit.domain import Event, Sealable, ServiceEvent, SignedCheckIn, StoredCheckIn, Told
from ecm.db.pool import Connection
from ecm.db.queries import load_queries

_QUERIES = load_queries(__package__)


async def insert_events(connection: Connection, provider: UUID, events: Sequence[Event]) -> None:
    """Write events down."""
    await connection.execute(
        _QUERIES["insert_events"],
        provider,
        [uuid4() for _ in events],
        [event.at for event in events],
        [event.tag for event in events],
        [event.actor for event in events],
        [event.subject for event in events],
        [msgspec.json.encode(event.detail).decode() for event in events],
    )


async def insert_service_event(connection: Connection, event: ServiceEvent) -> None:
    """Write an event of what is no provider's down."""
    await connection.execute(
        _QUERIES["insert_service_event"],
        uuid4(),
        event.at,
        event.tag,
        event.actor,
        event.subject,
        _json(event.before),
        _json(event.after),
    )


async def lock_log_head(connection: Connection, provider: UUID) -> None:
    """Let nobody else append to a provider's log until the transaction ends."""
    if await connection.fetchval(_QUERIES["lock_log_head"], provider) is None:
        await connection.execute(_QUERIES["ensure_log_head"], provider)
        await connection.fetchval(_QUERIES["lock_log_head"], provider)


async def append_leaves(connection: Connection, provider: UUID, leaves: Sequence[tuple[Sealable, bytes]]) -> int:
    """Append leaves (check-in, leaf hash) to a log whose head is locked; return how many were not in it yet.

    The head must have been locked by an earlier statement: this one sees what was committed before it began.
    """
    appended: int = await connection.fetchval(
        _QUERIES["append_leaves"],
        provider,
        [sealable.device_id for sealable, _ in leaves],
        [sealable.check_in_id for sealable, _ in leaves],
        [leaf for _, leaf in leaves],
    )
    return appended


async def leaf_index(connection: Connection, provider: UUID, device: UUID, check_in: UUID) -> int | None:
    """Return the leaf index of a check-in in its provider's log, None while it is not sealed."""
    index: int | None = await connection.fetchval(_QUERIES["leaf_index"], provider, device, check_in)
    return index


async def leaf_indexes(
    connection: Connection, provider: UUID, refs: Sequence[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], int]:
    """Return the leaf index of those check-ins (device, check-in) that are in the log."""
    rows = await connection.fetch(
        _QUERIES["leaf_indexes"], provider, [device for device, _ in refs], [check_in for _, check_in in refs]
    )
    return {(row["device_id"], row["check_in_id"]): row["leaf_index"] for row in rows}


async def log_size(connection: Connection, provider: UUID) -> int:
    """Return the number of leaves of a provider's log."""
    return await connection.fetchval(_QUERIES["log_size"], provider) or 0


async def leaves(connection: Connection, provider: UUID) -> list[bytes]:
    """Return the leaf hashes of a provider's log in their order."""
    return [row["leaf_hash"] for row in await connection.fetch(_QUERIES["leaves"], provider)]


async def check_ins(connection: Connection, provider: UUID, refs: Sequence[tuple[UUID, UUID]]) -> list[StoredCheckIn]:
    """Find check-ins by (device, check-in), as far as the transaction may see them, in order of time."""
    rows = await connection.fetch(
        _QUERIES["check_ins"], provider, [device for device, _ in refs], [check_in for _, check_in in refs]
    )
    return [
        StoredCheckIn(**{**row, "evidence": tuple(row["evidence"]), "doubts": tuple(row["doubts"])}) for row in rows
    ]


async def signed_check_ins(
    connection: Connection, provider: UUID, refs: Sequence[tuple[UUID, UUID]]
) -> list[SignedCheckIn]:
    """Find check-ins by (device, check-in) with the keys that their signatures must hold under."""
    rows = await connection.fetch(_QUERIES["signed_check_ins"], provider, *zip(*refs, strict=True))
    return [SignedCheckIn(**row) for row in rows]


async def insert_signature_failures(
    connection: Connection, provider: UUID, failed: Sequence[SignedCheckIn], at: datetime
) -> None:
    """Write down check-ins whose own signature does not hold."""
    refs = [(one.device_id, one.check_in_id) for one in failed]
    await connection.execute(_QUERIES["insert_signature_failures"], provider, *zip(*refs, strict=True), at)


def _json(told: Told | None) -> str | None:
    return None if told is None else msgspec.json.encode(told).decode()
