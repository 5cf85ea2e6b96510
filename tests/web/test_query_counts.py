"""How much each page asks of the database: so much, and no more for ten times the rows."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from ecm.alerts.service import ALERTS
from ecm.db.pool import Database
from ecm.process.settings import Settings
from ecm.process.wiring import make_app
from ecm.visits.service import VISITS
from ecm.words.roles import Role
from reports.contracts import contract_to_json, example_contract
from tests.arranging import COUNCIL, Arranged, HandClock, at, fold_what_waits
from tests.serving import Client
from tests.web.browsing import Browser
from tests.web.counting import Counted

# Page, role: transactions, statements. Who asks is found in one of each.
PAGES: dict[tuple[str, Role | None], tuple[int, int]] = {
    ("/sign-in", None): (0, 0),
    ("/", "coordinator"): (5, 10),
    ("/?status=attention", "registered_manager"): (5, 10),
    ("/visits/V-0", "coordinator"): (5, 10),
    ("/visits/M-1", "coordinator"): (5, 10),
    ("/candidates", "registered_manager"): (2, 3),
    ("/candidates?show=all", "coordinator"): (2, 3),
    ("/imports", "coordinator"): (2, 3),
    ("/calls-without-a-home", "coordinator"): (2, 3),
    ("/not-accepted", "coordinator"): (3, 6),
    ("/imports", "operator"): (1, 1),
    ("/reconciliation", "coordinator"): (4, 9),
    ("/enrol", "coordinator"): (3, 3),
    ("/", "council_officer"): (4, 5),
    ("/visits/V-0?provider=PROVIDER", "council_officer"): (3, 7),
    ("/reconciliation", "council_officer"): (4, 9),
}


@pytest.fixture
async def quiet_client(database: Database, clock: HandClock, tmp_path: Path) -> AsyncIterator[Client]:
    """The application without its background loops, which would be counted too."""
    server = TestServer(make_app(Settings(state_dir=tmp_path), database, clock, chores=False))
    async with TestClient(server, cookie_jar=DummyCookieJar()) as opened:
        yield opened


async def arrange(arranged: Arranged, client: Client, clock: HandClock, count: int) -> None:
    """So many homes, each with a commission, a made visit and a missed one, phones, alerts and a candidate."""
    await arranged._put(
        "contracts",
        council_id=COUNCIL,
        contract="A",
        version=1,
        document=contract_to_json(example_contract("a")).decode(),
        stored_at=at("00:00"),
    )
    for number in range(count):
        home, carer, device = f"C-{number}", f"W-{number}", UUID(int=100 + number)
        await arranged.phone(carer, device)
        await arranged.client(home, lives_alone=True)
        await arranged.commission(f"K-{number}", home)
        await arranged.visit(f"V-{number}", home, at("08:00"), commission=f"K-{number}", carers=(carer,))
        await arranged.visit(f"M-{number}", home, at("10:00"), carers=(carer,))
        await arranged.check_in(home, "in", at("08:02"), carer=carer, device=device)
        await arranged.check_in(home, "out", at("08:27"), carer=carer, device=device)
    await fold_what_waits(client.app[VISITS])
    await client.app[ALERTS].watch_once(clock.now())
    for _ in range(count):
        await arranged._own(
            "alerts",
            alert_id=uuid4(),
            branch_id=arranged.branch,
            kind="no_reply",
            client="C-0",
            visit="V-0",
            source="office",
            occurred_at=at("08:10"),
            raised_at=at("08:10") + timedelta(minutes=1),
            raised_by="somebody",
            state="open",
            level=0,
        )


@pytest.mark.parametrize("count", [3, 30])
async def test_each_page_asks_as_much_of_the_database_however_many_rows_there_are(
    quiet_client: Client,
    arranged: Arranged,
    clock: HandClock,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    count: int,
):
    await arrange(arranged, quiet_client, clock, count)
    browsers: dict[Role | None, Browser] = {None: Browser(quiet_client, arranged)}
    for somebody in {role for _, role in PAGES if role is not None}:
        browsers[somebody] = await Browser(quiet_client, arranged).signed_in_as(somebody)
    counted, found = Counted(), {}
    counted.watch(database, monkeypatch)
    for path, role in PAGES:
        counted.clear()
        page = await browsers[role].see(path.replace("PROVIDER", str(arranged.provider)))
        assert page.status == 200, (path, page.words)
        found[path, role] = counted.numbers
    assert found == PAGES
