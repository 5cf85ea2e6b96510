"""A page does its own work and no more: the amendment form folds its own client, a visit asks for its own alerts."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from ecm.db.pool import Database
from ecm.process.settings import Settings
from ecm.process.wiring import make_app
from ecm.visits.service import VISITS
from tests.arranging import Arranged, HandClock, at
from tests.many import put_alerts
from tests.serving import Client
from tests.web.browsing import Browser, Page, fold

MANY_ALERTS = 1_001


@pytest.fixture
async def client(database: Database, clock: HandClock, tmp_path: Path) -> AsyncIterator[Client]:
    """The application without its background loops, so that what a page leaves waiting goes on waiting."""
    server = TestServer(make_app(Settings(state_dir=tmp_path), database, clock, chores=False))
    async with TestClient(server, cookie_jar=DummyCookieJar()) as opened:
        yield opened


@pytest.fixture
async def morning(office: Browser) -> Browser:
    """Two clients; nobody has come to V-1 at eight and to V-2 at nine."""
    await office.arranged.phone("W-001")
    for number, start in ((1, "08:00"), (2, "09:00")):
        client = await office.arranged.client(f"C-{number}")
        await office.arranged.visit(f"V-{number}", client, at(start))
    await fold(office)
    return office


@pytest.fixture
async def rival(database: Database, superuser: asyncpg.Connection) -> Arranged:
    """Another provider, whose client C-1 has something to be folded."""
    other = await Arranged(database, superuser).begin()
    await other.client("C-1")
    await other.ask("C-1", at("08:00"))
    return other


async def amend(browser: Browser) -> Page:
    form = {"carer": "W-001", "in_at": "2026-11-20T08:01", "out_at": "2026-11-20T08:31:30", "reason": "NO_CALLS"}
    return await browser.send("/visits/V-1/amendments", form | {"amendment": str(uuid4())})


async def waiting_clients(house: Arranged) -> list[str | None]:
    return [row["client"] for row in await house.rows("fold_requests")]


async def test_the_amendment_form_folds_its_own_client_and_leaves_all_others_waiting(morning: Browser, rival: Arranged):
    await morning.arranged.ask("C-2", at("09:00"))
    await morning.arranged.check_in(None, "in", at("07:00"))
    page = await morning.see((await amend(morning)).location)
    assert "In 08:01:00 entered by hand , out 08:31:30 entered by hand : 30 min 30 s delivered" in page.words
    assert await waiting_clients(rival) == ["C-1"]
    assert sorted(await waiting_clients(morning.arranged), key=str) == ["C-2", None]


async def test_what_the_amendment_form_folds_is_sealed_and_its_signature_checked(morning: Browser):
    device, check_in = await morning.arranged.check_in("C-1", "in", at("08:02"))
    await morning.arranged.superuser.execute("UPDATE fold_requests SET check_signature = true")
    await amend(morning)
    (sealed,) = await morning.arranged.rows("log_entries")
    assert (sealed["device_id"], sealed["check_in_id"]) == (device, check_in)
    (failed,) = await morning.arranged.rows("signature_failures")
    assert (failed["device_id"], failed["check_in_id"]) == (device, check_in)


async def test_the_amendment_form_does_not_wait_for_another_providers_locked_client(
    morning: Browser, rival: Arranged, superuser: asyncpg.Connection
):
    blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
    async with superuser.transaction():
        await superuser.execute("SELECT FROM clients WHERE provider_id = $1 FOR UPDATE", rival.provider)
        background = asyncio.create_task(morning.client.app[VISITS].fold_pending(200))
        while not await superuser.fetchval(blocked):
            assert not background.done()
        async with asyncio.timeout(20):
            page = await amend(morning)
        assert page.location == "/visits/V-1"
        assert "30 min 30 s delivered" in (await morning.see(page.location)).words
        assert not background.done()
    assert await background == 1


async def test_a_visit_of_long_ago_shows_its_alert_below_a_thousand_later_ones(morning: Browser):
    later = [at("09:00") + timedelta(seconds=number) for number in range(MANY_ALERTS)]
    await put_alerts(morning.arranged, later, client="C-2", visit="V-2", memo="a later one")
    await put_alerts(morning.arranged, [at("08:30")], client="C-1", visit="V-1", memo="the old one")
    words = (await morning.see("/visits/V-1")).words
    assert "the old one" in words
    assert "a later one" not in words
