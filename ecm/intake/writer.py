"""Group commit: whatever waits when a lane comes free goes into one transaction, and answers leave after COMMIT.

There is no timer: a lane that is free takes what is there, be it one check-in, and while it commits the next
group gathers. Waiting on purpose costs more than it saves (docs/performance.md).
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import asyncpg
import structlog

from ecm.db.errors import ConstraintViolated, DatabaseError
from ecm.db.pool import Connection, Database
from ecm.intake import store
from ecm.intake.domain import AcceptedCheckIn, Answer, AnswerStatus, CheckInKey
from ecm.intake.gate import unavailable
from ecm.intake.metrics import IntakeMetrics

LANES: Final = 2
GROUP_LIMIT: Final = 1_000

_Waiting = tuple[Sequence[AcceptedCheckIn], "asyncio.Future[list[Answer]]"]

_log = structlog.get_logger()


class Writer:
    """Takes verified check-ins and returns their answers once they are on disk."""

    def __init__(self, database: Database, metrics: IntakeMetrics) -> None:
        self._database = database
        self._metrics = metrics
        self._waiting: deque[_Waiting] = deque()
        self._depth = 0
        self._idle: deque[asyncio.Future[None]] = deque()
        self._closing = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the lanes; on leaving, whatever still waits is written first."""
        async with asyncio.TaskGroup() as lanes:
            for _ in range(LANES):
                lanes.create_task(self._lane())
            try:
                yield
            finally:
                self._closing = True
                while self._idle:
                    self._wake_one()

    async def write(self, check_ins: Sequence[AcceptedCheckIn]) -> list[Answer]:
        """Store check-ins and return an answer for each, after COMMIT.

        Raises the `unavailable` problem, at once when the service is stopping, and as soon as it is known when the
        database fails; then nothing was promised and the phone keeps every item.
        """
        if self._closing:
            raise unavailable("The service is stopping; please send this again shortly.")
        answered: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()
        self._waiting.append((check_ins, answered))
        self._depth += len(check_ins)
        self._wake_one()
        return await answered

    def _wake_one(self) -> None:
        if self._idle:
            lane = self._idle.popleft()
            if not lane.done():
                lane.set_result(None)

    async def _lane(self) -> None:
        while self._waiting or not self._closing:
            if self._waiting:
                await self._write_group(self._take())
            else:
                arrival = asyncio.get_running_loop().create_future()
                self._idle.append(arrival)
                await arrival

    def _take(self) -> list[_Waiting]:
        group = [self._waiting.popleft()]
        taken = len(group[0][0])
        while self._waiting and taken + len(self._waiting[0][0]) <= GROUP_LIMIT:
            group.append(self._waiting.popleft())
            taken += len(group[-1][0])
        self._depth -= taken
        self._metrics.queue_depth.set(self._depth)
        return group

    async def _write_group(self, group: list[_Waiting]) -> None:
        everything = [check_in for check_ins, _ in group for check_in in check_ins]
        try:
            answers = await self._store(everything)
        except DatabaseError as error:
            _log.warning("intake.store.failed", error=type(error).__name__, check_ins=len(everything))
            for _, answered in group:
                if not answered.done():
                    answered.set_exception(unavailable("The database cannot store check-ins just now."))
            return
        start = 0
        for check_ins, answered in group:
            if not answered.done():
                answered.set_result(answers[start : start + len(check_ins)])
            start += len(check_ins)

    async def _store(self, check_ins: Sequence[AcceptedCheckIn]) -> list[Answer]:
        """Store a group; where a row itself is refused by the database, halve until the row stands alone."""
        try:
            with self._metrics.commit_seconds.time():
                async with self._database.statement("store_check_ins", role="intake") as connection:
                    answers = await _store_in(connection, check_ins)
        except (asyncpg.DataError, ConstraintViolated) as error:
            if len(check_ins) == 1:
                _log.error("intake.row.unstorable", error=type(error).__name__)
                check_in = check_ins[0].message.body.check_in
                return [Answer("refused", check_in, None, "unstorable", "The database cannot hold this check-in.")]
            middle = len(check_ins) // 2
            return await self._store(check_ins[:middle]) + await self._store(check_ins[middle:])
        self._metrics.group_size.observe(len(check_ins))
        return answers


async def _store_in(connection: Connection, check_ins: Sequence[AcceptedCheckIn]) -> list[Answer]:
    firsts: dict[CheckInKey, AcceptedCheckIn] = {}
    for check_in in check_ins:
        firsts.setdefault(check_in.key, check_in)
    taken = await store.store_check_ins(connection, firsts.values())
    known = await store.first_answers(connection, taken) if taken else {}
    answers, conflicts = [], []
    for check_in in check_ins:
        key = check_in.key
        first = firsts[key]
        if key in taken:
            status = _again(check_in, known[key].message_digest)
            recorded_at = known[key].received_at
        else:
            status = "recorded" if check_in is first else _again(check_in, first.message.message_digest)
            recorded_at = first.received_at
        if status == "conflict":
            conflicts.append(check_in)
        answers.append(Answer(status, check_in.message.body.check_in, recorded_at))
    if conflicts:
        await store.store_conflicts(connection, conflicts)
    return answers


def _again(check_in: AcceptedCheckIn, first_digest: bytes) -> AnswerStatus:
    return "duplicate" if check_in.message.message_digest == first_digest else "conflict"
