"""Check-ins in the database, as the role that may insert them and little else."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from ecm.db.pool import Connection
from ecm.db.queries import load_queries
from ecm.intake.domain import AcceptedCheckIn, CheckInKey, Client, Refusal, Tag
from geofences.fences import from_json

_QUERIES = load_queries(__package__)


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What was recorded first under a check-in's key."""

    message_digest: bytes
    received_at: datetime


async def store_check_ins(connection: Connection, check_ins: Iterable[AcceptedCheckIn]) -> set[CheckInKey]:
    """Insert check-ins of distinct keys with their locations and fold requests; return the keys that were taken."""
    rows = await connection.fetch(_QUERIES["store_check_ins"], [_given(check_in) for check_in in check_ins])
    return {(row["provider_id"], row["device_id"], row["check_in_id"]) for row in rows}


def _given(accepted: AcceptedCheckIn) -> tuple[object, ...]:
    """Return a row of the database's type given_check_in: one value to encode, where an array a column would be 27."""
    message, judgement = accepted.message, accepted.judgement
    body = message.body
    evidence = [kind for kind in ("nfc", "qr", "manual") if getattr(body.evidence, kind) is not None]
    if message.gps is not None or message.location_withheld:
        evidence.insert(0, "gps")
    return (
        *accepted.key,
        body.sequence,
        body.direction,
        body.carer,
        accepted.client,
        body.visit,
        message.at,
        accepted.received_at,
        accepted.skew_seconds,
        accepted.occurred_at,
        ",".join(evidence),
        accepted.tag_id,
        judgement and judgement.verdict,
        judgement and judgement.distance_m,
        judgement and judgement.a95_m,
        judgement and judgement.chance_inside,
        accepted.grade,
        ",".join(accepted.doubts),
        message.message_digest,
        message.link_digest,
        message.previous,
        message.signed_part,
        message.disclosure,
        accepted.fold_client,
        not accepted.signature_checked,
    )


async def first_answers(connection: Connection, keys: Collection[CheckInKey]) -> dict[CheckInKey, FirstAnswer]:
    """Return what was first recorded under each of the keys."""
    rows = await connection.fetch(_QUERIES["first_answers"], *zip(*keys, strict=True))
    return {
        (row["provider_id"], row["device_id"], row["check_in_id"]): FirstAnswer(
            row["message_digest"], row["received_at"]
        )
        for row in rows
    }


async def store_conflicts(connection: Connection, conflicts: Sequence[AcceptedCheckIn]) -> None:
    """Keep messages that came under the id of another."""
    rows = [
        (
            *accepted.key,
            accepted.message.message_digest,
            accepted.received_at,
            f"{accepted.message.signed_part}~",
        )
        for accepted in sorted(conflicts, key=lambda accepted: (accepted.key, accepted.message.message_digest))
    ]
    await connection.execute(_QUERIES["store_conflicts"], *zip(*rows, strict=True))


async def store_refusals(connection: Connection, refusals: Sequence[Refusal]) -> None:
    """Keep refusals in the ring, over the oldest."""
    rows = [
        (
            refusal.received_at,
            refusal.reason,
            refusal.detail,
            refusal.device_id,
            refusal.message_digest,
            refusal.signed_part,
        )
        for refusal in refusals
    ]
    await connection.execute(_QUERIES["store_refusals"], *zip(*rows, strict=True))


async def clients(connection: Connection, named: Collection[tuple[UUID, str]]) -> dict[tuple[UUID, str], Client]:
    """Find clients, each by provider and code, with their fences."""
    rows = await _find(connection, "clients", named)
    return {
        (row["provider_id"], row["client"]): Client(None if row["shape"] is None else from_json(row["shape"]))
        for row in rows
    }


async def carers(connection: Connection, named: Collection[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Find which of these carers there are, each by provider and code."""
    return {(row["provider_id"], row["carer"]) for row in await _find(connection, "carers", named)}


async def tags(connection: Connection, named: Collection[tuple[UUID, UUID]]) -> dict[tuple[UUID, UUID], Tag]:
    """Find tags and cards, each by provider and id."""
    rows = await _find(connection, "tags", named)
    return {(row["provider_id"], row["tag_id"]): Tag(row["tag_id"], row["kind"], row["client"]) for row in rows}


async def tag_keys(connection: Connection, providers: Collection[UUID]) -> dict[UUID, bytes]:
    """Return the keys that sign these providers' tags and cards."""
    if not providers:
        return {}
    rows = await connection.fetch(_QUERIES["tag_keys"], providers)
    return {row["provider_id"]: row["tag_key"] for row in rows}


async def _find(connection: Connection, query: str, named: Collection[tuple[UUID, object]]) -> list[asyncpg.Record]:
    return await connection.fetch(_QUERIES[query], *zip(*named, strict=True)) if named else []


async def providers(connection: Connection) -> list[UUID]:
    """Return every provider."""
    return [row["provider_id"] for row in await connection.fetch(_QUERIES["providers"])]


async def purge_locations(connection: Connection, provider: UUID, before: datetime, limit: int) -> int:
    """Delete at most `limit` location disclosures received before an instant; return how many went."""
    return len(await connection.fetch(_QUERIES["purge_locations"], provider, before, limit))
