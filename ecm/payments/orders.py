"""What a worker asks of the process that draws its hours, and what it is answered, as they cross the pipe.

Each is MessagePack with its length before it. `python -m ecm.payments.hours` draws; `drawing.py` asks.
"""

from typing import Final, Literal

import msgspec

from ecm.care.domain import Commission
from ecm.payments.domain import FoldedVisit, View
from reports.contracts import Contract
from reports.periods import Period

Form = Literal["json", "csv", "xlsx"]

LENGTH_BYTES: Final = 8


class Part(msgspec.Struct, frozen=True):
    """Some of the lines: at most `most`, from the line numbered `first` (from 0)."""

    first: int
    most: int


class Order(msgspec.Struct, frozen=True):
    """All that the hours of a period are made from. Days of `read` about `period` count towards weekly caps.

    `replay` None means own contracts. `part` leaves lines out of the JSON, and nothing out of its sums.
    """

    form: Form
    part: Part | None
    provider_name: str
    view: View
    period: Period
    read: Period
    contracts: list[Contract]
    commissions: list[Commission]
    visits: list[FoldedVisit]
    replay: Contract | None


class Drawn(msgspec.Struct, frozen=True, tag=True):
    """The hours in the form that was asked for, and a file name that says what they are."""

    name: str
    content: bytes


class Refused(msgspec.Struct, frozen=True, tag=True):
    """Why the hours cannot be worked out, as a sentence for the person who asked."""

    detail: str


Reply = Drawn | Refused

_encode: Final = msgspec.msgpack.Encoder().encode
_order: Final = msgspec.msgpack.Decoder(Order)
_reply: Final = msgspec.msgpack.Decoder(Reply)


def packed(message: Order | Reply) -> bytes:
    """Return a message as it crosses the pipe; `length_of` it goes before."""
    return _encode(message)


def length_of(message: bytes) -> bytes:
    """Return what goes before a packed message."""
    return len(message).to_bytes(LENGTH_BYTES)


def read_order(message: bytes) -> Order:
    """Unpack an order."""
    return _order.decode(message)


def read_reply(message: bytes) -> Reply:
    """Unpack a reply."""
    reply: Reply = _reply.decode(message)
    return reply
