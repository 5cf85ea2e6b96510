"""The things that can happen in the invented morning, each with its true instant.

A `key` names a happening for ever: ids of what is posted follow from it, so that a repeated post is the same post.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from simulators.roster import PlannedVisit

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
    HANDED_OVER = "handed_over"
    PAUSED = "paused"
    MISTAKEN_OUT = "mistaken_out"
    LOOKED_ON = "looked_on"
    SLEEP_IN = "sleep_in"
    DAY_AND_NIGHT = "day_and_night"
    OUT_NEXT_MORNING = "out_next_morning"
    PLANNED_AGAIN = "planned_again"
    PLANNED_AGAIN_IN_VAIN = "planned_again_in_vain"
    DOUBLE_PLANNED = "double_planned"
    STOOD_IN = "stood_in"
    OUT_FROM_NEXT_HOME = "out_from_next_home"
    NEXT_HOME = "next_home"
    TYPED_AS_PLANNED = "typed_as_planned"
    TYPED_AGAINST_TAP = "typed_against_tap"
    TYPED_FOR_ANOTHER = "typed_for_another"
    WRONG_CLIENT = "wrong_client"


NOBODY_CAME = frozenset(
    {
        Mischief.MISSED_WELFARE,
        Mischief.MISSED_SILENT,
        Mischief.MISSED_HARM,
        Mischief.MISSED_ONE_CAUSE,
        Mischief.MADE_GOOD,
        Mischief.MADE_GOOD_TOO_LATE,
        Mischief.PLANNED_AGAIN,
        Mischief.PLANNED_AGAIN_IN_VAIN,
    }
)
PLANNED_AGAIN = frozenset({Mischief.PLANNED_AGAIN, Mischief.PLANNED_AGAIN_IN_VAIN})
NIGHTS = frozenset({Mischief.SLEEP_IN, Mischief.DAY_AND_NIGHT, Mischief.OUT_NEXT_MORNING})


@dataclass(frozen=True, slots=True)
class Stay:
    """One carer truly in one home; `visit` is None for a call nobody planned."""

    carer: str
    client: str
    visit: str | None
    arrived: datetime
    left: datetime

    @property
    def errand(self) -> str:
        """The name of what the carer came for: the visit's code, or a name of its own."""
        return self.visit or f"extra-{self.client}"


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

    `errand` names what the carer truly tapped for, `visit` what the phone says, and `said_client` the client's code as
    the phone says it. `grade` is the grade that evidence of this kind deserves, `doubts` are what is to be said of it.
    """

    key: str
    errand: str
    carer: str
    client: str
    said_client: str
    visit: str | None
    direction: Direction
    at: datetime
    fix: Fix | None
    tag: Literal["nfc", "qr"] | None
    manual: str | None
    grade: Grade
    doubts: frozenset[str]


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


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The office takes back what it typed by mistake, known by the key of the amendment."""

    key: str
    at: datetime
    visit: str
    amendment: str
    reason: str


@dataclass(frozen=True, slots=True)
class Close:
    """The office closes the missed-visit alert of a visit as dealt with."""

    key: str
    at: datetime
    visit: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlanAgain:
    """The office imports a visit once more under its code, planned for later."""

    key: str
    at: datetime
    plan: PlannedVisit


OfficeAct = OfficeAlert | Fact | Amend | Withdraw | Close | PlanAgain


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
