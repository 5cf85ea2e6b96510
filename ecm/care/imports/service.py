"""The steps of an import: read the file, set it against what is stored, and store all of it or nothing."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar
from uuid import UUID, uuid4

from ecm.audit.domain import EventTag
from ecm.audit.service import record
from ecm.care.domain import (
    NO_MAPPING,
    ColumnMapping,
    ImportKind,
    ImportReport,
    StoredImport,
    TakenOff,
)
from ecm.care.imports import store, uprns
from ecm.care.imports.kinds import COLUMNS, KINDS, Kind, Listener, Stamp, left_out
from ecm.care.imports.planner import Against, Batch, Plan, cell_changes, make_plan, read_batch
from ecm.care.imports.tables import UnknownColumns, plain_name, shown
from ecm.care.store import lock_provider
from ecm.db.pool import Connection, Database
from ecm.words.clock import Clock
from ecm.words.problems import INVALID, NOT_ALLOWED
from ecm.words.roles import OFFICE, Account

__all__ = ["Asked", "Listener", "import_file", "store_mapping"]

T = TypeVar("T")

_STATEMENT_SECONDS: Final = 120.0
SHOWN_AT_ONCE: Final = 1_000
_MOST_NAMES: Final = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """How a file is to be taken.

    `branch` names whose mapping of columns counts, and of a whole roster whose it is; without it all of the provider's
    do. `whole_roster` says that on its days nothing is planned but what it holds. `skip` is how many of each list the
    report leaves out from its beginning, and `whole_lists` that it leaves out nothing.
    """

    mapping: ColumnMapping | None = None
    branch: str | None = None
    whole_roster: bool = False
    file_name: str | None = None
    skip: int = 0
    whole_lists: bool = False


async def import_file(
    database: Database,
    clock: Clock,
    listener: Listener,
    account: Account,
    kind: ImportKind,
    body: bytes,
    *,
    dry_run: bool,
    asked: Asked = Asked(),
) -> ImportReport:
    """Import a file, or say what importing it would do.

    Nothing is stored when any row is rejected. Raises UnreadableFile, UnknownColumns, and `not-allowed` when the kind
    is not for the account's role.
    """
    if asked.whole_roster and kind != "roster":
        raise INVALID.because("Only a roster can be the whole of its days.")
    if kind == "uprns":
        if account.role != "operator":
            raise NOT_ALLOWED.because("UPRNs are shared by all providers; an operator imports them.")
        return await _import_uprns(database, body, asked, dry_run=dry_run)
    provider = _own_office(account, kind)
    how = KINDS[kind]
    batch = await _read(database, provider, kind, body, asked)
    async with database.transaction(
        f"import_{kind}", provider=provider, read_only=dry_run, timeout_seconds=_STATEMENT_SECONDS
    ) as connection:
        if not dry_run:
            await lock_provider(connection, provider)
        against = await how.prepare(connection, provider, batch, clock.now())
        plan = await asyncio.to_thread(make_plan, batch, how.columns, against)
        taken_off: tuple[TakenOff, ...] = ()
        if asked.whole_roster:
            taken_off, going = await left_out(connection, provider, batch, asked.branch)
            plan = replace(plan, taken_off=going)
        report = await asyncio.to_thread(
            _report, kind, plan, how, taken_off, asked, dry_run=dry_run, is_mapped=batch.is_mapped
        )
        if report.stored:
            stamp = Stamp(uuid4(), clock.now(), account.username)
            stored = _stored(report, plan, stamp, await asyncio.to_thread(_digest, body), asked.file_name)
            await store_plan(connection, provider, how, plan, stamp, stored, listener)
            detail = {"kind": kind, "new": report.new, "changed": report.changed, "unchanged": report.unchanged}
            await record(connection, provider, EventTag.IMPORT_STORED, stamp.by, kind, detail, stamp.at)
    return report


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _stored(report: ImportReport, plan: Plan[Any], stamp: Stamp, digest: str, file_name: str | None) -> StoredImport:
    return StoredImport(
        import_id=stamp.change,
        kind=report.kind,
        file_name=_file_name(file_name),
        digest=digest,
        imported_at=stamp.at,
        imported_by=stamp.by,
        new=report.new,
        changed=report.changed,
        unchanged=report.unchanged,
        taken_off=len(plan.taken_off),
        undoes=None,
    )


async def store_plan(
    connection: Connection,
    provider: UUID,
    how: Kind[Any, Any],
    plan: Plan[Any],
    stamp: Stamp,
    stored: StoredImport,
    listener: Listener,
) -> None:
    """Store what a plan changes, with its history, and tell whom it concerns."""
    await store.insert_import(connection, provider, stored)
    await store.insert_import_changes(connection, provider, stored.import_id, plan, how.unkept)
    await how.store(connection, provider, plan, stamp)
    if how.tell is not None:
        await how.tell(connection, provider, plan, listener)


async def store_mapping(
    database: Database, clock: Clock, account: Account, kind: ImportKind, branch: str | None, mapping: ColumnMapping
) -> ColumnMapping:
    """Keep what another system's column names mean in a branch's files; what was kept of other names stays.

    Raises `not-allowed` and `invalid`, the latter also where there are several branches and none is named.
    """
    provider = _own_office(account, kind)
    _check_mapping(kind, mapping)
    async with database.transaction("store_import_mapping", provider=provider) as connection:
        await lock_provider(connection, provider)
        whose = _branch(branch, await store.branch_codes(connection, provider))
        before = dict(await store.import_mappings(connection, provider, kind)).get(whose, NO_MAPPING)
        given = {plain_name(name) for name in mapping.columns}
        kept = {name: ours for name, ours in before.columns.items() if plain_name(name) not in given}
        merged = ColumnMapping({**kept, **mapping.columns}, mapping.dates)
        if len(merged.columns) > _MOST_NAMES:
            raise INVALID.because(f"A branch can keep the meaning of {_MOST_NAMES} columns of a kind of file.")
        await store.upsert_import_mapping(connection, provider, whose, kind, merged, clock.now(), account.username)
        detail = {"kind": kind, "before": dict(before.columns), "after": dict(merged.columns)}
        await record(
            connection, provider, EventTag.MAPPING_STORED, account.username, f"{whose}/{kind}", detail, clock.now()
        )
    return merged


def _own_office(account: Account, kind: ImportKind) -> UUID:
    if account.role not in OFFICE or account.provider is None or kind == "uprns":
        raise NOT_ALLOWED.because(f"The {kind} of a provider are imported by its own office.")
    return account.provider


def _branch(branch: str | None, branches: frozenset[str]) -> str:
    if branch is None and len(branches) == 1:
        return next(iter(branches))
    if branch is None:
        raise INVALID.because(
            f"Say for which branch the columns are: {', '.join(sorted(branches)) or 'there is none'}."
        )
    if branch not in branches:
        raise INVALID.because(f"There is no branch {branch} of this provider.")
    return branch


def _check_mapping(kind: ImportKind, mapping: ColumnMapping) -> None:
    for name, ours in mapping.columns.items():
        if "\0" in name:
            raise INVALID.because("The name of a column holds a NUL character.")
        if ours is not None and ours not in COLUMNS[kind].known:
            raise INVALID.because(f"{shown(ours)} is not one of: {', '.join(COLUMNS[kind].known)}.")


async def _read(database: Database, provider: UUID, kind: ImportKind, body: bytes, asked: Asked) -> Batch[Any]:
    """Read a file by the mapping that came with it, or else by the first kept one that knows its columns."""
    how = KINDS[kind]
    if asked.mapping is not None:
        _check_mapping(kind, asked.mapping)
        return await asyncio.to_thread(read_batch, body, how.columns, how.read_row, asked.mapping)
    async with database.transaction("import_mappings", provider=provider, read_only=True) as connection:
        kept = await store.import_mappings(connection, provider, kind)
    first: UnknownColumns | None = None
    mappings = [mapping for branch, mapping in kept if asked.branch in {None, branch}]
    for mapping in [*mappings, NO_MAPPING]:
        try:
            return await asyncio.to_thread(read_batch, body, how.columns, how.read_row, mapping)
        except UnknownColumns as unknown:
            first = first or unknown
    assert first is not None  # noqa: S101 - the list of mappings is never empty
    raise first


async def _import_uprns(database: Database, body: bytes, asked: Asked, *, dry_run: bool) -> ImportReport:
    batch = await asyncio.to_thread(read_batch, body, uprns.COLUMNS, uprns.read_row)
    async with database.transaction(
        "import_uprns", read_only=dry_run, timeout_seconds=_STATEMENT_SECONDS
    ) as connection:
        against = Against(stored=await store.stored_uprns(connection, batch.codes()), resolve=uprns.resolve)
        plan = await asyncio.to_thread(make_plan, batch, uprns.COLUMNS, against)
        report = _report("uprns", plan, None, (), asked, dry_run=dry_run, is_mapped=False)
        if report.stored:
            await store.upsert_uprns(connection, plan.to_store())
    return report


def _report(
    kind: ImportKind,
    plan: Plan[Any],
    how: Kind[Any, Any] | None,
    taken_off: Sequence[TakenOff],
    asked: Asked,
    *,
    dry_run: bool,
    is_mapped: bool,
) -> ImportReport:
    changes = cell_changes(plan, uprns.written if how is None else how.written)
    return ImportReport(
        kind=kind,
        dry_run=dry_run,
        stored=not dry_run and not plan.rejected,
        read=plan.read,
        new=len(plan.new),
        changed=len(plan.changed),
        unchanged=plan.unchanged,
        rejected_rows=len({rejection.line for rejection in plan.rejected}),
        notes=plan.notes,
        is_mapped=is_mapped,
        rejected=_part(plan.rejected, asked),
        rejected_total=len(plan.rejected),
        warnings=_part(plan.warnings, asked),
        warnings_total=len(plan.warnings),
        changes=_part(changes, asked),
        changes_total=len(changes),
        taken_off=_part(taken_off, asked),
        taken_off_total=len(taken_off),
        going=len(plan.taken_off),
    )


def _part(whole: Sequence[T], asked: Asked) -> tuple[T, ...]:
    return tuple(whole if asked.whole_lists else whole[asked.skip : asked.skip + SHOWN_AT_ONCE])


def _file_name(given: str | None) -> str | None:
    """Keep what a file was called, without the folders that some browsers send and what cannot be printed."""
    if given is None:
        return None
    name = given.replace("\\", "/").rsplit("/", maxsplit=1)[-1]
    return "".join(letter for letter in name if letter.isprintable())[:200] or None
