"""Alerts and the candidates that follow from them, as HTTP tells them."""

from uuid import uuid4

import pytest

from tests.arranging import Arranged, HandClock, at
from tests.serving import bearer, serving

OFFICE, MANAGER = bearer("coordinator"), bearer("registered_manager")


@pytest.fixture
async def client(arranged: Arranged):
    async with serving(arranged, HandClock(at("12:00"))) as client:
        await arranged.client("C-1")
        yield client


def concern(**fields) -> dict[str, object]:
    known = {
        "alert": str(uuid4()),
        "kind": "safeguarding_concern",
        "client": "C-1",
        "occurred_at": "2026-11-20T11:00:00+00:00",
        "memo": "A bruise that nobody explains.",
    }
    return known | fields


async def test_an_alert_of_the_office_becomes_a_candidate_that_only_a_manager_dismisses(client):
    made = concern()
    statuses = [(await client.post("/v1/alerts", json=made, headers=OFFICE)).status for _ in range(2)]
    assert statuses == [201, 200]
    told = await (await client.get("/v1/candidates", headers=OFFICE)).json()
    (candidate,) = told["candidates"]
    assert (candidate["type"], candidate["state"]) == ("ABUSE_OR_ALLEGATION", "proposed")
    assert candidate["legal_ref"] == "SI 2009/3112 reg 18(2)(e)"
    assert candidate["alerts"] == [made["alert"]]
    assert candidate["seconds_since_aware"] == 0

    address = f"/v1/candidates/{candidate['candidate']}/dismissal"
    reason = {"reason": "Explained by the district nurse."}
    assert (await client.post(address, json=reason, headers=OFFICE)).status == 403
    dismissed = await (await client.post(address, json=reason, headers=MANAGER)).json()
    assert (dismissed["state"], dismissed["decided_by"]) == ("dismissed", "the registered_manager")
    assert dismissed["dismissed_reason"] == reason["reason"]
    assert (await client.post(address, json={"reason": ""}, headers=MANAGER)).status == 400


async def test_facts_and_closure_are_shown_with_the_alert(client):
    made = concern(kind="no_reply")
    await client.post("/v1/alerts", json=made, headers=OFFICE)
    fact = {"fact": str(uuid4()), "kind": "welfare_contact", "at": "2026-11-20T11:30:00+00:00"}
    address = f"/v1/alerts/{made['alert']}"
    statuses = [(await client.post(f"{address}/facts", json=fact, headers=OFFICE)).status for _ in range(2)]
    assert statuses == [201, 200]
    answer = await client.post(f"{address}/closure", json={"reason": "She was at the shops."}, headers=OFFICE)
    assert (answer.status, (await answer.json())["state"]) == (200, "closed")
    assert (await (await client.get("/v1/alerts", headers=OFFICE)).json())["alerts"] == []
    (shown,) = (await (await client.get("/v1/alerts?state=all", headers=OFFICE)).json())["alerts"]
    assert [one["kind"] for one in shown["facts"]] == ["welfare_contact"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (concern(kind="boredom"), 400),
        (concern(alert="1"), 400),
        (concern(client="C 1"), 400),
        (concern(client="C-9"), 422),
        (concern(occurred_at="1999-12-31T23:59:59Z"), 422),
        (concern(memo="a" * 501), 400),
    ],
)
async def test_an_alert_that_cannot_be_is_a_problem(client, body, status):
    answer = await client.post("/v1/alerts", json=body, headers=OFFICE)
    assert (answer.status, answer.content_type) == (status, "application/problem+json")


@pytest.mark.parametrize("message", ["", "a.b.c", "\x00", "é" * 20])
async def test_a_device_alert_that_cannot_be_read_is_a_problem_and_needs_no_sign_in(client, message):
    answer = await client.post("/v1/device-alerts", json={"message": message})
    assert (answer.status, (await answer.json())["type"]) == (400, "/problems/malformed")
