"""Possible CQC notifications with their evidence, for a registered person to decide on. Nothing is sent from here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

import msgspec
from aiohttp import web

from ecm.http.requests import account_of, path_uuid, provider_of, read_query
from ecm.notifications.routes import CandidateShown, candidate_shown
from ecm.notifications.service import NOTIFICATIONS
from ecm.web.rendering import Shell, render
from ecm.web.session import read_form, see_other
from ecm.words.codes import Memo
from ecm.words.roles import MANAGERS

_DONE: Final = {"dismissed": "The candidate is dismissed. It stays in the list with your reason."}
_OPEN: Final = frozenset({"screening", "proposed", "accepted"})


class CandidatesQuery(msgspec.Struct):
    """Which candidates to show, and what was just done."""

    show: Literal["open", "all"] = "open"
    done: str | None = None


class DismissalForm(msgspec.Struct):
    """Why a candidate is not notified."""

    reason: Memo


@dataclass(frozen=True, slots=True)
class CandidatesView:
    """The candidates as of an instant; `decided` counts those that are not open and are left out at first."""

    as_of: datetime
    candidates: list[CandidateShown]
    show: str
    decided: int
    may_dismiss: bool


async def get_candidates(request: web.Request) -> web.StreamResponse:
    """Show the open candidates, or all."""
    query = read_query(request, CandidatesQuery)
    now, found = await request.app[NOTIFICATIONS].listed(provider_of(request))
    shown = [candidate_shown(candidate, now) for candidate in found]
    open_ones = [candidate for candidate in shown if candidate.state in _OPEN]
    decided = [candidate for candidate in shown if candidate.state not in _OPEN]
    view = CandidatesView(
        as_of=now,
        candidates=open_ones + decided if query.show == "all" else open_ones,
        show=query.show,
        decided=len(decided),
        may_dismiss=account_of(request).role in MANAGERS,
    )
    return await render(request, "candidates.html", Shell("Possible notifications", _DONE.get(query.done or "")), view)


async def post_dismissal(request: web.Request) -> web.StreamResponse:
    """Dismiss a candidate for a reason."""
    form = await read_form(request, DismissalForm)
    candidate = path_uuid(request, "candidate")
    by = account_of(request).username
    await request.app[NOTIFICATIONS].dismiss(provider_of(request), candidate, form.reason, by)
    return see_other("/candidates?show=all&done=dismissed")
