"""A phone's outbox and its ledger: what was signed waits on disc until the service has answered it.

One append-only journal of JSON lines holds both. An item leaves the outbox only on an answer of recorded,
duplicate, conflict or refused; anything else, a lost answer too, leaves it where it is.
"""

import os
import uuid
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self

import msgspec

from simulators.replies import Answer, AnswerStatus


class Signed(msgspec.Struct, frozen=True, tag="signed"):
    """A check-in or alert as signed: exactly these bytes are posted, however often it takes."""

    key: str
    carer: str
    kind: Literal["check_in", "alert"]
    sequence: int
    message: str


class Answered(msgspec.Struct, frozen=True, tag="answered"):
    """One answer the service gave about one item; a repeated post gives another."""

    key: str
    status: AnswerStatus
    check_in: uuid.UUID | None
    recorded_at: datetime | None
    reason: str | None


class Outbox:
    """All phones' outboxes in one journal. Opening reads what was there; a line torn by a crash is dropped."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._waiting: dict[str, Signed] = {}
        self._signed: dict[str, Signed] = {}
        self._last: dict[str, Signed] = {}
        self.answers: list[Answered] = []
        self._read()
        self._file: IO[bytes] = path.open("ab")

    def _read(self) -> None:
        if not self._path.exists():
            return
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            self._path.write_bytes(whole)
        for line in whole.splitlines():
            self._take(msgspec.json.decode(line, type=Signed | Answered))

    def _take(self, entry: Signed | Answered) -> None:
        if isinstance(entry, Signed):
            self._signed[entry.key] = entry
            self._waiting[entry.key] = entry
            if entry.kind == "check_in":
                self._last[entry.carer] = entry
        else:
            self.answers.append(entry)
            self._waiting.pop(entry.key, None)

    def _write(self, entries: Iterable[Signed | Answered]) -> None:
        for entry in entries:
            self._file.write(msgspec.json.encode(entry) + b"\n")
            self._take(entry)
        self._file.flush()

    def put(self, items: Iterable[Signed]) -> None:
        """Keep what was just signed, on disc before it may be posted."""
        self._write(items)
        os.fsync(self._file.fileno())

    def signed(self, key: str) -> Signed | None:
        """What was signed under a key, if it was."""
        return self._signed.get(key)

    def last(self, carer: str) -> Signed | None:
        """The last check-in a carer's phone signed: the next one names its hash."""
        return self._last.get(carer)

    def first(self, carer: str) -> Signed | None:
        """The first check-in a carer's phone signed."""
        return next((s for s in self._signed.values() if s.carer == carer and s.sequence == 1), None)

    def check_ins(self) -> list[Signed]:
        """Every check-in signed, in the order signed."""
        return [s for s in self._signed.values() if s.kind == "check_in"]

    def waiting(self, carer: str) -> list[Signed]:
        """What a carer's phone still has to post, oldest first."""
        return [item for item in self._waiting.values() if item.carer == carer]

    def unanswered(self) -> int:
        """How many items of all phones wait."""
        return len(self._waiting)

    def answered(self, item: Signed, answer: Answer) -> None:
        """Enter an answer in the ledger; the item leaves the outbox."""
        entry = Answered(item.key, answer.status, answer.check_in, answer.recorded_at, answer.reason)
        self._write([entry])

    def close(self) -> None:
        """Close the journal."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
