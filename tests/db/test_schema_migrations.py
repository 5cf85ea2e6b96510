"""Migrations: applied once, in order, by whoever starts first; history is never edited."""

import asyncio
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from ecm.db.dump_schema import SCHEMA_FILE, dump_schema
from ecm.db.errors import DatabaseUnavailable, MigrationRefused
from ecm.db.migrations import migrate, read_migrations

_NOW = datetime(2026, 11, 20, 8, 0, tzinfo=UTC)
_numbers = count(1)


@pytest.fixture
def folder(tmp_path):
    tmp_path.joinpath("0001_start.sql").write_text("CREATE TABLE kept (id integer PRIMARY KEY);")
    tmp_path.joinpath("0002_more.sql").write_text("INSERT INTO kept VALUES (1);")
    return tmp_path


@pytest_asyncio.fixture
async def bare_database(server):
    """The name of a database without any schema."""
    name = f"bare_{next(_numbers)}"
    await server.ensure_database(name)
    return name


@pytest.fixture
def bare_url(server, bare_database):
    return server.urls(bare_database).migration


async def _value(url: str, query: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def test_pending_migrations_are_applied_in_order_and_only_once(bare_url, folder):
    migrations = await asyncio.to_thread(read_migrations, folder)
    assert [applied.version for applied in await migrate(bare_url, applied_at=_NOW, migrations=migrations)] == [1, 2]
    assert await migrate(bare_url, applied_at=_NOW, migrations=migrations) == ()
    assert await _value(bare_url, "SELECT count(*) FROM kept") == 1
    assert await _value(bare_url, "SELECT max(applied_at) FROM schema_migrations") == _NOW


async def test_several_starters_at_once_apply_each_migration_once(bare_url, folder):
    migrations = await asyncio.to_thread(read_migrations, folder)
    starters = [migrate(bare_url, applied_at=_NOW, migrations=migrations) for _ in range(4)]
    applied = [len(found) for found in await asyncio.gather(*starters)]
    assert sorted(applied) == [0, 0, 0, 2]
    assert await _value(bare_url, "SELECT count(*) FROM kept") == 1


async def test_starters_of_two_databases_of_one_server_may_make_the_roles_at_once(server, folder):
    migrations = await asyncio.to_thread(read_migrations, folder)
    for name in ("both_a", "both_b"):
        await server.ensure_database(name)
    urls = [server.urls(name).migration for name in ("both_a", "both_b")]
    applied = await asyncio.gather(*(migrate(url, applied_at=_NOW, migrations=migrations) for url in urls))
    assert applied == [tuple(migrations)] * 2


@pytest.mark.parametrize(
    ("file", "text", "complaint"),
    [
        ("0001_start.sql", "CREATE TABLE kept (id bigint PRIMARY KEY);", "0001_start is not what was applied"),
        ("0002_more.sql", "INSERT INTO kept VALUES (2);", "0002_more is not what was applied"),
    ],
)
async def test_an_edited_history_is_refused(bare_url, folder, file, text, complaint):
    await migrate(bare_url, applied_at=_NOW, migrations=await asyncio.to_thread(read_migrations, folder))
    await asyncio.to_thread(folder.joinpath(file).write_text, text)
    edited = await asyncio.to_thread(read_migrations, folder)
    with pytest.raises(MigrationRefused, match=complaint):
        await migrate(bare_url, applied_at=_NOW, migrations=edited)


async def test_a_database_newer_than_the_service_is_refused(bare_url, folder):
    migrations = await asyncio.to_thread(read_migrations, folder)
    await migrate(bare_url, applied_at=_NOW, migrations=migrations)
    with pytest.raises(MigrationRefused, match="0002_more, which this service does not"):
        await migrate(bare_url, applied_at=_NOW, migrations=migrations[:1])


async def test_a_failing_migration_leaves_nothing_of_itself_and_all_before_it(bare_url, folder):
    await asyncio.to_thread(folder.joinpath("0003_bad.sql").write_text, "CREATE TABLE half (); SELECT 1/0;")
    migrations = await asyncio.to_thread(read_migrations, folder)
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(bare_url, applied_at=_NOW, migrations=migrations)
    assert await _value(bare_url, "SELECT max(version) FROM schema_migrations") == 2
    assert await _value(bare_url, "SELECT to_regclass('half')") is None


async def test_a_migration_runs_as_the_owner_and_does_not_wait_long_for_locks(bare_url, folder):
    look = "CREATE TABLE seen AS SELECT current_user::text AS role, current_setting('lock_timeout') AS patience;"
    await asyncio.to_thread(folder.joinpath("0003_look.sql").write_text, look)
    await migrate(bare_url, applied_at=_NOW, migrations=await asyncio.to_thread(read_migrations, folder))
    assert await _value(bare_url, "SELECT role || ' ' || patience FROM seen") == "ecm_owner 5s"
    assert await _value(bare_url, "SELECT count(*) FROM pg_tables WHERE tableowner = 'ecm_owner'") == 3


async def test_a_login_that_is_no_superuser_can_migrate_and_then_set_the_roles(server, folder):
    migrations = await asyncio.to_thread(read_migrations, folder)
    administrator = await asyncpg.connect(server.dsn())
    await administrator.execute("CREATE ROLE landlord LOGIN CREATEROLE")
    await administrator.execute("CREATE DATABASE let OWNER landlord")
    for role in ("ecm_owner", "ecm_service", "ecm_intake"):
        await administrator.execute(f"GRANT {role} TO landlord WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
    await administrator.close()
    url = server.dsn("landlord", "let")
    assert len(await migrate(url, applied_at=_NOW, migrations=migrations)) == 2
    connection = await asyncpg.connect(url, server_settings={"role": "ecm_intake"})
    assert await connection.fetchval("SELECT current_user") == "ecm_intake"
    await connection.close()


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"1_start.sql": "SELECT 1;"}, "not named NNNN_name.sql"),
        ({"0001_start.sql": "SELECT 1;", "0003_gap.sql": "SELECT 1;"}, "migration 0002 is missing"),
        ({"0001_a.sql": "SELECT 1;", "0001_b.sql": "SELECT 1;"}, "migration 0002 is missing or there twice"),
        ({"0001_start.sql": "SELECT 1;\ncommit;\nSELECT 2;"}, "begins or ends a transaction"),
        ({"0001_start.sql": "  Start  Transaction;"}, "begins or ends a transaction"),
    ],
)
def test_a_misnamed_or_transacting_migration_file_is_refused(tmp_path, files, complaint):
    for name, text in files.items():
        tmp_path.joinpath(name).write_text(text)
    with pytest.raises(MigrationRefused, match=complaint):
        read_migrations(tmp_path)


async def test_an_unreachable_database_is_said_to_be_unavailable(tmp_path):
    with pytest.raises(DatabaseUnavailable):
        await migrate(f"postgresql://nobody@/none?host={tmp_path}", applied_at=_NOW, migrations=())


async def test_events_told_by_a_subject_before_are_found_under_the_name_of_the_one_that_tells_them_now(bare_url):
    migrations = await asyncio.to_thread(read_migrations)
    await migrate(bare_url, applied_at=_NOW, migrations=migrations[:2])
    before = [
        "accounts:device:enrolled",
        "accounts:device:revoked",
        "accounts:enrolment:offered",
        "audit:locations:purged",
        "care:tag:stored",
    ]
    connection = await asyncpg.connect(bare_url)
    await connection.executemany(
        "INSERT INTO audit_events VALUES ($1, $1, $2, $3, 'office', 'a subject', '{}')",
        [(uuid4(), _NOW, tag) for tag in before],
    )
    await migrate(bare_url, applied_at=_NOW, migrations=migrations)
    rows = await connection.fetch("SELECT tag FROM audit_events ORDER BY tag")
    await connection.close()
    assert [row["tag"] for row in rows] == [
        "care:tag:stored",
        "intake:locations:purged",
        "phones:enrolment:offered",
        "phones:phone:enrolled",
        "phones:phone:revoked",
    ]


async def test_the_schema_file_is_the_sum_of_the_migrations(database_urls):
    assert await dump_schema(database_urls.migration) == await asyncio.to_thread(SCHEMA_FILE.read_text)
