"""Folding visits again when something changed, reading them, and amending and acknowledging them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from aiohttp import web

from ecm.audit import service as audit
from ecm.audit.domain import SERVICE, Event, EventTag, Sealable, StoredCheckIn
from ecm.audit.signatures import check_signatures
from ecm.db.pool import Connection, Database
from ecm.intake import fold_requests
from ecm.intake.fold_requests import FoldRequest, Waiting
from ecm.visits import corrections, refolding, store
from ecm.visits.corrections import Acknowledging, named_by, names_of, no_visit, refs_of
from ecm.visits.domain import FAR, NEAR, Limits
from ecm.visits.limits import LONG_MINUTES
from ecm.visits.looking_again import look_again
from ecm.visits.model import Amendment, PlannedVisit, Visit, Withdrawal
from ecm.visits.second_look import claims_of
from ecm.visits.store import Acknowledged, Acknowledgement, Span, StoredVisit, WrittenAmendment
from ecm.words.civil_time import london_day
from ecm.words.clock import Clock
from ecm.words.problems import INVALID, NOT_FOUND
from ecm.words.roles import Account

LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many fold requests wait, and how long ago the oldest check-in among them was stored (0 if none waits)."""

    requests: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Day:
    """The visits of a day as of an instant, in order of their start, and what of them is acknowledged."""

    day: date
    as_of: datetime
    visits: tuple[StoredVisit, ...]
    acknowledged: Acknowledged


@dataclass(frozen=True, slots=True)
class Detail:
    """A visit as of an instant with all that it rests on; `named` are check-ins elsewhere that contradict it."""

    as_of: datetime
    stored: StoredVisit
    check_ins: tuple[StoredCheckIn, ...]
    amendments: tuple[WrittenAmendment, ...]
    acknowledgements: tuple[Acknowledgement, ...]
    named: tuple[StoredCheckIn, ...] = ()


class Listener(Protocol):
    """Whoever follows from visits. Handed in at wiring: a fold tells, it does not call."""

    async def visits_folded(
        self, connection: Connection, provider: UUID, visits: Sequence[Visit], removed: Sequence[str], now: datetime
    ) -> None:
        """Hear, in the fold's transaction, of visits that have changed.

        `visits` are all of their clients' days, the unchanged ones included; `removed` the codes of those no more.
        """
        ...


class Visits:
    """The steps of each use of visits."""

    def __init__(self, database: Database, clock: Clock, listener: Listener, limits: Limits = LIMITS) -> None:
        self._database = database
        self._clock = clock
        self._listener = listener
        self.limits = limits
        self._folding = asyncio.Lock()

    async def fold_pending(self, limit: int) -> int:
        """Fold what is asked for, at most `limit` requests of each provider; return how many were served.

        Several processes may do this at once: each request is served by one of them, and the visits come out the
        same (promise 5). Within this process these calls wait for each other, so that 0 means that nothing is left.
        """
        async with self._folding:
            waiting = await self.waiting()
            return sum([await self._fold_some(provider, limit) for provider in waiting.providers])

    async def waiting(self) -> Waiting:
        """Return which providers have something to fold, and how much was ever asked for."""
        async with self._database.statement("folds_waiting", role="intake") as connection:
            return await fold_requests.waiting(connection)

    async def backlog(self) -> Backlog:
        """Return how much waits to be folded, of all providers, and for how long."""
        async with self._database.statement("fold_backlog", role="intake") as connection:
            found = await fold_requests.waiting(connection)
            requests, oldest_at = await fold_requests.backlog(connection, found.providers)
        waited = self._clock.now() - oldest_at if oldest_at is not None else timedelta()
        return Backlog(requests, max(waited.total_seconds(), 0.0))

    async def fold_some(self, provider: UUID, limit: int) -> int:
        """Fold what is asked for of one provider, at most `limit` requests; return how many were served."""
        async with self._folding:
            return await self._fold_some(provider, limit)

    async def fold_visit(self, provider: UUID, code: str) -> int:
        """Fold at once what is asked for of the client of a visit, however much else waits; return how much that was.

        Whoever is folding this client already, here or in another process, is waited for, and nobody else is: when
        this returns, the visit shows what was asked for before.
        """

        async def take(connection: Connection) -> list[FoldRequest]:
            stored = await store.visit(connection, provider, code)
            if stored is None:
                return []
            return await fold_requests.take_fold_requests_of_client(connection, provider, stored.visit.client)

        return await self._fold_taken("fold_visit", provider, take)

    async def _fold_some(self, provider: UUID, limit: int) -> int:
        async def take(connection: Connection) -> list[FoldRequest]:
            return await fold_requests.take_fold_requests(connection, provider, limit)

        return await self._fold_taken("fold_visits", provider, take)

    async def _fold_taken(
        self, name: str, provider: UUID, take: Callable[[Connection], Awaitable[list[FoldRequest]]]
    ) -> int:
        async def work() -> int:
            async with self._database.transaction(name, provider=provider) as connection:
                requests = await take(connection)
                await self._refold(connection, provider, requests)
                await check_signatures(connection, provider, _unverified(requests), self._clock.now())
                await audit.seal(connection, provider, _sealables(requests))
            return len(requests)

        return await self._database.retrying(work)

    async def _refold(self, connection: Connection, provider: UUID, requests: Sequence[FoldRequest]) -> None:
        asked = [(request.client, request.around) for request in requests if request.client is not None]
        councils = await store.lock_clients(connection, provider, sorted({client for client, _ in asked}))
        changes = [(client, around) for client, around in asked if client in councils]
        if not changes:
            return
        reaches = await self._reaches(connection, provider, changes)
        days = refolding.days_to_fold(changes, reaches)
        folded = await self._fold(connection, provider, days, councils, reaches)
        stored = await store.visits_of_days(
            connection, provider, [(client, day) for client in days for day in sorted(days[client])]
        )
        change = refolding.news(folded, stored)
        now = self._clock.now()
        gone = await _write(connection, provider, change, now)
        if change.changed or change.removed:
            removed = [visit for visit, _ in change.removed]
            await self._listener.visits_folded(connection, provider, change.beside, removed, now)
        await look_again(connection, provider, folded, change, gone, requests, now)

    async def _reaches(
        self, connection: Connection, provider: UUID, changes: Sequence[tuple[str, datetime]]
    ) -> refolding.Reaches:
        """Return which clients have a long visit near a change, planned now or folded before."""
        farthest = timedelta(days=FAR.touched_before + FAR.days + 1)
        about = {(client, london_day(around)): around for client, around in changes}
        spans = [Span(client, around - farthest, around + farthest) for (client, _), around in about.items()]
        return dict.fromkeys(await store.clients_with_long_visits(connection, provider, spans, LONG_MINUTES), FAR)

    async def _fold(
        self,
        connection: Connection,
        provider: UUID,
        days: refolding.Days,
        councils: dict[str, str],
        reaches: refolding.Reaches,
    ) -> list[refolding.Folded]:
        """Read after the clients are locked, so that nothing committed before is overlooked; fold off the loop."""
        spans = [
            Span(client, *window)
            for client in days
            for window in refolding.windows(days[client], reaches.get(client, NEAR))
        ]
        planned = await store.planned_visits(connection, provider, spans)
        plans: list[PlannedVisit] = [each.plan for each in planned]
        check_ins = await store.check_ins(connection, provider, spans)
        named = sorted(refolding.amendable(plans, check_ins))
        amendments = await store.amendments(connection, provider, named)
        council_of = {each.plan.visit: each.council for each in planned}
        tapped = {check_in.ref: check_in for check_in in check_ins}
        amended = {amendment.amendment_id: amendment for amendment in amendments}

        def folded(visit: Visit) -> refolding.Folded:
            council = council_of.get(visit.visit) or councils[visit.client]
            claims = claims_of(visit, council, tapped, amended)
            return refolding.Folded(visit, council, store.document(visit), claims)

        def work() -> list[refolding.Folded]:
            visits = refolding.fold_days(days, plans, check_ins, amendments, self.limits, reaches)
            return [folded(visit) for visit in visits]

        return await asyncio.to_thread(work)

    async def day(self, account: Account, day: date, provider: UUID | None) -> Day:
        """Return the visits of a day: an office's own, or those a council pays for, of one provider or of all."""
        if account.provider is not None and provider not in {None, account.provider}:
            raise NOT_FOUND.because("Your account belongs to another provider.")
        provider = account.provider or provider
        async with self._database.transaction(
            "visits_of_day", provider=account.provider, council=account.council, read_only=True
        ) as connection:
            visits = await store.visits_of_day(connection, day, provider, account.council)
            acknowledged = await store.acknowledged_on_day(connection, day, provider, account.council)
        return Day(day, self._clock.now(), tuple(visits), acknowledged)

    async def detail(self, account: Account, code: str, provider: UUID | None) -> Detail:
        """Return a visit with its evidence; raises `not-found` for what the account may not see.

        A council officer names the provider, whose code it is; for an office it is its own.
        """
        if account.provider is not None and provider not in {None, account.provider}:
            raise no_visit()
        provider = account.provider or provider
        if provider is None:
            raise INVALID.because("Say whose visit it is: provider is missing.")
        async with self._database.transaction(
            "visit_detail", provider=account.provider, council=account.council, read_only=True
        ) as connection:
            stored = await store.visit(connection, provider, code)
            if stored is None:
                raise no_visit()
            own = set(refs_of(stored.visit))
            found = await audit.check_ins(connection, provider, sorted(own | set(named_by(stored.visit))))
            amendments = await store.written_amendments(connection, provider, names_of(stored.visit))
            acknowledgements = await store.acknowledgements(connection, provider, code)
        check_ins = tuple(one for one in found if (one.device_id, one.check_in_id) in own)
        named = tuple(one for one in found if (one.device_id, one.check_in_id) not in own)
        return Detail(self._clock.now(), stored, check_ins, tuple(amendments), tuple(acknowledgements), named)

    async def amend(self, provider: UUID, amendment: Amendment) -> tuple[Amendment, bool]:
        """Store an amendment, and ask for the fold that shows it; return it and whether it is new.

        What waits of the client is folded first, so that the amendment is held against what is known. The same
        amendment again changes nothing; other content under its id raises `conflict`.
        """
        await self.fold_visit(provider, amendment.visit)
        async with self._database.transaction("amend_visit", provider=provider) as connection:
            return await corrections.amend(connection, provider, amendment, self._clock.now())

    async def withdraw(self, provider: UUID, code: str, withdrawal: Withdrawal) -> tuple[Withdrawal, bool]:
        """Note that an amendment of a visit does not count, and ask for the fold; return it and whether it is new."""
        async with self._database.transaction("withdraw_amendment", provider=provider) as connection:
            return await corrections.withdraw(connection, provider, code, withdrawal)

    async def acknowledge(
        self,
        provider: UUID,
        code: str,
        exception: str,
        carer: str | None,
        memo: str | None,
        by: str,
        occurrence: datetime | None = None,
    ) -> Acknowledgement:
        """Note that a person lets an exception stand; the first to do so stays named.

        `occurrence` is the planned start that the person saw, None for whatever is planned now.
        """
        asked = Acknowledging(exception, carer, memo, occurrence)
        async with self._database.transaction("acknowledge_exception", provider=provider) as connection:
            return await corrections.acknowledge(connection, provider, code, asked, by, self._clock.now())


VISITS: Final = web.AppKey("visits", Visits)


async def _write(connection: Connection, provider: UUID, change: refolding.Change, now: datetime) -> list[str]:
    """Write what is news, with its events; return the codes of the visits that are no more."""
    versions = await store.write_visits(connection, provider, change.changed, now) if change.changed else {}
    gone = await store.remove_visits(connection, provider, change.removed) if change.removed else []
    events = [
        Event(
            EventTag.VISIT_CHANGED,
            SERVICE,
            one.visit.visit,
            now,
            {"client": one.visit.client, "day": one.visit.day.isoformat(), "version": versions[one.visit.visit]},
        )
        for one in change.changed
    ]
    events += [Event(EventTag.VISIT_REMOVED, SERVICE, code, now) for code in gone]
    await audit.record_all(connection, provider, events)
    return gone


def _unverified(requests: Sequence[FoldRequest]) -> list[tuple[UUID, UUID]]:
    return [
        (request.device_id, request.check_in_id)
        for request in requests
        if request.check_signature and request.device_id is not None and request.check_in_id is not None
    ]


def _sealables(requests: Sequence[FoldRequest]) -> list[Sealable]:
    return [
        Sealable(request.device_id, request.check_in_id, request.link_digest)
        for request in requests
        if request.device_id is not None and request.check_in_id is not None and request.link_digest is not None
    ]
