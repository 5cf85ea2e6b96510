"""The way of a check-in, from the posted text to the answer a phone may forget it by.

Read top to bottom: take the items apart, find the devices, check the signatures, look up what the items name,
judge each, and hand them to the writer, whose answers come back after COMMIT.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import structlog

from devices.encoding import Unreadable
from devices.messages import CheckInMessage
from devices.sd_jwt import read_check_in
from ecm.clock import Clock
from ecm.db.errors import DatabaseError
from ecm.db.pool import Database
from ecm.intake import reading, store
from ecm.intake.directory import FRESH_SECONDS, Directory
from ecm.intake.domain import AcceptedCheckIn, Answer, Refusal
from ecm.intake.metrics import IntakeMetrics
from ecm.intake.reading import Authentic
from ecm.intake.signatures import signers
from ecm.intake.writer import Writer, unavailable

# Reading costs some 20 µs an item, so this many hold the loop for about 2 ms.
ITEMS_BETWEEN_BREATHS: Final = 100
REFUSALS_WAITING: Final = 1_000
REFUSED_TEXT_KEPT: Final = 4_096
REFUSALS_FLUSHED_EVERY_SECONDS: Final = 0.25

_log = structlog.get_logger()


class Intake:
    """Takes check-ins in."""

    def __init__(self, database: Database, clock: Clock, metrics: IntakeMetrics, queue_limit: int) -> None:
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._directory = Directory(database)
        self._writer = Writer(database, metrics, queue_limit)
        self._refusals: list[Refusal] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the directory fresh, the writer's lanes open and the refusals flowing while in this context."""
        async with self._writer.running():
            chores = [asyncio.create_task(self._watch_directory()), asyncio.create_task(self._keep_refusals())]
            try:
                yield
            finally:
                for chore in chores:
                    chore.cancel()
                await asyncio.gather(*chores, return_exceptions=True)
                await self._flush_refusals()

    async def submit(self, sent_at: datetime, items: Sequence[object]) -> tuple[datetime, list[Answer]]:
        """Take a batch in; return when it was received and an answer for each item, in order.

        Every item stands for itself: what is wrong with one never touches its neighbour. Raises the `unavailable`
        problem when nothing can be promised.
        """
        received_at = self._clock.now()
        answers: list[Answer | None] = [None] * len(items)
        try:
            await self._directory.keep_fresh()
            authentic = await self._authenticate(items, received_at, answers)
            known = await self._directory.learn(reading.wanted(authentic.values()))
        except DatabaseError as error:
            _log.warning("intake.directory.failed", error=type(error).__name__)
            raise unavailable("The database cannot be asked just now.") from None
        places = list(authentic)
        accepted = [
            reading.accept(one, known[one.signer.device.provider], sent_at, received_at) for one in authentic.values()
        ]
        if accepted:
            for place, answer in zip(places, await self._writer.write(accepted), strict=True):
                answers[place] = answer
        complete = [answer for answer in answers if answer is not None]
        self._count(accepted, complete)
        return received_at, complete

    async def _authenticate(
        self, items: Sequence[object], received_at: datetime, answers: list[Answer | None]
    ) -> dict[int, Authentic]:
        """Read the items and check their signatures; refuse in `answers` what fails, return the rest by place."""
        messages: dict[int, CheckInMessage] = {}
        for place, item in enumerate(items):
            if place % ITEMS_BETWEEN_BREATHS == ITEMS_BETWEEN_BREATHS - 1:
                await asyncio.sleep(0)
            try:
                messages[place] = _read(item)
            except Unreadable as problem:
                answers[place] = self._refuse(item, None, received_at, problem.reason, problem.detail)
        known = await self._directory.devices({message.device_id for message in messages.values()})
        written_by = await signers(messages, known)
        authentic: dict[int, Authentic] = {}
        for place, message in messages.items():
            signer = written_by.get(place)
            if signer is not None and not signer.device.revoked:
                authentic[place] = Authentic(message, signer, reading.take_links(message))
                continue
            if signer is not None:
                reason, detail = "revoked_device", "This device was revoked; enrol the phone again."
            elif known[message.device_id]:
                reason, detail = "bad_signature", "The signature is not this device's over these bytes."
            else:
                reason, detail = "unknown_device", "No device with this id is enrolled."
            answers[place] = self._refuse(items[place], message, received_at, reason, detail)
        return authentic

    def _refuse(
        self,
        item: object,
        message: CheckInMessage | None,
        received_at: datetime,
        reason: str,
        detail: str,
    ) -> Answer:
        self._metrics.refusals.labels(reason=reason).inc()
        if len(self._refusals) < REFUSALS_WAITING:
            text = item if isinstance(item, str) else repr(item)
            self._refusals.append(
                Refusal(
                    received_at,
                    reason,
                    detail,
                    None if message is None else message.device_id,
                    hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest(),
                    # The signed part only: what follows the first tilde may be a location.
                    ascii(text.partition("~")[0])[1:-1][:REFUSED_TEXT_KEPT],
                )
            )
        return Answer("refused", None if message is None else message.body.check_in, None, reason, detail)

    def _count(self, accepted: Sequence[AcceptedCheckIn], answers: Sequence[Answer]) -> None:
        """Count answers one by one, but look at clocks once a request: its items come from one phone."""
        for status, number in Counter(answer.status for answer in answers).items():
            self._metrics.answers.labels(status=status).inc(number)
        if accepted:
            oldest = min(check_in.occurred_at for check_in in accepted)
            self._metrics.skew_seconds.observe(abs(accepted[0].skew_seconds))
            self._metrics.lag_seconds.observe((accepted[0].received_at - oldest).total_seconds())

    async def _watch_directory(self) -> None:
        while True:
            await asyncio.sleep(FRESH_SECONDS)
            try:
                await self._directory.refresh()
            except DatabaseError as error:
                _log.warning("intake.directory.failed", error=type(error).__name__)

    async def _keep_refusals(self) -> None:
        while True:
            await asyncio.sleep(REFUSALS_FLUSHED_EVERY_SECONDS)
            await self._flush_refusals()

    async def _flush_refusals(self) -> None:
        refusals = self._refusals[:]
        if not refusals:
            return
        try:
            async with self._database.transaction("store_refusals", role="intake") as connection:
                await store.store_refusals(connection, refusals)
        except DatabaseError as error:
            _log.warning("intake.refusals.failed", error=type(error).__name__)
            return
        del self._refusals[: len(refusals)]


def _read(item: object) -> CheckInMessage:
    if not isinstance(item, str):
        raise Unreadable("wrong_type", "A check-in is a text, and this item is none.")
    return read_check_in(item)
