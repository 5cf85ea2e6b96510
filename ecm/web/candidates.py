"""Possible CQC notifications with their evidence, for a registered person to decide on. Nothing is sent from here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from aiohttp import web

from ecm.http.paging import NumberedPage
from ecm.http.requests import account_of, path_uuid, provider_of, read_query
from ecm.notifications.routes import CandidateShown, candidate_shown
from ecm.notifications.service import NOTIFICATIONS
from ecm.web.notices import done
from ecm.web.rendering import Shell, address, render
from ecm.web.session import read_form
from ecm.words.codes import Memo
from ecm.words.roles import MANAGERS

CANDIDATES_A_PAGE: Final = 50


class CandidatesQuery(msgspec.Struct):
    """Which candidates to show, and which page of them."""

    show: Literal["open", "all"] = "open"
    page: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1


class DismissalForm(msgspec.Struct):
    """Why a candidate is not notified."""

    reason: Memo


@dataclass(frozen=True, slots=True)
class CandidatesView:
    """The candidates as of an instant; `decided` counts those that are not open and are left out at first."""

    as_of: datetime
    candidates: list[CandidateShown]
    show: str
    page: NumberedPage
    decided: int
    may_dismiss: bool

    def page_address(self, number: int) -> str:
        """Return the address of a page of the same candidates."""
        show, page = (self.show if self.show != "open" else None), (number if number > 1 else None)
        return address("/candidates", show=show, page=page)


async def get_candidates(request: web.Request) -> web.StreamResponse:
    """Show a page of the open candidates, or of all."""
    query = read_query(request, CandidatesQuery)
    found = await request.app[NOTIFICATIONS].open_first(
        provider_of(request), others=query.show == "all", number=query.page, size=CANDIDATES_A_PAGE
    )
    view = CandidatesView(
        as_of=found.as_of,
        candidates=[candidate_shown(candidate, found.as_of) for candidate in found.candidates],
        show=query.show,
        page=found.page,
        decided=found.others,
        may_dismiss=account_of(request).role in MANAGERS,
    )
    return await render(request, "candidates.html", Shell("Possible notifications"), view)


async def post_dismissal(request: web.Request) -> web.StreamResponse:
    """Dismiss a candidate for a reason."""
    form = await read_form(request, DismissalForm)
    candidate = path_uuid(request, "candidate")
    by = account_of(request).username
    await request.app[NOTIFICATIONS].dismiss(provider_of(request), candidate, form.reason, by)
    return done(request, "/candidates?show=all", "dismissed")
