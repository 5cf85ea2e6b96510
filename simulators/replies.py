"""What the service answers, as far as the simulators read it. Members not named here are ignored."""

import uuid
from datetime import datetime
from typing import Literal

import msgspec

AnswerStatus = Literal["recorded", "duplicate", "conflict", "refused"]


class Answer(msgspec.Struct, frozen=True):
    """The answer to one check-in; only such an answer lets a phone forget it."""

    status: AnswerStatus
    check_in: uuid.UUID | None = None
    recorded_at: datetime | None = None
    reason: str | None = None
    detail: str | None = None


class Answers(msgspec.Struct, frozen=True):
    """The answer to a post of check-ins, in the order posted."""

    received_at: datetime
    answers: list[Answer]


class Account(msgspec.Struct, frozen=True):
    """A staff account as made: password and token are shown this once."""

    username: str
    role: str
    password: str
    token: str


class Rejected(msgspec.Struct, frozen=True):
    """A line of an import that was not taken."""

    line: int
    reason: str
    column: str | None = None


class Imported(msgspec.Struct, frozen=True):
    """What an import read and did, or would do."""

    kind: str
    dry_run: bool
    stored: bool
    read: int
    new: int
    changed: int
    unchanged: int
    rejected: list[Rejected]


class Tag(msgspec.Struct, frozen=True):
    """A registered tag or card and the link it carries."""

    tag: uuid.UUID
    link: str


class Enrolment(msgspec.Struct, frozen=True):
    """A one-time code for a carer's phone."""

    code: str
    carer: str


class Device(msgspec.Struct, frozen=True):
    """An enrolled phone."""

    device: uuid.UUID
    provider: uuid.UUID
    carer: str


class VisitStay(msgspec.Struct, frozen=True):
    """One carer's stay within a visit."""

    carer: str
    in_at: datetime | None = None
    out_at: datetime | None = None
    delivered_seconds: int | None = None
    in_grade: str | None = None
    out_grade: str | None = None


class VisitException(msgspec.Struct, frozen=True):
    """Something about a visit that a person must fix or may acknowledge."""

    kind: str


class Visit(msgspec.Struct, frozen=True):
    """A visit as the service concluded it."""

    visit: str
    client: str
    status: str
    stays: list[VisitStay]
    exceptions: list[VisitException]


class Visits(msgspec.Struct, frozen=True):
    """The visits of a day."""

    visits: list[Visit]


class Paged(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list; `next` is where the list goes on, None at its end."""

    next: str | None


class Alert(msgspec.Struct, frozen=True):
    """An alert as the service keeps it."""

    alert: uuid.UUID
    kind: str
    client: str | None
    state: str
    visit: str | None = None
    occurred_at: datetime | None = None


class Alerts(Paged, frozen=True):
    """Some of the alerts."""

    alerts: list[Alert]


class Candidate(msgspec.Struct, frozen=True):
    """A possible CQC notification."""

    candidate: uuid.UUID
    type: str
    state: str
    visits: list[str]
    client: str | None = None
    level: int | None = None
    legal_ref: str | None = None


class Candidates(Paged, frozen=True):
    """Some of the candidates."""

    candidates: list[Candidate]


class Clock(msgspec.Struct, frozen=True):
    """The rehearsal clock."""

    now: datetime
