"""The watcher's word: raising and ending its alerts in the transaction of whoever noticed, and telling on."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ecm.alerts import store
from ecm.alerts.domain import Alert, Change, Due, Watched, watched, weigh
from ecm.alerts.tapped import amended_refs
from ecm.audit import service as audit
from ecm.audit.domain import SERVICE, Event, EventTag
from ecm.db.pool import Connection
from ecm.visits.domain import Limits, Visit


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
        self,
        connection: Connection,
        provider: UUID,
        visits: Sequence[Visit],
        removed: Sequence[str],  # noqa: ARG002 - what is off the roster now ends no alert that was raised
        now: datetime,
    ) -> None:
        """Make the watcher's alerts true again after a fold, in its transaction.

        `visits` must be all of their clients' days. Alerts of the visits `removed`, which are no more, stand.
        """
        existing = await store.of_visits(connection, provider, [visit.visit for visit in visits])
        tap_times = await _tap_times(connection, provider, visits)
        live_on = await store.live_day(connection, provider)
        change = weigh(watched(visits), existing, provider, self.limits, now, live_on, tap_times)
        await self._carry_out(connection, provider, change, now)

    async def watch(self, connection: Connection, provider: UUID, visits: Sequence[Watched], now: datetime) -> int:
        """Raise what is due of visits that the transaction has locked; return how many alerts were raised."""
        existing = await store.of_visits(connection, provider, [one.visit.visit for one in visits])
        live_on = await store.live_day(connection, provider)
        change = weigh(visits, existing, provider, self.limits, now, live_on)
        return await self._carry_out(connection, provider, change, now)

    async def _carry_out(self, connection: Connection, provider: UUID, change: Change, now: datetime) -> int:
        """Raise, withdraw and close what is to be, and tell the listener; return how many were raised.

        The branches are locked first, so that of several who change alerts at once each sees what the others did.
        """
        if change == Change():
            return 0
        homes = await store.branches_of_clients(connection, provider, (due.visit.client for due in change.due))
        ended = [alert_id for alert_id, _ in change.done] + [alert.alert_id for alert, _ in change.disproved]
        touched = {*homes.values(), *await store.branches_of_alerts(connection, provider, ended)}
        await store.lock_branches(connection, provider, touched)
        new = [_alert(due, homes[due.visit.client], now) for due in change.due]
        raised = await store.raise_alerts(connection, provider, new) if new else frozenset()
        reasons = {alert.alert_id: reason for alert, reason in change.disproved} | dict(change.done)
        disproved = [(alert.alert_id, reason) for alert, reason in change.disproved]
        withdrawn = await store.withdraw(connection, provider, disproved) if disproved else frozenset()
        closed = await store.close_all(connection, provider, change.done, SERVICE) if change.done else frozenset()
        events = [
            Event(EventTag.ALERT_RAISED, SERVICE, str(alert.alert_id), now, {"kind": alert.kind, "visit": alert.visit})
            for alert in new
            if alert.alert_id in raised
        ]
        events += [
            Event(tag, SERVICE, str(alert_id), now, {"reason": reasons[alert_id]})
            for tag, those in ((EventTag.ALERT_WITHDRAWN, withdrawn), (EventTag.ALERT_CLOSED, closed))
            for alert_id in sorted(those)
        ]
        await audit.record_all(connection, provider, events)
        if withdrawn or raised or closed:
            await self.listener.alerts_changed(connection, provider, touched, now)
        return len(raised)


async def _tap_times(connection: Connection, provider: UUID, visits: Sequence[Visit]) -> dict[str, datetime]:
    """Return when the check-ins happened whose stays somebody amended, by `<device>/<check-in>`."""
    named = [ref.partition("/") for ref in amended_refs(visits)]
    if not named:
        return {}
    refs = [(UUID(device), UUID(check_in)) for device, _, check_in in named]
    found = await audit.check_ins(connection, provider, refs)
    return {f"{one.device_id}/{one.check_in_id}": one.occurred_at for one in found}


def _alert(due: Due, branch: str, now: datetime) -> Alert:
    visit = due.visit
    return Alert(
        alert_id=due.alert_id,
        branch_id=branch,
        kind=due.kind,
        client=visit.client,
        visit=visit.visit,
        carer=visit.rostered[0] if visit.rostered else None,
        source="watcher",
        occurred_at=visit.planned_start or now,
        raised_at=now,
        raised_by=SERVICE,
        missed_from=due.missed_from,
    )
