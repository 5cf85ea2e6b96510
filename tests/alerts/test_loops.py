"""The background loops of folding, watching and purging: several at once, and through the loss of the database."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from ecm.alerts.watcher import watching_loop
from ecm.audit import service as audit
from ecm.db.pool import Database
from ecm.intake.purge import Purge, purging_loop
from ecm.process.wiring import visits_and_what_follows
from ecm.visits.backlog import backlog_loop
from ecm.visits.folding import folding_loop
from ecm.visits.metrics import backlog_metrics
from tests.arranging import Arranged, HandClock, at

PATIENCE_SECONDS = 60


@dataclass
class Process:
    """The loops of one process over the parts that they drive."""

    database: Database

    def __post_init__(self) -> None:
        self.clock = HandClock(at("09:00"))
        self.visits, self.alerts, _ = visits_and_what_follows(self.database, self.clock)

    async def folding(self) -> None:
        await folding_loop(self.visits)

    async def watching(self) -> None:
        await watching_loop(self.database, self.alerts, self.clock)

    async def purging(self) -> None:
        await purging_loop(Purge(self.database, self.clock), timedelta(days=90))


@asynccontextmanager
async def running(loop: Callable[[], Awaitable[None]]):
    task = asyncio.ensure_future(loop())
    yield task
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await condition():
            pass


async def disconnect_all(arranged: Arranged) -> None:
    await arranged.superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


@pytest.fixture
async def house(arranged: Arranged) -> Arranged:
    await arranged.carer("W-001")
    await arranged.client("C-1")
    await arranged.visit("V-1", "C-1", at("08:00"))
    return arranged


async def test_folding_goes_on_after_every_connection_was_lost(house, database):
    process = Process(database)

    async def folded() -> bool:
        return not await house.rows("fold_requests")

    async with AsyncExitStack() as stack:
        for _ in range(2):
            await stack.enter_async_context(running(process.folding))
        await until(folded)
        await disconnect_all(house)
        await house.ask("C-1", at("08:00"))
        await until(folded)
    assert [row["visit"] for row in await house.rows("visits")] == ["V-1"]


async def test_a_provider_whose_fold_meets_a_bug_keeps_no_other_from_being_folded(
    house, database, superuser, monkeypatch
):
    other = await Arranged(database, superuser).begin()
    await other.client("C-1")
    await other.visit("V-1", "C-1", at("08:00"))
    seal = audit.seal

    async def seal_unless_of_the_house(connection, provider, sealables):
        if provider == house.provider:
            raise ZeroDivisionError
        await seal(connection, provider, sealables)

    monkeypatch.setattr(audit, "seal", seal_unless_of_the_house)

    async def folded() -> bool:
        return not await other.rows("fold_requests")

    async with running(Process(database).folding):
        await until(folded)
        await other.ask("C-1", at("08:00"))
        await until(folded)
    assert await house.rows("fold_requests")


async def test_what_waits_to_be_folded_is_measured(house, database):
    registry = CollectorRegistry()
    metrics = backlog_metrics(registry)
    await house.check_in("C-1", "in", at("08:00"), received_at=at("08:59"))
    visits = Process(database).visits
    await visits.fold_pending(1)

    async def told() -> bool:
        return registry.get_sample_value("ecm_fold_requests_waiting") == len(await house.rows("fold_requests"))

    async with running(partial(backlog_loop, visits, metrics)):
        await until(told)
    assert registry.get_sample_value("ecm_fold_requests_waiting") == 1
    assert registry.get_sample_value("ecm_fold_oldest_seconds") == 60


async def test_a_frozen_watcher_that_holds_the_lock_keeps_nobody_from_watching(house, database, superuser):
    await visits_and_what_follows(database, HandClock(at("07:00")))[0].fold_pending(10)
    await superuser.execute("SELECT pg_advisory_lock(hashtextextended('ecm.watcher', 0))")

    async def raised() -> bool:
        return len(await house.rows("alerts")) == 2

    async with running(Process(database).watching):
        await until(raised)


async def test_promise_10_the_purge_runs_by_itself(house, database, superuser):
    await superuser.execute(
        "INSERT INTO check_in_locations (provider_id, device_id, check_in_id, received_at, disclosure)"
        " VALUES ($1, $2, $2, '2026-01-01T00:00Z', 'disclosure')",
        house.provider,
        UUID(int=1),
    )

    async def purged() -> bool:
        return not await house.rows("check_in_locations")

    async with running(Process(database).purging):
        await until(purged)
