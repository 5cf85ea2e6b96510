"""The gate before intake: how much is worked on at once, in what order the others follow, and who is declined."""

import asyncio
from pathlib import Path

import asyncpg
import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from prometheus_client import CollectorRegistry

from ecm.app import make_app
from ecm.db.pool import Database
from ecm.errors import Problem
from ecm.intake import gate
from ecm.intake.gate import BYTES_AT_WORK, Gate
from ecm.intake.metrics import intake_metrics
from ecm.settings import Settings
from tests.intake.conftest import NOON, Phone, SetClock

WAITING_LIMIT = 4 * BYTES_AT_WORK


def make_gate(waiting_limit: int) -> Gate:
    return Gate(intake_metrics(CollectorRegistry()), waiting_limit)


class Requests(RuleBasedStateMachine):
    """Requests of any size come, are done, and give up, in any order; beside the gate runs the plainest of models."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.gate = make_gate(WAITING_LIMIT)
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.sizes: dict[int, int] = {}
        self.at_work: list[int] = []
        self.waiting: list[int] = []

    def teardown(self) -> None:
        for task in self.tasks.values():
            task.cancel()
        self.settle()
        self.loop.close()

    def settle(self) -> None:
        async def pass_some_turns() -> None:
            for _ in range(5):
                await asyncio.sleep(0)

        self.loop.run_until_complete(pass_some_turns())

    def let_in(self) -> None:
        while self.waiting and self.fits(self.sizes[self.waiting[0]]):
            self.at_work.append(self.waiting.pop(0))

    def fits(self, size: int) -> bool:
        return not self.at_work or sum(self.sizes[one] for one in self.at_work) + size <= BYTES_AT_WORK

    @rule(size=st.integers(min_value=1, max_value=BYTES_AT_WORK * 2))
    def a_request_comes(self, size: int) -> None:
        number = len(self.sizes)
        self.sizes[number] = size
        self.tasks[number] = self.loop.create_task(self.gate.enter(size))
        self.settle()
        if not self.waiting and self.fits(size):
            self.at_work.append(number)
        elif sum(self.sizes[one] for one in self.waiting) + size <= WAITING_LIMIT:
            self.waiting.append(number)
        else:
            assert isinstance(self.tasks[number].exception(), Problem)

    @precondition(lambda self: self.at_work)
    @rule(data=st.data())
    def one_is_done(self, data: st.DataObject) -> None:
        number = self.at_work.pop(data.draw(st.integers(0, len(self.at_work) - 1)))
        self.gate.leave(self.sizes[number])
        self.let_in()
        self.settle()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), as_room_is_made=st.booleans())
    def one_gives_up(self, data: st.DataObject, as_room_is_made: bool) -> None:
        """A phone hangs up while it waits, perhaps at the very moment when it would have been let in."""
        number = self.waiting[data.draw(st.integers(0, len(self.waiting) - 1))]
        if as_room_is_made and self.at_work:
            self.gate.leave(self.sizes[self.at_work.pop(0)])
            self.let_in()
        self.tasks[number].cancel()
        (self.at_work if number in self.at_work else self.waiting).remove(number)
        self.settle()
        self.let_in()
        self.settle()

    @invariant()
    def those_at_work_are_those_whose_turn_it_is(self) -> None:
        entered = {number for number in (*self.at_work, *self.waiting) if self.tasks[number].done()}
        assert entered == set(self.at_work)


TestRequests = Requests.TestCase


async def test_whoever_waits_too_long_and_whoever_comes_then_is_asked_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = make_gate(WAITING_LIMIT)
    await made.enter(BYTES_AT_WORK)
    waits = asyncio.create_task(made.enter(1))
    await asyncio.sleep(0)
    monkeypatch.setattr(gate, "OVERDUE_SECONDS", -1)
    with pytest.raises(Problem) as declined:
        await made.enter(1)
    assert declined.value.kind.status == 503
    assert int(declined.value.headers["Retry-After"]) > 0
    made.leave(BYTES_AT_WORK)
    await waits
    monkeypatch.setattr(gate, "RETRY_AFTER_SECONDS", 0)
    with pytest.raises(Problem):
        await made.enter(BYTES_AT_WORK)
    made.leave(1)
    await made.enter(BYTES_AT_WORK)


async def test_a_full_queue_says_so_at_once_and_promises_nothing(
    database: Database, clock: SetClock, phone: Phone, superuser: asyncpg.Connection, tmp_path: Path
) -> None:
    app = make_app(Settings(tmp_path, intake_waiting_megabytes=1), database, clock, chores=False)
    body = msgspec.json.encode({"sent_at": NOON, "check_ins": [*phone.many(50), "x" * (BYTES_AT_WORK // 3)]})
    async with TestClient(TestServer(app)) as client:

        async def post() -> tuple[int, int]:
            async with client.post("/v1/check-ins", data=body) as response:
                return response.status, int(response.headers.get("Retry-After", 0))

        async with superuser.transaction():
            # Nothing can be written meanwhile, so whatever is taken in stays at work.
            await superuser.execute("LOCK TABLE check_ins IN EXCLUSIVE MODE")
            posted = [asyncio.create_task(post()) for _ in range(4)]
            done, _ = await asyncio.wait(posted, return_when=asyncio.FIRST_COMPLETED)
            status, retry_after = await done.pop()
            assert status == 503
            assert retry_after > 0
        statuses = [status for status, _ in await asyncio.gather(*posted)]
    assert 200 in statuses
    assert await superuser.fetchval("SELECT count(*) FROM check_ins") == 50
