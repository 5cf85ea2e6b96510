"""Check-ins that count in no visit by themselves: those without a home, which the office gives one, and the rest."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from aiohttp import web

from ecm.audit.domain import EventTag, Told
from ecm.audit.service import record
from ecm.care.domain import FoldPoint
from ecm.db.once import store_once
from ecm.db.pool import Connection, Database
from ecm.http.paging import Cursor, NumberedPage, Page, Slice, page_of
from ecm.intake import store
from ecm.intake.domain import can_be_folded
from ecm.intake.fold_requests import request_folds
from ecm.intake.model import Conflicting, Home, Homeless, RefusedKind
from ecm.words.clock import Clock
from ecm.words.problems import CONFLICT, INVALID, NOT_FOUND

# A clock may be a little ahead of ours; nobody knows of a check-in that is to come.
_AHEAD: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Attaching:
    """What the office says of a check-in; `direction` and `at` only where the phone's could not be read."""

    home_id: UUID
    device_id: UUID
    check_in_id: UUID
    client: str | None
    visit: str | None
    direction: str | None
    at: datetime | None
    memo: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many check-ins wait for a person: without a home, refused, and conflicting."""

    homeless: int = 0
    refused: int = 0
    conflicting: int = 0


@dataclass(frozen=True, slots=True)
class NotAccepted:
    """A page of the refusals and one of the conflicts; `items` is how many items were refused in all."""

    refused: list[RefusedKind]
    refused_page: NumberedPage
    items: int
    conflicting: list[Conflicting]
    conflicting_page: NumberedPage


class Homes:
    """The steps of each use of check-ins that count in no visit."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def listed(self, provider: UUID, part: Slice) -> Page[Homeless]:
        """Return a part of the check-ins without a home, the latest first."""
        async with self._database.transaction(
            "homeless", provider=provider, read_only=True, isolation="repeatable_read"
        ) as connection:
            found = await store.homeless(connection, provider, part.after, part.limit + 1)
            total = await store.count_homeless(connection, provider)
        return page_of(found, part, total, lambda one: Cursor(one.received_at, one.check_in_id))

    async def numbered(self, provider: UUID, number: int, size: int) -> tuple[list[Homeless], NumberedPage]:
        """Return a page of the check-ins without a home, by its number."""
        async with self._database.transaction(
            "homeless", provider=provider, read_only=True, isolation="repeatable_read"
        ) as connection:
            page = NumberedPage(number, size, await store.count_homeless(connection, provider))
            return await store.homeless(connection, provider, None, size, page.skipped), page

    async def not_accepted(self, provider: UUID, refused: int, conflicting: int, size: int) -> NotAccepted:
        """Return the pages of these numbers of what was refused of the provider's phones, and of the conflicts."""
        async with self._database.transaction(
            "not_accepted", provider=provider, read_only=True, isolation="repeatable_read"
        ) as connection:
            kinds, items = await store.count_refused(connection, provider)
            first = NumberedPage(refused, size, kinds)
            second = NumberedPage(conflicting, size, await store.count_conflicting(connection, provider))
            return NotAccepted(
                await store.refused(connection, provider, size, first.skipped),
                first,
                items,
                await store.conflicting(connection, provider, size, second.skipped),
                second,
            )

    async def numbers(self, provider: UUID) -> Numbers:
        """Return how many of each wait for a person."""
        async with self._database.transaction("waiting_check_ins", provider=provider, read_only=True) as connection:
            homeless = await store.count_homeless(connection, provider)
            _, refused = await store.count_refused(connection, provider)
            return Numbers(homeless, refused, await store.count_conflicting(connection, provider))

    async def attach(self, provider: UUID, said: Attaching, by: str) -> tuple[Home, bool]:
        """Give a check-in a home, and ask for the folds that show it; return it and whether it is new.

        The same again changes nothing; other content under its id raises `conflict`. The latest counts. Raises
        `not-found` for a check-in that found its home by itself, and `invalid` where the home cannot be its own.
        """
        now = self._clock.now()
        async with self._database.transaction("attach_check_in", provider=provider) as connection:
            check_in = await store.attachable(connection, provider, said.device_id, said.check_in_id)
            if check_in is None:
                raise NOT_FOUND.because("There is no such check-in among those that found no home by themselves.")
            home = _home(check_in, said, by, now)
            stored, is_new = await store_once(
                home,
                self._insert(connection, provider, home),
                partial(store.home, connection, provider, home.home_id),
                _said,
                CONFLICT.because("There is another home under this id."),
            )
            if is_new:
                await self._attached(connection, provider, check_in, home)
        return stored, is_new

    async def _insert(self, connection: Connection, provider: UUID, home: Home) -> bool:
        """Look first whether there is such a client and visit, and then store the home."""
        if home.client is not None and not await store.client_known(connection, provider, home.client):
            raise INVALID.because(f"There is no client {home.client}.")
        if home.visit is not None:
            of = await store.client_of_visit(connection, provider, home.visit)
            if of is None:
                raise INVALID.because(f"There is no visit {home.visit} on the roster.")
            if of != home.client:
                raise INVALID.because(f"The visit {home.visit} is of another client.")
        return await store.insert_home(connection, provider, home)

    async def _attached(self, connection: Connection, provider: UUID, check_in: Homeless, home: Home) -> None:
        """Ask for a fold wherever the check-in was before, and where it is now; and write down who said so."""
        homes = await store.homes_of_check_in(connection, provider, home.device_id, home.check_in_id)
        points = [FoldPoint(one.client, one.occurred_at) for one in homes if one.client is not None]
        if check_in.client is not None and can_be_folded(check_in.occurred_at):
            points.append(FoldPoint(check_in.client, check_in.occurred_at))
        await request_folds(connection, provider, points)
        detail: Told = {"home": str(home.home_id), "client": home.client, "visit": home.visit, "told": home.told}
        subject = f"{home.device_id}/{home.check_in_id}"
        await record(
            connection, provider, EventTag.CHECK_IN_ATTACHED, home.attached_by, subject, detail, home.attached_at
        )


HOMES: Final = web.AppKey("homes", Homes)


def _home(check_in: Homeless, said: Attaching, by: str, now: datetime) -> Home:
    """Make the home that was said; what the phone said itself, and could be read, nobody says otherwise."""
    if said.client is None and said.visit is not None:
        raise INVALID.because("A visit needs its client.")
    if check_in.direction_known and said.direction not in {None, check_in.direction}:
        raise INVALID.because(f"The phone said that this was the way {check_in.direction}; that stands.")
    if check_in.time_known and said.at not in {None, check_in.occurred_at}:
        raise INVALID.because("The phone said when this was; that stands. Amend the visit where it was wrong.")
    direction = check_in.direction if check_in.direction_known else said.direction
    at = check_in.occurred_at if check_in.time_known else said.at
    if said.client is not None:
        if direction is None:
            raise INVALID.because("Say whether this was an arrival or a departure: the phone's word cannot be read.")
        if at is None:
            raise INVALID.because("Say when this was: the phone's time cannot be read, or no visit can have been then.")
        if not can_be_folded(at) or at > now + _AHEAD:
            raise INVALID.because("The time must lie after the year 1999, and not later than five minutes from now.")
    return Home(
        home_id=said.home_id,
        device_id=check_in.device_id,
        check_in_id=check_in.check_in_id,
        client=said.client,
        visit=said.visit,
        direction=direction or check_in.direction,
        occurred_at=at or check_in.occurred_at,
        told=not (check_in.direction_known and check_in.time_known),
        attached_by=by,
        attached_at=now,
        memo=said.memo,
    )


def _said(home: Home) -> tuple[object, ...]:
    return home.device_id, home.check_in_id, home.client, home.visit, home.direction, home.occurred_at, home.memo
