"""The simulators follow the lists of the service to their end."""

import uuid

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from simulators.client import Patience, ServiceClient
from simulators.conclusions import fetch
from simulators.happenings import Fact
from simulators.office import Office
from simulators.outbox import Outbox
from simulators.registration import Registration
from simulators.state import DayState
from tests.simulators.fake_service import FakeService


@pytest.fixture
async def fake():
    """A service with five alerts of missed visits, and five candidates, of which it tells two at a time."""
    service = FakeService()
    service.missed = {f"V-{number}": uuid.uuid4() for number in range(5)}
    service.candidates = [
        {"candidate": str(uuid.uuid4()), "type": "ABUSE_OR_ALLEGATION", "state": "proposed", "visits": [visit]}
        for visit in service.missed
    ]
    return service


@pytest.fixture
async def service(fake):
    async with TestServer(fake.app()) as server, aiohttp.ClientSession() as session:
        yield ServiceClient(session, str(server.make_url("")).rstrip("/"), Patience(0.0005, 0.002, 20))


async def test_the_conclusions_hold_every_alert_and_every_candidate(fake, service, world, tmp_path):
    state = DayState(seed=world.seed, day=world.day, scale=1.0, council=world.council)
    await Registration(world, service, "operator", state, tmp_path / "state.json", lambda _: None).run()
    with Outbox(tmp_path / "phones.jsonl") as outbox:
        conclusions, _ = await fetch(service, state, world, outbox, tmp_path)
    for told in conclusions.providers:
        assert [alert.alert for alert in told.alerts] == list(fake.missed.values())
        assert [visit for candidate in told.candidates for visit in candidate.visits] == list(fake.missed)


async def test_the_office_finds_an_alert_on_the_last_page(fake, service, world):
    fact = Fact("f-1", fake.now, "V-4", "welfare_contact", "Spoken to.", None)
    await Office(world.seed, service, "coordinator").act(fact, fake.now)
    assert [path for path, _ in fake.posts] == [f"/v1/alerts/{fake.missed['V-4']}/facts"]
