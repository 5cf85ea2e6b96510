"""Candidates follow from alerts; a registered person reads them and decides. Nothing is ever submitted from here."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Final
from uuid import UUID

from aiohttp import web

from ecm.alerts import service as alerts
from ecm.alerts.domain import LOOK_BACK, Alert
from ecm.audit import service as audit
from ecm.audit.domain import SERVICE, Event, EventTag, Told
from ecm.db.pool import Connection, Database
from ecm.http.paging import Cursor, NumberedPage, Page, Slice, page_of
from ecm.notifications import candidates, store
from ecm.notifications.candidates import Candidate, Evidence, Incident
from ecm.notifications.domain import OPEN, Policy
from ecm.words.clock import Clock
from ecm.words.problems import CONFLICT, NOT_FOUND

POLICY: Final = Policy()
_DISMISSABLE: Final = frozenset({"screening", "proposed"})


@dataclass(frozen=True, slots=True)
class OpenFirst:
    """A page of candidates as of an instant, the open ones first; `others` counts all that are not open."""

    as_of: datetime
    candidates: list[Candidate]
    page: NumberedPage
    others: int


class Notifications:
    """Having candidates follow from alerts, reading them and deciding on them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def alerts_changed(
        self,
        connection: Connection,
        provider: UUID,
        branches: Collection[str],
        now: datetime,
        about: Alert | None = None,
    ) -> None:
        """Have the candidates of these branches, which must be locked, follow from their alerts.

        Assesses the alerts of the last 28 days, or since the one that it is told `about` where that is older, in the
        light of those of the 28 days before.
        """
        since = min(now, now if about is None else about.raised_at) - LOOK_BACK
        found = await alerts.of_branches(connection, provider, branches, since - LOOK_BACK)
        circumstances = await store.circumstances(
            connection,
            provider,
            {alert.client for alert in found if alert.client is not None},
            {alert.visit for alert in found if alert.visit is not None},
        )
        incidents = [Incident(alert, circumstances(alert), _evidence(alert)) for alert in found]
        levels = await _reassess(connection, provider, incidents, since, now)
        changed = {
            alert.alert_id: levels[alert.alert_id]
            for alert in found
            if levels.get(alert.alert_id, alert.level) != alert.level
        }
        await alerts.set_levels(connection, provider, changed)

    async def time_passed(self, provider: UUID, now: datetime) -> None:
        """Look again at missed visits that get graver because nobody has been in touch with the client in time."""
        await self._database.retrying(partial(self._look_again, provider, now))

    async def _look_again(self, provider: UUID, now: datetime) -> None:
        async with self._database.transaction("watch_missed_visits", provider=provider) as connection:
            welfare = timedelta(minutes=POLICY.welfare_contact_minutes)
            waiting = await store.branches_waiting(connection, provider, now - welfare)
            if waiting:
                await alerts.lock_branches(connection, provider, waiting)
                await self.alerts_changed(connection, provider, waiting, now)

    async def listed(self, provider: UUID, part: Slice, *, only_open: bool = False) -> tuple[datetime, Page[Candidate]]:
        """Return the present instant and a part of the candidates, or of the open ones, the latest known first."""
        async with self._reading("list_candidates", provider) as connection:
            found = await store.listed(connection, provider, OPEN if only_open else None, part.after, part.limit + 1)
            open_ones, every = await store.counts(connection, provider, OPEN)
        total = open_ones if only_open else every
        page = page_of(found, part, total, lambda candidate: Cursor(candidate.aware_at, candidate.candidate_id))
        return self._clock.now(), page

    async def open_first(self, provider: UUID, *, others: bool, number: int, size: int) -> OpenFirst:
        """Return a page of candidates as a person reads them: the open ones, then (with `others`) those that are not.

        `number` counts pages of `size` from 1; a page beyond the end is empty.
        """
        async with self._reading("candidates_open_first", provider) as connection:
            open_ones, every = await store.counts(connection, provider, OPEN)
            page = NumberedPage(number, size, every if others else open_ones)
            found = await store.open_first(connection, provider, OPEN, others=others, page=page)
        return OpenFirst(self._clock.now(), found, page, every - open_ones)

    def _reading(self, name: str, provider: UUID) -> AbstractAsyncContextManager[Connection]:
        """A transaction whose statements all see the same candidates, so that rows and counts agree."""
        return self._database.transaction(name, provider=provider, read_only=True, isolation="repeatable_read")

    async def dismiss(self, provider: UUID, candidate_id: UUID, reason: str, by: str) -> Candidate:
        """Dismiss a candidate for a reason; the same again changes nothing.

        Raises `not-found` without such a candidate, and `conflict` when it is not one to be decided.
        """
        now = self._clock.now()
        async with self._database.transaction("dismiss_candidate", provider=provider) as connection:
            candidate = await store.candidate(connection, provider, candidate_id)
            if candidate is not None:
                await alerts.lock_branches(connection, provider, [candidate.branch])
                candidate = await store.candidate(connection, provider, candidate_id)
            if candidate is None:
                raise NOT_FOUND.because("There is no such candidate among those you may see.")
            if candidate.state == "dismissed" and candidate.decided_reason == reason:
                return candidate
            if candidate.state not in _DISMISSABLE:
                raise CONFLICT.because(f"The candidate is {candidate.state}; there is nothing to dismiss.")
            await store.dismiss(connection, provider, candidate_id, by, now, reason)
            subject = str(candidate_id)
            await audit.record(connection, provider, EventTag.CANDIDATE_DISMISSED, by, subject, {}, now)
            dismissed = await store.candidate(connection, provider, candidate_id)
        if dismissed is None:
            raise NOT_FOUND.because("There is no such candidate among those you may see.")
        return dismissed


NOTIFICATIONS: Final = web.AppKey("notifications", Notifications)


async def _reassess(
    connection: Connection, provider: UUID, incidents: Sequence[Incident], since: datetime, now: datetime
) -> Mapping[UUID, int]:
    """Write the candidates that follow from these alerts; return the level of each alert assessed.

    Those that the provider became aware of since an instant are assessed; the earlier ones are there because they may
    matter to these.
    """
    findings = await asyncio.to_thread(candidates.find, provider, incidents, since, POLICY, now)
    branches = {incident.alert.branch_id for incident in incidents}
    stored = await store.concerned(connection, provider, findings.leads.keys(), branches, since)
    news = candidates.follow(findings, stored)
    if news:
        await store.write(connection, provider, news)
        await audit.record_all(
            connection, provider, [_event(candidate, stored.get(candidate.candidate_id), now) for candidate in news]
        )
    return findings.levels


def _evidence(alert: Alert) -> tuple[Evidence, ...]:
    signed = alert.signed_part
    digest = None if signed is None else sha256(signed.encode("ascii")).hexdigest()
    return (
        Evidence(f"alert:{alert.source}", str(alert.alert_id), alert.occurred_at, digest),
        *(Evidence(f"fact:{fact.kind}", str(fact.fact_id), fact.at, None) for fact in alert.facts),
    )


def _event(after: Candidate, before: Candidate | None, now: datetime) -> Event:
    if before is None:
        tag = EventTag.CANDIDATE_RAISED
    elif after.state == before.state:
        tag = EventTag.CANDIDATE_CHANGED
    else:
        tag = EventTag.CANDIDATE_WITHDRAWN if after.state == "withdrawn" else EventTag.CANDIDATE_MOVED
    detail: Told = {
        "type": after.type,
        "state": after.state,
        "level": after.document.level,
        "version": after.version,
    }
    return Event(tag, SERVICE, str(after.candidate_id), now, detail)
