"""Check-ins that count in no visit: those without a home, which the office gives one, and those not accepted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal
from uuid import UUID, uuid4

import msgspec
from aiohttp import web

from ecm.http.paging import NumberedPage
from ecm.http.requests import account_of, path_uuid, provider_of, read_query
from ecm.intake.homes import HOMES, Attaching, NotAccepted
from ecm.intake.model import Homeless
from ecm.phones.service import PHONES
from ecm.web.local_times import instant_of
from ecm.web.notices import done
from ecm.web.rendering import Shell, address, render
from ecm.web.session import read_form
from ecm.words.codes import Code, Memo
from ecm.words.problems import INVALID

ROWS_A_PAGE: Final = 100
PageNumber = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class HomelessQuery(msgspec.Struct):
    """Which page to show."""

    page: PageNumber = 1


class NotAcceptedQuery(msgspec.Struct):
    """Which page of the refusals to show, and which of the conflicts."""

    refused: PageNumber = 1
    conflicting: PageNumber = 1


class HomeForm(msgspec.Struct):
    """Where a check-in belongs; `action` nobody takes it off the list."""

    home: UUID
    memo: Memo
    action: Literal["attach", "nobody"] = "attach"
    client: Code | None = None
    visit: Code | None = None
    direction: Literal["in", "out"] | None = None
    at: Annotated[str, msgspec.Meta(max_length=25)] | None = None


@dataclass(frozen=True, slots=True)
class HomelessView:
    """A page of the check-ins without a home, each with the id of the home that its form would make."""

    check_ins: list[tuple[Homeless, UUID]]
    page: NumberedPage

    def page_address(self, number: int) -> str:
        """Return the address of another page."""
        return address("/calls-without-a-home", page=number if number > 1 else None)


@dataclass(frozen=True, slots=True)
class NotAcceptedView:
    """What was not accepted, and whose phone each is."""

    found: NotAccepted
    carers: Mapping[UUID, str]

    def refused_address(self, number: int) -> str:
        """Return the address of another page of the refusals."""
        return address("/not-accepted", refused=number, conflicting=self.found.conflicting_page.number)

    def conflicting_address(self, number: int) -> str:
        """Return the address of another page of the conflicts."""
        return address("/not-accepted", refused=self.found.refused_page.number, conflicting=number)


async def get_homeless(request: web.Request) -> web.StreamResponse:
    """Show the check-ins that found no client or visit."""
    query = read_query(request, HomelessQuery)
    found, page = await request.app[HOMES].numbered(provider_of(request), query.page, ROWS_A_PAGE)
    view = HomelessView([(one, uuid4()) for one in found], page)
    return await render(request, "homeless.html", Shell("Calls without a home"), view)


async def post_home(request: web.Request) -> web.StreamResponse:
    """Give a check-in a home, or take it off the list."""
    form = await read_form(request, HomeForm)
    if form.action == "attach" and form.client is None:
        raise INVALID.because("Say which client the check-in belongs to.")
    nobody = form.action == "nobody"
    said = Attaching(
        home_id=form.home,
        device_id=path_uuid(request, "device"),
        check_in_id=path_uuid(request, "check_in"),
        client=None if nobody else form.client,
        visit=None if nobody else form.visit,
        direction=None if nobody else form.direction,
        at=None if nobody else instant_of(form.at, "The time", "at"),
        memo=form.memo,
    )
    await request.app[HOMES].attach(provider_of(request), said, account_of(request).username)
    return done(request, "/calls-without-a-home", "nobodys" if nobody else "attached")


async def get_not_accepted(request: web.Request) -> web.StreamResponse:
    """Show what was refused of the provider's phones, and what came under the id of another."""
    query = read_query(request, NotAcceptedQuery)
    provider = provider_of(request)
    found = await request.app[HOMES].not_accepted(provider, query.refused, query.conflicting, ROWS_A_PAGE)
    carers = {phone.device_id: phone.carer for phone in await request.app[PHONES].listed(provider)}
    return await render(request, "not_accepted.html", Shell("Not accepted"), NotAcceptedView(found, carers))
