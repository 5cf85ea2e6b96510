"""Phones over HTTP."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from devices.enrolment import prove_key
from tests.care.town import CARERS, Town
from tests.care.town_hall import Client, bearer, build_app
from tests.phones.new_phone import NewPhone


@pytest_asyncio.fixture
async def client(town: Town) -> AsyncIterator[Client]:
    async with TestClient(TestServer(build_app(town))) as opened:
        yield opened


async def test_a_phone_enrols_over_http_without_signing_in(town: Town, client: Client) -> None:
    await town.take("carers", CARERS)
    office = await bearer(town, "registered_manager")
    assert (await client.post("/v1/enrolments", json={"carer": "W-009"}, headers=office)).status == 422
    offered = await client.post("/v1/enrolments", json={"carer": "W-001"}, headers=office)
    assert offered.status == 201
    told = await offered.json()
    assert told["expires_at"] == "2026-11-20T12:00:00Z"
    phone = NewPhone()
    body = {
        "code": told["code"],
        "device": str(phone.device),
        "public_key": {**phone.key.public_jwk(), "key_ops": ["verify"], "ext": True},
        "proof": prove_key(phone.key, phone.device, told["code"]),
    }
    answers = [await client.post("/v1/devices", json=body) for _ in range(2)]
    assert [answer.status for answer in answers] == [201, 200]
    expected = {"device": str(phone.device), "provider": str(town.provider), "carer": "W-001"}
    assert [await answer.json() for answer in answers] == [expected, expected]
    listed = await (await client.get("/v1/devices", headers=office)).json()
    assert [each["device"] for each in listed["devices"]] == [str(phone.device)]
    revoked = await client.post(f"/v1/devices/{phone.device}/revocation", headers=office)
    assert (revoked.status, (await revoked.json())["revoked_at"]) == (200, "2026-11-19T12:00:00Z")
    assert (await client.get("/v1/devices")).status == 401


async def test_a_key_that_cannot_be_used_is_a_problem(client: Client) -> None:
    keys: list[dict[str, str]] = [
        {},
        {"kty": "OKP"},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {"kty": "RSA", "crv": "", "x": ""},
    ]
    for key in keys:
        body = {"code": "ABCD-EFGH-JKLM", "device": str(uuid4()), "public_key": key, "proof": "a.b.c"}
        answer = await client.post("/v1/devices", json=body)
        assert (answer.status, (await answer.json())["type"]) == (422, "/problems/key-unusable")
