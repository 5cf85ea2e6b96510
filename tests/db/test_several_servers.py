"""Several servers in one URL: the one that takes writes is found, and found again when it is another."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import asyncpg
import pytest

from ecm.db import pool, servers
from ecm.db.embedded.server import EmbeddedServer
from ecm.db.errors import DatabaseUnavailable
from ecm.db.migrations import migrate
from ecm.db.pool import Database, DatabaseUrls, Role, open_database
from ecm.db.servers import Servers, addresses

_READ_ONLY = "ALTER DATABASE {} SET default_transaction_read_only = on"
_READ_WRITE = "ALTER DATABASE {} RESET default_transaction_read_only"
_DROP_THE_OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
_WAITS_FOR_STANDBY = " WHERE wait_event = 'SyncRep'"
_COUNCIL = "INSERT INTO councils VALUES ('E10000015', 'Hertfordshire')"


@pytest.fixture
async def lonely_primary(server_folder):
    """A server that waits for a standby it does not have, and a table of things."""
    settings = {"synchronous_standby_names": "nobody"}
    async with EmbeddedServer(server_folder / "lonely-primary", settings=settings) as server:
        await _administer(
            server,
            "SET synchronous_commit = local",
            "DROP TABLE IF EXISTS things; DROP ROLE IF EXISTS ecm_service, ecm_intake; CREATE TABLE things (thing int)",
            "CREATE ROLE ecm_service LOGIN; CREATE ROLE ecm_intake LOGIN",
            "GRANT INSERT ON things TO ecm_service, ecm_intake",
        )
        yield server
        await server.kill()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://one/ecm", [("one", None)]),
        ("postgresql://ecm:a%40b@one:5432,two:5433,three/ecm?x=y", [("one", 5432), ("two", 5433), ("three", None)]),
        ("postgresql://ecm@[::1]:5432,[fe80::2]/ecm", [("::1", 5432), ("fe80::2", None)]),
        ("postgresql://ecm@/ecm?host=%2Frun%2Fa,two&port=5432,5433", [("/run/a", 5432), ("two", 5433)]),
        ("postgresql://ecm@/ecm?host=one,two&port=5432", [("one", 5432), ("two", 5432)]),
        ("postgresql:///ecm", []),
    ],
)
def test_a_url_may_name_several_servers(url, expected):
    assert list(addresses(url)) == expected


def test_a_url_with_more_ports_than_hosts_is_refused():
    with pytest.raises(DatabaseUnavailable, match="2 hosts and 3 ports"):
        Servers("postgresql://ecm@/ecm?host=one,two&port=1,2,3")


async def test_a_server_that_is_down_is_passed_over(server_folder):
    async with _server(server_folder / "beside-a-dead-one") as (_, port):
        urls = DatabaseUrls.same(_url(_free_port(), port))
        await migrate(urls.migration, applied_at=datetime(2026, 1, 1, tzinfo=UTC))
        async with open_database(urls) as database, database.direct("watcher") as direct:
            async with database.transaction("write") as connection:
                await connection.execute(_COUNCIL)
            assert await direct.fetchval("SELECT name FROM councils") == "Hertfordshire"


async def test_a_server_that_says_nothing_is_passed_over_and_not_asked_first_again(server_folder, monkeypatch):
    monkeypatch.setattr(servers, "_EACH_SERVER_SECONDS", 0.5)
    callers = []
    async with (
        _server(server_folder / "beside-a-silent-one") as (_, port),
        await asyncio.start_server(lambda *caller: callers.append(caller), "127.0.0.1") as silent,
    ):
        several = Servers(_url(silent.sockets[0].getsockname()[1], port))
        for _ in range(3):
            await (await several.connect()).close()
        for _, writer in callers:
            writer.close()
    assert len(callers) == 1


async def test_servers_of_which_none_takes_writes_are_not_asked_for_every_caller(monkeypatch):
    callers = []

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(writer.get_extra_info("sockname"))
        writer.close()

    async def connect_in_vain() -> None:
        with pytest.raises(DatabaseUnavailable, match="no connection"):
            await several.connect()

    monkeypatch.setattr(servers, "_REST_SECONDS", 60.0)
    async with (
        await asyncio.start_server(refuse, "127.0.0.1") as one,
        await asyncio.start_server(refuse, "127.0.0.1") as two,
    ):
        several = Servers(_url(*(each.sockets[0].getsockname()[1] for each in (one, two))))
        await connect_in_vain()
        asked = len(callers)
        assert len(set(callers)) == 2
        await connect_in_vain()
        assert len(callers) == asked
        several._ask_again_at = asyncio.get_running_loop().time()
        await connect_in_vain()
        assert len(callers) == 2 * asked


async def test_the_next_server_is_taken_when_the_first_takes_writes_no_longer(server_folder):
    async with _server(server_folder / "first") as (first, one), _server(server_folder / "second") as (second, two):
        for server in (first, second):
            await migrate(server.dsn(), applied_at=datetime(2026, 1, 1, tzinfo=UTC))
        async with open_database(DatabaseUrls.same(_url(one, two))) as database:

            async def where() -> object:
                async with database.transaction("look", role="intake") as connection:
                    return await connection.fetchval("SHOW port")

            async with database.direct("watcher") as direct:
                assert (await where(), await direct.fetchval("SHOW port")) == (str(one), str(one))
                await _administer(first, _READ_ONLY.format("postgres"), _DROP_THE_OTHERS)
            assert await database.retrying(where) == str(two)
            async with database.direct("watcher") as direct:
                assert await direct.fetchval("SHOW port") == str(two)


async def test_a_connection_whose_server_takes_writes_no_longer_is_dropped(database_urls, superuser):
    name = await superuser.fetchval("SELECT current_database()")

    async def write() -> None:
        async with database.transaction("write") as connection:
            await connection.execute(_COUNCIL)

    async with open_database(database_urls, service_connections=1) as database:
        async with database.transaction("be_demoted") as connection:
            await connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
        await superuser.execute(_READ_ONLY.format(name))
        with pytest.raises(DatabaseUnavailable, match="read-only"):
            await write()
        with pytest.raises(DatabaseUnavailable, match="takes no writes"):
            await write()
        with pytest.raises(DatabaseUnavailable, match="takes no writes"):
            async with database.direct("watcher"):
                pytest.fail("it connected")
        await superuser.execute(_READ_WRITE.format(name))
        await write()
    assert await superuser.fetchval("SELECT count(*) FROM councils") == 1


async def test_intake_waits_so_long_for_a_server_that_is_frozen_and_no_longer(database_urls, monkeypatch):
    patience = 1.5
    monkeypatch.setitem(pool._SILENCE_SECONDS, "intake", patience)
    clock = asyncio.get_running_loop().time

    async def freeze_and(*more_work: str) -> None:
        async with database.transaction("look", role="intake") as connection:
            frozen.append(connection.get_server_pid())
            os.kill(frozen[-1], signal.SIGSTOP)
            for statement in more_work:
                await connection.execute(statement)

    frozen: list[int] = []
    async with open_database(database_urls) as database:
        for more_work in (["SELECT 1"], []):
            began = clock()
            with pytest.raises(DatabaseUnavailable) as caught:
                await freeze_and(*more_work)
            assert clock() - began < 2 * patience, "it waited for an answer to ROLLBACK too"
            os.kill(frozen[-1], signal.SIGCONT)
            assert caught.value.outcome_unknown is not bool(more_work)
            async with database.transaction("look", role="intake") as connection:
                assert connection.get_server_pid() not in frozen


async def test_promise_1_a_commit_that_no_standby_confirmed_is_not_told_as_done(lonely_primary):
    async with open_database(lonely_primary.urls("postgres")) as database:
        writing = asyncio.create_task(_write_thing(database, "service"))
        assert await _when(lonely_primary, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity" + _WAITS_FOR_STANDBY)
        with pytest.raises(DatabaseUnavailable, match="standby") as caught:
            await writing
        assert caught.value.outcome_unknown


async def test_intake_gives_up_on_standbys_without_making_visible_what_none_has_confirmed(lonely_primary, monkeypatch):
    monkeypatch.setitem(pool._SILENCE_SECONDS, "intake", 0.5)
    async with open_database(lonely_primary.urls("postgres")) as database:
        with pytest.raises(DatabaseUnavailable) as caught:
            await _write_thing(database, "intake")
        assert caught.value.outcome_unknown
        assert await _when(lonely_primary, "SELECT true FROM pg_stat_activity" + _WAITS_FOR_STANDBY)
        assert await _when(lonely_primary, "SELECT count(*) = 0 FROM things")


async def test_a_connection_to_another_machine_ends_when_that_machine_falls_silent(server_folder):
    async with _server(server_folder / "over-tcp") as (server, _):
        connection = await Servers(server.dsn(over_tcp=True)).connect()
        peer = cast("Any", connection)._transport.get_extra_info("socket")
        assert peer.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
        await connection.close()


@asynccontextmanager
async def _server(folder: Path) -> AsyncIterator[tuple[EmbeddedServer, int]]:
    """A server of its own on 127.0.0.1, and its port."""
    port = _free_port()
    async with EmbeddedServer(folder, tcp_port=port) as server:
        yield server, port


def _url(*ports: int) -> str:
    return f"postgresql://postgres@{','.join(f'127.0.0.1:{port}' for port in ports)}/postgres"


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def _write_thing(database: Database, role: Role) -> None:
    async with database.transaction("write", role=role) as connection:
        await connection.execute("INSERT INTO things VALUES (1)")


async def _when(server: EmbeddedServer, question: str) -> object:
    """The first answer to a question that may have none yet."""
    connection = await asyncpg.connect(server.dsn())
    try:
        async with asyncio.timeout(20):
            while (answer := await connection.fetchval(question)) is None:
                await asyncio.sleep(0.01)
        return answer
    finally:
        await connection.close()


async def _administer(server: EmbeddedServer, *statements: str) -> None:
    connection = await asyncpg.connect(server.dsn())
    for statement in statements:
        await connection.execute(statement)
    await connection.close()
