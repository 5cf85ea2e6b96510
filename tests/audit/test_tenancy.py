"""Promise 11, for every table of the catalogue that has rows of providers: each sees its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

import asyncpg
import pytest

from ecm.db.pool import Database
from tests.arranging import COUNCIL, OTHER_COUNCIL

ONE, OTHER = UUID(int=1), UUID(int=2)
NAMESPACE = UUID(int=3)
# Looked up before anybody's provider is known, or the list of providers itself.
OPEN_TABLES = {"accounts", "providers"}
# What a council reads of the people it pays for.
FOR_COUNCILS = {
    "acknowledgements",
    "amendment_withdrawals",
    "amendments",
    "check_in_homes",
    "check_ins",
    "clients",
    "commissions",
    "contradictions",
    "planned_visits",
    "signature_failures",
    "visits",
}
TAGS = {
    uuid5(NAMESPACE, tag): tag
    for tag in (f"{one.int} {council}" for one in (ONE, OTHER) for council in (COUNCIL, OTHER_COUNCIL))
}
VALUES = {
    "text": "'{tag}'",
    "uuid": "'{uuid}'",
    "bytea": "'{tag}'",
    "integer": "1",
    "bigint": "1",
    "boolean": "true",
    "date": "'2026-11-20'",
    "timestamp with time zone": "'2026-11-20T08:00Z'",
    "time without time zone": "'08:00'",
    "json": "'{{}}'",
    "jsonb": "'{{}}'",
    "ARRAY": "'{{}}'",
    "double precision": "1",
}


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    identity: bool


async def tables_of_providers(superuser: asyncpg.Connection) -> dict[str, list[Column]]:
    rows = await superuser.fetch(
        """
        SELECT table_name, column_name, data_type, is_identity = 'YES' AS identity
        FROM information_schema.columns
        WHERE table_schema = 'public' AND table_name IN (
            SELECT table_name FROM information_schema.columns
            WHERE table_schema = 'public' AND column_name = 'provider_id'
        )
        ORDER BY table_name, ordinal_position
        """
    )
    tables: dict[str, list[Column]] = {}
    for row in rows:
        if row["table_name"] not in OPEN_TABLES:
            tables.setdefault(row["table_name"], []).append(
                Column(row["column_name"], row["data_type"], row["identity"])
            )
    return tables


def value(column: Column, provider: UUID, council: str) -> str:
    if column.name == "provider_id":
        return f"'{provider}'"
    if column.name == "council_id":
        return f"'{council}'"
    tag = f"{provider.int} {council}"
    return VALUES[column.type].format(tag=tag, uuid=uuid5(NAMESPACE, tag))


def insertion(table: str, columns: list[Column], provider: UUID, council: str) -> str:
    written = [column for column in columns if not column.identity]
    names = ", ".join(column.name for column in written)
    values = ", ".join(value(column, provider, council) for column in written)
    return f"INSERT INTO {table} ({names}) VALUES ({values}) ON CONFLICT DO NOTHING"


@pytest.fixture
async def tables(superuser: asyncpg.Connection) -> Mapping[str, list[Column]]:
    """One row in every table for each of two providers and two councils, with the constraints out of the way."""
    constraints = await superuser.fetch(
        "SELECT conrelid::regclass::text AS held, conname FROM pg_constraint"
        " WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace"
    )
    for row in constraints:
        await superuser.execute(f'ALTER TABLE {row["held"]} DROP CONSTRAINT "{row["conname"]}"')
    found = await tables_of_providers(superuser)
    for table, columns in found.items():
        for provider in (ONE, OTHER):
            for council in (COUNCIL, OTHER_COUNCIL):
                await superuser.execute(insertion(table, columns, provider, council))
    return found


async def test_promise_11_a_provider_sees_all_its_own_rows_and_no_other(tables, database: Database, superuser):
    assert len(tables) > 20
    for table in tables:
        own = await superuser.fetchval(f"SELECT count(*) FROM {table} WHERE provider_id = $1", ONE)
        async with database.transaction("look", provider=ONE) as connection:
            seen = [row["provider_id"] for row in await connection.fetch(f"SELECT provider_id FROM {table}")]
        assert (table, seen) == (table, [ONE] * own)
        assert own > 0


async def test_promise_11_a_provider_writes_no_rows_of_another(tables, database: Database, superuser):
    for table, columns in tables.items():
        if await superuser.fetchval("SELECT has_table_privilege('ecm_service', $1, 'INSERT')", table):
            await superuser.execute(f"DELETE FROM {table} WHERE provider_id = $1", OTHER)
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                async with database.transaction("trespass", provider=ONE) as connection:
                    await connection.execute(insertion(table, columns, OTHER, COUNCIL))


async def test_promise_11_nobody_in_particular_sees_nothing(tables, database: Database):
    for table in tables:
        async with database.transaction("look") as connection:
            assert (table, await connection.fetchval(f"SELECT count(*) FROM {table}")) == (table, 0)


async def test_promise_11_a_council_sees_the_rows_of_its_own_commissions_and_never_coordinates(
    tables, database: Database
):
    seen = {}
    for table, columns in tables.items():
        told = [column.name for column in columns if column.type == "text" and column.name != "council_id"]
        told = told or [column.name for column in columns if column.type == "uuid" and column.name != "provider_id"]
        async with database.transaction("look", council=COUNCIL) as connection:
            rows = await connection.fetch(f"SELECT * FROM {table}")
        if rows:
            seen[table] = {TAGS.get(row[name], row[name]) for row in rows for name in told}
    own = {f"{provider.int} {COUNCIL}" for provider in (ONE, OTHER)}
    assert seen == dict.fromkeys(FOR_COUNCILS, own)


async def test_promise_11_a_council_writes_nothing_of_providers(tables, database: Database, superuser):
    for table, columns in tables.items():
        if await superuser.fetchval("SELECT has_table_privilege('ecm_service', $1, 'INSERT')", table):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                async with database.transaction("trespass", council=COUNCIL) as connection:
                    await connection.execute(insertion(table, columns, UUID(int=9), COUNCIL))
