"""The watcher's word: raising and withdrawing its alerts in the transaction of whoever noticed, and telling on."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from ecm.alerts import store
from ecm.alerts.domain import LOOK_BACK, Alert, Fact, Verdict, Watched, watched, watcher_alert_id, weigh
from ecm.audit import service as audit
from ecm.audit.domain import SERVICE, Event
from ecm.db.pool import Connection
from ecm.notifications import domain as notified
from ecm.notifications import service as notifications
from ecm.notifications.candidates import Evidence, Incident
from ecm.visits.domain import AlertKind, Rules, Visit

_REMOVED: Final = "The visit was taken off the roster."


async def visits_folded(
    connection: Connection,
    provider: UUID,
    visits: Sequence[Visit],
    removed: Sequence[str],
    rules: Rules,
    now: datetime,
) -> None:
    """Make the watcher's alerts true again after a fold, in its transaction.

    `visits` must be all of their clients' days, `removed` the codes of visits that are no more.
    """
    codes = [visit.visit for visit in visits]
    existing = await store.of_visits(connection, provider, [*codes, *removed])
    verdict = weigh(watched(visits), existing, provider, rules, now)
    gone = frozenset(removed) - frozenset(codes)
    orphans = tuple((alert, _REMOVED) for alert in existing.values() if alert.visit in gone and alert.state == "open")
    await carry_out(connection, provider, Verdict(verdict.due, verdict.disproved + orphans), now)


async def watch(connection: Connection, provider: UUID, visits: Sequence[Watched], rules: Rules, now: datetime) -> int:
    """Raise what is due of visits that the transaction has locked; return how many alerts were raised."""
    existing = await store.of_visits(connection, provider, [one.visit.visit for one in visits])
    return await carry_out(connection, provider, weigh(visits, existing, provider, rules, now), now)


async def carry_out(connection: Connection, provider: UUID, verdict: Verdict, now: datetime) -> int:
    """Withdraw and raise as the verdict says, and have the candidates follow; return how many were raised.

    The locations are locked first, so that of several who change alerts at once each sees what the others did.
    """
    if not verdict.due and not verdict.disproved:
        return 0
    homes = await store.locations_of_clients(connection, provider, (visit.client for visit, _ in verdict.due))
    touched = {*homes.values(), *(alert.location_id for alert, _ in verdict.disproved)}
    await notifications.lock_locations(connection, provider, touched)
    reasons = {alert.alert_id: reason for alert, reason in verdict.disproved}
    withdrawn = await store.withdraw(connection, provider, list(reasons.items())) if reasons else frozenset()
    new = [_alert(provider, visit, kind, homes[visit.client], now) for visit, kind in verdict.due]
    raised = await store.raise_alerts(connection, provider, new) if new else frozenset()
    events = [
        Event("alerts:alert:withdrawn", SERVICE, str(alert_id), now, {"reason": reasons[alert_id]})
        for alert_id in sorted(withdrawn)
    ]
    events += [
        Event("alerts:alert:raised", SERVICE, str(alert.alert_id), now, {"kind": alert.kind, "visit": alert.visit})
        for alert in new
        if alert.alert_id in raised
    ]
    await audit.record_all(connection, provider, events)
    if withdrawn or raised:
        await tell(connection, provider, touched, now)
    return len(raised)


async def tell(
    connection: Connection, provider: UUID, locations: Collection[str], now: datetime, about: Alert | None = None
) -> None:
    """Have the candidates of these locations, which must be locked, follow from their alerts.

    Assesses the alerts of the last 28 days, or since the one that is told `about` where that is older, in the light
    of those of the 28 days before.
    """
    since = min(now, now if about is None else about.raised_at) - LOOK_BACK
    alerts = await store.of_locations(connection, provider, locations, since - LOOK_BACK)
    facts = await store.facts(connection, provider, alerts)
    flags = await store.client_flags(
        connection, provider, {alert.client for alert in alerts.values() if alert.client is not None}
    )
    critical = await store.time_critical(
        connection, provider, {alert.visit for alert in alerts.values() if alert.visit is not None}
    )
    incidents = [_incident(alert, facts[alert.alert_id], flags, critical) for alert in alerts.values()]
    levels = await notifications.reassess(connection, provider, incidents, since, now)
    changed = {alert_id: level for alert_id, level in levels.items() if alerts[alert_id].level != level}
    await store.set_levels(connection, provider, changed)


def _alert(provider: UUID, visit: Visit, kind: AlertKind, location: str, now: datetime) -> Alert:
    return Alert(
        alert_id=watcher_alert_id(provider, visit.visit, kind),
        location_id=location,
        kind=kind,
        client=visit.client,
        visit=visit.visit,
        carer=visit.rostered[0] if visit.rostered else None,
        source="watcher",
        occurred_at=visit.planned_start or now,
        raised_at=now,
        raised_by=SERVICE,
    )


def _incident(
    alert: Alert, facts: Sequence[Fact], flags: Mapping[str, store.ClientFlags], critical: frozenset[str]
) -> Incident:
    known = flags.get(alert.client or "", store.ClientFlags(lives_alone=False, lacks_capacity=False))
    signed = alert.signed_part
    return Incident(
        alert=notified.Alert(
            alert_id=alert.alert_id,
            location=alert.location_id,
            kind=alert.kind,
            client=alert.client,
            visit=alert.visit,
            occurred_at=alert.occurred_at,
            aware_at=alert.raised_at,
            facts=tuple(notified.Fact(fact.kind, fact.at, fact.recorded_by, fact.cause) for fact in facts),
            disproved=alert.state_reason if alert.state == "withdrawn" else None,
        ),
        circumstances=notified.Circumstances(
            lives_alone=known.lives_alone,
            lacks_capacity=known.lacks_capacity,
            time_critical=alert.visit in critical,
        ),
        evidence=(
            Evidence(
                f"alert:{alert.source}",
                str(alert.alert_id),
                alert.occurred_at,
                None if signed is None else sha256(signed.encode("ascii")).hexdigest(),
            ),
            *(Evidence(f"fact:{fact.kind}", str(fact.fact_id), fact.at) for fact in facts),
        ),
    )
