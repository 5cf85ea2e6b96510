"""Alerts and their facts in the database, and what the watcher reads of visits, clients and devices."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from devices.keys import PublicKey
from ecm.alerts.domain import Alert, Fact, Watched
from ecm.db.pool import Connection
from ecm.db.queries import load_queries
from ecm.visits.domain import Visit

_QUERIES = load_queries(__package__)
_VISIT = msgspec.json.Decoder(Visit)


@dataclass(frozen=True, slots=True)
class Device:
    """A phone that may raise alerts, and whose it is."""

    provider: UUID
    device_id: UUID
    carer: str
    public_key: PublicKey
    revoked: bool


@dataclass(frozen=True, slots=True)
class ClientFlags:
    """What makes a missed visit graver for a client."""

    lives_alone: bool
    lacks_capacity: bool


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


async def of_locations(
    connection: Connection, provider: UUID, locations: Collection[str], since: datetime
) -> dict[UUID, Alert]:
    """Return the alerts of these locations that were raised since an instant, oldest first."""
    return _by_id(await connection.fetch(_QUERIES["of_locations"], provider, list(locations), since))


async def locations_of_clients(connection: Connection, provider: UUID, clients: Iterable[str]) -> dict[str, str]:
    """Return the location that each known client belongs to."""
    rows = await connection.fetch(_QUERIES["locations_of_clients"], provider, sorted(set(clients)))
    return {row["client"]: row["location_id"] for row in rows}


async def location_of_carer(connection: Connection, provider: UUID, carer: str) -> str | None:
    """Return the location that a carer belongs to, None for an unknown carer."""
    location: str | None = await connection.fetchval(_QUERIES["location_of_carer"], provider, carer)
    return location


async def locations(connection: Connection, provider: UUID) -> list[str]:
    """Return the provider's locations."""
    return [row["location_id"] for row in await connection.fetch(_QUERIES["locations"], provider)]


async def locations_waiting(connection: Connection, provider: UUID, raised_before: datetime) -> list[str]:
    """Return the locations with an open missed visit that gets graver because nobody has been in touch since."""
    rows = await connection.fetch(_QUERIES["locations_waiting"], provider, raised_before)
    return [row["location_id"] for row in rows]


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
        [alert.location_id for alert in ordered],
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
    """Find an alert."""
    row = await connection.fetchrow(_QUERIES["alert"], provider, alert_id)
    return None if row is None else Alert(**row)


async def listed(connection: Connection, provider: UUID, state: str | None, limit: int) -> list[Alert]:
    """Return the latest alerts of a state, or of all."""
    return [Alert(**row) for row in await connection.fetch(_QUERIES["listed"], provider, state, limit)]


async def set_levels(connection: Connection, provider: UUID, levels: Mapping[UUID, int]) -> None:
    """Note the level that each alert has now."""
    if levels:
        await connection.execute(_QUERIES["set_levels"], provider, list(levels), list(levels.values()))


async def facts(connection: Connection, provider: UUID, alerts: Collection[UUID]) -> dict[UUID, list[Fact]]:
    """Return the facts of each of these alerts, oldest first."""
    found: dict[UUID, list[Fact]] = {alert_id: [] for alert_id in alerts}
    for row in await connection.fetch(_QUERIES["facts"], provider, list(alerts)):
        found[row["alert_id"]].append(Fact(**row))
    return found


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


async def client_flags(connection: Connection, provider: UUID, clients: Collection[str]) -> dict[str, ClientFlags]:
    """Return what makes a missed visit graver for each known client."""
    rows = await connection.fetch(_QUERIES["clients"], provider, list(clients))
    return {row["client"]: ClientFlags(row["lives_alone"], row["lacks_capacity"]) for row in rows}


async def time_critical(connection: Connection, provider: UUID, visits: Collection[str]) -> frozenset[str]:
    """Return which of these visits were commissioned as time critical."""
    rows = await connection.fetch(_QUERIES["time_critical"], provider, list(visits))
    return frozenset(row["visit"] for row in rows)


async def devices(connection: Connection, device_id: UUID) -> list[Device]:
    """Find devices of any provider by id; needs the intake role, which sees them all."""
    return [
        Device(
            row["provider_id"],
            row["device_id"],
            row["carer"],
            PublicKey.from_jwk(row["public_key"]),
            row["revoked"],
        )
        for row in await connection.fetch(_QUERIES["devices"], device_id)
    ]


def _by_id(rows: Iterable[asyncpg.Record]) -> dict[UUID, Alert]:
    return {row["alert_id"]: Alert(**row) for row in rows}
