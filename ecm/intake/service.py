"""The way of a check-in, from the posted text to the answer a phone may forget it by.

Read top to bottom: a request waits its turn in the queue. Then, together with whatever else waits, it is opened, the
devices are found, the signatures checked, what the items name is looked up, each is judged, and all are stored by one
transaction; the answers leave after its COMMIT.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple, get_args
from uuid import UUID

import msgspec
import structlog
from aiohttp import web

from devices.encoding import Unreadable
from devices.jws import claimed_device
from devices.messages import CheckInMessage
from devices.sd_jwt import read_check_in
from ecm.db.errors import DatabaseError
from ecm.db.pool import Database
from ecm.http.decoding import decode_json
from ecm.intake import reading
from ecm.intake.domain import AcceptedCheckIn, Answer, AnswerStatus, Receipt, Submission
from ecm.intake.metrics import IntakeMetrics
from ecm.intake.queue import Queue, Request
from ecm.intake.reading import Authentic
from ecm.intake.reference import FRESH_SECONDS, PhonesById, Reference
from ecm.intake.refusals import Refusals, Refused
from ecm.intake.signatures import Signer, signers
from ecm.intake.writer import Writer
from ecm.phones.domain import Phone
from ecm.words.clock import Clock
from ecm.words.problems import Problem, unavailable

# Reading and judging cost some 20 µs an item, so this many hold the loop for about 2 ms.
ITEMS_BETWEEN_BREATHS: Final = 100

_log = structlog.get_logger()


class _Opened(NamedTuple):
    """A request with what it holds, and the index of its first item among all that are taken in with it."""

    request: Request
    submission: Submission
    first: int

    @property
    def indexes(self) -> range:
        return range(self.first, self.first + len(self.submission.check_ins))


class Intake:
    """Takes check-ins in. `waiting_limit` is how many bytes of requests may wait their turn."""

    def __init__(self, database: Database, clock: Clock, metrics: IntakeMetrics, waiting_limit: int) -> None:
        self._clock = clock
        self._metrics = metrics
        self._answered = {status: metrics.answers.labels(status=status) for status in get_args(AnswerStatus)}
        self._queue = Queue(metrics, waiting_limit)
        self._reference = Reference(database)
        self._refusals = Refusals(database, metrics)
        self._writer = Writer(database, metrics)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the lanes open, the directory fresh and the refusals flowing while in this context."""
        chores = [asyncio.create_task(self._watch_reference()), asyncio.create_task(self._refusals.keep())]
        try:
            async with self._queue.running(self._take_in):
                yield
        finally:
            for chore in chores:
                chore.cancel()
            await asyncio.gather(*chores, return_exceptions=True)
            await self._refusals.flush()

    async def submit(self, body: bytes, source: str = "") -> Receipt:
        """Take in what a phone posted, a Submission as JSON; return when it was received and an answer for each item.

        Every item stands for itself: what is wrong with one never touches its neighbour. `source` is the network
        address it came from. Raises the `malformed` problem for what is no Submission, `unavailable` when nothing can
        be promised, and `too-many` for a phone that keeps sending what cannot be accepted.
        """
        return await self._queue.wait(body, source, self._clock.now())

    async def _take_in(self, requests: Sequence[Request]) -> None:
        """Take requests in together, and answer each of them."""
        opened = _open(requests)
        try:
            await self._reference.keep_fresh()
        except DatabaseError:
            # Logged by `_watch_reference`, twice a second and not once a group.
            _fail(requests)
            return
        try:
            authentic, refused = await self._authenticate(opened)
            answers = self._refuse(opened, refused)
            accepted = await self._accept(opened, authentic)
            answers.update(zip(accepted, await self._writer.write(list(accepted.values())), strict=True))
        except DatabaseError as error:
            _log.warning("intake.store.failed", error=type(error).__name__, requests=len(requests))
            _fail(requests)
            return
        self._count(opened, accepted, answers.values())
        for one in opened:
            if not one.request.answered.done():
                one.request.answer(Receipt(one.request.received_at, [answers[index] for index in one.indexes]))

    async def _authenticate(self, opened: Sequence[_Opened]) -> tuple[dict[int, Authentic], dict[int, Refused]]:
        """Read the items and check who signed them; return by index what is authentic, and what is refused."""
        items = [item for one in opened for item in one.submission.check_ins]
        messages: dict[int, CheckInMessage] = {}
        unread: dict[int, Refused] = {}
        for index, item in enumerate(items):
            if index % ITEMS_BETWEEN_BREATHS == ITEMS_BETWEEN_BREATHS - 1:
                await asyncio.sleep(0)
            try:
                messages[index] = _read(item)
            except Unreadable as problem:
                unread[index] = Refused(item, _named_device(item), None, problem.reason, problem.detail)
        named = {message.device_id for message in messages.values()}
        named.update(one.device_id for one in unread.values() if one.device_id is not None)
        known = await self._reference.phones(named)
        refused = {index: _of_provider(one, known) for index, one in unread.items()}
        written_by = await signers(messages, known)
        authentic: dict[int, Authentic] = {}
        for index, message in messages.items():
            signer = written_by.get(index)
            if signer is not None and not signer.phone.revoked:
                authentic[index] = Authentic(message, signer, reading.take_links(message))
                continue
            reason, detail = _why(signer, known[message.device_id])
            one = Refused(items[index], message.device_id, message.body.check_in, reason, detail)
            refused[index] = _of_provider(one, known)
        return authentic, refused

    def _refuse(self, opened: Sequence[_Opened], refused: Mapping[int, Refused]) -> dict[int, Answer]:
        """Answer what is refused; a request of a phone that sends too much of it fails as a whole."""
        answers: dict[int, Answer] = {}
        for one in opened if refused else ():
            theirs = {index: refused[index] for index in one.indexes if index in refused}
            try:
                answers.update(self._refusals.answer(theirs, one.request.source, one.request.received_at))
            except Problem as problem:
                one.request.fail(problem)
        return answers

    async def _accept(
        self, opened: Sequence[_Opened], authentic: Mapping[int, Authentic]
    ) -> dict[int, AcceptedCheckIn]:
        """Judge what is authentic, by index; what nobody waits for any more is left to come again."""
        known = await self._reference.learn([reading.named(one) for one in authentic.values()])
        accepted: dict[int, AcceptedCheckIn] = {}
        for one in opened:
            if one.request.answered.done():
                continue
            for index in one.indexes:
                if index % ITEMS_BETWEEN_BREATHS == ITEMS_BETWEEN_BREATHS - 1:
                    await asyncio.sleep(0)
                if index in authentic:
                    provider = known[authentic[index].signer.phone.provider]
                    sent_at, received_at = one.submission.sent_at, one.request.received_at
                    accepted[index] = reading.accept(authentic[index], provider, sent_at, received_at)
        return accepted

    def _count(
        self, opened: Sequence[_Opened], accepted: Mapping[int, AcceptedCheckIn], answers: Iterable[Answer]
    ) -> None:
        """Count answers one by one, but look at clocks once a request: its items come from one phone."""
        for status, number in Counter(answer.status for answer in answers).items():
            self._answered[status].inc(number)
        for one in opened:
            first = accepted.get(one.first)
            if first is not None:
                self._metrics.skew_seconds.observe(abs(first.skew_seconds))
                self._metrics.lag_seconds.observe((first.received_at - first.occurred_at).total_seconds())

    async def _watch_reference(self) -> None:
        while True:
            await asyncio.sleep(FRESH_SECONDS)
            try:
                await self._reference.refresh()
            except DatabaseError as error:
                _log.warning("intake.reference.failed", error=type(error).__name__)


INTAKE: Final = web.AppKey("intake", Intake)


def _fail(requests: Sequence[Request]) -> None:
    for request in requests:
        request.fail(unavailable("The database cannot store check-ins just now."))


def _open(requests: Sequence[Request]) -> list[_Opened]:
    """Take the bodies apart; a request whose body is no Submission fails."""
    opened: list[_Opened] = []
    items = 0
    for request in requests:
        try:
            submission = decode_json(request.body, Submission)
        except Problem as problem:
            request.fail(problem)
            continue
        opened.append(_Opened(request, submission, items))
        items += len(submission.check_ins)
    return opened


def _read(item: object) -> CheckInMessage:
    if not isinstance(item, str):
        raise Unreadable("wrong_type", "A check-in is a text, and this item is none.")
    return read_check_in(item)


def _named_device(item: object) -> UUID | None:
    """Return the phone that an item names which cannot be read, if it names one."""
    return claimed_device(item) if isinstance(item, str) else None


def _of_provider(refused: Refused, known: PhonesById) -> Refused:
    """Note whose phone an item names, where that is one provider's: it is shown there."""
    phones = () if refused.device_id is None else known[refused.device_id]
    providers = {phone.provider for phone in phones}
    return refused if len(providers) != 1 else msgspec.structs.replace(refused, provider=providers.pop())


def _why(signer: Signer | None, phones: Sequence[Phone]) -> tuple[str, str]:
    """Return the reason and the sentence for a message that counts for nobody."""
    if signer is not None:
        return "revoked_device", "This device was revoked; enrol the phone again."
    if phones:
        return "bad_signature", "The signature is not this device's over these bytes."
    return "unknown_device", "No device with this id is enrolled."
