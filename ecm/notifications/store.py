"""Candidates in the database."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from ecm.alerts.domain import Alert
from ecm.db.pool import Connection
from ecm.db.queries import load_queries
from ecm.http.paging import Cursor, NumberedPage
from ecm.notifications.candidates import Candidate, Document
from ecm.notifications.model import Circumstances

_QUERIES = load_queries(__package__)
_DOCUMENT = msgspec.json.Decoder(Document)


async def circumstances(
    connection: Connection, provider: UUID, clients: Collection[str], visits: Collection[str]
) -> Callable[[Alert], Circumstances]:
    """Return what makes a missed visit graver, for alerts of these clients and visits; nothing for the unknown."""
    known = {
        row["client"]: (row["lives_alone"], row["lacks_capacity"])
        for row in await connection.fetch(_QUERIES["circumstances_of_clients"], provider, list(clients))
    }
    critical = {row["visit"] for row in await connection.fetch(_QUERIES["time_critical"], provider, list(visits))}

    def of(alert: Alert) -> Circumstances:
        lives_alone, lacks_capacity = known.get(alert.client or "", (False, False))
        return Circumstances(
            lives_alone=lives_alone, lacks_capacity=lacks_capacity, time_critical=alert.visit in critical
        )

    return of


async def branches_waiting(connection: Connection, provider: UUID, raised_before: datetime) -> list[str]:
    """Return the branches with an open missed visit that gets graver because nobody has been in touch since."""
    rows = await connection.fetch(_QUERIES["branches_waiting"], provider, raised_before)
    return [row["branch_id"] for row in rows]


async def concerned(
    connection: Connection,
    provider: UUID,
    candidates: Collection[UUID],
    branches: Collection[str],
    since: datetime,
) -> dict[UUID, Candidate]:
    """Return these candidates, and all of the branches of which the provider became aware since an instant."""
    rows = await connection.fetch(_QUERIES["concerned"], provider, list(candidates), list(branches), since)
    return {row["candidate_id"]: _candidate(row) for row in rows}


async def write(connection: Connection, provider: UUID, candidates: Sequence[Candidate]) -> None:
    """Insert or replace candidates; what a person decided of them stays."""
    ordered = sorted(candidates, key=lambda candidate: candidate.candidate_id)
    await connection.execute(
        _QUERIES["write"],
        provider,
        [candidate.candidate_id for candidate in ordered],
        [candidate.branch for candidate in ordered],
        [candidate.type for candidate in ordered],
        [candidate.state for candidate in ordered],
        [candidate.client for candidate in ordered],
        [candidate.aware_at for candidate in ordered],
        [candidate.event_at for candidate in ordered],
        [msgspec.json.encode(candidate.document).decode() for candidate in ordered],
        [candidate.version for candidate in ordered],
    )


async def candidate(connection: Connection, provider: UUID, candidate_id: UUID) -> Candidate | None:
    """Find a candidate."""
    row = await connection.fetchrow(_QUERIES["candidate"], provider, candidate_id)
    return None if row is None else _candidate(row)


async def listed(
    connection: Connection, provider: UUID, states: Collection[str] | None, after: Cursor | None, limit: int
) -> list[Candidate]:
    """Return the candidates of these states, or all, behind a cursor; the latest that the provider knew of first."""
    at, row = (None, None) if after is None else (after.at, after.row)
    wanted = None if states is None else list(states)
    return [_candidate(one) for one in await connection.fetch(_QUERIES["listed"], provider, wanted, at, row, limit)]


async def open_first(
    connection: Connection, provider: UUID, states: Collection[str], *, others: bool, page: NumberedPage
) -> list[Candidate]:
    """Return candidates of these open states, then (with `others`) the others, each with the latest known first."""
    rows = await connection.fetch(_QUERIES["open_first"], provider, list(states), others, page.skipped, page.size)
    return [_candidate(row) for row in rows]


async def counts(connection: Connection, provider: UUID, states: Collection[str]) -> tuple[int, int]:
    """Return how many candidates are in these states, and how many there are."""
    (row,) = await connection.fetch(_QUERIES["counts"], provider, list(states))
    return row["open"], row["every"]


async def dismiss(
    connection: Connection, provider: UUID, candidate_id: UUID, by: str, at: datetime, reason: str
) -> None:
    """Note that a person dismissed a candidate, and why."""
    await connection.execute(_QUERIES["dismiss"], provider, candidate_id, by, at, reason)


def _candidate(row: asyncpg.Record) -> Candidate:
    return Candidate(
        candidate_id=row["candidate_id"],
        branch=row["branch_id"],
        type=row["type"],
        state=row["state"],
        client=row["client"],
        aware_at=row["aware_at"],
        event_at=row["event_at"],
        document=_DOCUMENT.decode(row["document"]),
        version=row["version"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        decided_reason=row["decided_reason"],
    )
