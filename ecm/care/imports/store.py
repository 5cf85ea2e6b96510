"""What the imports read and write in the database: many rows in one statement, sent as one JSON document."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from ecm.care.domain import Carer, Client, Commission, RosterVisit, Uprn
from ecm.care.imports.clients import Position, canonical_shape
from ecm.care.imports.roster import KnownCommission
from ecm.db.pool import Connection
from ecm.db.queries import load_queries

# Large enough that a statement's own cost is small beside its rows, small enough that decoding one answer holds the
# event loop for a few milliseconds only.
_AT_ONCE: Final = 2_000

_QUERIES = load_queries("ecm.care")


async def branch_codes(connection: Connection, provider: UUID) -> frozenset[str]:
    """Find the codes of a provider's branches."""
    return _codes(await connection.fetch(_QUERIES["branch_codes"], provider))


async def carer_codes(connection: Connection, provider: UUID) -> frozenset[str]:
    """Find the codes of a provider's carers."""
    return _codes(await connection.fetch(_QUERIES["carer_codes"], provider))


async def client_codes(connection: Connection, provider: UUID) -> frozenset[str]:
    """Find the codes of a provider's clients."""
    return _codes(await connection.fetch(_QUERIES["client_codes"], provider))


async def council_codes(connection: Connection) -> frozenset[str]:
    """Find the codes of all councils."""
    return _codes(await connection.fetch(_QUERIES["council_codes"]))


async def contract_codes(connection: Connection) -> frozenset[tuple[str, str]]:
    """Find (council, contract) for every contract."""
    rows = await connection.fetch(_QUERIES["contract_codes"])
    return frozenset((row["council_id"], row["contract"]) for row in rows)


async def commissions(connection: Connection, provider: UUID) -> dict[str, KnownCommission]:
    """Find a provider's commissions by their codes."""
    rows = await connection.fetch(_QUERIES["commission_clients"], provider)
    return {row["commission"]: KnownCommission(row["client"], row["carers"]) for row in rows}


async def uprn_positions(connection: Connection, uprns: Sequence[str]) -> dict[str, Position]:
    """Find where these UPRNs are, as far as they were imported."""
    found = await stored_uprns(connection, uprns)
    return {code: Position(uprn.latitude, uprn.longitude) for code, uprn in found.items()}


async def stored_carers(connection: Connection, provider: UUID, codes: Sequence[str]) -> dict[str, Carer]:
    """Find the carers of these codes."""
    found: dict[str, Carer] = {}
    async for rows in _chunks(connection, "stored_carers", provider, codes=codes):
        found |= {row["carer"]: Carer(*row) for row in rows}
    return found


async def stored_clients(connection: Connection, provider: UUID, codes: Sequence[str]) -> dict[str, Client]:
    """Find the clients of these codes, with their identities and fences."""
    found: dict[str, Client] = {}
    async for rows in _chunks(connection, "stored_clients", provider, codes=codes):
        found |= await asyncio.to_thread(_clients, rows)
    return found


async def stored_commissions(connection: Connection, provider: UUID, codes: Sequence[str]) -> dict[str, Commission]:
    """Find the commissions of these codes."""
    found: dict[str, Commission] = {}
    async for rows in _chunks(connection, "stored_commissions", provider, codes=codes):
        found |= {row["commission"]: Commission(*row) for row in rows}
    return found


async def stored_roster(connection: Connection, provider: UUID, codes: Sequence[str]) -> dict[str, RosterVisit]:
    """Find the planned visits of these codes."""
    found: dict[str, RosterVisit] = {}
    async for rows in _chunks(connection, "stored_roster", provider, codes=codes):
        found |= await asyncio.to_thread(_roster, rows)
    return found


async def stored_uprns(connection: Connection, codes: Sequence[str]) -> dict[str, Uprn]:
    """Find the addresses of these UPRNs."""
    found: dict[str, Uprn] = {}
    async for rows in _chunks(connection, "stored_uprns", codes=codes):
        found |= {row["uprn"]: Uprn(*row) for row in rows}
    return found


async def upsert_carers(connection: Connection, provider: UUID, carers: Sequence[Carer]) -> None:
    """Write carers, over those of the same codes."""
    await _upsert(connection, ("upsert_carers",), carers, provider)


async def upsert_clients(connection: Connection, provider: UUID, clients: Sequence[Client]) -> None:
    """Write clients, their identities and their fences, over those of the same codes."""
    await _upsert(connection, ("upsert_clients", "upsert_client_identities", "upsert_fences"), clients, provider)


async def upsert_commissions(connection: Connection, provider: UUID, commissions: Sequence[Commission]) -> None:
    """Write commissions, over those of the same codes."""
    await _upsert(connection, ("upsert_commissions",), commissions, provider)


async def upsert_roster(connection: Connection, provider: UUID, visits: Sequence[RosterVisit]) -> None:
    """Write planned visits, over those of the same codes."""
    await _upsert(connection, ("upsert_roster",), visits, provider)


async def upsert_uprns(connection: Connection, uprns: Sequence[Uprn]) -> None:
    """Write addresses, over those of the same UPRNs."""
    await _upsert(connection, ("upsert_uprns",), uprns)


async def _chunks(
    connection: Connection, query: str, *arguments: UUID, codes: Sequence[str]
) -> AsyncIterator[list[asyncpg.Record]]:
    for start in range(0, len(codes), _AT_ONCE):
        yield await connection.fetch(_QUERIES[query], *arguments, codes[start : start + _AT_ONCE])


async def _upsert(
    connection: Connection, queries: Sequence[str], records: Sequence[msgspec.Struct], *arguments: UUID
) -> None:
    for start in range(0, len(records), _AT_ONCE):
        document = await asyncio.to_thread(_as_json, records[start : start + _AT_ONCE])
        for query in queries:
            await connection.execute(_QUERIES[query], *arguments, document)


def _as_json(records: Sequence[msgspec.Struct]) -> str:
    return msgspec.json.encode(records).decode()


def _codes(rows: Sequence[asyncpg.Record]) -> frozenset[str]:
    return frozenset(row["code"] for row in rows)


def _clients(rows: Sequence[asyncpg.Record]) -> dict[str, Client]:
    return {
        row["client"]: Client(
            code=row["client"],
            branch=row["branch_id"],
            council=row["council_id"],
            council_reference=row["council_reference"],
            lives_alone=row["lives_alone"],
            lacks_capacity=row["lacks_capacity"],
            name=row["name"],
            address=row["address"],
            postcode=row["postcode"],
            uprn=row["uprn"],
            fence=canonical_shape(row["shape"]) if row["shape"] else "",
        )
        for row in rows
    }


def _roster(rows: Sequence[asyncpg.Record]) -> dict[str, RosterVisit]:
    return {
        row["visit"]: RosterVisit(
            code=row["visit"],
            client=row["client"],
            commission=row["commission"],
            start_at=row["start_at"],
            minutes=row["minutes"],
            carers=tuple(row["carers"]),
            carers_needed=row["carers_needed"],
            cancelled=row["cancelled"],
        )
        for row in rows
    }
