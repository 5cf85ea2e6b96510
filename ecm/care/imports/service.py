"""The steps of an import: read the file, set it against what is stored, and store all of it or nothing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

from ecm.audit.domain import EventTag
from ecm.audit.service import record
from ecm.care.domain import Carer, Client, Commission, FoldPoint, ImportKind, ImportReport, RosterVisit
from ecm.care.imports import carers, clients, commissions, roster, store, uprns
from ecm.care.imports.clients import ClientRow
from ecm.care.imports.csv_files import Columns, Row
from ecm.care.imports.planner import Batch, HasCode, Plan, make_plan, read_batch
from ecm.care.imports.roster import RosterRow
from ecm.care.store import lock_provider
from ecm.db.pool import Connection, Database
from ecm.db.reference import mark_reference_changed
from ecm.words.clock import Clock
from ecm.words.problems import NOT_ALLOWED
from ecm.words.roles import OFFICE, Account

R = TypeVar("R", bound=HasCode)
S = TypeVar("S", bound=HasCode)

_STATEMENT_SECONDS: Final = 120.0
_SHOWN_REJECTIONS: Final = 1_000


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
class _Kind(Generic[R, S]):
    """How one kind of a provider's rows is read, checked and stored.

    `prepare` gives what is stored under the codes of the file, and the check of a row against all else that is known;
    `tell` tells the listener what the stored rows change in visits, None if nothing.
    """

    columns: Columns
    code_column: str
    read_row: Callable[[Row], R]
    prepare: Callable[[Connection, UUID, Batch[R]], Awaitable[tuple[Mapping[str, S], Callable[[R], S]]]]
    store: Callable[[Connection, UUID, Plan[S]], Awaitable[None]]
    tell: Callable[[Connection, UUID, Plan[S], Listener], Awaitable[None]] | None


async def import_file(
    database: Database,
    clock: Clock,
    listener: Listener,
    account: Account,
    kind: ImportKind,
    body: bytes,
    *,
    dry_run: bool,
) -> ImportReport:
    """Import a file, or say what importing it would do.

    Nothing is stored when any row is rejected. Raises UnreadableFile, and `not-allowed` when the kind is not for the
    account's role.
    """
    if kind == "uprns":
        if account.role != "operator":
            raise NOT_ALLOWED.because("UPRNs are shared by all providers; an operator imports them.")
        return await _import_uprns(database, body, dry_run=dry_run)
    if account.role not in OFFICE or account.provider is None:
        raise NOT_ALLOWED.because(f"The {kind} of a provider are imported by its own office.")
    how, provider = _KINDS[kind], account.provider
    batch = await asyncio.to_thread(read_batch, body, how.columns, how.code_column, how.read_row)
    async with database.transaction(
        f"import_{kind}", provider=provider, read_only=dry_run, timeout_seconds=_STATEMENT_SECONDS
    ) as connection:
        if not dry_run:
            await lock_provider(connection, provider)
        stored, resolve = await how.prepare(connection, provider, batch)
        plan = await asyncio.to_thread(make_plan, batch, stored, resolve)
        report = _report(kind, plan, dry_run=dry_run)
        if report.stored:
            await how.store(connection, provider, plan)
            if how.tell is not None:
                await how.tell(connection, provider, plan, listener)
            detail = {"kind": kind, "new": report.new, "changed": report.changed, "unchanged": report.unchanged}
            await record(connection, provider, EventTag.IMPORT_STORED, account.username, kind, detail, clock.now())
    return report


async def _import_uprns(database: Database, body: bytes, *, dry_run: bool) -> ImportReport:
    batch = await asyncio.to_thread(read_batch, body, uprns.COLUMNS, uprns.CODE_COLUMN, uprns.read_row)
    async with database.transaction(
        "import_uprns", read_only=dry_run, timeout_seconds=_STATEMENT_SECONDS
    ) as connection:
        stored = await store.stored_uprns(connection, batch.codes())
        plan = await asyncio.to_thread(make_plan, batch, stored, uprns.resolve)
        report = _report("uprns", plan, dry_run=dry_run)
        if report.stored:
            await store.upsert_uprns(connection, plan.to_store())
    return report


def _report(kind: ImportKind, plan: Plan[S], *, dry_run: bool) -> ImportReport:
    return ImportReport(
        kind=kind,
        dry_run=dry_run,
        stored=not dry_run and not plan.rejected,
        read=plan.read,
        new=len(plan.new),
        changed=len(plan.changed),
        unchanged=plan.unchanged,
        rejected=plan.rejected[:_SHOWN_REJECTIONS],
    )


async def _prepare_carers(
    connection: Connection, provider: UUID, batch: Batch[Carer]
) -> tuple[Mapping[str, Carer], Callable[[Carer], Carer]]:
    known = carers.Known(await store.branch_codes(connection, provider))
    stored = await store.stored_carers(connection, provider, batch.codes())
    return stored, partial(carers.resolve, known=known)


async def _store_carers(connection: Connection, provider: UUID, plan: Plan[Carer]) -> None:
    await store.upsert_carers(connection, provider, plan.to_store())
    await mark_reference_changed(connection, provider)


async def _prepare_clients(
    connection: Connection, provider: UUID, batch: Batch[ClientRow]
) -> tuple[Mapping[str, Client], Callable[[ClientRow], Client]]:
    wanted = [row.record.wanted_uprn for row in batch.rows if row.record.wanted_uprn is not None]
    known = clients.Known(
        branches=await store.branch_codes(connection, provider),
        councils=await store.council_codes(connection),
        uprns=await store.uprn_positions(connection, wanted),
    )
    stored = await store.stored_clients(connection, provider, batch.codes())
    return stored, partial(clients.resolve, known=known)


async def _store_clients(connection: Connection, provider: UUID, plan: Plan[Client]) -> None:
    await store.upsert_clients(connection, provider, plan.to_store())
    await mark_reference_changed(connection, provider)


async def _tell_of_clients(connection: Connection, provider: UUID, plan: Plan[Client], listener: Listener) -> None:
    """Tell of those whose visits now belong to another council, or could not be known before."""
    moved = [change.new.code for change in plan.changed if change.old.council != change.new.council]
    await listener.clients_changed(connection, provider, [*(client.code for client in plan.new), *moved])


async def _prepare_commissions(
    connection: Connection, provider: UUID, batch: Batch[Commission]
) -> tuple[Mapping[str, Commission], Callable[[Commission], Commission]]:
    known = commissions.Known(
        clients=await store.client_codes(connection, provider),
        councils=await store.council_codes(connection),
        contracts=await store.contract_codes(connection),
    )
    stored = await store.stored_commissions(connection, provider, batch.codes())
    return stored, partial(commissions.resolve, known=known)


async def _store_commissions(connection: Connection, provider: UUID, plan: Plan[Commission]) -> None:
    await store.upsert_commissions(connection, provider, plan.to_store())


async def _tell_of_commissions(
    connection: Connection, provider: UUID, plan: Plan[Commission], listener: Listener
) -> None:
    await listener.commissions_changed(connection, provider, [change.new.code for change in plan.changed])


async def _prepare_roster(
    connection: Connection, provider: UUID, batch: Batch[RosterRow]
) -> tuple[Mapping[str, RosterVisit], Callable[[RosterRow], RosterVisit]]:
    known = roster.Known(
        clients=await store.client_codes(connection, provider),
        carers=await store.carer_codes(connection, provider),
        commissions=await store.commissions(connection, provider),
    )
    stored = await store.stored_roster(connection, provider, batch.codes())
    return stored, partial(roster.resolve, known=known)


async def _store_roster(connection: Connection, provider: UUID, plan: Plan[RosterVisit]) -> None:
    await store.upsert_roster(connection, provider, plan.to_store())


async def _tell_of_roster(connection: Connection, provider: UUID, plan: Plan[RosterVisit], listener: Listener) -> None:
    points = await asyncio.to_thread(roster.fold_points, plan)
    await listener.plans_changed(connection, provider, points)


_KINDS: Final[Mapping[ImportKind, _Kind[Any, Any]]] = {
    "carers": _Kind(carers.COLUMNS, carers.CODE_COLUMN, carers.read_row, _prepare_carers, _store_carers, None),
    "clients": _Kind(
        clients.COLUMNS, clients.CODE_COLUMN, clients.read_row, _prepare_clients, _store_clients, _tell_of_clients
    ),
    "commissions": _Kind(
        commissions.COLUMNS,
        commissions.CODE_COLUMN,
        commissions.read_row,
        _prepare_commissions,
        _store_commissions,
        _tell_of_commissions,
    ),
    "roster": _Kind(
        roster.COLUMNS, roster.CODE_COLUMN, roster.read_row, _prepare_roster, _store_roster, _tell_of_roster
    ),
}
