"""What intake makes of a verified check-in: pure rules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec

from devices.messages import CheckInMessage
from ecm.words.codes import Instant
from geofences.fences import Fence
from geofences.verdict import Judgement

AnswerStatus = Literal["recorded", "duplicate", "conflict", "refused"]

# Below two minutes a difference may be the network's; above it, it is the phone's clock.
SKEW_TOLERANCE: Final = timedelta(minutes=2)
LATE_UPLOAD: Final = timedelta(hours=1)

# What stands for a direction that could not be read.
NO_DIRECTION: Final = "unknown"

CheckInKey = tuple[UUID, UUID, UUID]


@dataclass(frozen=True, slots=True)
class Tag:
    """A registered tag or card and the client at whose home it hangs."""

    tag_id: UUID
    kind: str
    client: str


@dataclass(frozen=True, slots=True)
class Client:
    """A client as intake needs it: the fence around the home, where there is one."""

    fence: Fence | None


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The answer to one item, once for ever: on any of these the phone may forget the item.

    `recorded_at` is when the item's id was first recorded; `reason` and `detail` say why it was refused.
    """

    status: AnswerStatus
    check_in: UUID | None
    recorded_at: datetime | None = None
    reason: str | None = None
    detail: str | None = None


class Submission(msgspec.Struct, gc=False):
    """Check-ins as a phone sends them; `sent_at` is the phone's clock at sending."""

    sent_at: Instant
    check_ins: Annotated[
        list[Any],
        msgspec.Meta(
            min_length=1,
            max_length=500,
            description="Signed check-ins (SD-JWT, compact). Anything else in the list is answered `refused`.",
        ),
    ]


class Receipt(msgspec.Struct, gc=False):
    """The answers, in the order of the items; it leaves only after everything recorded is on disk."""

    received_at: datetime
    answers: list[Answer]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An item that could not be read or authenticated, as it is kept; the location, if any, is not.

    `provider` is set where the phone that it names is enrolled with exactly one: then it is shown to that one.
    """

    received_at: datetime
    reason: str
    detail: str
    device_id: UUID | None
    message_digest: bytes
    signed_part: str
    provider: UUID | None = None


class AcceptedCheckIn(msgspec.Struct, frozen=True, gc=False):
    """A verified check-in with what was found beside it, ready to be stored; the message itself is untouched."""

    provider: UUID
    message: CheckInMessage
    received_at: datetime
    skew_seconds: int
    occurred_at: datetime
    carer: str
    client: str | None
    fold_client: str | None
    tag_id: UUID | None
    judgement: Judgement | None
    grade: str
    doubts: tuple[str, ...]
    signature_checked: bool

    @property
    def key(self) -> CheckInKey:
        """What is unique for ever: provider, device and check-in id."""
        return self.provider, self.message.device_id, self.message.body.check_in


def skew_seconds(sent_at: datetime, received_at: datetime) -> int:
    """Return how many seconds the phone's clock is behind ours, the network's time included."""
    return round((received_at - sent_at).total_seconds())


def occurred_at(at: datetime, skew: int) -> tuple[datetime, bool]:
    """Estimate when a check-in at the phone's time `at` happened, and say whether the clock is in doubt.

    A skew under two minutes changes nothing. A larger one is corrected in whole minutes, so that check-in and
    check-out of one visit move together. Where the result would leave the calendar, `at` stands.
    """
    if abs(skew) < SKEW_TOLERANCE.total_seconds():
        return at, False
    try:
        return at + timedelta(minutes=round(skew / 60)), True
    except OverflowError:
        return at, True


def arrival_doubts(at: datetime, sent_at: datetime, occurred: datetime, received_at: datetime) -> tuple[str, ...]:
    """Return doubts about the arrival: a tap later than its own sending, and a phone long offline."""
    doubts = []
    if at - sent_at > SKEW_TOLERANCE:
        doubts.append("clock_skew")
    if received_at - occurred > LATE_UPLOAD:
        doubts.append("late_upload")
    return tuple(doubts)


def client_of(
    told: str | None, told_is_known: bool, tags: Sequence[Tag], is_known: Callable[[str], bool]
) -> tuple[str | None, bool]:
    """Return whose home a check-in was at, and whether a tag said so against the message.

    A client that the message names stands if there is one of that code. If there is none, or the message names nobody,
    a genuine tag tells whose home it hangs in: a tag that is there beats a code that is not.
    """
    if told_is_known:
        return told, False
    of_tag = next((tag.client for tag in tags if is_known(tag.client)), None)
    if of_tag is not None:
        return of_tag, told is not None
    return told or (tags[0].client if tags else None), False


def can_be_folded(occurred: datetime) -> bool:
    """Say whether an instant lies in years that a visit can have; others are stored and sealed only."""
    return 2000 <= occurred.year < 2100
