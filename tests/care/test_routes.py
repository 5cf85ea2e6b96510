"""Care over HTTP: who may, what is answered, and what a bare link does."""

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import msgspec
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from devices.links import read_link, verify_link
from reports.contracts import contract_to_json, example_contract
from tests.care.town import CARERS, Town
from tests.care.town_hall import Client, bearer, build_app

LOCATION = {"branch": "L1", "name": "Hertford", "cqc_provider": "1-000000001", "cqc_location": "1-000000002"}


@pytest_asyncio.fixture
async def client(town: Town) -> AsyncIterator[Client]:
    async with TestClient(TestServer(build_app(town))) as opened:
        yield opened


@pytest_asyncio.fixture
async def operator(town: Town) -> dict[str, str]:
    return await bearer(town, "operator")


@pytest_asyncio.fixture
async def office(town: Town) -> dict[str, str]:
    return await bearer(town, "coordinator")


@pytest_asyncio.fixture
async def officer(town: Town) -> dict[str, str]:
    return await bearer(town, "council_officer")


async def test_a_council_is_stored_once(client: Client, operator: dict[str, str]) -> None:
    body = {"council": "E06000001", "name": "Hartlepool"}
    assert [(await client.post("/v1/councils", json=body, headers=operator)).status for _ in range(2)] == [201, 200]


async def test_a_contracts_version_never_changes(
    client: Client, officer: dict[str, str], office: dict[str, str]
) -> None:
    contract = msgspec.structs.replace(example_contract("a"), version=2)
    statuses = [
        (await client.post("/v1/contracts", data=contract_to_json(each), headers=officer)).status
        for each in (contract, contract, msgspec.structs.replace(contract, name="Other"))
    ]
    assert statuses == [201, 200, 409]
    listed = await (await client.get("/v1/contracts", headers=officer)).json()
    assert [each["version"] for each in listed["contracts"]] == [1, 2]
    # The provider has no clients of that council yet, so its contracts do not concern it.
    assert await (await client.get("/v1/contracts", headers=office)).json() == {"contracts": []}


async def test_promise_11_an_officer_stores_contracts_of_the_own_council_only(
    client: Client, officer: dict[str, str]
) -> None:
    contract = msgspec.structs.replace(example_contract("a"), council="E06000001")
    answer = await client.post("/v1/contracts", data=contract_to_json(contract), headers=officer)
    assert answer.status == 403


async def test_a_contract_that_cannot_be_is_refused(client: Client, operator: dict[str, str]) -> None:
    whole = {**msgspec.json.decode(contract_to_json(example_contract("a"))), "version": 9}
    for change, status in (
        ({"council": "E06000099"}, 422),
        ({"name": "a\0b"}, 422),
        ({"bands": []}, 400),
        ({"basis": "guess"}, 400),
    ):
        answer = await client.post("/v1/contracts", json={**whole, **change}, headers=operator)
        assert (answer.status, answer.content_type) == (status, "application/problem+json"), change


async def test_a_provider_gets_one_tag_key_for_ever(
    client: Client, operator: dict[str, str], superuser: asyncpg.Connection
) -> None:
    body = {"provider": str(uuid4()), "name": "New Care", "branches": [LOCATION]}
    key = "SELECT tag_key FROM provider_keys WHERE provider_id = $1::text::uuid"
    assert (await client.post("/v1/providers", json=body, headers=operator)).status == 201
    first = await superuser.fetchval(key, body["provider"])
    assert len(first) == 32
    assert (await client.post("/v1/providers", json=body, headers=operator)).status == 200
    assert await superuser.fetchval(key, body["provider"]) == first


async def test_a_pair_of_cqc_ids_must_be_possible(client: Client, operator: dict[str, str]) -> None:
    for change, status in (
        ({"cqc_provider": "1-12345"}, 400),
        ({"cqc_provider": "1-123456789012"}, 400),
        ({"cqc_location": "RXX01"}, 400),
        ({"cqc_location": "1-000000001"}, 422),
        ({"cqc_location": "1-000000002\n"}, 422),
        ({"cqc_location": "1-١00000002"}, 400),
    ):
        body = {"provider": str(uuid4()), "name": "New Care", "branches": [{**LOCATION, **change}]}
        assert (await client.post("/v1/providers", json=body, headers=operator)).status == status, change


async def test_a_branch_is_named_once(client: Client, operator: dict[str, str]) -> None:
    body = {"provider": str(uuid4()), "name": "New Care", "branches": [LOCATION, LOCATION]}
    assert (await client.post("/v1/providers", json=body, headers=operator)).status == 422


async def test_promise_11_an_officer_sees_the_providers_the_council_commissions(
    client: Client, town: Town, operator: dict[str, str], officer: dict[str, str], office: dict[str, str]
) -> None:
    seen = [await (await client.get("/v1/providers", headers=who)).json() for who in (operator, officer)]
    assert [len(each["providers"]) for each in seen] == [1, 0]
    await town.take_all()
    shown = await (await client.get("/v1/providers", headers=officer)).json()
    assert shown == {"providers": [{"provider": str(town.provider), "name": "Invented Care", "live_on": "2026-11-19"}]}
    assert (await client.get("/v1/providers", headers=office)).status == 403


async def test_an_import_answers_its_report(client: Client, office: dict[str, str]) -> None:
    for dry_run, stored in (("true", False), ("false", True)):
        answer = await client.post(f"/v1/imports/carers?dry_run={dry_run}", data=CARERS.encode(), headers=office)
        assert answer.status == 200
        assert await answer.json() == {
            "kind": "carers",
            "dry_run": not stored,
            "stored": stored,
            "read": 2,
            "new": 2,
            "changed": 0,
            "unchanged": 0,
            "rejected_rows": 0,
            "notes": [],
            "is_mapped": False,
            "going": 0,
            **{name: [] for name in ("rejected", "warnings", "changes", "taken_off")},
            **{f"{name}_total": 0 for name in ("rejected", "warnings", "changes", "taken_off")},
        }


async def test_a_rejected_import_is_a_problem_with_the_report(client: Client, office: dict[str, str]) -> None:
    body = (CARERS + "W-003,L9\n").encode()
    dry = await client.post("/v1/imports/carers?dry_run=true", data=body, headers=office)
    answer = await client.post("/v1/imports/carers", data=body, headers=office)
    assert (dry.status, answer.status, answer.content_type) == (200, 422, "application/problem+json")
    told, reported = await answer.json(), await dry.json()
    assert told["type"] == "/problems/import-rejected"
    assert told["rejected"] == reported["rejected"]
    assert [each["line"] for each in told["rejected"]] == [4]
    assert told["stored"] is False


UNREADABLE: list[tuple[str, bytes, dict[str, str], int, str]] = [
    ("carers", b"carer,branch\nW-1,L\x81", {}, 400, "unreadable-file"),
    ("carers", b"carer,branch,shoe size\nW-1,L1,43", {}, 400, "unknown-columns"),
    ("carers?mapping=5", b"carer,branch\nW-1,L1", {}, 400, "malformed"),
    ("carers?whole_roster=true", b"carer,branch\nW-1,L1", {}, 422, "invalid"),
    ("carers", b"", {}, 400, "unreadable-file"),
    ("carers", b"carer\nW-1", {}, 400, "unreadable-file"),
    ("shoes", b"", {}, 404, "not-found"),
    ("carers?dry_run=perhaps", b"", {}, 400, "malformed"),
    ("carers?dry=1", b"", {}, 400, "malformed"),
    ("carers", b"{}", {"Content-Type": "application/json"}, 415, "wrong-media-type"),
    ("uprns", b"x", {}, 403, "not-allowed"),
]


async def test_a_file_that_cannot_be_read_is_a_problem(client: Client, office: dict[str, str]) -> None:
    for path, body, headers, status, slug in UNREADABLE:
        answer = await client.post(f"/v1/imports/{path}", data=body, headers={**office, **headers})
        assert (answer.status, (await answer.json())["type"]) == (status, f"/problems/{slug}"), path


async def test_a_tags_link_is_signed_for_its_provider(
    client: Client, town: Town, office: dict[str, str], superuser: asyncpg.Connection
) -> None:
    await town.take_all()
    body = {"tag": str(uuid4()), "kind": "nfc", "client": "C-0001"}
    answers = [await client.post("/v1/tags", json=body, headers=office) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 200]
    made = await answers[0].json()
    assert made["link"].startswith("https://ecm.example/t/")
    key = await superuser.fetchval("SELECT tag_key FROM provider_keys")
    assert verify_link(read_link(made["link"]), town.provider, key)
    other = await client.post("/v1/tags", json={**body, "client": "C-0002"}, headers=office)
    unknown = await client.post("/v1/tags", json={**body, "tag": str(uuid4()), "client": "C-9"}, headers=office)
    assert (other.status, unknown.status) == (409, 422)


async def test_a_card_is_drawn_for_the_own_qr_tags_only(client: Client, town: Town, office: dict[str, str]) -> None:
    await town.take_all()
    card, tag = str(uuid4()), str(uuid4())
    await client.post("/v1/tags", json={"tag": card, "kind": "qr", "client": "C-0001"}, headers=office)
    await client.post("/v1/tags", json={"tag": tag, "kind": "nfc", "client": "C-0001"}, headers=office)
    drawn = await client.get(f"/v1/tags/{card}/card.svg", headers=office)
    assert (drawn.status, drawn.content_type) == (200, "image/svg+xml")
    svg = await drawn.text()
    assert "C-0001" in svg
    assert "Ada" not in svg
    missing = [await client.get(f"/v1/tags/{each}/card.svg", headers=office) for each in (tag, uuid4(), "x")]
    assert [answer.status for answer in missing] == [404, 404, 404]
    assert (await client.get(f"/v1/tags/{card}/card.svg")).status == 401


async def test_promise_7_a_bare_get_of_a_link_counts_nothing(client: Client, superuser: asyncpg.Connection) -> None:
    for path in ("/t/anything", "/c/anything"):
        answer = await client.get(path)
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert "Nothing has been recorded" in await answer.text()
    assert await superuser.fetchval("SELECT count(*) FROM check_ins") == 0
