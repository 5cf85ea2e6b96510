"""The way of a check-in, from the posted text to the answer a phone may forget it by.

Read top to bottom: take the items apart, find the devices, check the signatures, look up what the items name,
judge each, and hand them to the writer, whose answers come back after COMMIT.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final, get_args

import structlog

from devices.encoding import Unreadable
from devices.messages import CheckInMessage
from devices.sd_jwt import read_check_in
from ecm.clock import Clock
from ecm.db.errors import DatabaseError
from ecm.db.pool import Database
from ecm.intake import reading
from ecm.intake.directory import FRESH_SECONDS, Directory
from ecm.intake.domain import AcceptedCheckIn, Answer, AnswerStatus, Device
from ecm.intake.gate import Gate, unavailable
from ecm.intake.metrics import IntakeMetrics
from ecm.intake.reading import Authentic
from ecm.intake.refusals import Refusals, Refused
from ecm.intake.signatures import Signer, signers
from ecm.intake.writer import Writer

# Reading costs some 20 µs an item, so this many hold the loop for about 2 ms.
ITEMS_BETWEEN_BREATHS: Final = 100

_log = structlog.get_logger()


class Intake:
    """Takes check-ins in. Whoever submits what came from outside enters by the `gate` first.

    `waiting_limit` is how many bytes of requests may wait there.
    """

    def __init__(self, database: Database, clock: Clock, metrics: IntakeMetrics, waiting_limit: int) -> None:
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._answered = {status: metrics.answers.labels(status=status) for status in get_args(AnswerStatus)}
        self._directory = Directory(database)
        self._writer = Writer(database, metrics)
        self.gate = Gate(metrics, waiting_limit)
        self._refusals = Refusals(database, metrics)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the directory fresh, the writer's lanes open and the refusals flowing while in this context."""
        async with self._writer.running():
            chores = [asyncio.create_task(self._watch_directory()), asyncio.create_task(self._refusals.keep())]
            try:
                yield
            finally:
                for chore in chores:
                    chore.cancel()
                await asyncio.gather(*chores, return_exceptions=True)
                await self._refusals.flush()

    async def submit(
        self, sent_at: datetime, items: Sequence[object], source: str = ""
    ) -> tuple[datetime, list[Answer]]:
        """Take a batch in; return when it was received and an answer for each item, in order.

        Every item stands for itself: what is wrong with one never touches its neighbour. `source` is the network
        address it came from. Raises the `unavailable` problem when nothing can be promised, and `too-many` for a
        phone that keeps sending what cannot be accepted.
        """
        received_at = self._clock.now()
        try:
            await self._directory.keep_fresh()
            authentic, refused = await self._authenticate(items)
            known = await self._directory.learn([reading.named(one) for one in authentic.values()])
        except DatabaseError:
            # Logged by `_watch_directory`, twice a second and not once a request.
            raise unavailable("The database cannot be asked just now.") from None
        answers = self._refusals.answer(refused, source, received_at)
        accepted = [
            reading.accept(one, known[one.signer.device.provider], sent_at, received_at) for one in authentic.values()
        ]
        if accepted:
            answers.update(zip(authentic, await self._writer.write(accepted), strict=True))
        in_order = [answers[place] for place in range(len(items))]
        self._count(accepted, in_order)
        return received_at, in_order

    async def _authenticate(self, items: Sequence[object]) -> tuple[dict[int, Authentic], dict[int, Refused]]:
        """Read the items and check who signed them; return by place what is authentic, and what is refused."""
        messages: dict[int, CheckInMessage] = {}
        refused: dict[int, Refused] = {}
        for place, item in enumerate(items):
            if place % ITEMS_BETWEEN_BREATHS == ITEMS_BETWEEN_BREATHS - 1:
                await asyncio.sleep(0)
            try:
                messages[place] = _read(item)
            except Unreadable as problem:
                refused[place] = Refused(item, None, None, problem.reason, problem.detail)
        known = await self._directory.devices({message.device_id for message in messages.values()})
        written_by = await signers(messages, known)
        authentic: dict[int, Authentic] = {}
        for place, message in messages.items():
            signer = written_by.get(place)
            if signer is not None and not signer.device.revoked:
                authentic[place] = Authentic(message, signer, reading.take_links(message))
                continue
            reason, detail = _why(signer, known[message.device_id])
            refused[place] = Refused(items[place], message.device_id, message.body.check_in, reason, detail)
        return authentic, refused

    def _count(self, accepted: Sequence[AcceptedCheckIn], answers: Sequence[Answer]) -> None:
        """Count answers one by one, but look at clocks once a request: its items come from one phone."""
        for status, number in Counter(answer.status for answer in answers).items():
            self._answered[status].inc(number)
        if accepted:
            first = accepted[0]
            self._metrics.skew_seconds.observe(abs(first.skew_seconds))
            self._metrics.lag_seconds.observe((first.received_at - first.occurred_at).total_seconds())

    async def _watch_directory(self) -> None:
        while True:
            await asyncio.sleep(FRESH_SECONDS)
            try:
                await self._directory.refresh()
            except DatabaseError as error:
                _log.warning("intake.directory.failed", error=type(error).__name__)


def _read(item: object) -> CheckInMessage:
    if not isinstance(item, str):
        raise Unreadable("wrong_type", "A check-in is a text, and this item is none.")
    return read_check_in(item)


def _why(signer: Signer | None, devices: Sequence[Device]) -> tuple[str, str]:
    """Return the reason and the sentence for a message that counts for nobody."""
    if signer is not None:
        return "revoked_device", "This device was revoked; enrol the phone again."
    if devices:
        return "bad_signature", "The signature is not this device's over these bytes."
    return "unknown_device", "No device with this id is enrolled."
