"""What is written down of who did what, and of a check-in that anyone may check: pure values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

SERVICE: Final = "service"
# What an event tells of a thing: values as JSON has them.
Told: TypeAlias = Mapping[str, "Value"]
Value: TypeAlias = str | int | bool | Sequence["Value"] | Told | None

_TAG: Final = re.compile(r"[a-z_]+:[a-z_]+:[a-z_]+")


class TagGrammar(StrEnum):
    """Tags of the form `source:subject:action`; a member of another form is a ValueError when its class is made."""

    def __init__(self, tag: str) -> None:
        if _TAG.fullmatch(tag) is None:
            raise ValueError(f"an audit tag has the form source:subject:action, not {tag!r}")


class EventTag(TagGrammar):
    """Everything that an event can tell; the source is the subject of `ecm/` that tells it."""

    SIGNATURE_FAILED = "audit:signature:failed"
    ACCOUNT_CREATED = "accounts:account:created"
    TOKEN_CREATED = "accounts:token:created"  # noqa: S105 - what is told of a token, and no token
    TOKENS_ENDED = "accounts:tokens:ended"
    ENROLMENT_OFFERED = "phones:enrolment:offered"
    PHONE_ENROLLED = "phones:phone:enrolled"
    PHONE_REVOKED = "phones:phone:revoked"
    COUNCIL_STORED = "care:council:stored"
    CONTRACT_STORED = "care:contract:stored"
    PROVIDER_STORED = "care:provider:stored"
    LIVE_DATE_SET = "care:live_date:set"
    TAG_STORED = "care:tag:stored"
    IMPORT_STORED = "care:import:stored"
    IMPORT_UNDONE = "care:import:undone"
    MAPPING_STORED = "care:mapping:stored"
    VISIT_PLANNED_IN_ERROR = "care:visit:planned_in_error"
    CHECK_IN_ATTACHED = "intake:check_in:attached"
    LOCATIONS_PURGED = "intake:locations:purged"
    VISIT_CHANGED = "visits:visit:changed"
    VISIT_REMOVED = "visits:visit:removed"
    VISIT_CONTRADICTED = "visits:visit:contradicted"
    VISIT_AMENDED = "visits:visit:amended"
    AMENDMENT_WITHDRAWN = "visits:amendment:withdrawn"
    EXCEPTION_ACKNOWLEDGED = "visits:exception:acknowledged"
    ALERT_RAISED = "alerts:alert:raised"
    ALERT_WITHDRAWN = "alerts:alert:withdrawn"
    ALERT_CLOSED = "alerts:alert:closed"
    FACT_ADDED = "alerts:fact:added"
    CANDIDATE_RAISED = "notifications:candidate:raised"
    CANDIDATE_CHANGED = "notifications:candidate:changed"
    CANDIDATE_MOVED = "notifications:candidate:moved"
    CANDIDATE_WITHDRAWN = "notifications:candidate:withdrawn"
    CANDIDATE_DISMISSED = "notifications:candidate:dismissed"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was done to what is a provider's: `actor` is a username or `service`, all else codes."""

    tag: EventTag
    actor: str
    subject: str
    at: datetime
    detail: Told = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceEvent:
    """One thing that was done to what is no provider's, with how it was before and after; None where it was not there.

    Never a password, a token or a hash of one.
    """

    tag: EventTag
    actor: str
    subject: str
    at: datetime
    before: Told | None
    after: Told | None


@dataclass(frozen=True, slots=True)
class Sealable:
    """A check-in to be sealed into its provider's log; `link_digest` is the SHA-256 of its signed part."""

    device_id: UUID
    check_in_id: UUID
    link_digest: bytes


@dataclass(frozen=True, slots=True)
class SignedCheckIn:
    """A check-in's signed part beside its phone's public key (a JWK as JSON)."""

    device_id: UUID
    check_in_id: UUID
    signed_part: str
    public_key: str


class StoredCheckIn(
    msgspec.Struct, frozen=True, rename={"device_id": "device", "check_in_id": "check_in", "tag_id": "tag"}
):
    """A check-in as evidence: what the phone said, and what the service made of it when it came; no coordinates.

    Metres and seconds; digests in lower-case hexadecimal. `link_digest` is the SHA-256 of the signed part.
    """

    device_id: UUID
    check_in_id: UUID
    sequence: int
    direction: str
    carer: str
    client: str | None
    visit_hint: str | None
    device_at: datetime
    received_at: datetime
    skew_seconds: int
    occurred_at: datetime
    evidence: tuple[str, ...]
    tag_id: UUID | None
    verdict: str | None
    distance_m: float | None
    a95_m: float | None
    chance_inside: float | None
    grade: str
    doubts: tuple[str, ...]
    message_digest: str
    link_digest: str
    previous_digest: str | None


class Proof(msgspec.Struct, frozen=True):
    """Where a check-in stands in its provider's log (RFC 6962): anyone can follow `path` from the leaf to `root`.

    `leaf_hash` is SHA-256 of a zero byte and the link digest, which is the SHA-256 of `signed_part`. `public_key` is
    the JWK that the phone enrolled with; the signature of `signed_part`, a compact JWS, is by it.
    """

    check_in: UUID
    signed_part: str
    public_key: dict[str, str]
    link_digest: str
    leaf_hash: str
    leaf_index: int
    tree_size: int
    path: list[str]
    root: str
