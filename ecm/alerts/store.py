"""Alerts and their facts in the database, and what the watcher reads of visits, clients and devices."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec

from ecm.alerts.domain import Alert, Fact, Watched
from ecm.care.domain import live_day_of
from ecm.db.pool import Connection
from ecm.db.queries import load_queries
from ecm.http.paging import Cursor, NumberedPage
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


async def live_day(connection: Connection, provider: UUID) -> date:
    """Return the first day of whose visits the watcher speaks."""
    row = await connection.fetchrow(_QUERIES["live_day"], provider)
    return date.max if row is None else live_day_of(row["live_on"], row["stored_at"])


async def of_visits(connection: Connection, provider: UUID, visits: Collection[str]) -> list[Alert]:
    """Return the watcher's alerts of these visits."""
    return [Alert(**row) for row in await connection.fetch(_QUERIES["of_visits"], provider, list(visits))]


async def branches_of_alerts(connection: Connection, provider: UUID, alerts: Collection[UUID]) -> list[str]:
    """Return the branches that these alerts belong to; those that are not there have none."""
    if not alerts:
        return []
    rows = await connection.fetch(_QUERIES["branches_of_alerts"], provider, list(alerts))
    return [row["branch_id"] for row in rows]


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
        [alert.missed_from for alert in ordered],
    )
    return frozenset(row["alert_id"] for row in rows)


async def withdraw(connection: Connection, provider: UUID, reasons: Sequence[tuple[UUID, str]]) -> frozenset[UUID]:
    """Withdraw alerts that are open or that the service closed, each for its reason; return those now withdrawn."""
    rows = await connection.fetch(_QUERIES["withdraw"], provider, *zip(*reasons, strict=True))
    return frozenset(row["alert_id"] for row in rows)


async def close_all(
    connection: Connection, provider: UUID, reasons: Sequence[tuple[UUID, str]], by: str
) -> frozenset[UUID]:
    """Close alerts that are open, each for its reason; return the ids of those now closed."""
    rows = await connection.fetch(_QUERIES["close"], provider, *zip(*reasons, strict=True), by)
    return frozenset(row["alert_id"] for row in rows)


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


async def open_gravest_first(connection: Connection, provider: UUID, page: NumberedPage) -> list[Alert]:
    """Return a page of the open alerts with their facts: the gravest first, of the same level the latest first."""
    rows = await connection.fetch(_QUERIES["gravest_first"], provider, page.skipped, page.size)
    return await _with_facts(connection, provider, rows)


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


async def _with_facts(connection: Connection, provider: UUID, rows: Sequence[asyncpg.Record]) -> list[Alert]:
    facts: dict[UUID, list[Fact]] = {row["alert_id"]: [] for row in rows}
    for row in await connection.fetch(_QUERIES["facts"], provider, list(facts)) if rows else ():
        facts[row["alert_id"]].append(Fact(**row))
    return [replace(Alert(**row), facts=tuple(facts[row["alert_id"]])) for row in rows]
