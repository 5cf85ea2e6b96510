"""Visits over HTTP: the day, one visit with its evidence, amendments and acknowledgements."""

from datetime import date
from uuid import UUID

import msgspec
from aiohttp import web

from ecm.http.endpoints import Routes
from ecm.http.replies import reply
from ecm.http.requests import CLOCK, account_of, path_uuid, path_visit, provider_of, read_json, read_query
from ecm.visits.domain import Amendment
from ecm.visits.messages import (
    DayShown,
    NewAcknowledgementMessage,
    NewAmendmentMessage,
    NewWithdrawalMessage,
    VisitDetailShown,
    day_shown,
    detail_shown,
)
from ecm.visits.model import Withdrawal
from ecm.visits.service import VISITS
from ecm.visits.store import Acknowledgement
from ecm.words.codes import as_utc
from ecm.words.problems import CONFLICT, INVALID, NOT_FOUND
from ecm.words.roles import OFFICE, READERS

ROUTES = Routes("visits")


class DayQuery(msgspec.Struct):
    """Which day, in England's civil time; a council officer may name one provider."""

    day: date
    provider: UUID | None = None


class VisitQuery(msgspec.Struct):
    """Whose visit it is; a council officer must say, an office need not."""

    provider: UUID | None = None


@ROUTES.route(
    "GET",
    "/v1/visits",
    "List the visits of a day",
    roles=READERS,
    query=DayQuery,
    replies={200: DayShown},
    problems=(NOT_FOUND, INVALID),
)
async def get_visits(request: web.Request) -> web.Response:
    """List an office's visits of a day, or those that a council pays for, with their state now."""
    asked = read_query(request, DayQuery)
    if not 2000 <= asked.day.year < 2100:
        raise INVALID.because("day must lie between 2000 and 2099.")
    visits = request.app[VISITS]
    found = await visits.day(account_of(request), asked.day, asked.provider)
    return reply(day_shown(found, visits.limits))


@ROUTES.route(
    "GET",
    "/v1/visits/{visit}",
    "Read a visit with its evidence",
    roles=READERS,
    query=VisitQuery,
    replies={200: VisitDetailShown},
    problems=(NOT_FOUND, INVALID),
)
async def get_visit(request: web.Request) -> web.Response:
    """Show a visit with its check-ins, amendments and acknowledgements."""
    asked = read_query(request, VisitQuery)
    visits = request.app[VISITS]
    found = await visits.detail(account_of(request), path_visit(request), asked.provider)
    return reply(detail_shown(found, visits.limits))


@ROUTES.route(
    "POST",
    "/v1/visits/{visit}/amendments",
    "Amend a carer's times",
    roles=OFFICE,
    body=NewAmendmentMessage,
    replies={200: Amendment, 201: Amendment},
    problems=(NOT_FOUND, CONFLICT, INVALID),
)
async def post_amendment(request: web.Request) -> web.Response:
    """Store an amendment; the same again answers 200. The visit is folded again a moment later.

    `made_at` is a remark that may not lie ahead of now. A time is refused that lies later than five minutes from now
    or outside the visit's window, or that leaves no time between arrival and departure, or more than the longest stay.
    """
    visit = path_visit(request)
    given = await read_json(request, NewAmendmentMessage)
    amendment = Amendment(
        amendment_id=given.amendment,
        visit=visit,
        carer=given.carer,
        in_at=None if given.in_at is None else as_utc(given.in_at, "in_at"),
        out_at=None if given.out_at is None else as_utc(given.out_at, "out_at"),
        made_at=as_utc(given.made_at, "made_at"),
        made_by=account_of(request).username,
        reason=given.reason,
        memo=given.memo,
    )
    stored, new = await request.app[VISITS].amend(provider_of(request), amendment)
    return reply(stored, 201 if new else 200)


@ROUTES.route(
    "POST",
    "/v1/visits/{visit}/amendments/{amendment}/withdrawal",
    "Withdraw an amendment",
    roles=OFFICE,
    body=NewWithdrawalMessage,
    replies={200: Withdrawal, 201: Withdrawal},
    problems=(NOT_FOUND, CONFLICT, INVALID),
)
async def post_withdrawal(request: web.Request) -> web.Response:
    """Note that an amendment does not count; it stays listed with who withdrew it, and why. The same again: 200."""
    visit, amendment = path_visit(request), path_uuid(request, "amendment")
    given = await read_json(request, NewWithdrawalMessage)
    withdrawal = Withdrawal(amendment, account_of(request).username, request.app[CLOCK].now(), given.reason)
    stored, new = await request.app[VISITS].withdraw(provider_of(request), visit, withdrawal)
    return reply(stored, 201 if new else 200)


@ROUTES.route(
    "POST",
    "/v1/visits/{visit}/acknowledgements",
    "Let an exception stand",
    roles=OFFICE,
    body=NewAcknowledgementMessage,
    replies={201: Acknowledgement},
    problems=(NOT_FOUND, CONFLICT, INVALID),
)
async def post_acknowledgement(request: web.Request) -> web.Response:
    """Note that an exception of a visit, as it is planned, may stand; the first to say so stays named."""
    visit = path_visit(request)
    given = await read_json(request, NewAcknowledgementMessage)
    occurrence = None if given.occurrence is None else as_utc(given.occurrence, "occurrence")
    by = account_of(request).username
    acknowledgement = await request.app[VISITS].acknowledge(
        provider_of(request), visit, given.exception, given.carer, given.memo, by, occurrence
    )
    return reply(acknowledgement, 201)
