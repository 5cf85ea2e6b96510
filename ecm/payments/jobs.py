"""What a worker asks of the process that works out its hours, and what it is answered, as they cross the pipe.

Each is MessagePack with its length before it. `hours_process.py` asks; `python -m ecm.payments.hours_worker` answers.
"""

from datetime import datetime
from typing import Final, Literal

import msgspec

from ecm.payments.domain import Sources
from ecm.visits.limits import Limits

Form = Literal["json", "csv", "xlsx"]

LENGTH_BYTES: Final = 8


class Part(msgspec.Struct, frozen=True):
    """Some of the lines: at most `most`, from the line numbered `first` (from 0)."""

    first: int
    most: int


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """The hours of `sources` as known at `now`, in a form; `limits` are those that visits are folded by.

    `part` leaves lines out of the JSON, and nothing out of its sums; None means all lines.
    """

    form: Form
    part: Part | None
    now: datetime
    limits: Limits
    sources: Sources


class Produced(msgspec.Struct, frozen=True, tag=True):
    """The hours in the form that was asked for, and a file name that says what they are."""

    name: str
    content: bytes


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Why the hours cannot be worked out, as a sentence for the person who asked."""

    detail: str


Reply = Produced | Refused

_encode: Final = msgspec.msgpack.Encoder().encode
_job: Final = msgspec.msgpack.Decoder(Job)
_reply: Final = msgspec.msgpack.Decoder(Reply)


def packed(message: Job | Reply) -> bytes:
    """Return a message as it crosses the pipe; `length_of` it goes before."""
    return _encode(message)


def length_of(message: bytes) -> bytes:
    """Return what goes before a packed message."""
    return len(message).to_bytes(LENGTH_BYTES)


def read_job(message: bytes) -> Job:
    """Unpack a job."""
    return _job.decode(message)


def read_reply(message: bytes) -> Reply:
    """Unpack a reply."""
    reply: Reply = _reply.decode(message)
    return reply
