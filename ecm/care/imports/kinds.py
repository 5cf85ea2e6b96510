"""How each kind of a provider's rows is read, set against what is known, stored, and told of."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

import msgspec

from ecm.care.domain import Carer, Client, Commission, FoldPoint, ImportKind, RosterVisit, TakenOff
from ecm.care.imports import carers, clients, commissions, roster, store, uprns
from ecm.care.imports.clients import ClientRow
from ecm.care.imports.planner import Against, Batch, Cells, Change, HasCode, Plan
from ecm.care.imports.roster import RosterRow
from ecm.care.imports.tables import Columns, Faults, Row
from ecm.db.pool import Connection
from ecm.db.reference import mark_reference_changed
from ecm.words.civil_time import london_day

R = TypeVar("R", bound=HasCode)
S = TypeVar("S", bound=HasCode)


class Listener(Protocol):
    """Whoever follows from people and plans, told in the transaction that stores them. Handed in at wiring."""

    async def plans_changed(self, connection: Connection, provider: UUID, points: Sequence[FoldPoint]) -> None:
        """Hear that what is planned of these clients about these instants has changed."""
        ...

    async def commissions_changed(self, connection: Connection, provider: UUID, commissions: Sequence[str]) -> None:
        """Hear that these commissions have changed."""
        ...

    async def clients_changed(self, connection: Connection, provider: UUID, clients: Sequence[str]) -> None:
        """Hear that these clients are new here, or belong to another council now."""
        ...


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which import changes something, when, by whom, and why if a person said so."""

    change: UUID
    at: datetime
    by: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Kind(Generic[R, S]):
    """How one kind of a provider's rows is read, checked and stored.

    `stored` gives what stands under codes, `prepare` what the rows of a file are set against, `written` the cells of a
    record as people write them; `tell` tells the listener what the stored rows change in visits, None if nothing.
    `unkept` are the members of a record that the history of imports does not keep.
    """

    columns: Columns
    record: type[S]
    read_row: Callable[[Row, Faults], R]
    written: Callable[[S], Cells]
    stored: Callable[[Connection, UUID, list[str]], Awaitable[Mapping[str, S]]]
    prepare: Callable[[Connection, UUID, Batch[R], datetime], Awaitable[Against[R, S]]]
    store: Callable[[Connection, UUID, Plan[S], Stamp], Awaitable[None]]
    tell: Callable[[Connection, UUID, Plan[S], Listener], Awaitable[None]] | None
    unkept: frozenset[str] = frozenset()


async def _prepare_carers(
    connection: Connection, provider: UUID, batch: Batch[Carer], _: datetime
) -> Against[Carer, Carer]:
    known = carers.Known(await store.branch_codes(connection, provider))
    return Against(
        stored=await store.stored_carers(connection, provider, batch.codes()),
        resolve=partial(carers.resolve, known=known),
        others=await store.carer_codes(connection, provider),
    )


async def _store_carers(connection: Connection, provider: UUID, plan: Plan[Carer], _: Stamp) -> None:
    await store.upsert_carers(connection, provider, plan.to_store())
    await mark_reference_changed(connection, provider)


async def _prepare_clients(
    connection: Connection, provider: UUID, batch: Batch[ClientRow], _: datetime
) -> Against[ClientRow, Client]:
    wanted = [row.record.wanted_uprn for row in batch.rows if row.record.wanted_uprn is not None]
    known = clients.Known(
        branches=await store.branch_codes(connection, provider),
        councils=await store.council_codes(connection),
        uprns=await store.uprn_positions(connection, wanted),
    )
    near = await store.some_positions(connection, provider)
    return Against(
        stored=await store.stored_clients(connection, provider, batch.codes()),
        resolve=partial(clients.resolve, known=known),
        others=frozenset(await store.client_branches(connection, provider)),
        warn=partial(clients.warn_of_swapped, batch.rows, near),
    )


async def _store_clients(connection: Connection, provider: UUID, plan: Plan[Client], _: Stamp) -> None:
    await store.upsert_clients(connection, provider, plan.to_store())
    await mark_reference_changed(connection, provider)


async def _tell_of_clients(connection: Connection, provider: UUID, plan: Plan[Client], listener: Listener) -> None:
    """Tell of those whose visits now belong to another council, who live elsewhere, or who were not known before."""
    moved = [change.new.code for change in plan.changed if _belongs(change.old) != _belongs(change.new)]
    await listener.clients_changed(connection, provider, [*(client.code for client in plan.new), *moved])


def _belongs(client: Client) -> tuple[str, str | None, str]:
    return client.council, client.uprn, client.fence


async def _prepare_commissions(
    connection: Connection, provider: UUID, batch: Batch[Commission], _: datetime
) -> Against[Commission, Commission]:
    known = commissions.Known(
        clients=frozenset(await store.client_branches(connection, provider)),
        councils=await store.council_codes(connection),
        contracts=await store.contract_codes(connection),
    )
    return Against(
        stored=await store.stored_commissions(connection, provider, batch.codes()),
        resolve=partial(commissions.resolve, known=known),
        others=await store.commission_codes(connection, provider),
    )


async def _store_commissions(connection: Connection, provider: UUID, plan: Plan[Commission], _: Stamp) -> None:
    await store.upsert_commissions(connection, provider, plan.to_store())


async def _tell_of_commissions(
    connection: Connection, provider: UUID, plan: Plan[Commission], listener: Listener
) -> None:
    await listener.commissions_changed(connection, provider, [change.new.code for change in plan.changed])


async def _prepare_roster(
    connection: Connection, provider: UUID, batch: Batch[RosterRow], now: datetime
) -> Against[RosterRow, RosterVisit]:
    known = roster.Known(
        clients=frozenset(await store.client_branches(connection, provider)),
        carers=await store.carer_codes(connection, provider),
        commissions=await store.commissions(connection, provider),
    )
    named = sorted({row.record.client for row in batch.rows})
    return Against(
        stored=await store.stored_roster(connection, provider, batch.codes()),
        resolve=partial(roster.resolve, known=known),
        others=await store.visit_codes(connection, provider, named),
        forbid=partial(roster.forbid, begun=await store.begun_visits(connection, provider, batch.codes()), now=now),
    )


async def left_out(
    connection: Connection, provider: UUID, batch: Batch[RosterRow], branch: str | None
) -> tuple[tuple[TakenOff, ...], tuple[Change[RosterVisit], ...]]:
    """Find the planned visits that a file which is the whole roster of its days does not hold, and which of them go.

    Looked at are the visits of the branches whose clients it names, or of one branch.
    """
    days = {london_day(row.record.start_at) for row in batch.rows if not row.faults}
    branch_of = await store.client_branches(connection, provider)
    branches = {branch_of[row.record.client] for row in batch.rows if row.record.client in branch_of}
    if branch is not None:
        branches &= {branch}
    planned = await store.roster_of_days(connection, provider, sorted(branches), days)
    held = set(batch.codes())
    gone = [visit for visit in planned if visit.code not in held]
    begun = await store.begun_visits(connection, provider, [visit.code for visit in gone])
    shown = tuple(
        TakenOff(visit.code, visit.client, visit.start_at, visit.minutes, visit.carers, begun.get(visit.code))
        for visit in gone
    )
    return shown, tuple(
        Change(0, visit, msgspec.structs.replace(visit, cancelled=roster.PLANNED_IN_ERROR))
        for visit in gone
        if visit.code not in begun
    )


async def store_roster(connection: Connection, provider: UUID, plan: Plan[RosterVisit], stamp: Stamp) -> None:
    """Store what is planned now, beside what was planned before."""
    kept = [change.old.code for change in (*plan.changed, *plan.taken_off)]
    await store.keep_planned_visits(connection, provider, kept, stamp.change, stamp.at, stamp.by, stamp.reason)
    await store.upsert_roster(connection, provider, plan.to_store())


async def tell_of_roster(connection: Connection, provider: UUID, plan: Plan[RosterVisit], listener: Listener) -> None:
    """Tell where visits are planned differently now."""
    points = await asyncio.to_thread(roster.fold_points, plan)
    await listener.plans_changed(connection, provider, points)


COLUMNS: Final[Mapping[ImportKind, Columns]] = {
    "carers": carers.COLUMNS,
    "clients": clients.COLUMNS,
    "commissions": commissions.COLUMNS,
    "roster": roster.COLUMNS,
    "uprns": uprns.COLUMNS,
}
KINDS: Final[Mapping[ImportKind, Kind[Any, Any]]] = {
    "carers": Kind(
        carers.COLUMNS,
        Carer,
        carers.read_row,
        carers.written,
        store.stored_carers,
        _prepare_carers,
        _store_carers,
        None,
    ),
    "clients": Kind(
        clients.COLUMNS,
        Client,
        clients.read_row,
        clients.written,
        store.stored_clients,
        _prepare_clients,
        _store_clients,
        _tell_of_clients,
        unkept=frozenset({"name", "address", "postcode", "uprn", "fence"}),
    ),
    "commissions": Kind(
        commissions.COLUMNS,
        Commission,
        commissions.read_row,
        commissions.written,
        store.stored_commissions,
        _prepare_commissions,
        _store_commissions,
        _tell_of_commissions,
    ),
    "roster": Kind(
        roster.COLUMNS,
        RosterVisit,
        roster.read_row,
        roster.written,
        store.stored_roster,
        _prepare_roster,
        store_roster,
        tell_of_roster,
    ),
}
