"""The forms of a visit's page: amending a carer's times and taking it back, acknowledging, planned in error.

Every form sent twice gives the same answer twice: an amendment by the id that the page made for it, the others by what
they are about.
"""

from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web

from devices.messages import ManualReason
from ecm.care.service import CARE
from ecm.http.requests import CLOCK, account_of, path_uuid, path_visit, provider_of
from ecm.visits.domain import Amendment
from ecm.visits.model import Withdrawal
from ecm.visits.service import VISITS
from ecm.web.local_times import Which, comes_twice, instant_of
from ecm.web.notices import done
from ecm.web.rendering import segment
from ecm.web.session import local_path, read_form
from ecm.web.visit import AmendmentTyped, show_visit
from ecm.words.codes import Code, Instant, Memo, as_utc
from ecm.words.problems import INVALID, Problem

LocalTime = Annotated[str, msgspec.Meta(max_length=25)]


class AmendmentForm(msgspec.Struct):
    """New times of one carer as people write them; an empty one stays as it was.

    `in_which` and `out_which` tell which of two it was, where the clocks show the time twice.
    """

    amendment: UUID
    carer: Code
    reason: ManualReason
    in_at: LocalTime | None = None
    out_at: LocalTime | None = None
    in_which: Which | None = None
    out_which: Which | None = None
    memo: Memo | None = None


class WithdrawalForm(msgspec.Struct):
    """Why an amendment does not count."""

    reason: Memo | None = None


class AcknowledgementForm(msgspec.Struct):
    """An exception that may stand; `occurrence` is the planned start that was seen, `back` the page to return to."""

    exception: Code
    carer: Code | None = None
    memo: Memo | None = None
    occurrence: Instant | None = None
    back: str | None = None


class PlannedInErrorForm(msgspec.Struct):
    """Why a visit should never have been planned."""

    reason: Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")] = ""


async def post_amendment(request: web.Request) -> web.StreamResponse:
    """Store an amendment and show the visit as it follows from it; what cannot be taken comes back with the reason."""
    form = await read_form(request, AmendmentForm)
    visit = path_visit(request)
    visits = request.app[VISITS]
    try:
        await visits.amend(provider_of(request), _amendment(request, visit, form))
    except Problem as problem:
        if problem.kind is not INVALID:
            raise
        return await show_visit(request, typed=_typed(form, problem.detail))
    await visits.fold_visit(provider_of(request), visit)
    return done(request, _page_of(visit), "amended")


async def post_withdrawal(request: web.Request) -> web.StreamResponse:
    """Note that an amendment does not count, and show the visit without it."""
    form = await read_form(request, WithdrawalForm)
    visit, amendment = path_visit(request), path_uuid(request, "amendment")
    withdrawal = Withdrawal(amendment, account_of(request).username, request.app[CLOCK].now(), form.reason or "")
    visits = request.app[VISITS]
    await visits.withdraw(provider_of(request), visit, withdrawal)
    await visits.fold_visit(provider_of(request), visit)
    return done(request, _page_of(visit), "withdrawn")


async def post_acknowledgement(request: web.Request) -> web.StreamResponse:
    """Let an exception stand, and return to where the button was."""
    form = await read_form(request, AcknowledgementForm)
    visit = path_visit(request)
    by = account_of(request).username
    occurrence = None if form.occurrence is None else as_utc(form.occurrence, "occurrence")
    await request.app[VISITS].acknowledge(
        provider_of(request), visit, form.exception, form.carer, form.memo, by, occurrence
    )
    back = _page_of(visit) if form.back is None else local_path(form.back)
    return done(request, back, "acknowledged")


async def post_planned_in_error(request: web.Request) -> web.StreamResponse:
    """Take a visit off that should never have been planned, and show it."""
    form = await read_form(request, PlannedInErrorForm)
    visit = path_visit(request)
    await request.app[CARE].plan_in_error(account_of(request), visit, form.reason)
    return done(request, _page_of(visit), "planned_in_error")


def _amendment(request: web.Request, visit: str, form: AmendmentForm) -> Amendment:
    return Amendment(
        amendment_id=form.amendment,
        visit=visit,
        carer=form.carer,
        in_at=instant_of(form.in_at, "The arrival", "in_at", form.in_which),
        out_at=instant_of(form.out_at, "The departure", "out_at", form.out_which),
        made_at=request.app[CLOCK].now(),
        made_by=account_of(request).username,
        reason=form.reason,
        memo=form.memo,
    )


def _typed(form: AmendmentForm, mistake: str) -> AmendmentTyped:
    return AmendmentTyped(
        amendment=form.amendment,
        carer=form.carer,
        in_at=form.in_at or "",
        out_at=form.out_at or "",
        reason=form.reason,
        memo=form.memo or "",
        mistake=mistake,
        in_twice=comes_twice(form.in_at),
        out_twice=comes_twice(form.out_at),
        in_which=form.in_which,
        out_which=form.out_which,
    )


def _page_of(visit: str) -> str:
    return f"/visits/{segment(visit)}"
