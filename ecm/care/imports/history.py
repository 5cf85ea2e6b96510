"""The history of imports, and taking one back: what it changed is put back where nothing later touched it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

import msgspec

from ecm.audit.domain import EventTag
from ecm.audit.service import record
from ecm.care.domain import StoredImport
from ecm.care.imports import roster, store
from ecm.care.imports.kinds import KINDS, Kind, Listener, Stamp
from ecm.care.imports.messages import LeftAsIs, UndoReport
from ecm.care.imports.planner import Change, Plan
from ecm.care.imports.service import SHOWN_AT_ONCE, store_plan
from ecm.care.store import lock_provider
from ecm.db.pool import Connection, Database
from ecm.words.clock import Clock
from ecm.words.problems import CONFLICT, NOT_FOUND
from ecm.words.roles import Account

_STATEMENT_SECONDS: Final = 120.0
_Changes = Mapping[str, tuple[dict[str, Any] | None, dict[str, Any]]]


async def imports(database: Database, provider: UUID, limit: int, skip: int) -> tuple[list[StoredImport], int]:
    """Return imports of a provider, the newest first, and how many there are."""
    async with database.transaction("imports", provider=provider, read_only=True) as connection:
        return await store.imports(connection, provider, limit, skip)


async def undo_import(
    database: Database, clock: Clock, listener: Listener, account: Account, import_id: UUID, *, dry_run: bool
) -> UndoReport:
    """Put back what an import changed, or say what that would do.

    What a later import or a person changed again stays, and so does what was new: it may be referred to already; a
    new visit is taken off as planned in error. Raises `not-found`, and `conflict` for an import that was undone.
    """
    if account.provider is None:
        raise NOT_FOUND.because("Your account belongs to no provider.")
    provider = account.provider
    async with database.transaction(
        "undo_import", provider=provider, read_only=dry_run, timeout_seconds=_STATEMENT_SECONDS
    ) as connection:
        if not dry_run:
            await lock_provider(connection, provider)
        stored = await store.import_of(connection, provider, import_id)
        if stored is None:
            raise NOT_FOUND.because("There is no import of this id.")
        if await store.undone_by(connection, provider, import_id) is not None:
            raise CONFLICT.because("This import was undone already.")
        how, stamp = KINDS[stored.kind], Stamp(uuid4(), clock.now(), account.username)
        plan, left = await _plan(connection, provider, how, stored, stamp.at)
        report = UndoReport(
            dry_run=dry_run,
            stored=not dry_run,
            kind=stored.kind,
            put_back=len(plan.changed),
            taken_off=len(plan.taken_off),
            left=tuple(left[:SHOWN_AT_ONCE]),
            left_total=len(left),
        )
        if not dry_run:
            await store_plan(connection, provider, how, plan, stamp, _undoing(stored, plan, stamp), listener)
            detail = {"kind": stored.kind, "put_back": report.put_back, "left": report.left_total}
            await record(connection, provider, EventTag.IMPORT_UNDONE, stamp.by, str(import_id), detail, stamp.at)
    return report


def _undoing(stored: StoredImport, plan: Plan[Any], stamp: Stamp) -> StoredImport:
    return StoredImport(
        import_id=stamp.change,
        kind=stored.kind,
        file_name=stored.file_name,
        digest=stored.digest,
        imported_at=stamp.at,
        imported_by=stamp.by,
        new=0,
        changed=len(plan.changed),
        unchanged=0,
        taken_off=len(plan.taken_off),
        undoes=stored.import_id,
    )


async def _plan(
    connection: Connection, provider: UUID, how: Kind[Any, Any], stored: StoredImport, now: datetime
) -> tuple[Plan[Any], list[LeftAsIs]]:
    changes = await store.import_changes(connection, provider, stored.import_id)
    codes = list(changes)
    records = await how.stored(connection, provider, codes)
    begun = await store.begun_visits(connection, provider, codes) if stored.kind == "roster" else {}
    changed: list[Change[Any]] = []
    taken_off: list[Change[Any]] = []
    left: list[LeftAsIs] = []
    for code, (before, after) in changes.items():
        old = records.get(code)
        if old is None or store.kept_members(old, how.unkept) != after:
            left.append(LeftAsIs(code, "it was changed again since"))
        elif before is not None:
            new = msgspec.convert({**msgspec.to_builtins(old), **before}, how.record)
            forbidden = roster.forbid(old, new, begun, now) if stored.kind == "roster" else None
            if forbidden is None:
                changed.append(Change(0, old, new))
            else:
                left.append(LeftAsIs(code, forbidden.reason))
        elif stored.kind != "roster":
            left.append(LeftAsIs(code, "it was new, and others may name it by now"))
        elif code in begun:
            left.append(LeftAsIs(code, begun[code]))
        else:
            taken_off.append(Change(0, old, msgspec.structs.replace(old, cancelled=roster.PLANNED_IN_ERROR)))
    return Plan(len(changes), (), tuple(changed), 0, (), (), (), tuple(taken_off)), left
