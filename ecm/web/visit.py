"""One visit: its taps and what they are worth, the exceptions, the amendments, its alerts, and its proofs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
from ecm.http.requests import account_of, path_visit, read_query
from ecm.visits.domain import Stay
from ecm.visits.messages import AmendmentShown, StayShown, VisitDetailShown, detail_shown
from ecm.visits.service import VISITS
from ecm.web.local_times import Which
from ecm.web.rendering import Shell, render
from ecm.web.sides import Side, sides_of
from ecm.words.roles import OFFICE, Account


class VisitPageQuery(msgspec.Struct):
    """Whose visit it is; a council officer must say."""

    provider: UUID | None = None


@dataclass(frozen=True, slots=True)
class AmendmentTyped:
    """The amendment form as it stands: what was typed, what is wrong with it, and which times come twice that night.

    `amendment` is made with the page, so that the form sent twice is one amendment.
    """

    amendment: UUID
    carer: str
    in_at: str = ""
    out_at: str = ""
    reason: str = ""
    memo: str = ""
    mistake: str | None = None
    in_twice: bool = False
    out_twice: bool = False
    in_which: Which | None = None
    out_which: Which | None = None


@dataclass(frozen=True, slots=True)
class Tap:
    """A check-in of a stay. `leaf` of `leaves` is its number in the provider's sealed log, counted from 1."""

    check_in: StoredCheckIn
    path: str
    leaf: int | None
    leaves: int


@dataclass(frozen=True, slots=True)
class StayView:
    """One carer's part of the visit with the taps that made it, and the amendments that its times were entered by."""

    stay: StayShown
    arrival: Tap | None
    departure: Tap | None
    in_by_hand: AmendmentShown | None
    out_by_hand: AmendmentShown | None


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
    typed: AmendmentTyped
    may_act: bool
    may_see_alerts: bool
    plans: list[PlannedBefore]


async def get_visit(request: web.Request) -> web.StreamResponse:
    """Show a visit with everything it rests on."""
    return await show_visit(request, read_query(request, VisitPageQuery).provider)


async def show_visit(
    request: web.Request, provider: UUID | None = None, typed: AmendmentTyped | None = None
) -> web.StreamResponse:
    """Answer with the page of the visit in the address; `typed` is an amendment that could not be taken."""
    account = account_of(request)
    visits = request.app[VISITS]
    found = await visits.detail(account, path_visit(request), provider)
    detail = detail_shown(found, visits.limits)
    taps = await _taps(request, found.stored.provider, detail.check_ins)
    stays = [
        _stay_view(stay, folded, taps, detail.amendments)
        for stay, folded in zip(detail.visit.stays, found.stored.visit.stays, strict=True)
    ]
    shown = {tap.path for stay in stays for tap in (stay.arrival, stay.departure) if tap is not None}
    carers = sorted({*found.stored.visit.rostered, *(stay.carer for stay in detail.visit.stays)})
    view = VisitView(
        detail=detail,
        sides=sides_of(found, account),
        stays=stays,
        others=[tap for tap in taps.values() if tap.path not in shown],
        carers=carers,
        alerts=await _alerts(request, account, detail.visit.visit),
        reasons=MANUAL_REASONS,
        typed=typed or AmendmentTyped(uuid4(), carers[0] if len(carers) == 1 else ""),
        may_act=account.role in OFFICE,
        may_see_alerts=account.provider is not None,
        plans=await _plans(request, account, detail.visit.visit),
    )
    shell = Shell(f"Visit {detail.visit.visit}")
    return await render(request, "visit.html", shell, view, 200 if typed is None else 422)


async def _plans(request: web.Request, account: Account, visit: str) -> list[PlannedBefore]:
    return [] if account.provider is None else await request.app[CARE].planned_before(account.provider, visit)


def _stay_view(
    stay: StayShown, folded: Stay, taps: Mapping[str, Tap], amendments: Sequence[AmendmentShown]
) -> StayView:
    """Put beside a stay the taps that made it, and of the amendments in force those that gave its times."""
    in_force = [one for one in amendments if one.amendment_id in folded.amendments]
    given_in = [one for one in in_force if one.in_at is not None and one.in_at == stay.in_at]
    given_out = [one for one in in_force if one.out_at is not None and one.out_at == stay.out_at]
    return StayView(
        stay,
        taps.get(stay.in_check_in or ""),
        taps.get(stay.out_check_in or ""),
        given_in[-1] if given_in else None,
        given_out[-1] if given_out else None,
    )


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
