"""The ledger: for every check-in posted, what the service said of it, to be set against what it kept."""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from simulators.load.wire import Parcel
from simulators.replies import Answer, Answers, AnswerStatus

_WRITTEN_EVERY = 1_000


class Entry(msgspec.Struct, frozen=True):
    """One answer to one check-in; `status` None means that it was posted and never answered."""

    device: UUID
    check_in: UUID
    sequence: int
    status: AnswerStatus | None
    recorded_at: datetime | None
    reason: str | None
    attempts: int


class Ledger:
    """JSON lines, added to a file; several processes may share it, since whole lines go out in one write."""

    def __init__(self, path: Path, devices: Sequence[UUID]) -> None:
        self._devices = devices
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        self._lines: list[bytes] = []

    def answered(self, parcel: Parcel, body: bytes, attempts: int) -> None:
        """Enter a receipt that accounts for each check-in of a parcel posted `attempts` times."""
        self._enter(parcel, msgspec.json.decode(body, type=Answers).answers, attempts)

    def unanswered(self, parcel: Parcel, attempts: int) -> None:
        """Enter that a parcel was posted (`attempts` times) and got no answer."""
        self._enter(parcel, [None] * len(parcel.check_ins), attempts)

    def close(self) -> None:
        """Write what waits."""
        self._write()
        os.close(self._file)

    def _enter(self, parcel: Parcel, answers: Sequence[Answer | None], attempts: int) -> None:
        first = parcel.sequence - len(parcel.check_ins) + 1
        for number, (check_in, answer) in enumerate(zip(parcel.check_ins, answers, strict=True)):
            entry = Entry(
                self._devices[parcel.device],
                UUID(check_in),
                first + number,
                answer.status if answer else None,
                answer.recorded_at if answer else None,
                answer.reason if answer else None,
                attempts,
            )
            self._lines.append(msgspec.json.encode(entry) + b"\n")
        if len(self._lines) >= _WRITTEN_EVERY:
            self._write()

    def _write(self) -> None:
        lines, self._lines = b"".join(self._lines), []
        while lines:
            lines = lines[os.write(self._file, lines) :]


def read_ledger(path: Path) -> list[Entry]:
    """Read a ledger."""
    return [msgspec.json.decode(line, type=Entry) for line in path.read_bytes().splitlines()]
