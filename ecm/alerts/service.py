"""Alerts: watching for visits that nobody began, alerts by office and phone, what is learnt of them, and their end."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from aiohttp import web

from devices.alerts import AlertMessage, read_alert
from devices.encoding import Unreadable
from devices.jws import verify
from devices.keys import BadSignature
from ecm.alerts import raising, store
from ecm.alerts.domain import LOOK_BACK, REPORTED_KINDS, Alert, Fact
from ecm.audit import service as audit
from ecm.db.pool import Connection, Database
from ecm.notifications import service as notifications
from ecm.notifications.service import POLICY
from ecm.visits.domain import Rules
from ecm.words.clock import Clock
from ecm.words.problems import CONFLICT, INVALID, MALFORMED, NOT_FOUND, ProblemType

BAD_SIGNATURE: Final = ProblemType("bad_signature", 403, "The signature is not the device's")
UNKNOWN_DEVICE: Final = ProblemType("unknown_device", 403, "The device is not known")
REVOKED_DEVICE: Final = ProblemType("revoked_device", 403, "The device was revoked")

visits_folded = raising.visits_folded

# The watcher derives its ids from the visit; nobody may take one of them first.
_WATCHER_ID_VERSION: Final = 5
_AT_A_TIME: Final = 200
_LISTED_AT_MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class AlertWithFacts:
    """An alert and what was learnt of it, oldest first."""

    alert: Alert
    facts: tuple[Fact, ...]


class Alerts:
    """The steps of each use of alerts."""

    def __init__(self, database: Database, clock: Clock, rules: Rules | None = None) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules or Rules()
        self._watching = asyncio.Lock()

    async def watch_once(self, now: datetime) -> int:
        """Raise what is due at `now` of visits that nobody has begun; return how many alerts were raised.

        Safe in any number of copies: each alert has one id (promise: exactly once), and visits that another copy
        is looking at, or that are being folded, are left to it. Also looks again at missed visits that get graver
        as time passes.
        """
        async with self._watching:
            async with self._database.transaction("providers_to_watch", read_only=True) as connection:
                providers = await store.providers(connection)
            return sum([await self._watch_provider(provider, now) for provider in providers])

    async def _watch_provider(self, provider: UUID, now: datetime) -> int:
        raised = 0
        after: tuple[datetime, str] | None = (now - LOOK_BACK, "")
        while after is not None:
            count, after = await self._database.retrying(partial(self._watch_some, provider, now, after))
            raised += count
        await self._database.retrying(partial(self._look_again, provider, now))
        return raised

    async def _watch_some(
        self, provider: UUID, now: datetime, after: tuple[datetime, str]
    ) -> tuple[int, tuple[datetime, str] | None]:
        async with self._database.transaction("watch_visits", provider=provider) as connection:
            visits = await store.lock_overdue(
                connection, provider, after=after, before=now - self._rules.late, limit=_AT_A_TIME
            )
            raised = await raising.watch(connection, provider, visits, self._rules, now)
        last = visits[-1].visit if len(visits) == _AT_A_TIME else None
        return raised, None if last is None or last.planned_start is None else (last.planned_start, last.visit)

    async def _look_again(self, provider: UUID, now: datetime) -> None:
        async with self._database.transaction("watch_missed_visits", provider=provider) as connection:
            welfare = timedelta(minutes=POLICY.welfare_contact_minutes)
            waiting = await store.locations_waiting(connection, provider, now - welfare)
            if waiting:
                await notifications.lock_locations(connection, provider, waiting)
                await raising.tell(connection, provider, waiting, now)

    async def by_office(self, provider: UUID, alert: Alert, location: str | None) -> tuple[AlertWithFacts, bool]:
        """Store an alert of the office; return it and whether it is new. Its `location_id` is found here.

        Raises `invalid` for an unknown client or visit, or when it cannot tell the location; `conflict` when
        another alert has the id.
        """
        async with self._database.transaction("raise_alert_by_office", provider=provider) as connection:
            location = await self._location_for_office(connection, provider, alert, location)
            return await self._raise(connection, provider, replace(alert, location_id=location))

    async def by_phone(self, posted: str) -> tuple[AlertWithFacts, bool]:
        """Store an alert that a phone signed; return it and whether it is new.

        Raises `malformed`, `unknown_device`, `revoked_device`, `bad_signature`, `invalid` for an unknown kind, and
        `conflict` when another alert has the id. An authentic alert is stored whatever client it names.
        """
        try:
            message = read_alert(posted)
        except Unreadable as error:
            raise MALFORMED.because(error.detail, members={"reason": error.reason}) from None
        async with self._database.transaction("alerting_device", role="intake", read_only=True) as connection:
            devices = await store.devices(connection, message.device_id)
        device = _signer(message, devices)
        body, now = message.body, self._clock.now()
        if body.kind not in REPORTED_KINDS:
            raise INVALID.because(f"There is no kind of alert called {body.kind}.")
        async with self._database.transaction("raise_alert_by_phone", provider=device.provider) as connection:
            homes = await store.locations_of_clients(connection, device.provider, [body.client])
            home = homes.get(body.client) or await store.location_of_carer(connection, device.provider, device.carer)
            if home is None:
                raise UNKNOWN_DEVICE.because("The device belongs to no carer of a known location.")
            alert = Alert(
                alert_id=body.alert,
                location_id=home,
                kind=body.kind,
                client=body.client,
                visit=body.visit,
                carer=body.carer,
                source="phone",
                occurred_at=message.at,
                raised_at=now,
                raised_by=f"device:{device.device_id}",
                memo=body.memo,
                signed_part=message.signed_part,
            )
            return await self._raise(connection, device.provider, alert)

    async def _location_for_office(
        self, connection: Connection, provider: UUID, alert: Alert, location: str | None
    ) -> str:
        if alert.visit is not None:
            client = await store.client_of_visit(connection, provider, alert.visit)
            if client is None or alert.client not in {None, client}:
                raise INVALID.because(f"There is no visit {alert.visit} of this client.")
        if alert.client is not None:
            homes = await store.locations_of_clients(connection, provider, [alert.client])
            if alert.client not in homes:
                raise INVALID.because(f"There is no client {alert.client}.")
            return homes[alert.client]
        known = await store.locations(connection, provider)
        if location is None and len(known) == 1:
            return known[0]
        if location is None or location not in known:
            raise INVALID.because("Name the client, or one of your locations, that the alert is about.")
        return location

    async def _raise(self, connection: Connection, provider: UUID, alert: Alert) -> tuple[AlertWithFacts, bool]:
        if alert.alert_id.version == _WATCHER_ID_VERSION:
            raise INVALID.because("The id of an alert must be a random or time-ordered UUID (version 4 or 7).")
        await notifications.lock_locations(connection, provider, [alert.location_id])
        if not await store.raise_alerts(connection, provider, [alert]):
            earlier = await store.alert(connection, provider, alert.alert_id)
            if earlier is None or _content(earlier) != _content(alert):
                raise CONFLICT.because("There is another alert under this id.")
            facts = await store.facts(connection, provider, [earlier.alert_id])
            return AlertWithFacts(earlier, tuple(facts[earlier.alert_id])), False
        detail = {"kind": alert.kind, "source": alert.source, "client": alert.client, "visit": alert.visit}
        subject = str(alert.alert_id)
        await audit.record(
            connection, provider, "alerts:alert:raised", alert.raised_by, subject, detail, alert.raised_at
        )
        await raising.tell(connection, provider, [alert.location_id], alert.raised_at)
        return await _with_facts(connection, provider, alert.alert_id), True

    async def add_fact(self, provider: UUID, fact: Fact) -> tuple[Fact, bool]:
        """Note something learnt of an alert; return it and whether it is new.

        Raises `not-found` without such an alert, `invalid` for a cause that is not named, and `conflict` when
        another fact of the alert has the id.
        """
        if (fact.kind == "cause") != (fact.cause is not None):
            raise INVALID.because("A fact of the kind cause names it in the member cause; others have none.")
        async with self._database.transaction("add_alert_fact", provider=provider) as connection:
            alert = await _locked(connection, provider, fact.alert_id)
            if not await store.insert_fact(connection, provider, fact):
                known = (await store.facts(connection, provider, [fact.alert_id]))[fact.alert_id]
                earlier = next(one for one in known if one.fact_id == fact.fact_id)
                same = replace(earlier, recorded_by=fact.recorded_by, recorded_at=fact.recorded_at) == fact
                if not same:
                    raise CONFLICT.because("There is another fact of this alert under this id.")
                return earlier, False
            detail = {"fact": str(fact.fact_id), "kind": fact.kind}
            subject = str(fact.alert_id)
            await audit.record(
                connection, provider, "alerts:fact:added", fact.recorded_by, subject, detail, fact.recorded_at
            )
            await raising.tell(connection, provider, [alert.location_id], fact.recorded_at, alert)
        return fact, True

    async def close(self, provider: UUID, alert_id: UUID, reason: str, by: str) -> AlertWithFacts:
        """Close an open alert as dealt with; closing it again changes nothing, a withdrawn one raises `conflict`."""
        now = self._clock.now()
        async with self._database.transaction("close_alert", provider=provider) as connection:
            alert = await _locked(connection, provider, alert_id)
            if alert.state == "withdrawn":
                raise CONFLICT.because("The alert was withdrawn; there is nothing to close.")
            if await store.close(connection, provider, alert_id, reason):
                await audit.record(connection, provider, "alerts:alert:closed", by, str(alert_id), {}, now)
                await raising.tell(connection, provider, [alert.location_id], now, alert)
            return await _with_facts(connection, provider, alert_id)

    async def listed(self, provider: UUID, state: str | None) -> list[AlertWithFacts]:
        """Return the latest thousand alerts of a state, or of all, the latest first."""
        async with self._database.transaction("list_alerts", provider=provider, read_only=True) as connection:
            alerts = await store.listed(connection, provider, state, _LISTED_AT_MOST)
            facts = await store.facts(connection, provider, [alert.alert_id for alert in alerts])
        return [AlertWithFacts(alert, tuple(facts[alert.alert_id])) for alert in alerts]


ALERTS: Final = web.AppKey("alerts", Alerts)


async def _locked(connection: Connection, provider: UUID, alert_id: UUID) -> Alert:
    """Find an alert and lock its location; the alert is read again behind the lock."""
    alert = await store.alert(connection, provider, alert_id)
    if alert is not None:
        await notifications.lock_locations(connection, provider, [alert.location_id])
        alert = await store.alert(connection, provider, alert_id)
    if alert is None:
        raise NOT_FOUND.because("There is no such alert among those you may see.")
    return alert


async def _with_facts(connection: Connection, provider: UUID, alert_id: UUID) -> AlertWithFacts:
    alert = await store.alert(connection, provider, alert_id)
    if alert is None:
        raise NOT_FOUND.because("There is no such alert among those you may see.")
    facts = await store.facts(connection, provider, [alert_id])
    return AlertWithFacts(alert, tuple(facts[alert_id]))


def _signer(message: AlertMessage, devices: Sequence[store.Device]) -> store.Device:
    """Return the device whose key signed the message; raises the problem that says why there is none."""
    if not devices:
        raise UNKNOWN_DEVICE.because("No device with this id is enrolled.")
    for device in devices:
        try:
            verify(message, device.public_key)
        except BadSignature:
            continue
        if device.revoked:
            raise REVOKED_DEVICE.because("This device was revoked; enrol the phone again.")
        return device
    raise BAD_SIGNATURE.because("The signature is not this device's over these bytes.")


def _content(alert: Alert) -> tuple[object, ...]:
    """What makes two alerts under one id the same: what was said, not when it arrived or what became of it."""
    return (alert.kind, alert.client, alert.visit, alert.source, alert.occurred_at, alert.memo, alert.signed_part)
