"""Alerts and their facts in the database, and what the watcher reads of visits, clients and devices."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from ecm.alerts.domain import Alert, Fact, Watched
from ecm.db.pool import Connection
from ecm.db.queries import load_queries
from ecm.http.paging import Cursor
from ecm.visits.domain import Visit

_QUERIES = load_queries(__package__)
_VISIT = msgspec.json.Decoder(Visit)


async def providers(connection: Connection) -> list[UUID]:
    """Return every provider."""
    return [row["provider_id"] for row in await connection.fetch(_QUERIES["providers"])]


async def lock_overdue(
    connection: Connection,
    provider: UUID,
    *,
    after: tuple[datetime, str],
    before: datetime,
    limit: int,
) -> list[Watched]:
    """Lock visits behind `after` (planned start, visit) and planned before an instant, in that order.

    Only those that nobody has begun and that may lack an alert; those that somebody else has locked are left to them.
    """
    rows = await connection.fetch(_QUERIES["lock_overdue"], provider, before, *after, limit)
    return [Watched(_VISIT.decode(row["folded"]), row["next_start"]) for row in rows]


async def of_visits(connection: Connection, provider: UUID, visits: Collection[str]) -> dict[UUID, Alert]:
    """Return the watcher's alerts of these visits by their ids."""
    return _by_id(await connection.fetch(_QUERIES["of_visits"], provider, list(visits)))


async def of_branches(
    connection: Connection, provider: UUID, branches: Collection[str], since: datetime
) -> list[Alert]:
    """Return the alerts of these branches that were raised since an instant, oldest first, with their facts."""
    return await _with_facts(
        connection, provider, await connection.fetch(_QUERIES["of_branches"], provider, list(branches), since)
    )


async def of_visit(connection: Connection, provider: UUID, visit: str) -> list[Alert]:
    """Return every alert of one visit with its facts, the latest first."""
    return await _with_facts(connection, provider, await connection.fetch(_QUERIES["of_visit"], provider, visit))


async def lock_branches(connection: Connection, provider: UUID, branches: Collection[str]) -> None:
    """Let nobody else change these branches' alerts, or what they come to, until the transaction ends."""
    await connection.execute(_QUERIES["lock_branches"], provider, list(branches))


async def branches_of_clients(connection: Connection, provider: UUID, clients: Iterable[str]) -> dict[str, str]:
    """Return the branch that each known client belongs to."""
    rows = await connection.fetch(_QUERIES["branches_of_clients"], provider, sorted(set(clients)))
    return {row["client"]: row["branch_id"] for row in rows}


async def branch_of_carer(connection: Connection, provider: UUID, carer: str) -> str | None:
    """Return the branch that a carer belongs to, None for an unknown carer."""
    branch: str | None = await connection.fetchval(_QUERIES["branch_of_carer"], provider, carer)
    return branch


async def branches(connection: Connection, provider: UUID) -> list[str]:
    """Return the provider's branches."""
    return [row["branch_id"] for row in await connection.fetch(_QUERIES["branches"], provider)]


async def client_of_visit(connection: Connection, provider: UUID, visit: str) -> str | None:
    """Return whose visit this is, None for an unknown visit."""
    client: str | None = await connection.fetchval(_QUERIES["client_of_visit"], provider, visit)
    return client


async def raise_alerts(connection: Connection, provider: UUID, alerts: Sequence[Alert]) -> frozenset[UUID]:
    """Insert alerts, or open again those that the watcher had withdrawn; return the ids of those now raised."""
    ordered = sorted(alerts, key=lambda alert: alert.alert_id)
    rows = await connection.fetch(
        _QUERIES["raise"],
        provider,
        [alert.alert_id for alert in ordered],
        [alert.branch_id for alert in ordered],
        [alert.kind for alert in ordered],
        [alert.client for alert in ordered],
        [alert.visit for alert in ordered],
        [alert.carer for alert in ordered],
        [alert.source for alert in ordered],
        [alert.occurred_at for alert in ordered],
        [alert.raised_at for alert in ordered],
        [alert.raised_by for alert in ordered],
        [alert.memo for alert in ordered],
        [alert.signed_part for alert in ordered],
    )
    return frozenset(row["alert_id"] for row in rows)


async def withdraw(connection: Connection, provider: UUID, reasons: Sequence[tuple[UUID, str]]) -> frozenset[UUID]:
    """Withdraw open alerts, each for its reason; return the ids of those now withdrawn."""
    rows = await connection.fetch(
        _QUERIES["withdraw"], provider, [alert for alert, _ in reasons], [reason for _, reason in reasons]
    )
    return frozenset(row["alert_id"] for row in rows)


async def close(connection: Connection, provider: UUID, alert_id: UUID, reason: str) -> bool:
    """Close an open alert; return False when it is not open."""
    return await connection.fetchval(_QUERIES["close"], provider, alert_id, reason) is not None


async def alert(connection: Connection, provider: UUID, alert_id: UUID) -> Alert | None:
    """Find an alert with its facts."""
    found = await _with_facts(connection, provider, await connection.fetch(_QUERIES["alert"], provider, alert_id))
    return found[0] if found else None


async def listed(
    connection: Connection, provider: UUID, state: str | None, after: Cursor | None, limit: int
) -> list[Alert]:
    """Return the latest alerts of a state, or of all, behind a cursor, with their facts."""
    at, row = (None, None) if after is None else (after.at, after.row)
    return await _with_facts(
        connection, provider, await connection.fetch(_QUERIES["listed"], provider, state, at, row, limit)
    )


async def count(connection: Connection, provider: UUID, state: str | None) -> int:
    """Return how many alerts of a state, or of all, there are."""
    number: int = await connection.fetchval(_QUERIES["count"], provider, state)
    return number


async def set_levels(connection: Connection, provider: UUID, levels: Mapping[UUID, int]) -> None:
    """Note the level that each alert has now."""
    if levels:
        await connection.execute(_QUERIES["set_levels"], provider, list(levels), list(levels.values()))


async def insert_fact(connection: Connection, provider: UUID, fact: Fact) -> bool:
    """Store a fact; return False, and store nothing, when its id is taken."""
    inserted = await connection.fetchval(
        _QUERIES["insert_fact"],
        provider,
        fact.alert_id,
        fact.fact_id,
        fact.kind,
        fact.at,
        fact.memo,
        fact.cause,
        fact.recorded_by,
        fact.recorded_at,
    )
    return inserted is not None


def _by_id(rows: Iterable[asyncpg.Record]) -> dict[UUID, Alert]:
    return {row["alert_id"]: Alert(**row) for row in rows}


async def _with_facts(connection: Connection, provider: UUID, rows: Sequence[asyncpg.Record]) -> list[Alert]:
    facts: dict[UUID, list[Fact]] = {row["alert_id"]: [] for row in rows}
    for row in await connection.fetch(_QUERIES["facts"], provider, list(facts)) if rows else ():
        facts[row["alert_id"]].append(Fact(**row))
    return [replace(Alert(**row), facts=tuple(facts[row["alert_id"]])) for row in rows]
