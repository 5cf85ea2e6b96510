"""Storing: a group goes into one transaction, and its answers are known after COMMIT."""

from collections.abc import Sequence

import asyncpg
import structlog

from ecm.db.errors import ConstraintViolated
from ecm.db.pool import Connection, Database
from ecm.intake import store
from ecm.intake.domain import AcceptedCheckIn, Answer, AnswerStatus, CheckInKey
from ecm.intake.metrics import IntakeMetrics

_log = structlog.get_logger()


class Writer:
    """Takes verified check-ins and returns their answers once they are on disk."""

    def __init__(self, database: Database, metrics: IntakeMetrics) -> None:
        self._database = database
        self._metrics = metrics

    async def write(self, check_ins: Sequence[AcceptedCheckIn]) -> list[Answer]:
        """Store check-ins and return an answer for each, after COMMIT. On DatabaseError nothing is promised.

        Where a row itself is refused by the database, halve until the row stands alone.
        """
        if not check_ins:
            return []
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
            return await self.write(check_ins[:middle]) + await self.write(check_ins[middle:])
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
