"""What waits to be folded into visits: a check-in that came in asks for it, and so does whatever else changes a visit.

The table is intake's, since the statement that stores check-ins asks in the same breath; everybody else asks here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from ecm.care.domain import FoldPoint
from ecm.db.pool import Connection
from ecm.db.queries import load_queries

_QUERIES = load_queries(__package__)
# Large enough that a statement's own cost is small beside its rows.
_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True)
class Waiting:
    """The providers with something to fold, and how many folds have been asked for ever (about: numbers get lost)."""

    providers: tuple[UUID, ...]
    asked: int


@dataclass(frozen=True, slots=True)
class FoldRequest:
    """Something changed for `client` around an instant; it names a check-in where one came in, to be sealed."""

    request_id: int
    client: str | None
    around: datetime
    device_id: UUID | None
    check_in_id: UUID | None
    link_digest: bytes | None
    check_signature: bool


class FoldRequests:
    """Asks for folds on behalf of care, which tells what changed and knows nothing of visits."""

    async def plans_changed(self, connection: Connection, provider: UUID, points: Sequence[FoldPoint]) -> None:
        """Ask that visits be folded again about these points."""
        await request_folds(connection, provider, points)

    async def commissions_changed(self, connection: Connection, provider: UUID, commissions: Sequence[str]) -> None:
        """Ask that every day with a planned visit of these commissions be folded again."""
        await connection.execute(_QUERIES["request_folds_of_commissions"], provider, commissions)

    async def clients_changed(self, connection: Connection, provider: UUID, clients: Sequence[str]) -> None:
        """Ask that every day on which these clients have a check-in or a planned visit be folded again."""
        await connection.execute(_QUERIES["request_folds_of_clients"], provider, clients)


async def request_folds(connection: Connection, provider: UUID, points: Sequence[FoldPoint]) -> None:
    """Ask for visits about these points to be folded again."""
    for start in range(0, len(points), _AT_ONCE):
        some = points[start : start + _AT_ONCE]
        await connection.execute(
            _QUERIES["request_folds"], provider, [each.client for each in some], [each.around for each in some]
        )


async def waiting(connection: Connection) -> Waiting:
    """Return the providers with something to fold; needs the intake role, which sees them all."""
    (row,) = await connection.fetch(_QUERIES["waiting"])
    return Waiting(tuple(row["providers"]), row["asked"])


async def backlog(connection: Connection, providers: Sequence[UUID]) -> tuple[int, datetime | None]:
    """Return how many fold requests wait, and when the oldest check-in among these providers' came in, if one waits.

    Needs the intake role, which sees everybody's.
    """
    (row,) = await connection.fetch(_QUERIES["backlog"], providers)
    return row["requests"], row["oldest_at"]


async def take_fold_requests(connection: Connection, provider: UUID, limit: int) -> list[FoldRequest]:
    """Take away at most `limit` requests that nobody else is working on, oldest first."""
    return _oldest_first(await connection.fetch(_QUERIES["take_fold_requests"], provider, limit))


async def take_fold_requests_of_client(connection: Connection, provider: UUID, client: str) -> list[FoldRequest]:
    """Take away every request about a client, oldest first; waits for whoever is working on some of them."""
    return _oldest_first(await connection.fetch(_QUERIES["take_fold_requests_of_client"], provider, client))


def _oldest_first(rows: Iterable[asyncpg.Record]) -> list[FoldRequest]:
    return sorted((FoldRequest(*row) for row in rows), key=lambda request: request.request_id)
