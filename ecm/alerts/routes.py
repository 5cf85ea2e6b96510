"""Alerts over HTTP: from the office, from phones, and what becomes of them."""

from datetime import datetime
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from aiohttp import web

from ecm.alerts.domain import Alert, Fact, FactKind, ReportedKind
from ecm.alerts.service import ALERTS, BAD_SIGNATURE, REVOKED_DEVICE, UNKNOWN_DEVICE
from ecm.http.endpoints import Routes
from ecm.http.paging import PageQuery, asked_slice
from ecm.http.replies import reply
from ecm.http.requests import CLOCK, account_of, path_uuid, provider_of, read_json, read_query
from ecm.words.codes import Code, Instant, Memo, VisitCode, as_utc
from ecm.words.problems import CONFLICT, INVALID, MALFORMED, NOT_FOUND
from ecm.words.roles import OFFICE

ROUTES = Routes("alerts")
_SIGNED_LIMIT: Final = 16 * 1024

Cause = Annotated[
    str,
    msgspec.Meta(
        min_length=1, max_length=100, pattern=r"^[^\x00]+$", description="The root cause, the same word for all it hit"
    ),
]


class NewAlertMessage(msgspec.Struct, forbid_unknown_fields=True):
    """An alert from the office. Without a client it concerns a branch, which may be left out if there is one only."""

    alert: UUID
    kind: ReportedKind
    occurred_at: Instant
    client: Code | None = None
    visit: VisitCode | None = None
    carer: Code | None = None
    branch: Code | None = None
    memo: Memo | None = None


class DeviceAlertMessage(msgspec.Struct, forbid_unknown_fields=True):
    """An alert that a phone signed: a compact JWS of typ alert+jwt."""

    message: Annotated[str, msgspec.Meta(max_length=_SIGNED_LIMIT)]


class NewFactMessage(msgspec.Struct, forbid_unknown_fields=True):
    """Something learnt of an alert; `cause` is given with the kind cause, and only then."""

    fact: UUID
    kind: FactKind
    at: Instant
    memo: Memo | None = None
    cause: Cause | None = None


class ClosureMessage(msgspec.Struct, forbid_unknown_fields=True):
    """Why an alert is dealt with."""

    reason: Memo


class FactShown(msgspec.Struct):
    """Something learnt of an alert, by whom and when."""

    fact: UUID
    kind: str
    at: datetime
    memo: str | None
    cause: str | None
    recorded_by: str
    recorded_at: datetime


class AlertShown(msgspec.Struct):
    """An alert; `raised_at` is when the provider became aware, `level` its step on the ladder of missed visits.

    The watcher's alerts belong to the visit as planned at one start: `occurred_at` is that start. `closed_by` is who
    closed it, `service` where it ended by itself.
    """

    alert: UUID
    kind: str
    client: str | None
    visit: str | None
    carer: str | None
    branch: str
    raised_at: datetime
    raised_by: str
    occurred_at: datetime
    state: str
    state_reason: str | None
    closed_by: str | None
    source: str
    memo: str | None
    facts: list[FactShown]
    level: int


class AlertsShown(msgspec.Struct):
    """Alerts, the latest first: some of `total`. `next` is where the list goes on, null at its end."""

    alerts: list[AlertShown]
    next: str | None
    total: int


class AlertsQuery(PageQuery):
    """Which alerts to list, how many, and behind which."""

    state: Literal["open", "withdrawn", "closed", "all"] = "open"


@ROUTES.route(
    "GET",
    "/v1/alerts",
    "List alerts",
    roles=OFFICE,
    query=AlertsQuery,
    replies={200: AlertsShown},
    problems=(NOT_FOUND,),
)
async def get_alerts(request: web.Request) -> web.Response:
    """List the provider's alerts, a page at a time."""
    query = read_query(request, AlertsQuery)
    state = None if query.state == "all" else query.state
    page = await request.app[ALERTS].listed(provider_of(request), state, asked_slice(query))
    return reply(AlertsShown([alert_shown(alert) for alert in page.rows], page.next, page.total))


@ROUTES.route(
    "POST",
    "/v1/alerts",
    "Raise an alert from the office",
    roles=OFFICE,
    body=NewAlertMessage,
    replies={200: AlertShown, 201: AlertShown},
    problems=(CONFLICT, INVALID),
)
async def post_alert(request: web.Request) -> web.Response:
    """Store an alert; the same again answers 200."""
    given = await read_json(request, NewAlertMessage)
    alert = Alert(
        alert_id=given.alert,
        branch_id="",
        kind=given.kind,
        client=given.client,
        visit=given.visit,
        carer=given.carer,
        source="office",
        occurred_at=as_utc(given.occurred_at, "occurred_at"),
        raised_at=request.app[CLOCK].now(),
        raised_by=account_of(request).username,
        memo=given.memo,
    )
    stored, new = await request.app[ALERTS].by_office(provider_of(request), alert, given.branch)
    return reply(alert_shown(stored), 201 if new else 200)


@ROUTES.route(
    "POST",
    "/v1/device-alerts",
    "Raise an alert from a phone",
    body=DeviceAlertMessage,
    replies={200: AlertShown, 201: AlertShown},
    problems=(MALFORMED, UNKNOWN_DEVICE, REVOKED_DEVICE, BAD_SIGNATURE, CONFLICT, INVALID),
)
async def post_device_alert(request: web.Request) -> web.Response:
    """Store an alert that a phone signed; the same again answers 200."""
    given = await read_json(request, DeviceAlertMessage)
    stored, new = await request.app[ALERTS].by_phone(given.message)
    return reply(alert_shown(stored), 201 if new else 200)


@ROUTES.route(
    "POST",
    "/v1/alerts/{alert}/facts",
    "Note something learnt of an alert",
    roles=OFFICE,
    body=NewFactMessage,
    replies={200: FactShown, 201: FactShown},
    problems=(NOT_FOUND, CONFLICT, INVALID),
)
async def post_fact(request: web.Request) -> web.Response:
    """Store a fact and have the candidates follow; the same again answers 200."""
    alert_id = path_uuid(request, "alert")
    given = await read_json(request, NewFactMessage)
    fact = Fact(
        alert_id=alert_id,
        fact_id=given.fact,
        kind=given.kind,
        at=as_utc(given.at, "at"),
        memo=given.memo,
        cause=given.cause,
        recorded_by=account_of(request).username,
        recorded_at=request.app[CLOCK].now(),
    )
    stored, new = await request.app[ALERTS].add_fact(provider_of(request), fact)
    return reply(_fact_shown(stored), 201 if new else 200)


@ROUTES.route(
    "POST",
    "/v1/alerts/{alert}/closure",
    "Close an alert",
    roles=OFFICE,
    body=ClosureMessage,
    replies={200: AlertShown},
    problems=(NOT_FOUND, CONFLICT),
)
async def post_closure(request: web.Request) -> web.Response:
    """Close an open alert as dealt with."""
    alert_id = path_uuid(request, "alert")
    given = await read_json(request, ClosureMessage)
    closed = await request.app[ALERTS].close(provider_of(request), alert_id, given.reason, account_of(request).username)
    return reply(alert_shown(closed))


def alert_shown(alert: Alert) -> AlertShown:
    """Shape an alert for an answer."""
    return AlertShown(
        alert=alert.alert_id,
        kind=alert.kind,
        client=alert.client,
        visit=alert.visit,
        carer=alert.carer,
        branch=alert.branch_id,
        raised_at=alert.raised_at,
        raised_by=alert.raised_by,
        occurred_at=alert.occurred_at,
        state=alert.state,
        state_reason=alert.state_reason,
        closed_by=alert.closed_by,
        source=alert.source,
        memo=alert.memo,
        facts=[_fact_shown(fact) for fact in alert.facts],
        level=alert.level,
    )


def _fact_shown(fact: Fact) -> FactShown:
    return FactShown(fact.fact_id, fact.kind, fact.at, fact.memo, fact.cause, fact.recorded_by, fact.recorded_at)
