"""Saying "not so": a visit that should never have been planned is taken off, and what was planned stays on record."""

from uuid import UUID, uuid4

import msgspec

from ecm.audit.domain import EventTag
from ecm.audit.service import record
from ecm.care.domain import PlannedBefore, RosterVisit
from ecm.care.imports import store
from ecm.care.imports.kinds import Listener, Stamp, store_roster, tell_of_roster
from ecm.care.imports.planner import Change, Plan
from ecm.care.imports.roster import PLANNED_IN_ERROR
from ecm.care.store import lock_provider
from ecm.db.pool import Connection, Database
from ecm.words.clock import Clock
from ecm.words.problems import INVALID, NOT_FOUND
from ecm.words.roles import Account


async def plan_in_error(
    database: Database, clock: Clock, listener: Listener, account: Account, visit: str, reason: str
) -> RosterVisit:
    """Take a planned visit off as planned in error; once more changes nothing.

    Raises `not-found` for a visit that the roster does not hold, `invalid` for a reason without words.
    """
    if account.provider is None:
        raise NOT_FOUND.because("Your account belongs to no provider.")
    because = reason.strip()
    if not any(letter.isalpha() for letter in because):
        raise INVALID.because("Say in words why the visit was planned in error.")
    async with database.transaction("plan_in_error", provider=account.provider) as connection:
        await lock_provider(connection, account.provider)
        old = await store.lock_planned_visit(connection, account.provider, visit)
        if old is None:
            raise NOT_FOUND.because("The roster holds no visit of this code.")
        if old.cancelled == PLANNED_IN_ERROR:
            return old
        new = msgspec.structs.replace(old, cancelled=PLANNED_IN_ERROR)
        stamp = Stamp(uuid4(), clock.now(), account.username, because)
        await _change(connection, account.provider, Change(0, old, new), stamp, listener)
    return new


async def _change(
    connection: Connection, provider: UUID, change: Change[RosterVisit], stamp: Stamp, listener: Listener
) -> None:
    plan = Plan(1, (), (change,), 0, (), (), ())
    await store_roster(connection, provider, plan, stamp)
    await tell_of_roster(connection, provider, plan, listener)
    detail = {"before": change.old.cancelled, "after": change.new.cancelled, "reason": stamp.reason}
    await record(connection, provider, EventTag.VISIT_PLANNED_IN_ERROR, stamp.by, change.new.code, detail, stamp.at)


async def planned_before(database: Database, provider: UUID, visit: str) -> list[PlannedBefore]:
    """Return what was planned of a visit before, the oldest first."""
    async with database.transaction("planned_before", provider=provider, read_only=True) as connection:
        return await store.planned_before(connection, provider, visit)
