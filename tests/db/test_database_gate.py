"""The gate: named transactions, whose rows they see, what their failures are called, and what it refuses."""

import asyncio
from uuid import UUID, uuid4

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from ecm.db.embedded.server import EmbeddedServer
from ecm.db.errors import (
    ConstraintViolated,
    DatabaseUnavailable,
    StatementTimedOut,
    TransactionConflicted,
    UnsafeDatabase,
)
from ecm.db.pool import DatabaseUrls, check_durability, open_database

_PROVIDERS = (UUID(int=1), UUID(int=2))
_SETTINGS = "SELECT current_setting('ecm.provider_id', true) || '/' || current_setting('ecm.council_id', true)"
_BRANCH = "INSERT INTO branches VALUES ($1, $2, 'Branch', '1-000000001', '1-000000002')"


@pytest.fixture
async def two_providers(superuser):
    """Two providers with a branch each."""
    for provider in _PROVIDERS:
        await superuser.execute("INSERT INTO providers VALUES ($1, 'Provider', '2026-01-01T00:00Z')", provider)
        await superuser.execute(_BRANCH, provider, "L1")
    return _PROVIDERS


async def test_promise_1_a_transaction_left_without_error_is_committed(database, superuser, two_providers):
    async with database.transaction("add_branch", provider=_PROVIDERS[0]) as connection:
        await connection.execute(_BRANCH, _PROVIDERS[0], "L2")
    assert await superuser.fetchval("SELECT count(*) FROM branches") == 3


async def test_a_transaction_left_with_an_error_did_nothing(database, superuser, two_providers):
    async def add_branch_and_fail() -> None:
        async with database.transaction("add_branch", provider=_PROVIDERS[0]) as connection:
            await connection.execute(_BRANCH, _PROVIDERS[0], "L2")
            raise LookupError

    with pytest.raises(LookupError):
        await add_branch_and_fail()
    assert await superuser.fetchval("SELECT count(*) FROM branches") == 2


async def test_promise_11_a_transaction_sees_the_rows_of_its_provider_only(database, two_providers):
    for provider in _PROVIDERS:
        async with database.transaction("look", provider=provider) as connection:
            assert await connection.fetch("SELECT provider_id FROM branches") == [(provider,)]
    async with database.transaction("look") as connection:
        assert await connection.fetch("SELECT provider_id FROM branches") == []


async def test_promise_11_a_transaction_cannot_write_rows_of_another_provider(database, two_providers):
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        async with database.transaction("add_branch", provider=_PROVIDERS[0]) as connection:
            await connection.execute(_BRANCH, _PROVIDERS[1], "L2")


async def test_promise_11_nothing_of_a_transactions_scope_stays_on_its_connection(database_urls):
    async with open_database(database_urls, service_connections=1) as database:
        async with database.transaction("one", provider=_PROVIDERS[0]) as connection:
            assert await connection.fetchval(_SETTINGS) == f"{_PROVIDERS[0]}/"
        async with database.transaction("two", council="E10000015") as connection:
            assert await connection.fetchval(_SETTINGS) == "/E10000015"
        async with database.transaction("three") as connection:
            assert await connection.fetchval(_SETTINGS) == "/"


@pytest.mark.parametrize(
    "scope",
    [
        {"council": "E10000015'; DROP TABLE visits; --"},
        {"council": "E10000015\n"},
        {"council": ""},
        {"provider": "' OR true --"},
        {"provider": uuid4(), "council": "E10000015"},
    ],
)
async def test_promise_11_a_scope_that_is_no_uuid_or_ons_code_never_reaches_the_server(database, scope):
    with pytest.raises(ValueError, match=r"UUID|council"):
        async with database.transaction("look", **scope):
            pytest.fail("the transaction began")


async def test_each_role_connects_as_itself_in_utc(database):
    for role in ("service", "intake"):
        async with database.transaction("look", role=role) as connection:
            assert await connection.fetchval("SELECT current_user::text") == f"ecm_{role}"
            assert await connection.fetchval("SHOW timezone") == "UTC"
            assert await connection.fetchval("SHOW application_name") == "ecm"


async def test_a_broken_constraint_is_told_by_its_name(database, two_providers):
    with pytest.raises(ConstraintViolated) as caught:
        async with database.transaction("add_branch", provider=_PROVIDERS[0]) as connection:
            await connection.execute(_BRANCH, _PROVIDERS[0], "L1")
    assert (caught.value.name, caught.value.kind) == ("branches_pkey", "unique")
    with pytest.raises(ConstraintViolated) as caught:
        async with database.transaction("add_branch", provider=_PROVIDERS[0]) as connection:
            await connection.execute("INSERT INTO branches (provider_id, branch_id) VALUES ($1, 'L9')", _PROVIDERS[0])
    assert (caught.value.name, caught.value.kind) == ("branches.name", "not_null")


async def test_a_statement_that_takes_too_long_is_told_as_such(database):
    with pytest.raises(StatementTimedOut):
        async with database.transaction("wait", timeout_seconds=0.02) as connection:
            await connection.execute("SELECT pg_sleep(30)")


async def test_a_read_only_transaction_cannot_write(database, two_providers):
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        async with database.transaction("look", provider=_PROVIDERS[0], read_only=True) as connection:
            await connection.execute(_BRANCH, _PROVIDERS[0], "L2")


async def test_work_that_lost_against_another_transaction_is_done_again(database, superuser, two_providers):
    tries: list[str] = []

    async def rename():
        async with database.transaction("rename", provider=_PROVIDERS[0], isolation="serializable") as connection:
            name = await connection.fetchval("SELECT name FROM branches")
            if not tries:
                await superuser.execute("UPDATE branches SET name = 'Renamed'")
            tries.append(name)
            await connection.execute("UPDATE branches SET name = name || '!'")

    await database.retrying(rename)
    assert tries == ["Branch", "Renamed"]


async def test_retrying_gives_up_with_the_last_error_when_time_is_up(database):
    async def lose():
        raise TransactionConflicted("lost again")

    with pytest.raises(TransactionConflicted, match="lost again"):
        await database.retrying(lose, within_seconds=0.05)


async def test_transactions_are_measured_by_name_and_outcome(database):
    registry = CollectorRegistry()
    database.observe(registry)
    async with database.transaction("look"):
        pass
    with pytest.raises(LookupError):
        async with database.transaction("look"):
            raise LookupError
    for outcome in ("committed", "rolled_back"):
        labels = {"name": "look", "outcome": outcome}
        assert registry.get_sample_value("ecm_transaction_seconds_count", labels) == 1


async def test_a_direct_connection_keeps_a_session_lock_from_others(database):
    lock = "SELECT pg_try_advisory_lock(7)"
    async with database.direct("watcher") as first, database.direct("watcher") as second:
        assert await first.fetchval(lock)
        assert not await second.fetchval(lock)


async def test_the_gate_says_unavailable_while_the_server_is_away_and_works_when_it_is_back(server_folder):
    async with EmbeddedServer(server_folder / "away") as server:
        await _make_roles(server)
        async with open_database(server.urls("postgres")) as database:
            await server.kill()
            for _ in range(2):
                with pytest.raises(DatabaseUnavailable):
                    async with database.transaction("look"):
                        pytest.fail("the transaction began")
            restarting = asyncio.create_task(server.supervise())

            async def look():
                async with database.transaction("look") as connection:
                    return await connection.fetchval("SELECT 1")

            assert await database.retrying(look, within_seconds=60) == 1
            restarting.cancel()


async def test_a_connection_lost_in_the_middle_did_nothing_and_one_lost_in_commit_is_unknown(database, superuser):
    async def lose_connection(*more_work: str) -> None:
        async with database.transaction("look") as connection:
            await superuser.execute("SELECT pg_terminate_backend($1)", connection.get_server_pid())
            for statement in more_work:
                await connection.execute(statement)

    with pytest.raises(DatabaseUnavailable) as caught:
        await lose_connection("SELECT 1")
    assert not caught.value.outcome_unknown
    with pytest.raises(DatabaseUnavailable) as caught:
        await lose_connection()
    assert caught.value.outcome_unknown


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
async def test_promise_1_a_server_that_may_lose_a_commit_is_refused(server_folder, setting):
    async with EmbeddedServer(server_folder / f"unsafe-{setting}", settings={setting: "off"}) as server:
        await _make_roles(server)
        with pytest.raises(UnsafeDatabase, match=f"{setting} is off"):
            async with open_database(server.urls("postgres")):
                pytest.fail("the service would have served")


@pytest.mark.parametrize(
    ("arrange", "complaint"),
    [
        ("ALTER ROLE {role} SUPERUSER", "is a superuser"),
        ("ALTER ROLE {role} BYPASSRLS", "may bypass row-level security"),
        ("CREATE TABLE mine (); ALTER TABLE mine OWNER TO {role}", "owns objects"),
        ("GRANT ecm_owner TO {role}", "owns objects"),
    ],
)
async def test_promise_11_a_role_that_row_policies_do_not_bind_is_refused(server, superuser, arrange, complaint):
    role = f"unbound_{uuid4().hex}"
    await superuser.execute(f"CREATE ROLE {role} LOGIN")
    await superuser.execute(arrange.format(role=role))
    database = await superuser.fetchval("SELECT current_database()")
    connection = await asyncpg.connect(server.dsn(role, database))
    with pytest.raises(UnsafeDatabase, match=complaint):
        await check_durability(connection)
    await connection.close()


async def test_a_missing_database_is_said_to_be_unavailable(server):
    with pytest.raises(DatabaseUnavailable, match="nowhere"):
        async with open_database(server.urls("nowhere")):
            pytest.fail("it opened")


async def test_one_login_may_serve_all_roles(server, database_urls):
    async with (
        open_database(DatabaseUrls.same(database_urls.migration)) as database,
        database.transaction("look", role="intake") as connection,
    ):
        assert await connection.fetchval("SELECT current_user::text") == "ecm_intake"


async def _make_roles(server: EmbeddedServer) -> None:
    connection = await asyncpg.connect(server.dsn())
    await connection.execute("CREATE ROLE ecm_service LOGIN; CREATE ROLE ecm_intake LOGIN")
    await connection.close()
