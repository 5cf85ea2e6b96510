"""The roles that people sign in with, and who somebody is who did."""

from dataclasses import dataclass
from typing import Final, Literal, get_args
from uuid import UUID

Role = Literal["coordinator", "registered_manager", "council_officer", "operator"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
OFFICE: Final[frozenset[Role]] = frozenset({"coordinator", "registered_manager"})
MANAGERS: Final[frozenset[Role]] = frozenset({"registered_manager"})
COUNCIL: Final[frozenset[Role]] = frozenset({"council_officer"})
OPERATORS: Final[frozenset[Role]] = frozenset({"operator"})
READERS: Final[frozenset[Role]] = OFFICE | COUNCIL


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who signed in: office roles have a provider, council officers a council, operators neither."""

    account_id: UUID
    username: str
    role: Role
    provider: UUID | None
    council: str | None
