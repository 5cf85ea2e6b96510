"""Promise 5, through the whole service: the order of arrival changes nothing a person or a council reads."""

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, get_args
from uuid import UUID, uuid5

import asyncpg
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.enrolment import prove_key
from devices.keys import PrivateKey
from devices.messages import CheckInBody, Direction, Evidence, Gps
from devices.sd_jwt import link_to, sign_check_in
from ecm.accounts.service import ACCOUNTS
from ecm.db.embedded.server import EmbeddedServer
from ecm.db.pool import open_database
from ecm.process.settings import Settings
from ecm.process.wiring import make_app
from ecm.visits.service import VISITS
from reports.contracts import contract_to_json, example_contract
from tests.arranging import COUNCIL, DAY, HandClock, at, fold_what_waits

PROVIDER = UUID(int=7)
CARERS = ("W-1", "W-2", "W-3")
HOME = Gps(53.8008, -1.5491, 10.0, "w3c", 2, False)
EVENING = at("23:30")
ROSTER = (
    ("V-1", "C-1", "07:30", 30),
    ("V-2", "C-1", "12:00", 45),
    ("V-3", "C-2", "08:15", 30),
    ("V-4", "C-2", "18:00", 60),
)
Client = TestClient[web.Request, web.Application]

_numbers = count(1)


@dataclass
class Phone:
    """A phone whose key, id and messages follow from its carer, so that two services get the same bytes."""

    carer: str
    sequence: int = 0
    previous: str | None = None
    key: PrivateKey = field(init=False)
    device: UUID = field(init=False)

    def __post_init__(self) -> None:
        self.key = PrivateKey.from_seed(self.carer.encode().ljust(32))
        self.device = uuid5(PROVIDER, self.carer)

    def sign(self, client: str, direction: Direction, when: datetime) -> str:
        self.sequence += 1
        body = CheckInBody(
            version=1,
            check_in=uuid5(self.device, str(self.sequence)),
            sequence=self.sequence,
            previous=self.previous,
            direction=direction,
            at=when,
            carer=self.carer,
            client=client,
            evidence=Evidence(),
        )
        posted = sign_check_in(self.key, self.device, body, HOME, salt="A" * 22)
        self.previous = link_to(posted)
        return posted


@dataclass(frozen=True)
class Tap:
    """One check-in as it really happened."""

    carer: str
    client: str
    direction: Direction
    minute: int


@dataclass(frozen=True)
class Change:
    """One amendment the office made."""

    number: int
    visit: str
    carer: str
    in_minute: int | None
    out_minute: int
    made_minute: int


MINUTES = st.integers(6 * 60, 21 * 60)
TAPS = st.lists(
    st.builds(
        Tap, st.sampled_from(CARERS), st.sampled_from(("C-1", "C-2")), st.sampled_from(get_args(Direction)), MINUTES
    ),
    min_size=1,
    max_size=14,
)


@st.composite
def a_change(draw: st.DrawFn) -> Change:
    """An amendment that is taken whatever else is known by then: in the visit's window, after any arrival of a tap."""
    visit, _, start, _ = draw(st.sampled_from(ROSTER))
    begins = (at(start) - at("00:00")) // timedelta(minutes=1)
    return Change(
        draw(st.integers(1, 10**6)),
        visit,
        draw(st.sampled_from(CARERS)),
        draw(st.one_of(st.none(), st.integers(begins - 120, begins + 120))),
        draw(st.integers(begins + 121, begins + 150)),
        draw(st.integers(22 * 60, 23 * 60)),
    )


CHANGES = st.lists(a_change(), max_size=4, unique_by=lambda change: change.number)


def midnight_plus(minutes: int) -> datetime:
    return at("00:00") + timedelta(minutes=minutes)


@asynccontextmanager
async def whole_service(server: EmbeddedServer, clock: HandClock) -> AsyncIterator[Client]:
    """The whole application on a database of its own."""
    name = f"order_{next(_numbers)}"
    administrator = await asyncpg.connect(server.dsn())
    try:
        await administrator.execute(f"CREATE DATABASE {name} TEMPLATE ecm_template")
        async with (
            open_database(server.urls(name)) as database,
            TestClient(TestServer(make_app(Settings(Path("unused")), database, clock))) as client,
        ):
            yield client
        await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await administrator.close()


@dataclass
class Town:
    """The service with a council, a provider, two clients, a roster and three phones."""

    client: Client
    clock: HandClock
    tokens: dict[str, str] = field(default_factory=dict)

    async def send(self, role: str, method: str, path: str, **request: Any) -> bytes:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} if role else {}
        answer = await self.client.request(method, path, headers=headers, **request)
        content = await answer.read()
        assert answer.status < 300, content.decode()
        return content

    async def arrange(self) -> None:
        app = self.client.app
        self.tokens["operator"] = await app[ACCOUNTS].ensure_operator("operator")
        await self.send("operator", "POST", "/v1/councils", json={"council": COUNCIL, "name": "Synthetic"})
        await self.send("operator", "POST", "/v1/contracts", data=contract_to_json(example_contract("a")))
        branch = {"branch": "L1", "name": "Branch", "cqc_provider": "1-000000001", "cqc_location": "1-000000002"}
        provider = {"provider": str(PROVIDER), "name": "Synthetic Care", "branches": [branch]}
        await self.send("operator", "POST", "/v1/providers", json=provider)
        self.tokens["coordinator"] = (
            await app[ACCOUNTS].create("c", "coordinator", PROVIDER, None, by="service")
        ).token
        self.tokens["council_officer"] = (
            await app[ACCOUNTS].create("o", "council_officer", None, COUNCIL, by="service")
        ).token
        clients = "\n".join(f"C-{n},L1,{COUNCIL},53.8008,-1.5491" for n in (1, 2))
        commissions = "\n".join(
            f"K{visit},{client},{COUNCIL},A,care,2026-01-01,MTWTFSS,{start},{minutes},1"
            for visit, client, start, minutes in ROSTER
        )
        roster = "\n".join(
            f"{visit},{client},K{visit},{DAY}T{start},{minutes},W-1" for visit, client, start, minutes in ROSTER
        )
        files = {
            "carers": "carer,branch\n" + "\n".join(f"{carer},L1" for carer in CARERS),
            "clients": f"client,branch,council,latitude,longitude\n{clients}",
            "commissions": "commission,client,council,contract,service,start_date,days,start_time,minutes,carers\n"
            + commissions,
            "roster": f"visit,client,commission,start,minutes,carers\n{roster}",
        }
        for kind, text in files.items():
            path = f"/v1/imports/{kind}?dry_run=false"
            await self._import(path, text)
        for carer in CARERS:
            await self._enrol(Phone(carer))
        await self.fold()

    async def _import(self, path: str, text: str) -> None:
        headers = {"Authorization": f"Bearer {self.tokens['coordinator']}", "Content-Type": "text/csv"}
        answer = await self.client.post(path, data=text.encode(), headers=headers)
        assert answer.status == 200, await answer.text()

    async def _enrol(self, phone: Phone) -> None:
        headers = {"Authorization": f"Bearer {self.tokens['coordinator']}"}
        offered = await self.client.post("/v1/enrolments", json={"carer": phone.carer}, headers=headers)
        code = (await offered.json())["code"]
        body = {
            "code": code,
            "device": str(phone.device),
            "public_key": phone.key.public_jwk(),
            "proof": prove_key(phone.key, phone.device, code),
        }
        answer = await self.client.post("/v1/devices", json=body)
        assert answer.status == 201, await answer.text()

    async def deliver(self, items: list[str], when: datetime) -> None:
        self.clock.move_to(when)
        await self.send("", "POST", "/v1/check-ins", json={"sent_at": when.isoformat(), "check_ins": items})

    async def amend(self, change: Change) -> None:
        body = {
            "amendment": str(UUID(int=change.number)),
            "carer": change.carer,
            "in_at": None if change.in_minute is None else midnight_plus(change.in_minute).isoformat(),
            "out_at": midnight_plus(change.out_minute).isoformat(),
            "made_at": midnight_plus(change.made_minute).isoformat(),
            "reason": "NO_OUT",
        }
        await self.send("coordinator", "POST", f"/v1/visits/{change.visit}/amendments", json=body)

    async def fold(self) -> None:
        await fold_what_waits(self.client.app[VISITS], 50)

    async def conclusions(self) -> tuple[object, bytes]:
        """What a person reads of the day (but a visit's version, which counts its refolds), and the council's file."""
        self.clock.move_to(EVENING)
        await self.fold()
        told = json.loads(await self.send("coordinator", "GET", f"/v1/visits?day={DAY}"))
        visits = [{name: value for name, value in visit.items() if name != "version"} for visit in told["visits"]]
        path = f"/v1/reconciliation?provider={PROVIDER}&from={DAY}&to={DAY}&format=csv"
        return visits, await self.send("council_officer", "GET", path)


async def in_order(server: EmbeddedServer, items: list[str], changes: list[Change]) -> tuple[object, bytes]:
    """Everything once, in the order it happened, and folded once."""
    async with whole_service(server, clock := HandClock(at("22:00"))) as client:
        town = Town(client, clock)
        await town.arrange()
        await town.deliver(items, at("22:00"))
        await town.fold()
        clock.move_to(EVENING)
        for change in sorted(changes, key=lambda change: (change.made_minute, change.number)):
            await town.amend(change)
        return await town.conclusions()


async def in_disorder(
    server: EmbeddedServer, items: list[str], changes: list[Change], chance: random.Random
) -> tuple[object, bytes]:
    """Everything at least once, in any order, at any time of the evening, folded whenever it happens."""
    async with whole_service(server, clock := HandClock(at("22:00"))) as client:
        town = Town(client, clock)
        await town.arrange()
        copies = [*items, *chance.choices(items, k=len(items))]
        chance.shuffle(copies)
        shuffled = chance.sample(changes, len(changes))
        while copies or shuffled:
            if copies and (not shuffled or chance.random() < 0.7):
                size = chance.randint(1, 5)
                batch, copies = copies[:size], copies[size:]
                await town.deliver(batch, at("22:00") + timedelta(seconds=chance.randint(0, 5000)))
            else:
                clock.move_to(EVENING)
                # It may come before the phones have told of the call it amends.
                await town.amend(shuffled.pop())
            if chance.random() < 0.4:
                await town.fold()
        return await town.conclusions()


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(taps=TAPS, changes=CHANGES, seed=st.integers(0, 2**32))
async def test_promise_5_shuffled_repeated_and_delayed_arrivals_give_the_same_visits_and_hours(
    server: EmbeddedServer, taps: list[Tap], changes: list[Change], seed: int
) -> None:
    phones = {carer: Phone(carer) for carer in CARERS}
    ordered = sorted(taps, key=lambda tap: (tap.minute, tap.carer, tap.client, tap.direction))
    items = [phones[tap.carer].sign(tap.client, tap.direction, midnight_plus(tap.minute)) for tap in ordered]
    first = await in_order(server, items, changes)
    second = await in_disorder(server, items, changes, random.Random(seed))
    assert second[0] == first[0]
    assert second[1] == first[1]
    assert b"K" in first[1]
