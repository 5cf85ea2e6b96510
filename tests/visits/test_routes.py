"""Visits and the evidence under them, as HTTP tells them."""

from hashlib import sha256
from uuid import uuid4

import pytest

from ecm.audit import merkle
from ecm.visits.service import VISITS
from tests.arranging import DAY, Arranged, HandClock, at, fold_what_waits
from tests.serving import bearer, serving

OFFICE, COUNCIL_OFFICER = bearer("coordinator"), bearer("council_officer")


@pytest.fixture
async def client(arranged: Arranged):
    async with serving(arranged, HandClock(at("12:00"))) as client:
        await arranged.carer("W-001")
        await arranged.client("C-1")
        await arranged.visit("V-1", "C-1", at("08:00"))
        await arranged.visit("north/V-2", "C-1", at("13:00"))
        await arranged.check_in("C-1", "in", at("08:00"))
        await fold_what_waits(client.app[VISITS], 10)
        yield client


def amendment(**fields) -> dict[str, object]:
    known = {
        "amendment": str(uuid4()),
        "carer": "W-001",
        "out_at": "2026-11-20T08:30:00+00:00",
        "made_at": "2026-11-20T11:00:00+00:00",
        "reason": "NO_OUT",
    }
    return known | fields


async def test_the_day_shows_each_visit_with_its_state(client, arranged):
    answer = await client.get("/v1/visits", params={"day": DAY.isoformat()}, headers=OFFICE)
    told = await answer.json()
    assert (answer.status, told["day"], told["as_of"]) == (200, "2026-11-20", "2026-11-20T12:00:00Z")
    first, second = told["visits"]
    assert (first["visit"], first["status"], second["status"]) == ("V-1", "end_unknown", "due")
    (no_out,) = first["exceptions"]
    assert no_out == {"kind": "no_out", "handling": "fix", "carer": "W-001", "acknowledged": False, "between": []}
    assert (first["stays"][0]["in_grade"], first["stays"][0]["amended"]) == ("located", False)
    officers = await client.get("/v1/visits", params={"day": DAY.isoformat()}, headers=COUNCIL_OFFICER)
    assert (await officers.json())["visits"] == told["visits"]


@pytest.mark.parametrize("query", ["", "day=soon", "day=1999-12-31", "day=2026-11-20&dya=1", "day=9999-12-31"])
async def test_a_day_that_cannot_be_is_a_problem_and_no_error(client, query):
    answer = await client.get(f"/v1/visits?{query}", headers=OFFICE)
    assert answer.status in {400, 422}
    assert answer.content_type == "application/problem+json"


async def test_an_amendment_is_created_once_and_shown_with_the_visit(client):
    made = amendment()
    for status in (201, 200):
        answer = await client.post("/v1/visits/V-1/amendments", json=made, headers=OFFICE)
        assert answer.status == status
        assert (await answer.json())["made_by"] == "the coordinator"
    other = await client.post("/v1/visits/V-1/amendments", json=made | {"reason": "NO_CALLS"}, headers=OFFICE)
    assert (other.status, (await other.json())["type"]) == (409, "/problems/conflict")
    await fold_what_waits(client.app[VISITS], 10)
    detail = await (await client.get("/v1/visits/V-1", headers=OFFICE)).json()
    assert (detail["visit"]["version"], detail["visit"]["stays"][0]["delivered_seconds"]) == (2, 1800)
    assert [one["amendment"] for one in detail["amendments"]] == [made["amendment"]]
    assert [one["direction"] for one in detail["check_ins"]] == ["in"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("V-9", amendment(), 404),
        ("V%00", amendment(), 404),
        ("V-1", amendment(reason="BORED"), 400),
        ("V-1", amendment(out_at="2026-11-20T08:30:00"), 400),
        ("V-1", amendment(out_at="0001-01-01T00:00:00+14:00"), 422),
        ("V-1", amendment(memo="\x00"), 400),
        ("V-1", amendment(out_at=None), 422),
    ],
)
async def test_an_amendment_that_cannot_be_is_a_problem(client, path, body, status):
    answer = await client.post(f"/v1/visits/{path}/amendments", json=body, headers=OFFICE)
    assert (answer.status, answer.content_type) == (status, "application/problem+json")


async def test_a_visit_whose_code_has_a_slash_is_found_and_a_council_names_the_provider(client, arranged):
    answer = await client.get("/v1/visits/north%2FV-2", headers=OFFICE)
    assert (await answer.json())["visit"]["visit"] == "north/V-2"
    assert (await client.get("/v1/visits/V-1", headers=COUNCIL_OFFICER)).status == 422
    told = await client.get(f"/v1/visits/V-1?provider={arranged.provider}", headers=COUNCIL_OFFICER)
    assert told.status == 200
    assert (await client.get("/v1/visits/V-1", headers=bearer("operator"))).status == 403


async def test_an_acknowledged_exception_is_shown_as_such(client, arranged):
    await arranged.check_in("C-1", "out", at("08:03"))
    await fold_what_waits(client.app[VISITS], 10)
    body = {"exception": "too_short", "carer": "W-001", "memo": "The client sent the carer home."}
    answer = await client.post("/v1/visits/V-1/acknowledgements", json=body, headers=OFFICE)
    assert (answer.status, (await answer.json())["acknowledged_by"]) == (201, "the coordinator")
    day = await (await client.get(f"/v1/visits?day={DAY}", headers=COUNCIL_OFFICER)).json()
    assert [one["acknowledged"] for one in day["visits"][0]["exceptions"]] == [True]


async def test_a_proof_can_be_followed_from_the_signed_part_to_the_root_by_anyone(client, arranged):
    public_key = await arranged.phone("W-001")
    detail = await (await client.get("/v1/visits/V-1", headers=OFFICE)).json()
    (shown,) = detail["check_ins"]
    address = f"/v1/check-ins/{arranged.provider}/{shown['device']}/{shown['check_in']}"
    assert await (await client.get(address, headers=COUNCIL_OFFICER)).json() == shown
    proof = await (await client.get(f"{address}/proof", headers=COUNCIL_OFFICER)).json()
    assert proof["public_key"] == public_key.jwk()
    leaf = merkle.leaf_hash(sha256(proof["signed_part"].encode()).digest())
    assert leaf.hex() == proof["leaf_hash"]
    assert merkle.verify_inclusion(
        leaf,
        proof["leaf_index"],
        proof["tree_size"],
        [bytes.fromhex(node) for node in proof["path"]],
        bytes.fromhex(proof["root"]),
    )
    assert (await client.get(f"{address[:-1]}x/proof", headers=OFFICE)).status == 404
