"""Every kind of id in the invented council, and the refusal of a world in which two things share one.

The service keeps most of them by provider. Here each is used once in the whole world, because all phones write one
journal, and truth and conclusion are set side by side by these names alone.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from simulators.places import ImpossibleWorld
from simulators.seeds import random_id, timed_id

Kind = Literal[
    "provider",
    "branch",
    "pair of CQC ids",
    "client",
    "council reference",
    "UPRN",
    "tag or card",
    "carer",
    "phone",
    "phone's key",
    "commission",
    "visit",
    "check-in",
    "alert",
    "fact",
    "amendment",
    "journal key",
]


@dataclass(frozen=True, slots=True)
class Id:
    """One id and the one whose it is, in words for a person."""

    kind: Kind
    value: str | uuid.UUID
    owner: str


def refuse_shared(ids: Iterable[Id]) -> None:
    """Raise ImpossibleWorld, naming both owners, when an id of one kind is there twice."""
    owners: dict[tuple[Kind, str], str] = {}
    for each in ids:
        name = (each.kind, str(each.value))
        if name in owners:
            raise ImpossibleWorld(
                f"two of one id: {each.kind} {each.value} is that of {owners[name]} and that of {each.owner}"
            )
        owners[name] = each.owner


def check_in_id(seed: int, shown: datetime, key: str) -> uuid.UUID:
    """The id of a check-in by its key and what the phone's clock showed."""
    return timed_id(shown, seed, "check-in", key)


def alert_id(seed: int, key: str) -> uuid.UUID:
    """The id of an alert, from a phone or from the office, by its key."""
    return random_id(seed, "alert", key)


def fact_id(seed: int, key: str) -> uuid.UUID:
    """The id of a fact by its key."""
    return random_id(seed, "fact", key)


def amendment_id(seed: int, key: str) -> uuid.UUID:
    """The id of an amendment by its key."""
    return random_id(seed, "amendment", key)
