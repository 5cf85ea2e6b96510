"""What `duplicate` promises where a standby must confirm each COMMIT."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from ecm.db.embedded.server import EmbeddedServer
from ecm.db.migrations import migrate
from ecm.db.pool import open_database
from ecm.intake.metrics import intake_metrics
from ecm.intake.service import Intake
from tests.intake.conftest import NOON, Phone, SetClock, arrange_provider, enrol
from tests.intake.test_service import submit

IN_WAIT = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND usename = 'ecm_intake'"


@pytest.fixture
async def own_server(server_folder: Path) -> AsyncIterator[EmbeddedServer]:
    """A server of its own, whose standbys the test sets."""
    async with EmbeddedServer(server_folder / "standby") as server:
        await server.ensure_database("ecm")
        await migrate(server.urls("ecm").migration, applied_at=NOON)
        yield server


async def until_commits_wait(server: EmbeddedServer) -> None:
    """Return once the server has read that it has a standby: the commit of another is then cut off in its wait."""
    other = await asyncpg.connect(server.dsn(database="ecm"), server_settings={"synchronous_commit": "on"})
    with suppress(TimeoutError):
        while True:
            await other.execute("SELECT pg_logical_emit_message(true, 'test', '')", timeout=1)
    other.terminate()


async def test_promise_1_a_duplicate_too_is_answered_only_when_the_standby_has_it(own_server: EmbeddedServer) -> None:
    superuser = await asyncpg.connect(own_server.dsn(database="ecm"))
    phone = Phone(await arrange_provider(superuser))
    await enrol(superuser, phone)
    posted = phone.sign()
    async with open_database(own_server.urls("ecm")) as database:
        intake = Intake(database, SetClock(NOON), intake_metrics(CollectorRegistry()), waiting_limit=1_000_000)
        async with intake.running():
            assert await submit(intake, posted) == ["recorded"]
            await superuser.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
            await superuser.execute("SELECT pg_reload_conf()")
            await until_commits_wait(own_server)
            again = asyncio.create_task(submit(intake, posted))
            async with asyncio.timeout(10):
                while not await superuser.fetchval(IN_WAIT):
                    assert not again.done(), "answered without waiting for the standby"
            await superuser.execute("ALTER SYSTEM RESET synchronous_standby_names")
            await superuser.execute("SELECT pg_reload_conf()")
            assert await again == ["duplicate"]
    await superuser.close()
