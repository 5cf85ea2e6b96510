"""Connections that have gone silent: half-open, as a dead machine or a forgetful router leaves them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ecm.db import pool
from ecm.db.embedded.server import EmbeddedServer
from ecm.db.errors import DatabaseUnavailable
from ecm.db.migrations import migrate
from ecm.db.pool import Database, DatabaseUrls, Role, open_database
from tests.chaos.proxy import Proxy

PATIENCE = 1.0


@pytest.fixture(autouse=True)
def no_long_goodbye(monkeypatch):
    """The last connections, silent too, need not be waited for at the end."""
    monkeypatch.setattr(pool, "_CLOSE_SECONDS", PATIENCE / 2)


@asynccontextmanager
async def behind_a_proxy(folder: Path) -> AsyncIterator[tuple[Database, Proxy]]:
    """The gate to a server that it reaches through a proxy."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with EmbeddedServer(folder, tcp_port=port) as server:
        proxy = Proxy(port)
        await proxy.start()
        urls = DatabaseUrls.same(f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres")
        await migrate(urls.migration, applied_at=datetime(2026, 1, 1, tzinfo=UTC))
        try:
            async with open_database(urls) as database:
                yield database, proxy
        finally:
            await proxy.stop()
        await server.kill()


async def look(database: Database, role: Role, first: Callable[[], object] = lambda: None) -> object:
    async with database.transaction("look", role=role) as connection:
        first()
        return await connection.fetchval("SELECT 1")


@pytest.mark.parametrize("role", ["service", "intake"])
async def test_a_pooled_connection_gone_silent_is_given_up_before_work_begins(server_folder, monkeypatch, role):
    monkeypatch.setattr(pool, "_BEGIN_SECONDS", PATIENCE)
    async with asyncio.timeout(60), behind_a_proxy(server_folder / f"silent-{role}") as (database, proxy):
        await look(database, role)
        proxy.silence()
        with pytest.raises(DatabaseUnavailable) as caught:
            await look(database, role)
        assert not caught.value.outcome_unknown
        assert await look(database, role) == 1


async def test_one_silent_connection_is_enough_to_give_up_all_that_were_made_before_it(server_folder, monkeypatch):
    monkeypatch.setattr(pool, "_BEGIN_SECONDS", PATIENCE)
    async with asyncio.timeout(60), behind_a_proxy(server_folder / "all-silent") as (database, proxy):
        async with database.transaction("hold"), database.transaction("hold"), database.transaction("hold"):
            pass
        proxy.silence()
        with pytest.raises(DatabaseUnavailable):
            await look(database, "service")
        async with database.transaction("hold"), database.transaction("hold"), database.transaction("hold"):
            assert proxy.connections == 3


@pytest.mark.parametrize("role", ["service", "intake"])
async def test_a_connection_that_goes_silent_in_the_middle_is_given_up(server_folder, monkeypatch, role):
    monkeypatch.setitem(pool._SILENCE_SECONDS, role, PATIENCE)
    async with asyncio.timeout(60), behind_a_proxy(server_folder / f"silenced-{role}") as (database, proxy):
        with pytest.raises(DatabaseUnavailable):
            await look(database, role, proxy.silence)
        assert await look(database, role) == 1
