"""The things that can happen in the invented morning, each with its true instant.

A `key` names a happening for ever: ids of what is posted follow from it, so that a repeated post is the same post.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

Direction = Literal["in", "out"]
Grade = Literal["proven", "corroborated", "located", "tagged", "uncertain", "declared", "contradicted"]


class Mischief(StrEnum):
    """What goes otherwise than planned at a visit."""

    NONE = "none"
    LATE = "late"
    SHORT = "short"
    OVERRUN = "overrun"
    NO_OUT = "no_out"
    NO_OUT_AMENDED = "no_out_amended"
    PHONE_BROKEN = "phone_broken"
    OUTSIDE = "outside"
    MANUAL = "manual"
    COARSE = "coarse"
    WITHHELD = "withheld"
    DOUBLE_TAP = "double_tap"
    MISSED_WELFARE = "missed_welfare"
    MISSED_SILENT = "missed_silent"
    MISSED_HARM = "missed_harm"
    MISSED_ONE_CAUSE = "missed_one_cause"
    MADE_GOOD = "made_good"
    MADE_GOOD_TOO_LATE = "made_good_too_late"
    SECOND_NEVER_CAME = "second_never_came"
    SECOND_LEFT_EARLY = "second_left_early"
    UNSEEN = "unseen"
    NO_REPLY = "no_reply"
    FALL_WITH_INJURY = "fall_with_injury"
    FALL_NO_INJURY = "fall_no_injury"
    SAFEGUARDING_CONCERN = "safeguarding_concern"


NOBODY_CAME = frozenset(
    {
        Mischief.MISSED_WELFARE,
        Mischief.MISSED_SILENT,
        Mischief.MISSED_HARM,
        Mischief.MISSED_ONE_CAUSE,
        Mischief.MADE_GOOD,
        Mischief.MADE_GOOD_TOO_LATE,
    }
)


@dataclass(frozen=True, slots=True)
class Stay:
    """One carer truly in one home; `visit` is None for a call nobody planned."""

    carer: str
    client: str
    visit: str | None
    arrived: datetime
    left: datetime


@dataclass(frozen=True, slots=True)
class Fix:
    """What the phone's location says: degrees, metres in the platform's own meaning, age in seconds."""

    latitude: float
    longitude: float
    accuracy: float
    basis: Literal["w3c", "android", "apple"]
    age: int
    withheld: bool


@dataclass(frozen=True, slots=True)
class Tap:
    """One check-in as the carer made it. `at` is the true instant; the phone's clock may say otherwise.

    `grade` is the grade that evidence of this kind deserves.
    """

    key: str
    carer: str
    client: str
    visit: str | None
    direction: Direction
    at: datetime
    fix: Fix | None
    tag: Literal["nfc", "qr"] | None
    manual: str | None
    grade: Grade


@dataclass(frozen=True, slots=True)
class PhoneAlert:
    """Something a carer reports from a phone."""

    key: str
    at: datetime
    carer: str
    kind: str
    client: str
    visit: str
    memo: str


@dataclass(frozen=True, slots=True)
class OfficeAlert:
    """Something the office writes down."""

    key: str
    at: datetime
    kind: str
    client: str
    visit: str
    memo: str


@dataclass(frozen=True, slots=True)
class Fact:
    """What the office adds to the missed-visit alert of a visit."""

    key: str
    at: datetime
    visit: str
    kind: Literal["welfare_contact", "harm", "cause"]
    memo: str
    cause: str | None


@dataclass(frozen=True, slots=True)
class Amend:
    """A time the office corrects: None leaves that end as it was."""

    key: str
    at: datetime
    visit: str
    carer: str
    in_at: datetime | None
    out_at: datetime | None
    reason: str
    memo: str


OfficeAct = OfficeAlert | Fact | Amend


@dataclass(frozen=True, slots=True)
class Habits:
    """How one phone behaves: clock error, when it has no signal, how it posts."""

    drift: timedelta
    offline: tuple[tuple[datetime, datetime], ...]
    basis: Literal["w3c", "android", "apple"]
    shuffles: bool
    singly: bool
    repeats: float

    def online(self, at: datetime) -> bool:
        """Whether the phone has signal at a true instant."""
        return not any(start <= at < end for start, end in self.offline)

    def shown(self, at: datetime) -> datetime:
        """What the phone's clock says at a true instant."""
        return at + self.drift
