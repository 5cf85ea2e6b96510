"""Check-ins over HTTP."""

from typing import Final, Literal
from uuid import UUID

import msgspec
from aiohttp import web

from ecm.http.endpoints import Routes
from ecm.http.paging import PageQuery, asked_slice
from ecm.http.replies import reply
from ecm.http.requests import account_of, path_uuid, provider_of, read_bytes, read_json, read_query
from ecm.intake.domain import Receipt, Submission
from ecm.intake.homes import HOMES, Attaching
from ecm.intake.model import Home, Homeless
from ecm.intake.service import INTAKE
from ecm.words.codes import Code, Instant, Memo, as_utc
from ecm.words.problems import CONFLICT, INVALID, NOT_FOUND, TOO_LARGE, TOO_MANY
from ecm.words.roles import OFFICE

ROUTES = Routes("check-ins")

BODY_LIMIT: Final = 9 * 1024 * 1024


class HomelessShown(msgspec.Struct):
    """A check-in without a home, and why it has none."""

    check_in: Homeless
    why: list[str]


class HomelessListed(msgspec.Struct):
    """Check-ins without a home, the latest first: some of `total`. `next` is where it goes on, null at the end."""

    check_ins: list[HomelessShown]
    next: str | None
    total: int


class NewHomeMessage(msgspec.Struct, forbid_unknown_fields=True):
    """Where a check-in belongs; without a client, to nobody. `direction` and `at` only where the phone has none."""

    home: UUID
    memo: Memo
    client: Code | None = None
    visit: Code | None = None
    direction: Literal["in", "out"] | None = None
    at: Instant | None = None


@ROUTES.route(
    "POST",
    "/v1/check-ins",
    "Send one check-in or a batch",
    body=Submission,
    replies={200: Receipt},
    problems=(TOO_LARGE, TOO_MANY),
)
async def post_check_ins(request: web.Request) -> web.Response:
    """Take check-ins in and answer each."""
    body = await read_bytes(request, BODY_LIMIT)
    return reply(await request.app[INTAKE].submit(body, request.remote or ""))


@ROUTES.route(
    "GET",
    "/v1/check-ins/homeless",
    "List the check-ins that found no client or visit",
    roles=OFFICE,
    query=PageQuery,
    replies={200: HomelessListed},
    problems=(NOT_FOUND,),
)
async def get_homeless(request: web.Request) -> web.Response:
    """List the provider's check-ins without a home, a page at a time."""
    page = await request.app[HOMES].listed(provider_of(request), asked_slice(read_query(request, PageQuery)))
    return reply(HomelessListed([HomelessShown(one, list(one.why)) for one in page.rows], page.next, page.total))


@ROUTES.route(
    "POST",
    "/v1/check-ins/{device}/{check_in}/homes",
    "Say where a check-in without a home belongs",
    roles=OFFICE,
    body=NewHomeMessage,
    replies={200: Home, 201: Home},
    problems=(CONFLICT, INVALID, NOT_FOUND),
)
async def post_home(request: web.Request) -> web.Response:
    """Give a check-in a home; the same again answers 200."""
    given = await read_json(request, NewHomeMessage)
    said = Attaching(
        home_id=given.home,
        device_id=path_uuid(request, "device"),
        check_in_id=path_uuid(request, "check_in"),
        client=given.client,
        visit=given.visit,
        direction=given.direction,
        at=None if given.at is None else as_utc(given.at, "at"),
        memo=given.memo,
    )
    home, is_new = await request.app[HOMES].attach(provider_of(request), said, account_of(request).username)
    return reply(home, 201 if is_new else 200)
