"""What a device says: the check-in, its evidence and its location, as types."""

from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from devices.keys import Algorithm

# `$(?!\n)` ends the text in Python and in JSON Schema alike; a bare `$` lets a final newline through.
Code = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,39}$(?!\n)")]
VisitHint = Annotated[str, Meta(pattern=r"^(unplanned:[0-9a-f-]{36}|[A-Za-z0-9][A-Za-z0-9._/-]{0,39})$(?!\n)")]
Memo = Annotated[str, Meta(max_length=500, pattern=r"^[^\u0000]*$")]
LinkText = Annotated[str, Meta(min_length=1, max_length=2048, pattern=r"^[^\u0000]*$")]
Instant = Annotated[datetime, Meta(tz=True)]
Direction = Literal["in", "out"]
AccuracyBasis = Literal["w3c", "android", "apple"]

ManualReason = Literal[
    "NO_IN",
    "NO_OUT",
    "NO_CALLS",
    "DEVICE_FAULT",
    "NO_SIGNAL_OFFLINE",
    "TAG_MISSING_OR_DAMAGED",
    "CLIENT_REFUSED_TAG_OR_LOCATION",
    "WRONG_CLIENT_SELECTED",
    "CARER_REPLACED",
    "CARER_LATE",
    "CARER_EARLY",
    "CLIENT_ASKED_TIME",
    "CLIENT_EMERGENCY",
    "EXTENDED_NEED",
    "SCHEDULE_ERROR",
    "WEATHER_TRAVEL",
    "ALTERNATE_LOCATION",
    "OTHER_WITH_MEMO",
]
MANUAL_REASONS: tuple[ManualReason, ...] = get_args(ManualReason)


ReadingDoubt = Literal[
    "disclosure_not_signed",
    "location_in_clear",
    "memo_cut",
    "no_evidence",
    "short_salt",
    "unreadable_accuracy_basis",
    "unreadable_body",
    "unreadable_carer",
    "unreadable_client",
    "unreadable_direction",
    "unreadable_evidence",
    "unreadable_fix",
    "unreadable_fix_age",
    "unreadable_id",
    "unreadable_memo",
    "unreadable_mock",
    "unreadable_previous",
    "unreadable_reason",
    "unreadable_sequence",
    "unreadable_time",
    "unreadable_version",
    "unreadable_visit",
]
READING_DOUBTS: tuple[ReadingDoubt, ...] = get_args(ReadingDoubt)
"""Everything that can be said of a part of a check-in that could not be read as it stands."""


class LinkRead(msgspec.Struct, frozen=True):
    """The link read from an NFC tag or a QR card, exactly as it stood there."""

    link: LinkText


class Manual(msgspec.Struct, frozen=True, omit_defaults=True):
    """A check-in typed by hand, with its reason. OTHER_WITH_MEMO needs a memo."""

    reason: ManualReason
    memo: Memo | None = None


class Gps(msgspec.Struct, frozen=True, gc=False):
    """A location fix, WGS84 degrees.

    `accuracy` is the radius in metres as the phone gave it (None when it gave none) and `accuracy_basis` says
    whose meaning that has; `fix_age` is the fix's age in seconds at the check-in; `mock` is the phone's
    mock-location flag.
    """

    latitude: float
    longitude: float
    accuracy: float | None
    accuracy_basis: AccuracyBasis
    fix_age: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)]
    mock: bool


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the check-in rests on. `sd` holds digests only (RFC 9901); the location itself is a disclosure."""

    sd: list[str] | None = msgspec.field(default=None, name="_sd")
    nfc: LinkRead | None = None
    qr: LinkRead | None = None
    manual: Manual | None = None
    gps: Raw | UnsetType = UNSET  # only to notice and refuse a location in the clear


class CheckInBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The signed payload of a check-in. Unknown members are ignored, so that newer phones work.

    `previous` is the base64url SHA-256 of the signed part of this device's previous check-in, None for the
    first; `at` is the device's clock. A phone gives every member that has no default. Where one could not be
    read, `sequence` is 0, `direction` and `carer` are None, and the message's doubts say so.
    """

    version: Literal[1]
    check_in: UUID
    sequence: Annotated[int, Meta(ge=1, le=2**53)]
    previous: str | None
    direction: Direction | None
    at: Instant
    carer: Code | None
    client: Code | None = None
    visit: VisitHint | None = None
    evidence: Evidence
    sd_alg: Literal["sha-256"] | None = msgspec.field(default=None, name="_sd_alg")


class CheckInMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A check-in as posted, read but not yet verified.

    `signed_part` (the JWS) and `disclosure` (the location, None when absent) are what is stored; the message
    posted was `signed_part~` or `signed_part~disclosure~`. `message_digest` is the SHA-256 of all of it,
    `link_digest` that of `signed_part`, which the next check-in of the device names as its `previous`. `at`
    is `body.at` in UTC. `doubts` name every part that could not be read as it stands.
    """

    device_id: UUID
    algorithm: Algorithm
    body: CheckInBody
    at: datetime
    previous: bytes | None
    gps: Gps | None
    location_withheld: bool
    signed_part: str
    disclosure: str | None
    signing_input: bytes
    signature: bytes
    message_digest: bytes
    link_digest: bytes
    doubts: tuple[ReadingDoubt, ...] = ()
