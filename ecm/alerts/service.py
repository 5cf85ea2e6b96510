"""Alerts: watching for visits that nobody began, alerts by office and phone, what is learnt of them, and their end."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final
from uuid import UUID

from aiohttp import web

from devices.alerts import AlertMessage, read_alert
from devices.encoding import Unreadable
from ecm.alerts import store
from ecm.alerts.domain import LOOK_BACK, REPORTED_KINDS, Alert, Fact
from ecm.alerts.raising import Raising
from ecm.audit import service as audit
from ecm.audit.domain import EventTag
from ecm.db.once import store_once
from ecm.db.pool import Connection, Database
from ecm.http.paging import Cursor, NumberedPage, Page, Slice, page_of
from ecm.phones.domain import Phone, signer
from ecm.phones.service import phones_of_ids
from ecm.words.civil_time import first_instant
from ecm.words.clock import Clock
from ecm.words.problems import CONFLICT, INVALID, MALFORMED, NOT_FOUND, ProblemType

BAD_SIGNATURE: Final = ProblemType("bad_signature", 403, "The signature is not the device's")
UNKNOWN_DEVICE: Final = ProblemType("unknown_device", 403, "The device is not known")
REVOKED_DEVICE: Final = ProblemType("revoked_device", 403, "The device was revoked")

# The watcher derives its ids from the visit; nobody may take one of them first.
_WATCHER_ID_VERSION: Final = 5
_AT_A_TIME: Final = 200


async def lock_branches(connection: Connection, provider: UUID, branches: Collection[str]) -> None:
    """Lock branches until the transaction ends: do so before any change to their alerts or what these come to.

    Of several who change them at once, each then sees what the others did. In one call, so that nobody waits in a
    circle.
    """
    await store.lock_branches(connection, provider, branches)


async def of_branches(
    connection: Connection, provider: UUID, branches: Collection[str], since: datetime
) -> list[Alert]:
    """Return the alerts of these branches that were raised since an instant, oldest first, with their facts."""
    return await store.of_branches(connection, provider, branches, since)


async def set_levels(connection: Connection, provider: UUID, levels: Mapping[UUID, int]) -> None:
    """Note the step on the ladder of missed visits that each of these alerts is on now."""
    await store.set_levels(connection, provider, levels)


class Alerts:
    """The steps of each use of alerts."""

    def __init__(self, database: Database, clock: Clock, raising: Raising) -> None:
        self._database = database
        self._clock = clock
        self._raising = raising
        self._listener = raising.listener
        self._watching = asyncio.Lock()

    async def watch_once(self, now: datetime) -> int:
        """Raise what is due at `now` of visits that nobody has begun; return how many alerts were raised.

        Safe in any number of copies: each alert has one id (promise: exactly once), and visits that another copy
        is looking at, or that are being folded, are left to it. The listener then hears that time has passed.
        """
        async with self._watching:
            async with self._database.transaction("providers_to_watch", read_only=True) as connection:
                providers = await store.providers(connection)
            return sum([await self._watch_provider(provider, now) for provider in providers])

    async def _watch_provider(self, provider: UUID, now: datetime) -> int:
        raised = 0
        async with self._database.transaction("live_day", provider=provider, read_only=True) as connection:
            live_from = first_instant(await store.live_day(connection, provider))
        after: tuple[datetime, str] | None = (max(now - LOOK_BACK, live_from), "")
        while after is not None:
            count, after = await self._database.retrying(partial(self._watch_some, provider, now, after))
            raised += count
        await self._listener.time_passed(provider, now)
        return raised

    async def _watch_some(
        self, provider: UUID, now: datetime, after: tuple[datetime, str]
    ) -> tuple[int, tuple[datetime, str] | None]:
        async with self._database.transaction("watch_visits", provider=provider) as connection:
            visits = await store.lock_overdue(
                connection, provider, after=after, before=now - self._raising.limits.late, limit=_AT_A_TIME
            )
            raised = await self._raising.watch(connection, provider, visits, now)
        last = visits[-1].visit if len(visits) == _AT_A_TIME else None
        return raised, None if last is None or last.planned_start is None else (last.planned_start, last.visit)

    async def by_office(self, provider: UUID, alert: Alert, branch: str | None) -> tuple[Alert, bool]:
        """Store an alert of the office; return it and whether it is new. Its `branch_id` is found here.

        Raises `invalid` for an unknown client or visit, or when it cannot tell the branch; `conflict` when
        another alert has the id.
        """
        async with self._database.transaction("raise_alert_by_office", provider=provider) as connection:
            branch = await self._branch_for_office(connection, provider, alert, branch)
            return await self._raise(connection, provider, replace(alert, branch_id=branch))

    async def by_phone(self, posted: str) -> tuple[Alert, bool]:
        """Store an alert that a phone signed; return it and whether it is new.

        Raises `malformed`, `unknown_device`, `revoked_device`, `bad_signature`, `invalid` for an unknown kind, and
        `conflict` when another alert has the id. An authentic alert is stored whatever client it names.
        """
        try:
            message = read_alert(posted)
        except Unreadable as error:
            raise MALFORMED.because(error.detail, members={"reason": error.reason}) from None
        async with self._database.transaction("alerting_phone", role="intake", read_only=True) as connection:
            phones = await phones_of_ids(connection, [message.device_id])
        phone = _signer(message, phones)
        body, now = message.body, self._clock.now()
        if body.kind not in REPORTED_KINDS:
            raise INVALID.because(f"There is no kind of alert called {body.kind}.")
        async with self._database.transaction("raise_alert_by_phone", provider=phone.provider) as connection:
            homes = await store.branches_of_clients(connection, phone.provider, [body.client])
            home = homes.get(body.client) or await store.branch_of_carer(connection, phone.provider, phone.carer)
            if home is None:
                raise UNKNOWN_DEVICE.because("The device belongs to no carer of a known branch.")
            alert = Alert(
                alert_id=body.alert,
                branch_id=home,
                kind=body.kind,
                client=body.client,
                visit=body.visit,
                carer=body.carer,
                source="phone",
                occurred_at=message.at,
                raised_at=now,
                raised_by=f"device:{phone.device_id}",
                memo=body.memo,
                signed_part=message.signed_part,
            )
            return await self._raise(connection, phone.provider, alert)

    async def _branch_for_office(self, connection: Connection, provider: UUID, alert: Alert, branch: str | None) -> str:
        if alert.visit is not None:
            client = await store.client_of_visit(connection, provider, alert.visit)
            if client is None or alert.client not in {None, client}:
                raise INVALID.because(f"There is no visit {alert.visit} of this client.")
        if alert.client is not None:
            homes = await store.branches_of_clients(connection, provider, [alert.client])
            if alert.client not in homes:
                raise INVALID.because(f"There is no client {alert.client}.")
            return homes[alert.client]
        known = await store.branches(connection, provider)
        if branch is None and len(known) == 1:
            return known[0]
        if branch is None or branch not in known:
            raise INVALID.because("Name the client, or one of your branches, that the alert is about.")
        return branch

    async def _raise(self, connection: Connection, provider: UUID, alert: Alert) -> tuple[Alert, bool]:
        if alert.alert_id.version == _WATCHER_ID_VERSION:
            raise INVALID.because("The id of an alert must be a random or time-ordered UUID (version 4 or 7).")
        await store.lock_branches(connection, provider, [alert.branch_id])
        stored, is_new = await store_once(
            alert,
            store.raise_alerts(connection, provider, [alert]),
            partial(store.alert, connection, provider, alert.alert_id),
            _content,
            CONFLICT.because("There is another alert under this id."),
        )
        if not is_new:
            return stored, False
        detail = {"kind": alert.kind, "source": alert.source, "client": alert.client, "visit": alert.visit}
        subject = str(alert.alert_id)
        await audit.record(
            connection, provider, EventTag.ALERT_RAISED, alert.raised_by, subject, detail, alert.raised_at
        )
        await self._listener.alerts_changed(connection, provider, [alert.branch_id], alert.raised_at)
        return await _found(connection, provider, alert.alert_id), True

    async def add_fact(self, provider: UUID, fact: Fact) -> tuple[Fact, bool]:
        """Note something learnt of an alert; return it and whether it is new.

        Raises `not-found` without such an alert, `invalid` for a cause that is not named, and `conflict` when
        another fact of the alert has the id.
        """
        if (fact.kind == "cause") != (fact.cause is not None):
            raise INVALID.because("A fact of the kind cause names it in the member cause; others have none.")
        async with self._database.transaction("add_alert_fact", provider=provider) as connection:
            alert = await _locked(connection, provider, fact.alert_id)
            stored, is_new = await store_once(
                fact,
                store.insert_fact(connection, provider, fact),
                partial(_fact, alert, fact.fact_id),
                lambda one: (one.kind, one.at, one.memo, one.cause),
                CONFLICT.because("There is another fact of this alert under this id."),
            )
            if not is_new:
                return stored, False
            detail = {"fact": str(fact.fact_id), "kind": fact.kind}
            subject = str(fact.alert_id)
            await audit.record(
                connection, provider, EventTag.FACT_ADDED, fact.recorded_by, subject, detail, fact.recorded_at
            )
            await self._listener.alerts_changed(connection, provider, [alert.branch_id], fact.recorded_at, alert)
        return fact, True

    async def close(self, provider: UUID, alert_id: UUID, reason: str, by: str) -> Alert:
        """Close an open alert as dealt with; closing it again changes nothing, a withdrawn one raises `conflict`."""
        now = self._clock.now()
        async with self._database.transaction("close_alert", provider=provider) as connection:
            alert = await _locked(connection, provider, alert_id)
            if alert.state == "withdrawn":
                raise CONFLICT.because("The alert was withdrawn; there is nothing to close.")
            if await store.close_all(connection, provider, [(alert_id, reason)], by):
                await audit.record(connection, provider, EventTag.ALERT_CLOSED, by, str(alert_id), {}, now)
                await self._listener.alerts_changed(connection, provider, [alert.branch_id], now, alert)
            return await _found(connection, provider, alert_id)

    async def listed(self, provider: UUID, state: str | None, part: Slice) -> Page[Alert]:
        """Return a part of the alerts of a state, or of all, the latest first."""
        async with self._database.transaction(
            "list_alerts", provider=provider, read_only=True, isolation="repeatable_read"
        ) as connection:
            found = await store.listed(connection, provider, state, part.after, part.limit + 1)
            total = await store.count(connection, provider, state)
        return page_of(found, part, total, lambda alert: Cursor(alert.occurred_at, alert.alert_id))

    async def open_gravest_first(self, provider: UUID, number: int, size: int) -> tuple[list[Alert], NumberedPage]:
        """Return page `number` (from 1) of the open alerts, the gravest first; a page beyond the end is empty."""
        async with self._database.transaction(
            "open_alerts", provider=provider, read_only=True, isolation="repeatable_read"
        ) as connection:
            page = NumberedPage(number, size, await store.count(connection, provider, "open"))
            return await store.open_gravest_first(connection, provider, page), page

    async def of_visit(self, provider: UUID, visit: str) -> list[Alert]:
        """Return every alert of one visit, whatever became of it, the latest first."""
        async with self._database.transaction("alerts_of_visit", provider=provider, read_only=True) as connection:
            return await store.of_visit(connection, provider, visit)


ALERTS: Final = web.AppKey("alerts", Alerts)


async def _locked(connection: Connection, provider: UUID, alert_id: UUID) -> Alert:
    """Find an alert and lock its branch; the alert is read again behind the lock."""
    alert = await _found(connection, provider, alert_id)
    await store.lock_branches(connection, provider, [alert.branch_id])
    return await _found(connection, provider, alert_id)


async def _found(connection: Connection, provider: UUID, alert_id: UUID) -> Alert:
    alert = await store.alert(connection, provider, alert_id)
    if alert is None:
        raise NOT_FOUND.because("There is no such alert among those you may see.")
    return alert


async def _fact(alert: Alert, fact_id: UUID) -> Fact | None:
    return next((fact for fact in alert.facts if fact.fact_id == fact_id), None)


def _signer(message: AlertMessage, phones: Sequence[Phone]) -> Phone:
    """Return the phone whose key signed the message; raises the problem that says why there is none."""
    if not phones:
        raise UNKNOWN_DEVICE.because("No device with this id is enrolled.")
    phone = signer(message, phones)
    if phone is None:
        raise BAD_SIGNATURE.because("The signature is not this device's over these bytes.")
    if phone.revoked:
        raise REVOKED_DEVICE.because("This device was revoked; enrol the phone again.")
    return phone


def _content(alert: Alert) -> tuple[object, ...]:
    """What makes two alerts under one id the same: what was said, not when it arrived or what became of it.

    The branch was said only where the office named no client; else it was found here, and may have moved since.
    """
    branch = alert.branch_id if alert.source == "office" and alert.client is None else None
    return (
        alert.kind,
        alert.client,
        alert.visit,
        alert.carer,
        branch,
        alert.source,
        alert.occurred_at,
        alert.memo,
        alert.signed_part,
    )
