"""Candidates follow from alerts; a registered person reads them and decides. Nothing is ever submitted from here."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from aiohttp import web

from ecm.audit import service as audit
from ecm.audit.domain import SERVICE, Event
from ecm.db.pool import Connection, Database
from ecm.notifications import candidates as rules
from ecm.notifications import store
from ecm.notifications.candidates import Candidate, Incident
from ecm.notifications.domain import Policy
from ecm.words.clock import Clock
from ecm.words.problems import CONFLICT, NOT_FOUND

POLICY: Final = Policy()
_LISTED_AT_MOST: Final = 1_000
_DISMISSABLE: Final = frozenset({"screening", "proposed"})


async def lock_locations(connection: Connection, provider: UUID, locations: Collection[str]) -> None:
    """Lock locations until the transaction ends: do so before any change to their alerts.

    Of several who change alerts at once, each then sees what the others did. In one call, so that nobody waits in
    a circle.
    """
    await store.lock_locations(connection, provider, locations)


async def reassess(
    connection: Connection, provider: UUID, incidents: Sequence[Incident], since: datetime, now: datetime
) -> dict[UUID, int]:
    """Have the candidates follow from the alerts of locations that are locked; return the level of each alert.

    Of the alerts given, those that the provider became aware of since an instant are assessed; the earlier ones
    are there because they may matter to these.
    """
    findings = await asyncio.to_thread(rules.find, provider, incidents, since, POLICY, now)
    locations = {incident.alert.location for incident in incidents}
    stored = await store.concerned(connection, provider, findings.leads.keys(), locations, since)
    news = rules.settle(findings, stored)
    if news:
        await store.write(connection, provider, news)
        await audit.record_all(
            connection, provider, [_event(candidate, stored.get(candidate.candidate_id), now) for candidate in news]
        )
    return dict(findings.levels)


class Notifications:
    """Reading candidates and deciding on them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def listed(self, provider: UUID) -> tuple[datetime, list[Candidate]]:
        """Return the present instant and the latest thousand candidates, the latest known first."""
        async with self._database.transaction("list_candidates", provider=provider, read_only=True) as connection:
            found = await store.listed(connection, provider, _LISTED_AT_MOST)
        return self._clock.now(), found

    async def dismiss(self, provider: UUID, candidate_id: UUID, reason: str, by: str) -> Candidate:
        """Dismiss a candidate for a reason; the same again changes nothing.

        Raises `not-found` without such a candidate, and `conflict` when it is not one to be decided.
        """
        now = self._clock.now()
        async with self._database.transaction("dismiss_candidate", provider=provider) as connection:
            candidate = await store.candidate(connection, provider, candidate_id)
            if candidate is not None:
                await store.lock_locations(connection, provider, [candidate.location])
                candidate = await store.candidate(connection, provider, candidate_id)
            if candidate is None:
                raise NOT_FOUND.because("There is no such candidate among those you may see.")
            if candidate.state == "dismissed" and candidate.decided_reason == reason:
                return candidate
            if candidate.state not in _DISMISSABLE:
                raise CONFLICT.because(f"The candidate is {candidate.state}; there is nothing to dismiss.")
            await store.dismiss(connection, provider, candidate_id, by, now, reason)
            subject = str(candidate_id)
            await audit.record(connection, provider, "notifications:candidate:dismissed", by, subject, {}, now)
            dismissed = await store.candidate(connection, provider, candidate_id)
        if dismissed is None:
            raise NOT_FOUND.because("There is no such candidate among those you may see.")
        return dismissed


NOTIFICATIONS: Final = web.AppKey("notifications", Notifications)


def _event(after: Candidate, before: Candidate | None, now: datetime) -> Event:
    if before is None:
        action = "raised"
    elif after.state == before.state:
        action = "changed"
    else:
        action = "withdrawn" if after.state == "withdrawn" else "moved"
    detail: dict[str, str | int | bool | None] = {
        "type": after.type,
        "state": after.state,
        "level": after.document.level,
        "version": after.version,
    }
    return Event(f"notifications:candidate:{action}", SERVICE, str(after.candidate_id), now, detail)
