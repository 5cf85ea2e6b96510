"""Sends parcels over keep-alive connections, open loop or flat out, and counts what comes back.

Open loop: instants are fixed in advance, and a latency runs from the instant a request was due, so that a stall of
the service shows in every request that fell due meanwhile. Flat out: each connection sends its next request when the
last was answered.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, cycle, repeat
from pathlib import Path
from typing import Final
from uuid import UUID

from simulators.load.connection import Connection
from simulators.load.ledger import Ledger
from simulators.load.pace import Alarm, Arrivals, arrivals
from simulators.load.tally import Tally
from simulators.load.wire import Parcel, Reply, Target, count_answers

TRY_AGAIN: Final = frozenset({429, 500, 502, 503, 504})
_LONGEST_PAUSE: Final = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """How to send. `rate` None means flat out; `timeout` is how long (seconds) a reply may take,
    `connect_seconds` a connection.

    With a ledger every parcel is posted, the same bytes again, until answered or until `give_up` seconds after the
    end; without one each is posted once. `repeats` sends the same parcels over and over, for a server that forgets
    them; `twice` sends each twice.
    """

    services: tuple[str, ...]
    connections: int
    seconds: float
    rate: float | None = None
    arrivals: Arrivals = "poisson"
    seed: str = "1"
    warm_up: float = 0.0
    timeout: float = 10.0
    ledger: Path | None = None
    devices: tuple[UUID, ...] = ()
    give_up: float = 60.0
    connect_seconds: float = 10.0
    repeats: bool = False
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sender has come: requests sent, answered 200 and otherwise, errors, requests due and unanswered."""

    sent: int
    accepted: int
    declined: int
    errors: int
    open: int


@dataclass(slots=True)
class _Job:
    parcel: Parcel
    due: int
    attempts: int = 0


class Sender:
    """Sends parcels as planned, once. `heads` holds, by device, the sequence and link of the last parcel sent."""

    def __init__(self, plan: Plan, parcels: Sequence[Parcel], told: Callable[[Progress], None]) -> None:
        self._plan = plan
        self._targets = [Target(service) for service in plan.services]
        self._parcels = _in_order(plan, parcels)
        self._told = told
        self._ledger = Ledger(plan.ledger, plan.devices) if plan.ledger is not None else None
        self._idle: deque[Connection] = deque()
        self._queue: deque[_Job] = deque()
        self._under_way: dict[Connection, _Job] = {}
        self._resting: dict[asyncio.TimerHandle, _Job] = {}
        self._ready = asyncio.Event()
        self._ended = asyncio.Event()
        self._quiet = asyncio.Event()
        self._start = self._deadline = self._last_on_time = 0
        self._due: Iterator[int] = iter(())
        self._next_due: int | None = None
        self._alarm: Alarm | None = None
        self._taken_whole = False
        self.tally = Tally()
        self.heads: dict[int, tuple[int, str]] = {}

    async def run(self, begin: Callable[[], None]) -> None:
        """Connect, call `begin` (in a thread: it may wait for other senders), then send until the end.

        Raises OSError when no connection could be made at first.
        """
        slots = [asyncio.create_task(self._keep_open(number)) for number in range(self._plan.connections)]
        try:
            await self._connected()
            await asyncio.to_thread(begin)
            watching = asyncio.create_task(self._watch())
            try:
                await self._send()
            finally:
                watching.cancel()
        finally:
            for slot in slots:
                slot.cancel()
            await asyncio.gather(*slots, return_exceptions=True)
            if self._ledger is not None:
                self._ledger.close()

    async def _connected(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._plan.connect_seconds):
                await self._ready.wait()
        if not self._idle:
            raise OSError(f"{', '.join(self._plan.services)} cannot be reached")

    async def _send(self) -> None:
        plan = self._plan
        self._start = time.monotonic_ns()
        self._deadline = self._start + int(plan.seconds * 1e9)
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(plan.seconds, self._ended.set)]
        if plan.warm_up:
            timers.append(loop.call_later(plan.warm_up, self._forget_the_warm_up))
        if plan.rate is not None:
            self._due = arrivals(plan.arrivals, plan.rate, plan.seconds, plan.seed)
            self._alarm = Alarm(self._fall_due)
            self._fall_due()
        self._pump()
        try:
            await self._ended.wait()
        finally:
            if self._alarm is not None:
                self._alarm.close()
            for timer in timers:
                timer.cancel()
        await self._finish()

    async def _finish(self) -> None:
        """Wait for the answers still to come; with a ledger go on until everything is answered."""
        if self._ledger is None:
            self.tally.not_sent = len(self._queue)
            self._queue.clear()
        self._be_quiet()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._plan.timeout if self._ledger is None else self._plan.give_up):
                await self._quiet.wait()
        left = [*self._under_way.values(), *self._resting.values(), *self._queue]
        self.tally.unanswered += len(left)
        for timer in self._resting:
            timer.cancel()
        if self._ledger is not None:
            for job in left:
                self._ledger.unanswered(job.parcel, job.attempts)
        to_the_last = (self._plan.rate is None or self._taken_whole) and self._last_on_time
        self.tally.nanoseconds = (self._last_on_time if to_the_last else self._deadline) - self._start

    def _forget_the_warm_up(self) -> None:
        self.tally = Tally()
        self._start = time.monotonic_ns()

    # What is due, and on which connection it goes

    def _fall_due(self) -> None:
        """Queue whatever has fallen due, and set the alarm for the next."""
        if self._alarm is None:
            return
        began = self._deadline - int(self._plan.seconds * 1e9)
        now = time.monotonic_ns()
        while True:
            if self._next_due is None:
                offset = next(self._due, None)
                if offset is None:
                    break
                self._next_due = began + offset
            if self._next_due > now:
                self._alarm.set(self._next_due)
                break
            parcel = self._take()
            if parcel is None:
                break
            self._queue.append(_Job(parcel, self._next_due))
            self._next_due = None
        self._pump()

    def _take(self) -> Parcel | None:
        parcel = next(self._parcels, None)
        if parcel is None:
            self._taken_whole = True
        return parcel

    def _next_job(self) -> _Job | None:
        if self._queue:
            return self._queue.popleft()
        now = time.monotonic_ns()
        if self._plan.rate is not None or now >= self._deadline:
            return None
        parcel = self._take()
        return _Job(parcel, now) if parcel is not None else None

    def _pump(self) -> None:
        """Put waiting jobs on idle connections."""
        while self._idle:
            connection = self._idle.popleft()
            if not connection.usable:
                continue
            job = self._next_job()
            if job is None:
                self._idle.appendleft(connection)
                break
            self._under_way[connection] = job
            self._note(job)
            connection.send(connection.target.request(job.parcel, datetime.now(UTC)))
        self._be_quiet()

    def _note(self, job: _Job) -> None:
        parcel = job.parcel
        job.attempts += 1
        self.tally.sent += 1
        self.tally.retries += job.attempts > 1
        if parcel.sequence > self.heads.get(parcel.device, (0, ""))[0]:
            self.heads[parcel.device] = (parcel.sequence, parcel.link)

    def _be_quiet(self) -> None:
        if self._under_way or self._queue or self._resting:
            return
        if self._taken_whole:
            self._ended.set()
        if self._ended.is_set():
            self._quiet.set()

    # What connections tell

    def free(self, connection: Connection) -> None:
        """Use a new connection; before the start it only waits."""
        self._idle.append(connection)
        if self._start:
            self._pump()
        elif len(self._idle) >= self._plan.connections:
            self._ready.set()

    def replied(self, connection: Connection, reply: Reply) -> None:
        """Count a reply, and send what comes next."""
        job = self._under_way.pop(connection)
        if connection.usable:
            self._idle.append(connection)
        self.tally.statuses[reply.status] += 1
        now = time.monotonic_ns()
        if reply.status == 200:
            self._accept(job, reply, now)
        else:
            self.tally.declined.record(now - job.due)
            if reply.status in TRY_AGAIN:
                self._again(job, reply.retry_after)
            elif self._ledger is not None:
                self._ledger.unanswered(job.parcel, job.attempts)
        self._pump()

    def lost(self, connection: Connection, why: str) -> None:
        """Count a lost request; with a ledger it will be sent again."""
        job = self._under_way.pop(connection, None)
        if job is None:
            return
        self.tally.errors[why] += 1
        if self._ledger is None:
            self.tally.unanswered += 1
        self._again(job, None)
        self._be_quiet()

    def _accept(self, job: _Job, reply: Reply, now: int) -> None:
        counts = count_answers(reply.body, len(job.parcel.check_ins))
        if counts is None:
            self.tally.errors["unaccounted"] += 1
            self._again(job, None)
            return
        if self._ledger is not None:
            self._ledger.answered(job.parcel, reply.body, job.attempts)
        self.tally.accepted.record(now - job.due)
        self.tally.answers.update(counts)
        if self._plan.rate is None or now <= self._deadline:
            self.tally.requests_on_time += 1
            self.tally.on_time += len(job.parcel.check_ins)
            self._last_on_time = now

    def _again(self, job: _Job, seconds: float | None) -> None:
        """With a ledger, send a job again after a pause."""
        if self._ledger is None:
            return
        pause = min(_LONGEST_PAUSE, 0.05 * 2 ** min(job.attempts, 5)) if seconds is None else seconds

        def rested() -> None:
            del self._resting[timer]
            self._queue.append(job)
            self._pump()

        timer = asyncio.get_running_loop().call_later(pause, rested)
        self._resting[timer] = job

    async def _keep_open(self, number: int) -> None:
        """Hold one connection open, made again when lost: to the next service when there are several."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            target = self._targets[(number + failures) % len(self._targets)]
            try:
                async with asyncio.timeout(self._plan.connect_seconds):
                    _, connection = await loop.create_connection(
                        lambda to=target: Connection(to, self),  # type: ignore[misc]  # bound now, not at the call
                        target.host,
                        target.port,
                    )
            except (OSError, TimeoutError):
                failures += 1
                self.tally.errors["no connection"] += 1
                await asyncio.sleep(min(_LONGEST_PAUSE, 0.05 * 2 ** min(failures, 5)))
                continue
            try:
                await connection.gone.wait()
            finally:
                connection.close()
            failures += len(self._targets) > 1

    async def _watch(self) -> None:
        """Each second drop what has waited too long for its reply, and tell how far things are."""
        while True:
            await asyncio.sleep(1)
            too_old = time.monotonic_ns() - int(self._plan.timeout * 1e9)
            for connection in [each for each in self._under_way if each.busy_since < too_old]:
                connection.abort("timeout")
            tally = self.tally
            waiting = len(self._queue) + len(self._under_way) + len(self._resting)
            errors = sum(tally.errors.values())
            self._told(Progress(tally.sent, tally.accepted.count, tally.declined.count, errors, waiting))


def _in_order(plan: Plan, parcels: Sequence[Parcel]) -> Iterator[Parcel]:
    if plan.repeats:
        return cycle(parcels)
    if plan.twice:
        return chain.from_iterable(repeat(parcel, 2) for parcel in parcels)
    return iter(parcels)
