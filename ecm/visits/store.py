"""Visits and what they are folded from, in the database."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from operator import attrgetter
from uuid import UUID

import asyncpg
import msgspec

from ecm.db.pool import Connection
from ecm.db.queries import load_queries
from ecm.visits.model import Amendment, CheckIn, PlannedVisit, Visit, Withdrawal
from ecm.visits.refolding import Folded, Kept
from ecm.visits.second_look import Claim, Contradiction, Stretch, read_standing, with_contradictions

_QUERIES = load_queries(__package__)
# By (provider, visit): the (exception, carer) that a person lets stand.
Acknowledged = Mapping[tuple[UUID, str], frozenset[tuple[str, str | None]]]
_VISIT = msgspec.json.Decoder(Visit)
_CLAIMED = attrgetter(*(column.name for column in fields(Claim)))
# The occurrence of what was not planned, as it is stored: a key has no nulls.
_UNPLANNED = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time of one client, the last instant not included."""

    client: str
    first: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Planned:
    """A visit of the roster with the council of its commission, if it has one."""

    plan: PlannedVisit
    council: str | None


@dataclass(frozen=True, slots=True)
class StoredVisit:
    """A visit as it was folded last, with what contradicts it.

    `next_start` is when the client's next planned visit of that day begins; `elsewhere` the visits at which the other
    sides of contradictions stand, by what names those.
    """

    provider: UUID
    council: str
    visit: Visit
    version: int
    changed_at: datetime
    next_start: datetime | None
    elsewhere: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Who let an exception stand, and when."""

    exception: str
    carer: str | None  # None: the visit as a whole
    acknowledged_by: str
    acknowledged_at: datetime
    memo: str | None
    # The planned start that the visit had then. It stands for that occurrence alone. None: it was not planned.
    occurrence: datetime | None


@dataclass(frozen=True, slots=True)
class WrittenAmendment:
    """An amendment with when the service wrote it down, and its withdrawal if there was one."""

    amendment: Amendment
    recorded_at: datetime
    withdrawal: Withdrawal | None


async def lock_clients(connection: Connection, provider: UUID, clients: Iterable[str]) -> dict[str, str]:
    """Let nobody else fold these clients until the transaction ends; return the council of each that is known."""
    rows = await connection.fetch(_QUERIES["lock_clients"], provider, list(clients))
    return {row["client"]: row["council_id"] for row in rows}


async def clients_with_long_visits(
    connection: Connection, provider: UUID, spans: Sequence[Span], longer_than_minutes: int
) -> list[str]:
    """Return the clients who have a visit of more than so many minutes in one of the spans, planned or folded."""
    rows = await connection.fetch(_QUERIES["clients_with_long_visits"], provider, *_columns(spans), longer_than_minutes)
    return [row["client"] for row in rows]


async def planned_visits(connection: Connection, provider: UUID, spans: Sequence[Span]) -> list[Planned]:
    """Return the roster visits that start in the spans, which must not overlap."""
    rows = await connection.fetch(_QUERIES["planned_visits"], provider, *_columns(spans))
    return [
        Planned(PlannedVisit(*(*told, tuple(carers), needed, cancelled)), council)
        for *told, carers, needed, cancelled, council in rows
    ]


async def check_ins(connection: Connection, provider: UUID, spans: Sequence[Span]) -> list[CheckIn]:
    """Return the check-ins that occurred in the spans, which must not overlap."""
    rows = await connection.fetch(_QUERIES["check_ins"], provider, *_columns(spans))
    return [
        CheckIn(*(*told, tuple(doubts), distance, hint, sequence)) for *told, doubts, distance, hint, sequence in rows
    ]


async def amendments(connection: Connection, provider: UUID, visits: Sequence[str]) -> list[Amendment]:
    """Return the amendments of these visits that count, oldest first: those that were withdrawn do not."""
    rows = await connection.fetch(_QUERIES["amendments"], provider, visits)
    return [Amendment(**row) for row in rows]


async def written_amendments(connection: Connection, provider: UUID, visits: Sequence[str]) -> list[WrittenAmendment]:
    """Return every amendment of these visits, oldest first, with what became of it."""
    rows = await connection.fetch(_QUERIES["written_amendments"], provider, visits)
    return [
        WrittenAmendment(
            Amendment(*amendment),
            recorded_at,
            None if withdrawn_by is None else Withdrawal(amendment[0], withdrawn_by, withdrawn_at, reason),
        )
        for *amendment, recorded_at, withdrawn_by, withdrawn_at, reason in rows
    ]


async def insert_withdrawal(connection: Connection, provider: UUID, withdrawal: Withdrawal) -> bool:
    """Store a withdrawal; return False, and store nothing, where there is one already, or no such amendment."""
    inserted = await connection.fetchval(
        _QUERIES["insert_withdrawal"],
        provider,
        withdrawal.amendment,
        withdrawal.withdrawn_by,
        withdrawal.withdrawn_at,
        withdrawal.reason,
    )
    return inserted is not None


async def withdrawal(connection: Connection, provider: UUID, amendment_id: UUID) -> Withdrawal | None:
    """Find the withdrawal of an amendment."""
    row = await connection.fetchrow(_QUERIES["withdrawal"], provider, amendment_id)
    return None if row is None else Withdrawal(*row)


async def visits_of_days(connection: Connection, provider: UUID, days: Sequence[tuple[str, date]]) -> dict[str, Kept]:
    """Return the stored visits of these (client, day) by the visit's code."""
    rows = await connection.fetch(
        _QUERIES["visits_of_days"], provider, [client for client, _ in days], [day for _, day in days]
    )
    return {visit: Kept(*kept) for visit, *kept in rows}


async def write_visits(
    connection: Connection, provider: UUID, folded: Sequence[Folded], now: datetime
) -> dict[str, int]:
    """Store visits; return the version that each has now."""
    visits = [one.visit for one in folded]
    rows = await connection.fetch(
        _QUERIES["write_visits"],
        provider,
        now,
        [visit.visit for visit in visits],
        [visit.client for visit in visits],
        [one.council for one in folded],
        [visit.commission for visit in visits],
        [visit.day for visit in visits],
        [visit.planned_start for visit in visits],
        [visit.planned_minutes for visit in visits],
        [visit.planned_start or visit.arrived_at for visit in visits],
        [visit.arrived_at for visit in visits],
        [visit.cancelled for visit in visits],
        [one.document for one in folded],
    )
    return {row["visit"]: row["version"] for row in rows}


def document(visit: Visit) -> str:
    """Return a visit as it is written; equal visits give equal texts."""
    return msgspec.json.encode(visit).decode()


async def remove_visits(connection: Connection, provider: UUID, visits: Sequence[tuple[str, Kept]]) -> list[str]:
    """Delete visits that are no more, unless another client or day has them by now; return those that went."""
    rows = await connection.fetch(
        _QUERIES["remove_visits"],
        provider,
        [visit for visit, _ in visits],
        [kept.client for _, kept in visits],
        [kept.day for _, kept in visits],
    )
    return [row["visit"] for row in rows]


async def visits_of_day(
    connection: Connection, day: date, provider: UUID | None, council: str | None
) -> list[StoredVisit]:
    """Return the visits of a day that the transaction may see, in order of their start."""
    return [_stored(row) for row in await connection.fetch(_QUERIES["visits_of_day"], day, provider, council)]


async def visit(connection: Connection, provider: UUID, code: str) -> StoredVisit | None:
    """Find one visit, if the transaction may see it."""
    row = await connection.fetchrow(_QUERIES["visit"], provider, code)
    return None if row is None else _stored(row)


async def acknowledged_on_day(
    connection: Connection, day: date, provider: UUID | None, council: str | None
) -> Acknowledged:
    """Return what is acknowledged of the visits of a day that the transaction may see."""
    found: defaultdict[tuple[UUID, str], set[tuple[str, str | None]]] = defaultdict(set)
    for row in await connection.fetch(_QUERIES["acknowledged_on_day"], day, provider, council):
        found[row["provider_id"], row["visit"]].add((row["exception"], row["carer"] or None))
    return {visit: frozenset(exceptions) for visit, exceptions in found.items()}


async def acknowledgements(connection: Connection, provider: UUID, code: str) -> list[Acknowledgement]:
    """Return what is acknowledged of a visit, oldest first."""
    rows = await connection.fetch(_QUERIES["acknowledgements"], provider, code)
    return [
        Acknowledgement(exception, carer or None, by, at, memo, None if occurrence == _UNPLANNED else occurrence)
        for exception, carer, by, at, memo, occurrence in rows
    ]


async def insert_amendment(
    connection: Connection, provider: UUID, amendment: Amendment, device: UUID | None, now: datetime
) -> bool:
    """Store an amendment; return False, and store nothing, when its id is taken.

    `device` is the phone of the check-in that an unplanned visit is named after.
    """
    inserted = await connection.fetchval(
        _QUERIES["insert_amendment"],
        provider,
        amendment.amendment_id,
        amendment.visit,
        amendment.carer,
        amendment.in_at,
        amendment.out_at,
        amendment.made_at,
        amendment.made_by,
        amendment.reason,
        amendment.memo,
        now,
        device,
    )
    return inserted is not None


async def amendment(connection: Connection, provider: UUID, amendment_id: UUID) -> Amendment | None:
    """Find an amendment by its id."""
    row = await connection.fetchrow(_QUERIES["amendment"], provider, amendment_id)
    return None if row is None else Amendment(**row)


async def carer_known(connection: Connection, provider: UUID, carer: str) -> bool:
    """Say whether the provider has a carer of this code."""
    known: bool = await connection.fetchval(_QUERIES["carer_known"], provider, carer)
    return known


async def insert_acknowledgement(
    connection: Connection, provider: UUID, code: str, acknowledgement: Acknowledgement
) -> bool:
    """Store an acknowledgement; return False, and store nothing, when there is one of its exception and occurrence."""
    inserted = await connection.fetchval(
        _QUERIES["insert_acknowledgement"],
        provider,
        code,
        acknowledgement.exception,
        acknowledgement.carer or "",
        acknowledgement.acknowledged_by,
        acknowledgement.acknowledged_at,
        acknowledgement.memo,
        acknowledgement.occurrence or _UNPLANNED,
    )
    return inserted is not None


async def claims_of_visits(connection: Connection, provider: UUID, visits: Sequence[str]) -> list[Claim]:
    """Return what these visits claim."""
    return [Claim(*row) for row in await connection.fetch(_QUERIES["claims_of_visits"], provider, visits)]


async def claims_in(connection: Connection, provider: UUID, stretches: Sequence[Stretch]) -> list[Claim]:
    """Return every claim of these carers and phones that judging the stretches needs."""
    columns = _bounds([(stretch.who, *stretch.read) for stretch in stretches])
    return [Claim(*row) for row in await connection.fetch(_QUERIES["claims_in_stretches"], provider, *columns)]


async def change_claims(
    connection: Connection, provider: UUID, gone: Collection[Claim], new: Collection[Claim]
) -> None:
    """Take claims away, and write others down."""
    if gone:
        keys = zip(*(claim.key for claim in gone), strict=True)
        await connection.execute(_QUERIES["remove_claims"], provider, *keys)
    if new:
        columns = zip(*map(_CLAIMED, new), strict=True)
        await connection.execute(_QUERIES["insert_claims"], provider, *columns)


async def contradictions_in(
    connection: Connection, provider: UUID, stretches: Sequence[Stretch]
) -> list[Contradiction]:
    """Return the contradictions that were found in the stretches judged."""
    columns = _bounds([(stretch.who, *stretch.judged) for stretch in stretches])
    rows = await connection.fetch(_QUERIES["contradictions_in_stretches"], provider, *columns)
    return [
        Contradiction(visit, council, kind, carer, other_visit, (own, other), who, at)
        for visit, council, kind, carer, other_visit, (own, other), who, at in rows
    ]


async def change_contradictions(
    connection: Connection,
    provider: UUID,
    gone: Collection[Contradiction],
    new: Collection[Contradiction],
    now: datetime,
) -> None:
    """Take contradictions away, and write others down as found now."""
    if gone:
        keys = [(one.visit, one.kind, one.carer, *one.between) for one in gone]
        await connection.execute(_QUERIES["remove_contradictions"], provider, *zip(*keys, strict=True))
    if new:
        rows = [
            (one.visit, one.council, one.kind, one.carer, one.other_visit, *one.between, one.who, one.at) for one in new
        ]
        await connection.execute(_QUERIES["insert_contradictions"], provider, now, *zip(*rows, strict=True))


def _bounds(
    bounds: Sequence[tuple[str, datetime, datetime]],
) -> tuple[list[str], list[datetime], list[datetime]]:
    return [who for who, _, _ in bounds], [first for _, first, _ in bounds], [last for _, _, last in bounds]


def _columns(spans: Sequence[Span]) -> tuple[list[str], list[datetime], list[datetime]]:
    return [span.client for span in spans], [span.first for span in spans], [span.end for span in spans]


def _stored(row: asyncpg.Record) -> StoredVisit:
    standing = read_standing(row["contradictions"])
    return StoredVisit(
        provider=row["provider_id"],
        council=row["council_id"],
        visit=with_contradictions(_VISIT.decode(row["folded"]), standing),
        version=row["version"],
        changed_at=row["changed_at"],
        next_start=row["next_start"],
        elsewhere={one.between[1]: one.other_visit for one in standing},
    )
