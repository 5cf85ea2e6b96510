"""Who waits for intake: in what order and how large a group they are taken in, and who is declined."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from prometheus_client import CollectorRegistry

from ecm.db.pool import Database
from ecm.intake import queue
from ecm.intake.domain import Receipt
from ecm.intake.metrics import intake_metrics
from ecm.intake.queue import GROUP_BYTES, LANES, Queue, Request, TakeIn
from ecm.process.settings import Settings
from ecm.process.wiring import make_app
from ecm.words.problems import Problem
from tests.intake.conftest import NOON, Phone, SetClock

WAITING_LIMIT = 4 * GROUP_BYTES
RECEIPT = Receipt(NOON, [])


def answering_after(stuck: asyncio.Event) -> TakeIn:
    """Takes any group in, and answers it no sooner than the event."""

    async def take_in(group: Sequence[Request]) -> None:
        await stuck.wait()
        for request in group:
            request.answer(RECEIPT)

    return take_in


def make_queue() -> Queue:
    return Queue(intake_metrics(CollectorRegistry()), WAITING_LIMIT)


class Requests(RuleBasedStateMachine):
    """Requests of any size come, are taken in and give up, in any order, beside the plainest of models."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.queue = make_queue()
        self.open = AsyncExitStack()
        self.sizes: dict[int, int] = {}
        self.tasks: dict[int, asyncio.Task[Receipt]] = {}
        self.waiting: list[int] = []
        self.given_up: set[int] = set()
        self.groups: list[tuple[Sequence[Request], asyncio.Future[None]]] = []
        self.taken: list[list[int]] = []
        self.run(self.open.enter_async_context(self.queue.running(self.take_in)))

    def teardown(self) -> None:
        while self.groups:
            self.a_lane_is_done(0)
        self.run(self.open.aclose())
        self.loop.close()

    def run(self, work: object) -> None:
        async def then_pass_some_turns() -> None:
            await work  # type: ignore[misc]
            for _ in range(10):
                await asyncio.sleep(0)

        self.loop.run_until_complete(then_pass_some_turns())

    async def take_in(self, group: Sequence[Request]) -> None:
        done = self.loop.create_future()
        self.groups.append((group, done))
        self.taken.append([int(request.source) for request in group])
        await done
        for request in group:
            request.answer(RECEIPT)

    def expected(self) -> list[int]:
        """Take from the model what a lane takes; what was given up is left out."""
        group = [self.waiting.pop(0)]
        while self.waiting and sum(self.sizes[one] for one in (*group, self.waiting[0])) <= GROUP_BYTES:
            group.append(self.waiting.pop(0))
        return [one for one in group if one not in self.given_up]

    def check_lanes(self) -> None:
        """Hold what the free lanes have taken against the model."""
        free = LANES - (len(self.groups) - len(self.taken))
        expected: list[list[int]] = []
        while self.waiting and len(expected) < free:
            if group := self.expected():
                expected.append(group)
        assert self.taken == expected
        self.taken.clear()

    @rule(size=st.integers(min_value=1, max_value=GROUP_BYTES * 2))
    def a_request_comes(self, size: int) -> None:
        number = len(self.sizes)
        self.sizes[number] = size
        allowed = sum(self.sizes[one] for one in self.waiting) + size <= WAITING_LIMIT
        self.tasks[number] = self.loop.create_task(self.queue.wait(bytes(size), str(number), NOON))
        self.run(asyncio.sleep(0))
        if allowed:
            self.waiting.append(number)
            self.check_lanes()
        else:
            assert isinstance(self.tasks[number].exception(), Problem)

    @precondition(lambda self: self.groups)
    @rule(lane=st.integers(0, LANES - 1))
    def a_lane_is_done(self, lane: int) -> None:
        group, done = self.groups.pop(lane % len(self.groups))
        done.set_result(None)
        self.run(asyncio.sleep(0))
        for request in group:
            task = self.tasks[int(request.source)]
            assert task.cancelled() or task.result() is RECEIPT
        self.check_lanes()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def somebody_gives_up(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.waiting))
        self.tasks[number].cancel()
        self.given_up.add(number)
        self.run(asyncio.sleep(0))

    @invariant()
    def nobody_waits_while_a_lane_is_free(self) -> None:
        assert len(self.groups) == LANES or not self.waiting


TestRequests = pytest.mark.heavy(Requests.TestCase)


async def test_whoever_waits_too_long_and_whoever_comes_then_is_asked_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, stuck = make_queue(), asyncio.Event()

    async with made.running(answering_after(stuck)):
        at_work = [asyncio.create_task(made.wait(b"x" * GROUP_BYTES, "", NOON)) for _ in range(LANES)]
        waits = asyncio.create_task(made.wait(b"x", "", NOON))
        await asyncio.sleep(0)
        monkeypatch.setattr(queue, "OVERDUE_SECONDS", -1)
        with pytest.raises(Problem) as declined:
            await made.wait(b"x", "", NOON)
        assert declined.value.kind.status == 503
        assert int(declined.value.headers["Retry-After"]) > 0
        monkeypatch.setattr(queue, "RETRY_AFTER_SECONDS", 0)
        with pytest.raises(Problem):
            await waits
        stuck.set()
        assert await asyncio.gather(*at_work) == [RECEIPT] * LANES


async def test_whoever_comes_while_the_service_stops_is_told_so_and_whoever_waited_is_answered() -> None:
    registry = CollectorRegistry()
    made, stuck = Queue(intake_metrics(registry), WAITING_LIMIT), asyncio.Event()

    async def serve() -> None:
        async with made.running(answering_after(stuck)):
            at_work.append(asyncio.create_task(made.wait(b"x", "", NOON)))
            await asyncio.sleep(0)

    at_work: list[asyncio.Task[Receipt]] = []
    serving = asyncio.create_task(serve())
    while not at_work:
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    with pytest.raises(Problem, match="stopping") as told:
        await made.wait(b"x", "", NOON)
    assert int(told.value.headers["Retry-After"]) > 0
    assert registry.get_sample_value("ecm_intake_declined_total") == 0
    stuck.set()
    await serving
    assert await at_work[0] == RECEIPT


async def test_a_bug_met_by_one_request_costs_the_others_of_its_group_nothing() -> None:
    made = make_queue()

    async def take_in(group: Sequence[Request]) -> None:
        for request in group:
            if request.source == "bad":
                raise ZeroDivisionError
        for request in group:
            request.answer(RECEIPT)

    async with made.running(take_in):
        sources = ["good", "bad", "good", "good"]
        answers = await asyncio.gather(*(made.wait(b"x", one, NOON) for one in sources), return_exceptions=True)
    assert [isinstance(answer, ZeroDivisionError) for answer in answers] == [one == "bad" for one in sources]


async def test_a_full_queue_says_so_at_once_and_promises_nothing(
    database: Database, clock: SetClock, phone: Phone, superuser: asyncpg.Connection, tmp_path: Path
) -> None:
    app = make_app(Settings(tmp_path, intake_waiting_megabytes=1), database, clock, chores=False)
    body = msgspec.json.encode({"sent_at": NOON, "check_ins": [*phone.many(50), "x" * (GROUP_BYTES // 2)]})
    async with TestClient(TestServer(app)) as client:

        async def post() -> tuple[int, int]:
            async with client.post("/v1/check-ins", data=body) as response:
                return response.status, int(response.headers.get("Retry-After", 0))

        async with superuser.transaction():
            # Nothing can be written meanwhile, so whatever is taken in stays at work.
            await superuser.execute("LOCK TABLE check_ins IN EXCLUSIVE MODE")
            posted = [asyncio.create_task(post()) for _ in range(6)]
            done, _ = await asyncio.wait(posted, return_when=asyncio.FIRST_COMPLETED)
            status, retry_after = await done.pop()
            assert status == 503
            assert retry_after > 0
        statuses = [status for status, _ in await asyncio.gather(*posted)]
    assert 200 in statuses
    assert await superuser.fetchval("SELECT count(*) FROM check_ins") == 50


async def test_a_phone_is_not_kept_by_a_database_that_does_not_answer_and_what_it_stores_after_all_is_there_once(
    database: Database,
    clock: SetClock,
    phone: Phone,
    superuser: asyncpg.Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(queue, "ANSWERED_SECONDS", 0)
    app = make_app(Settings(tmp_path), database, clock, chores=False)
    body = msgspec.json.encode({"sent_at": NOON, "check_ins": phone.many(3)})
    async with TestClient(TestServer(app)) as client:
        async with superuser.transaction():
            await superuser.execute("LOCK TABLE check_ins IN EXCLUSIVE MODE")
            async with client.post("/v1/check-ins", data=body) as response:
                assert response.status == 503
                assert int(response.headers["Retry-After"]) > 0
        monkeypatch.undo()
        async with client.post("/v1/check-ins", data=body) as response:
            answers = msgspec.json.decode(await response.read())["answers"]
    assert {answer["status"] for answer in answers} <= {"recorded", "duplicate"}
    assert await superuser.fetchval("SELECT count(*) FROM check_ins") == 3
