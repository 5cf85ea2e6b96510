"""What the imports read and write in the database: many rows in one statement, sent as one JSON document."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from ecm.care.domain import (
    Carer,
    Client,
    ColumnMapping,
    Commission,
    ImportKind,
    PlannedBefore,
    RosterVisit,
    StoredImport,
    Uprn,
)
from ecm.care.imports.clients import Position, canonical_shape, position_of
from ecm.care.imports.planner import Plan
from ecm.care.imports.roster import KnownCommission
from ecm.db.pool import Connection
from ecm.db.queries import load_queries
from ecm.words.civil_time import LONDON, london_day

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


async def commission_codes(connection: Connection, provider: UUID) -> frozenset[str]:
    """Find the codes of a provider's commissions."""
    return _codes(await connection.fetch(_QUERIES["commission_codes"], provider))


async def client_branches(connection: Connection, provider: UUID) -> dict[str, str]:
    """Find the codes of a provider's clients, and the branch of each."""
    return {row["client"]: row["branch_id"] for row in await connection.fetch(_QUERIES["client_branches"], provider)}


async def visit_codes(connection: Connection, provider: UUID, clients: Sequence[str]) -> frozenset[str]:
    """Find the codes of the visits planned of these clients."""
    return _codes(await connection.fetch(_QUERIES["visit_codes_of_clients"], provider, clients))


async def some_positions(connection: Connection, provider: UUID) -> list[Position]:
    """Find where some hundreds of a provider's clients live, about."""
    rows = await connection.fetch(_QUERIES["some_fences"], provider)
    found = await asyncio.to_thread(lambda: [position_of(row["shape"]) for row in rows])
    return [position for position in found if position is not None]


async def begun_visits(connection: Connection, provider: UUID, codes: Sequence[str]) -> dict[str, str]:
    """Find which of these visits somebody came to or whose times the office typed, and which of the two it is."""
    return {row["visit"]: row["why"] for row in await connection.fetch(_QUERIES["begun_visits"], provider, codes)}


async def roster_of_days(
    connection: Connection, provider: UUID, branches: Sequence[str], days: set[date]
) -> list[RosterVisit]:
    """Find the visits that stand on these days (in England) for the clients of these branches."""
    if not days:
        return []
    begins = datetime.combine(min(days), time.min, LONDON)
    ends = datetime.combine(max(days) + timedelta(days=1), time.min, LONDON)
    rows = await connection.fetch(_QUERIES["roster_of_days"], provider, branches, begins, ends)
    planned = await asyncio.to_thread(_roster, rows)
    return [visit for visit in planned.values() if london_day(visit.start_at) in days]


async def lock_planned_visit(connection: Connection, provider: UUID, visit: str) -> RosterVisit | None:
    """Find a planned visit, and let nobody change it until the transaction ends."""
    return _roster(await connection.fetch(_QUERIES["lock_planned_visit"], provider, visit)).get(visit)


async def keep_planned_visits(
    connection: Connection,
    provider: UUID,
    visits: Sequence[str],
    change: UUID,
    at: datetime,
    by: str,
    reason: str | None,
) -> None:
    """Keep what is planned of these visits now, before it changes."""
    await connection.execute(_QUERIES["keep_planned_visits"], provider, visits, change, at, by, reason)


async def planned_before(connection: Connection, provider: UUID, visit: str) -> list[PlannedBefore]:
    """Find what was planned of a visit before, the oldest first."""
    rows = await connection.fetch(_QUERIES["planned_visit_versions"], provider, visit)
    return [PlannedBefore(row["changed_at"], row["changed_by"], row["reason"], _planned(row)) for row in rows]


async def import_mappings(connection: Connection, provider: UUID, kind: ImportKind) -> list[tuple[str, ColumnMapping]]:
    """Find what the branches keep of other systems' columns of a kind of file, the newest first."""
    rows = await connection.fetch(_QUERIES["import_mappings"], provider, kind)
    return [
        (row["branch_id"], ColumnMapping(msgspec.json.decode(row["columns"], type=dict[str, str | None]), row["dates"]))
        for row in rows
    ]


async def upsert_import_mapping(
    connection: Connection,
    provider: UUID,
    branch: str,
    kind: ImportKind,
    mapping: ColumnMapping,
    at: datetime,
    by: str,
) -> None:
    """Keep a branch's mapping of a kind of file, over the one before."""
    document = msgspec.json.encode(mapping.columns).decode()
    await connection.execute(_QUERIES["upsert_import_mapping"], provider, branch, kind, document, mapping.dates, at, by)


async def insert_import(connection: Connection, provider: UUID, stored: StoredImport) -> bool:
    """Write an import into the history; False, with nothing written, when what it undoes is undone already."""
    inserted = await connection.fetchval(
        _QUERIES["insert_import"],
        provider,
        stored.import_id,
        stored.kind,
        stored.file_name,
        bytes.fromhex(stored.digest),
        stored.imported_at,
        stored.imported_by,
        stored.new,
        stored.changed,
        stored.unchanged,
        stored.taken_off,
        stored.undoes,
    )
    return inserted is not None


async def insert_import_changes(
    connection: Connection, provider: UUID, import_id: UUID, plan: Plan[Any], unkept: frozenset[str]
) -> None:
    """Write into the history what an import changes, each record before and after."""
    pairs = [(None, each) for each in plan.new] + [(each.old, each.new) for each in (*plan.changed, *plan.taken_off)]
    for start in range(0, len(pairs), _AT_ONCE):
        document = await asyncio.to_thread(_changes_as_json, pairs[start : start + _AT_ONCE], unkept)
        await connection.execute(_QUERIES["insert_import_changes"], provider, import_id, document)


async def imports(connection: Connection, provider: UUID, limit: int, skip: int) -> tuple[list[StoredImport], int]:
    """Find imports that were stored, the newest first, and how many there are."""
    rows = await connection.fetch(_QUERIES["imports"], provider, limit, skip)
    return [StoredImport(*row) for row in rows], await connection.fetchval(_QUERIES["count_imports"], provider)


async def import_of(connection: Connection, provider: UUID, import_id: UUID) -> StoredImport | None:
    """Find an import that was stored."""
    row = await connection.fetchrow(_QUERIES["import_of"], provider, import_id)
    return None if row is None else StoredImport(*row)


async def undone_by(connection: Connection, provider: UUID, import_id: UUID) -> UUID | None:
    """Find the import that took another one back."""
    found: UUID | None = await connection.fetchval(_QUERIES["undone_by"], provider, import_id)
    return found


async def import_changes(
    connection: Connection, provider: UUID, import_id: UUID
) -> dict[str, tuple[dict[str, Any] | None, dict[str, Any]]]:
    """Find what an import changed: by code the members of the record before (None for a new one) and after."""
    rows = await connection.fetch(_QUERIES["import_changes"], provider, import_id)
    return {
        row["code"]: (
            None if row["before"] is None else msgspec.json.decode(row["before"]),
            msgspec.json.decode(row["after"]),
        )
        for row in rows
    }


def kept_members(record: msgspec.Struct, unkept: frozenset[str]) -> dict[str, Any]:
    """Return the members of a record that the history keeps, as JSON has them."""
    members: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(record))
    return {name: value for name, value in members.items() if name not in unkept}


def _changes_as_json(pairs: Sequence[tuple[msgspec.Struct | None, msgspec.Struct]], unkept: frozenset[str]) -> str:
    rows = [
        {
            "code": (kept := kept_members(after, unkept))["code"],
            "before": None if before is None else kept_members(before, unkept),
            "after": kept,
        }
        for before, after in pairs
    ]
    return msgspec.json.encode(rows).decode()


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
    return {row["visit"]: _planned(row) for row in rows}


def _planned(row: asyncpg.Record) -> RosterVisit:
    return RosterVisit(
        code=row["visit"],
        client=row["client"],
        commission=row["commission"],
        start_at=row["start_at"],
        minutes=row["minutes"],
        carers=tuple(row["carers"]),
        carers_needed=row["carers_needed"],
        cancelled=row["cancelled"],
    )
