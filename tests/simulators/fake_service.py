"""A stand-in for the service, just enough of it to be simulated against: it keeps what it answers, and can fail."""

import hashlib
import itertools
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from devices.enrolment import check_proof
from devices.keys import BadSignature, PublicKey
from devices.sd_jwt import read_check_in, verify

FAULTS = ("down", "broken", "reset before", "reset after", "half an answer", "too few answers", "strange answer")


class FakeService:
    """Stores check-ins once by device and id. `faults` says what goes wrong with each next post of check-ins."""

    def __init__(self, faults: Iterator[str | None] | None = None) -> None:
        self.faults = faults or itertools.repeat(None)
        self.now = datetime(2026, 11, 20, 5, 30, tzinfo=UTC)
        self.keys: dict[uuid.UUID, PublicKey] = {}
        self.stored: dict[tuple[uuid.UUID, uuid.UUID], str] = {}
        self.received: list[tuple[datetime, datetime, list[str]]] = []
        self.posts: list[tuple[str, Any]] = []
        self.accounts: set[str] = set()
        self.missed: dict[str, uuid.UUID] = {}
        self.candidates: list[object] = []

    def app(self) -> web.Application:
        """The application to be served."""
        app = web.Application()
        app.add_routes(
            [
                web.post("/v1/check-ins", self._check_ins),
                web.post("/v1/devices", self._device),
                web.post("/v1/accounts", self._account),
                web.post("/v1/tags", self._tag),
                web.post("/v1/enrolments", self._enrolment),
                web.post("/v1/imports/{kind}", self._import),
                web.get("/v1/alerts", self._alerts),
                web.get("/v1/candidates", self._candidates),
                web.get("/v1/visits", self._visits),
                web.get("/v1/reconciliation", self._hours),
                web.get("/v1/rehearsal/clock", self._clock),
                web.post("/v1/rehearsal/clock", self._set_clock),
                web.post("/{path:.*}", self._other),
            ]
        )
        return app

    async def _check_ins(self, request: web.Request) -> web.StreamResponse:
        fault = next(self.faults)
        body = await request.json()
        if fault in {"reset before", "reset after"}:
            if fault == "reset after":
                self._store(body)
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        if fault == "down":
            return web.Response(status=503, headers={"Retry-After": "0"})
        if fault in {"broken", "refused"}:
            return web.Response(status=500 if fault == "broken" else 422)
        answers = self._store(body)
        if fault == "too few answers":
            answers = answers[:-1]
        if fault == "strange answer":
            answers[0]["status"] = "perhaps"
        reply = web.json_response({"received_at": self.now.isoformat(), "answers": answers})
        if fault == "half an answer":
            return web.Response(body=str(reply.text)[:-10].encode(), content_type="application/json")
        return reply

    def _store(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        sent_at = datetime.fromisoformat(body["sent_at"])
        self.received.append((self.now, sent_at, body["check_ins"]))
        return [self._answer(message) for message in body["check_ins"]]

    def _answer(self, message: str) -> dict[str, Any]:
        said = read_check_in(message)
        key = self.keys.get(said.device_id)
        answer = {"check_in": str(said.body.check_in), "recorded_at": self.now.isoformat()}
        if key is None:
            return {"status": "refused", "reason": "unknown_device"}
        try:
            verify(said, key)
        except BadSignature:
            return {"status": "refused", "reason": "bad_signature"}
        name = (said.device_id, said.body.check_in)
        if name not in self.stored:
            self.stored[name] = message
            return answer | {"status": "recorded"}
        return answer | {"status": "duplicate" if self.stored[name] == message else "conflict"}

    async def _device(self, request: web.Request) -> web.Response:
        body = await request.json()
        device, key = uuid.UUID(body["device"]), PublicKey.from_jwk(body["public_key"])
        check_proof(body["proof"], key, device, body["code"])
        self.keys[device] = key
        return web.json_response({"device": str(device), "provider": str(uuid.uuid4()), "carer": "W-1"}, status=201)

    async def _account(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["username"] in self.accounts:
            return web.Response(status=409)
        self.accounts.add(body["username"])
        made = {"username": body["username"], "role": body["role"], "password": "p", "token": body["username"]}
        return web.json_response(made, status=201)

    async def _tag(self, request: web.Request) -> web.Response:
        body = await request.json()
        digest = hashlib.sha256(body["tag"].encode()).hexdigest()
        return web.json_response({"tag": body["tag"], "link": f"http://invalid/t/{digest}"}, status=201)

    async def _enrolment(self, request: web.Request) -> web.Response:
        body = await request.json()
        return web.json_response({"code": "ABCD-EFGH-JKLM", "carer": body["carer"]}, status=201)

    async def _import(self, request: web.Request) -> web.Response:
        lines = (await request.read()).count(b"\r\n") - 1
        dry_run = request.query["dry_run"] == "true"
        self.posts.append((f"{request.match_info['kind']} {'tried' if dry_run else 'stored'}", lines))
        counts = {"read": lines, "new": lines, "changed": 0, "unchanged": 0, "rejected": []}
        kind = request.match_info["kind"]
        return web.json_response({"kind": kind, "dry_run": dry_run, "stored": not dry_run, **counts})

    async def _alerts(self, request: web.Request) -> web.Response:
        alerts: list[object] = [
            {"alert": str(alert), "kind": "missed_visit", "client": "C-1", "state": "open", "visit": visit}
            for visit, alert in self.missed.items()
        ]
        return self._page(request, "alerts", alerts)

    async def _candidates(self, request: web.Request) -> web.Response:
        return self._page(request, "candidates", self.candidates)

    def _page(self, request: web.Request, name: str, listed: list[object]) -> web.Response:
        """Two of a list at most, however many are asked for, so that whoever wants all must go on."""
        first = int(request.query.get("after", "0"))
        following = first + 2
        return web.json_response(
            {name: listed[first:following], "next": str(following) if following < len(listed) else None}
        )

    async def _visits(self, _: web.Request) -> web.Response:
        return web.json_response({"visits": []})

    async def _hours(self, _: web.Request) -> web.Response:
        return web.Response(body=b"provider,visit,client,carer,outcome,delivered_minutes,paid_minutes\r\n")

    async def _clock(self, _: web.Request) -> web.Response:
        return web.json_response({"now": self.now.isoformat()})

    async def _set_clock(self, request: web.Request) -> web.Response:
        wanted = datetime.fromisoformat((await request.json())["now"])
        if wanted < self.now:
            return web.Response(status=422)
        self.now = wanted
        return web.json_response({"now": self.now.isoformat()})

    async def _other(self, request: web.Request) -> web.Response:
        self.posts.append((request.path, await request.json()))
        return web.json_response({}, status=201)
