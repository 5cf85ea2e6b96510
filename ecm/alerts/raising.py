"""The watcher's word: raising and withdrawing its alerts in the transaction of whoever noticed, and telling on."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

from ecm.alerts import store
from ecm.alerts.domain import Alert, Change, Watched, watched, watcher_alert_id, weigh
from ecm.audit import service as audit
from ecm.audit.domain import SERVICE, Event, EventTag
from ecm.db.pool import Connection
from ecm.visits.domain import AlertKind, Limits, Visit

_REMOVED: Final = "The visit was taken off the roster."


class Listener(Protocol):
    """Whoever follows from alerts. Handed in at wiring, since alerts know nobody below them."""

    async def alerts_changed(
        self,
        connection: Connection,
        provider: UUID,
        branches: Collection[str],
        now: datetime,
        about: Alert | None = None,
    ) -> None:
        """Hear, in the transaction of the change, that alerts of these branches, which are locked, have changed.

        `about` is the one alert that changed, where it is one; it may be long past.
        """
        ...

    async def time_passed(self, provider: UUID, now: datetime) -> None:
        """Hear that the watcher has looked at all of a provider's visits at `now`."""
        ...


class Raising:
    """Keeps the watcher's alerts true. Whoever folds visits tells it, and it tells its listener."""

    def __init__(self, listener: Listener, limits: Limits | None = None) -> None:
        self.listener = listener
        self.limits = limits or Limits()

    async def visits_folded(
        self, connection: Connection, provider: UUID, visits: Sequence[Visit], removed: Sequence[str], now: datetime
    ) -> None:
        """Make the watcher's alerts true again after a fold, in its transaction.

        `visits` must be all of their clients' days, `removed` the codes of visits that are no more.
        """
        codes = [visit.visit for visit in visits]
        existing = await store.of_visits(connection, provider, [*codes, *removed])
        change = weigh(watched(visits), existing, provider, self.limits, now)
        gone = frozenset(removed) - frozenset(codes)
        orphans = tuple(
            (alert, _REMOVED) for alert in existing.values() if alert.visit in gone and alert.state == "open"
        )
        await self._carry_out(connection, provider, Change(change.due, change.disproved + orphans), now)

    async def watch(self, connection: Connection, provider: UUID, visits: Sequence[Watched], now: datetime) -> int:
        """Raise what is due of visits that the transaction has locked; return how many alerts were raised."""
        existing = await store.of_visits(connection, provider, [one.visit.visit for one in visits])
        return await self._carry_out(connection, provider, weigh(visits, existing, provider, self.limits, now), now)

    async def _carry_out(self, connection: Connection, provider: UUID, change: Change, now: datetime) -> int:
        """Withdraw and raise what is to be, and tell the listener; return how many were raised.

        The branches are locked first, so that of several who change alerts at once each sees what the others did.
        """
        if not change.due and not change.disproved:
            return 0
        homes = await store.branches_of_clients(connection, provider, (visit.client for visit, _ in change.due))
        touched = {*homes.values(), *(alert.branch_id for alert, _ in change.disproved)}
        await store.lock_branches(connection, provider, touched)
        reasons = {alert.alert_id: reason for alert, reason in change.disproved}
        withdrawn = await store.withdraw(connection, provider, list(reasons.items())) if reasons else frozenset()
        new = [_alert(provider, visit, kind, homes[visit.client], now) for visit, kind in change.due]
        raised = await store.raise_alerts(connection, provider, new) if new else frozenset()
        events = [
            Event(EventTag.ALERT_WITHDRAWN, SERVICE, str(alert_id), now, {"reason": reasons[alert_id]})
            for alert_id in sorted(withdrawn)
        ]
        events += [
            Event(EventTag.ALERT_RAISED, SERVICE, str(alert.alert_id), now, {"kind": alert.kind, "visit": alert.visit})
            for alert in new
            if alert.alert_id in raised
        ]
        await audit.record_all(connection, provider, events)
        if withdrawn or raised:
            await self.listener.alerts_changed(connection, provider, touched, now)
        return len(raised)


def _alert(provider: UUID, visit: Visit, kind: AlertKind, branch: str, now: datetime) -> Alert:
    return Alert(
        alert_id=watcher_alert_id(provider, visit.visit, kind),
        branch_id=branch,
        kind=kind,
        client=visit.client,
        visit=visit.visit,
        carer=visit.rostered[0] if visit.rostered else None,
        source="watcher",
        occurred_at=visit.planned_start or now,
        raised_at=now,
        raised_by=SERVICE,
    )
