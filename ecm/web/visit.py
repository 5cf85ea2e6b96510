"""One visit: its taps and what they are worth, the exceptions, the amendments, its alerts, and its proofs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final
from uuid import UUID, uuid4

import msgspec
from aiohttp import web

from devices.messages import MANUAL_REASONS, ManualReason
from ecm.alerts.domain import Alert
from ecm.alerts.service import ALERTS
from ecm.audit.domain import StoredCheckIn
from ecm.audit.service import AUDIT
from ecm.care.domain import PlannedBefore
from ecm.care.service import CARE
from ecm.http.requests import CLOCK, account_of, provider_of, read_query
from ecm.visits.domain import Amendment
from ecm.visits.messages import StayShown, VisitDetailShown, detail_shown
from ecm.visits.routes import path_visit
from ecm.visits.service import VISITS
from ecm.web.local_times import instant_of
from ecm.web.rendering import Shell, address, render, segment
from ecm.web.session import local_path, read_form, see_other
from ecm.web.sides import Side, sides_of
from ecm.words.codes import Code, Memo
from ecm.words.roles import OFFICE, Account

_DONE: Final = {
    "amended": "The amendment is stored beside the check-ins, and the visit now follows it.",
    "acknowledged": "The exception is acknowledged.",
    "planned_in_error": "The visit is taken off as planned in error. It is kept, and neither missed nor paid.",
}
LocalTime = Annotated[str, msgspec.Meta(max_length=25)]


class VisitPageQuery(msgspec.Struct):
    """Whose visit it is (a council officer must say), and what was just done."""

    provider: UUID | None = None
    done: str | None = None


class AmendmentForm(msgspec.Struct):
    """New times of one carer as people write them; an empty one stays as it was."""

    amendment: UUID
    carer: Code
    reason: ManualReason
    in_at: LocalTime | None = None
    out_at: LocalTime | None = None
    memo: Memo | None = None


class AcknowledgementForm(msgspec.Struct):
    """An exception that may stand; `back` is the page to return to."""

    exception: Code
    carer: Code | None = None
    memo: Memo | None = None
    back: str | None = None


class PlannedInErrorForm(msgspec.Struct):
    """Why a visit should never have been planned."""

    reason: Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00]*$")] = ""


@dataclass(frozen=True, slots=True)
class Tap:
    """A check-in of a stay. `leaf` of `leaves` is its number in the provider's sealed log, counted from 1."""

    check_in: StoredCheckIn
    path: str
    leaf: int | None
    leaves: int


@dataclass(frozen=True, slots=True)
class StayView:
    """One carer's part of the visit with the taps that made it."""

    stay: StayShown
    arrival: Tap | None
    departure: Tap | None


@dataclass(frozen=True, slots=True)
class VisitView:
    """The page of a visit; `others` are taps repeated at the same door, `sides` what its contradictions name."""

    detail: VisitDetailShown
    sides: dict[str, Side]
    stays: list[StayView]
    others: list[Tap]
    carers: list[str]
    alerts: list[Alert]
    reasons: tuple[ManualReason, ...]
    new_amendment: UUID
    may_act: bool
    may_see_alerts: bool
    plans: list[PlannedBefore]


async def get_visit(request: web.Request) -> web.StreamResponse:
    """Show a visit with everything it rests on."""
    account = account_of(request)
    query = read_query(request, VisitPageQuery)
    visits = request.app[VISITS]
    found = await visits.detail(account, path_visit(request), query.provider)
    detail = detail_shown(found, visits.limits)
    taps = await _taps(request, found.stored.provider, detail.check_ins)
    stays = [
        StayView(stay, taps.get(stay.in_check_in or ""), taps.get(stay.out_check_in or ""))
        for stay in detail.visit.stays
    ]
    shown = {tap.path for stay in stays for tap in (stay.arrival, stay.departure) if tap is not None}
    view = VisitView(
        detail=detail,
        sides=sides_of(found, account),
        stays=stays,
        others=[tap for tap in taps.values() if tap.path not in shown],
        carers=sorted({*found.stored.visit.rostered, *(stay.carer for stay in detail.visit.stays)}),
        alerts=await _alerts(request, account, detail.visit.visit),
        reasons=MANUAL_REASONS,
        new_amendment=uuid4(),
        may_act=account.role in OFFICE,
        may_see_alerts=account.provider is not None,
        plans=await _plans(request, account, detail.visit.visit),
    )
    shell = Shell(f"Visit {detail.visit.visit}", _DONE.get(query.done or ""))
    return await render(request, "visit.html", shell, view)


async def _plans(request: web.Request, account: Account, visit: str) -> list[PlannedBefore]:
    return [] if account.provider is None else await request.app[CARE].planned_before(account.provider, visit)


async def post_planned_in_error(request: web.Request) -> web.StreamResponse:
    """Take a visit off that should never have been planned, and show it."""
    form = await read_form(request, PlannedInErrorForm)
    visit = path_visit(request)
    await request.app[CARE].plan_in_error(account_of(request), visit, form.reason)
    return see_other(address(f"/visits/{segment(visit)}", done="planned_in_error"))


async def post_amendment(request: web.Request) -> web.StreamResponse:
    """Store an amendment, and show the visit as it follows from it."""
    form = await read_form(request, AmendmentForm)
    visit = path_visit(request)
    visits = request.app[VISITS]
    amendment = Amendment(
        amendment_id=form.amendment,
        visit=visit,
        carer=form.carer,
        in_at=instant_of(form.in_at, "The arrival"),
        out_at=instant_of(form.out_at, "The departure"),
        made_at=request.app[CLOCK].now(),
        made_by=account_of(request).username,
        reason=form.reason,
        memo=form.memo,
    )
    await visits.amend(provider_of(request), amendment)
    await visits.fold_visit(provider_of(request), visit)
    return see_other(address(f"/visits/{segment(visit)}", done="amended"))


async def post_acknowledgement(request: web.Request) -> web.StreamResponse:
    """Let an exception stand, and return to where the button was."""
    form = await read_form(request, AcknowledgementForm)
    visit = path_visit(request)
    by = account_of(request).username
    await request.app[VISITS].acknowledge(provider_of(request), visit, form.exception, form.carer, form.memo, by)
    if form.back is not None:
        return see_other(local_path(form.back))
    return see_other(address(f"/visits/{segment(visit)}", done="acknowledged"))


async def _taps(request: web.Request, provider: UUID, check_ins: Sequence[StoredCheckIn]) -> dict[str, Tap]:
    refs = [(one.device_id, one.check_in_id) for one in check_ins]
    leaves, indexes = await request.app[AUDIT].leaf_indexes(provider, refs)
    return {
        f"{device}/{check_in}": Tap(
            one, f"/v1/check-ins/{provider}/{device}/{check_in}", _counted(indexes.get((device, check_in))), leaves
        )
        for one, (device, check_in) in zip(check_ins, refs, strict=True)
    }


def _counted(index: int | None) -> int | None:
    return None if index is None else index + 1


async def _alerts(request: web.Request, account: Account, visit: str) -> list[Alert]:
    if account.provider is None:
        return []
    return await request.app[ALERTS].of_visit(account.provider, visit)
