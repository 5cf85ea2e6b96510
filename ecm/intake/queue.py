"""Who waits for intake and for how long, and which requests are taken in together.

A request waits as the bytes that came: taken apart, its check-ins need six times the room. Whatever waits when a lane
comes free is taken in by one go through the code and one transaction, which costs each check-in half of what it would
cost alone. There is no timer: a lane takes what is there, be it one check-in, and meanwhile the next group gathers.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final

import structlog

from ecm.intake.domain import Receipt
from ecm.intake.metrics import IntakeMetrics
from ecm.words.problems import RETRY_AFTER_SECONDS, Problem, unavailable

LANES: Final = 2
# Some 650 single check-ins, or a batch of 500.
GROUP_BYTES: Final = 512 * 1024
# Once the first in the queue has waited this long, whoever comes now would wait longer than we let anybody.
OVERDUE_SECONDS: Final = 1.0
# Nobody is kept longer than this, whatever the database does: what it stores after all is a duplicate when it comes
# again.
ANSWERED_SECONDS: Final = 5.0
_WATCH_SECONDS: Final = 0.25

_log = structlog.get_logger()


@dataclass(slots=True, eq=False)
class Request:
    """A posted body with the network address it came from, and the receipt that somebody waits for."""

    body: bytes
    source: str
    received_at: datetime
    since: float
    answered: "asyncio.Future[Receipt]"

    def answer(self, receipt: Receipt) -> None:
        """Hand the receipt over, if anybody still waits."""
        if not self.answered.done():
            self.answered.set_result(receipt)

    def fail(self, error: Exception) -> None:
        """Let whoever waits know that there is no receipt."""
        if not self.answered.done():
            self.answered.set_exception(error)


TakeIn = Callable[[Sequence[Request]], Awaitable[None]]


class Queue:
    """First come first served, in groups; whoever would wait too long is asked to come back.

    `waiting_limit` is how many bytes of requests may wait.
    """

    def __init__(self, metrics: IntakeMetrics, waiting_limit: int) -> None:
        self._metrics = metrics
        self._waiting_limit = waiting_limit
        self._waiting: deque[Request] = deque()
        self._waiting_bytes = 0
        self._at_work: list[list[Request]] = []
        self._idle: deque[asyncio.Future[None]] = deque()
        self._closing = False

    @asynccontextmanager
    async def running(self, take_in: TakeIn) -> AsyncIterator[None]:
        """Have lanes take groups in, each of whose requests must then be answered; on leaving they empty the queue."""
        watching = asyncio.create_task(self._watch())
        async with asyncio.TaskGroup() as lanes:
            for _ in range(LANES):
                lanes.create_task(self._lane(take_in))
            try:
                yield
            finally:
                watching.cancel()
                self._closing = True
                while self._idle:
                    self._wake_one()

    async def wait(self, body: bytes, source: str, received_at: datetime) -> Receipt:
        """Wait for the receipt of a request.

        Raises the `unavailable` problem: at once when too much waits already, the first has waited for long or the
        service is stopping, and later when the request's turn or the database's answer does not come in time.
        """
        if self._closing:
            raise unavailable("The service is stopping; please send this again shortly.")
        loop = asyncio.get_running_loop()
        overdue = bool(self._waiting) and loop.time() - self._waiting[0].since > OVERDUE_SECONDS
        if overdue or self._waiting_bytes + len(body) > self._waiting_limit:
            raise self._declined()
        request = Request(body, source, received_at, loop.time(), loop.create_future())
        self._waiting.append(request)
        self._waiting_bytes += len(body)
        self._wake_one()
        return await request.answered

    def _declined(self) -> Problem:
        self._metrics.declined.inc()
        return unavailable("Too many check-ins are waiting to be taken in; please send this again shortly.")

    def _wake_one(self) -> None:
        if self._idle:
            lane = self._idle.popleft()
            if not lane.done():
                lane.set_result(None)

    async def _lane(self, take_in: TakeIn) -> None:
        while self._waiting or not self._closing:
            if self._waiting:
                if group := self._take():
                    self._at_work.append(group)
                    await _attempt(take_in, group)
                    self._at_work.remove(group)
            else:
                arrival = asyncio.get_running_loop().create_future()
                self._idle.append(arrival)
                await arrival

    def _take(self) -> list[Request]:
        group = [self._pop()]
        size = len(group[0].body)
        while self._waiting and size + len(self._waiting[0].body) <= GROUP_BYTES:
            group.append(self._pop())
            size += len(group[-1].body)
        self._metrics.waiting_bytes.set(self._waiting_bytes)
        return [request for request in group if not request.answered.done()]

    def _pop(self) -> Request:
        request = self._waiting.popleft()
        self._waiting_bytes -= len(request.body)
        return request

    async def _watch(self) -> None:
        """Ask those to come back who have waited too long, because lanes or the database are slow or stand still."""
        while True:
            await asyncio.sleep(_WATCH_SECONDS)
            now = asyncio.get_running_loop().time()
            while self._waiting and self._waiting[0].since < now - RETRY_AFTER_SECONDS:
                self._pop().fail(self._declined())
            for request in chain.from_iterable(self._at_work):
                if request.since < now - ANSWERED_SECONDS:
                    request.fail(unavailable("The database does not answer; please send this again shortly."))


async def _attempt(take_in: TakeIn, group: Sequence[Request]) -> None:
    """Take a group in; if that meets a bug, take each request alone, so that it costs nobody but whoever met it."""
    try:
        await take_in(group)
    except Exception as error:  # noqa: BLE001 - a lane outlives every bug; the request that met it becomes a logged 500
        if len(group) == 1:
            group[0].fail(error)
            return
        _log.warning("intake.group.failed", error=type(error).__name__, requests=len(group))
        for request in group:
            await _attempt(take_in, [request])
