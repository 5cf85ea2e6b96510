"""Check-ins in the database, as the role that may insert them and little else."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from ecm.db.pool import Connection
from ecm.db.queries import load_queries
from ecm.http.paging import Cursor
from ecm.intake.domain import NO_DIRECTION, AcceptedCheckIn, CheckInKey, Client, Refusal, Tag
from ecm.intake.model import Conflicting, Home, Homeless, RefusedKind
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
        body.direction or NO_DIRECTION,
        accepted.carer,
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
            refusal.provider,
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


async def homeless(
    connection: Connection, provider: UUID, after: Cursor | None, limit: int, skipped: int = 0
) -> list[Homeless]:
    """Return check-ins without a home, the latest first, behind a cursor or after so many."""
    at, row = (None, None) if after is None else (after.at, after.row)
    rows = await connection.fetch(_QUERIES["homeless"], provider, at, row, limit, skipped)
    return [_homeless(row) for row in rows]


async def count_homeless(connection: Connection, provider: UUID) -> int:
    """Return how many check-ins have no home."""
    total: int = await connection.fetchval(_QUERIES["count_homeless"], provider)
    return total


async def attachable(connection: Connection, provider: UUID, device_id: UUID, check_in_id: UUID) -> Homeless | None:
    """Find a check-in that found no home by itself, whether the office has given it one since or not."""
    row = await connection.fetchrow(_QUERIES["attachable"], provider, device_id, check_in_id)
    return None if row is None else _homeless(row)


async def insert_home(connection: Connection, provider: UUID, home: Home) -> bool:
    """Store a home; return False, and store nothing, when its id is taken."""
    return (
        await connection.fetchval(
            _QUERIES["insert_home"],
            provider,
            home.home_id,
            home.device_id,
            home.check_in_id,
            home.client,
            home.visit,
            home.direction,
            home.occurred_at,
            home.told,
            home.attached_by,
            home.attached_at,
            home.memo,
        )
        is not None
    )


async def home(connection: Connection, provider: UUID, home_id: UUID) -> Home | None:
    """Find a home by its id."""
    row = await connection.fetchrow(_QUERIES["home"], provider, home_id)
    return None if row is None else Home(**row)


async def homes_of_check_in(connection: Connection, provider: UUID, device_id: UUID, check_in_id: UUID) -> list[Home]:
    """Return every home that the office has given a check-in, the one that counts last."""
    return [
        Home(**row) for row in await connection.fetch(_QUERIES["homes_of_check_in"], provider, device_id, check_in_id)
    ]


async def client_of_visit(connection: Connection, provider: UUID, visit: str) -> str | None:
    """Return whose visit of the roster this is."""
    client: str | None = await connection.fetchval(_QUERIES["client_of_visit"], provider, visit)
    return client


async def client_known(connection: Connection, provider: UUID, client: str) -> bool:
    """Say whether the provider has a client of this code."""
    known: bool = await connection.fetchval(_QUERIES["client_known"], provider, client)
    return known


async def refused(connection: Connection, provider: UUID, limit: int, skipped: int) -> list[RefusedKind]:
    """Return what was refused of the provider's phones, by phone and reason, the latest first."""
    return [RefusedKind(**row) for row in await connection.fetch(_QUERIES["refused"], provider, limit, skipped)]


async def count_refused(connection: Connection, provider: UUID) -> tuple[int, int]:
    """Return how many kinds of refusals (phone and reason) there are, and how many items."""
    (row,) = await connection.fetch(_QUERIES["count_refused"], provider)
    return row["kinds"], row["items"]


async def conflicting(connection: Connection, provider: UUID, limit: int, skipped: int) -> list[Conflicting]:
    """Return messages that came under the id of another, the latest first, with what the first one said."""
    return [Conflicting(**row) for row in await connection.fetch(_QUERIES["conflicting"], provider, limit, skipped)]


async def count_conflicting(connection: Connection, provider: UUID) -> int:
    """Return how many messages came under the id of another."""
    total: int = await connection.fetchval(_QUERIES["count_conflicting"], provider)
    return total


def _homeless(row: asyncpg.Record) -> Homeless:
    return Homeless(**{**row, "evidence": tuple(row["evidence"]), "doubts": tuple(row["doubts"])})
