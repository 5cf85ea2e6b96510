"""What the office sees of check-ins that count in no visit by themselves, and what it says of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from ecm.intake.domain import NO_DIRECTION, can_be_folded

Why = Literal["no_client", "unknown_client", "unreadable_direction", "unreadable_time", "impossible_time"]


class Homeless(msgspec.Struct, frozen=True, rename={"device_id": "device", "check_in_id": "check_in"}):
    """A check-in that found no home: stored and sealed like any other, and part of no visit."""

    device_id: UUID
    check_in_id: UUID
    received_at: datetime
    device_at: datetime
    occurred_at: datetime
    direction: str
    carer: str
    client: str | None
    visit_hint: str | None
    evidence: tuple[str, ...]
    grade: str
    doubts: tuple[str, ...]

    @property
    def why(self) -> tuple[Why, ...]:
        """Why it has no home: what must be known of a check-in, and is not."""
        found: dict[Why, bool] = {
            "no_client": self.client is None,
            "unknown_client": self.client is not None and "unknown_client" in self.doubts,
            "unreadable_direction": not self.direction_known,
            "unreadable_time": "unreadable_time" in self.doubts,
            "impossible_time": not self.time_known and "unreadable_time" not in self.doubts,
        }
        return tuple(why for why, holds in found.items() if holds)

    @property
    def direction_known(self) -> bool:
        """Whether it says of itself that it is an arrival or a departure."""
        return self.direction != NO_DIRECTION

    @property
    def time_known(self) -> bool:
        """Whether it says of itself when it was, and a visit can have been then."""
        return "unreadable_time" not in self.doubts and can_be_folded(self.occurred_at)


class Home(msgspec.Struct, frozen=True, rename={"home_id": "home", "device_id": "device", "check_in_id": "check_in"}):
    """Where the office says that a check-in belongs; without a client, to nobody.

    `told` says that direction or time are the office's word, since the phone's could not be read.
    """

    home_id: UUID
    device_id: UUID
    check_in_id: UUID
    client: str | None
    visit: str | None
    direction: str
    occurred_at: datetime
    told: bool
    attached_by: str
    attached_at: datetime
    memo: str


@dataclass(frozen=True, slots=True)
class RefusedKind:
    """How often a phone was refused for a reason, and when first and last."""

    device_id: UUID | None
    reason: str
    number: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Conflicting:
    """A message under the id of another: when it came, and what the first one said, which stands."""

    device_id: UUID
    check_in_id: UUID
    received_at: datetime
    first_at: datetime
    carer: str
    client: str | None
    direction: str
    occurred_at: datetime
