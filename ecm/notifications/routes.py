"""Candidates over HTTP: what might have to be notified, for a registered person to decide on."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from aiohttp import web

from ecm.http.endpoints import Routes
from ecm.http.paging import PageQuery, asked_slice
from ecm.http.replies import reply
from ecm.http.requests import account_of, path_uuid, provider_of, read_json, read_query
from ecm.notifications.candidates import Candidate, Evidence
from ecm.notifications.domain import time_since_aware
from ecm.notifications.model import Gate
from ecm.notifications.service import NOTIFICATIONS
from ecm.words.codes import Memo
from ecm.words.problems import CONFLICT, NOT_FOUND
from ecm.words.roles import MANAGERS, OFFICE

ROUTES = Routes("notifications")


class DismissalMessage(msgspec.Struct, forbid_unknown_fields=True):
    """Why a candidate is not notified."""

    reason: Memo


class CandidateShown(msgspec.Struct):
    """A possible CQC notification. The law says "without delay": see how long the provider has been aware."""

    candidate: UUID
    branch: str
    type: str
    legal_ref: str
    state: str
    level: int
    client: str | None
    aware_at: datetime
    seconds_since_aware: int
    event_at: datetime
    visits: list[str]
    alerts: list[UUID]
    gates: tuple[Gate, ...]
    reasons: list[str]
    duties: list[str]
    confidence: str | None
    evidence: tuple[Evidence, ...]
    dismissed_reason: str | None
    decided_by: str | None
    decided_at: datetime | None
    version: int


class CandidatesShown(msgspec.Struct):
    """Candidates as of an instant, the latest known first: some of `total`.

    `next` is where the list goes on, null at its end.
    """

    as_of: datetime
    candidates: list[CandidateShown]
    next: str | None
    total: int


class CandidatesQuery(PageQuery):
    """Which candidates to list, how many, and behind which; open are those not yet dismissed, withdrawn or merged."""

    state: Literal["open", "all"] = "all"


@ROUTES.route(
    "GET",
    "/v1/candidates",
    "List candidates for notification",
    roles=OFFICE,
    query=CandidatesQuery,
    replies={200: CandidatesShown},
    problems=(NOT_FOUND,),
)
async def get_candidates(request: web.Request) -> web.Response:
    """List the provider's candidates, a page at a time; unless asked otherwise withdrawn and dismissed ones too."""
    query = read_query(request, CandidatesQuery)
    only_open = query.state == "open"
    now, page = await request.app[NOTIFICATIONS].listed(provider_of(request), asked_slice(query), only_open=only_open)
    shown = [candidate_shown(candidate, now) for candidate in page.rows]
    return reply(CandidatesShown(now, shown, page.next, page.total))


@ROUTES.route(
    "POST",
    "/v1/candidates/{candidate}/dismissal",
    "Dismiss a candidate",
    roles=MANAGERS,
    body=DismissalMessage,
    replies={200: CandidateShown},
    problems=(NOT_FOUND, CONFLICT),
)
async def post_dismissal(request: web.Request) -> web.Response:
    """Dismiss a candidate with a reason; it stays to be seen, and new facts are still noted on it."""
    candidate_id = path_uuid(request, "candidate")
    given = await read_json(request, DismissalMessage)
    notifications = request.app[NOTIFICATIONS]
    dismissed = await notifications.dismiss(
        provider_of(request), candidate_id, given.reason, account_of(request).username
    )
    return reply(candidate_shown(dismissed, dismissed.decided_at or dismissed.aware_at))


def candidate_shown(candidate: Candidate, now: datetime) -> CandidateShown:
    """Shape a candidate for an answer as of an instant."""
    document = candidate.document
    return CandidateShown(
        candidate=candidate.candidate_id,
        branch=candidate.branch,
        type=candidate.type,
        legal_ref=document.legal_ref,
        state=candidate.state,
        level=document.level,
        client=candidate.client,
        aware_at=candidate.aware_at,
        seconds_since_aware=int(time_since_aware(candidate.aware_at, now).total_seconds()),
        event_at=candidate.event_at,
        visits=list(document.visits),
        alerts=list(document.alerts),
        gates=document.gates,
        reasons=list(document.reasons),
        duties=list(document.duties),
        confidence=document.confidence,
        evidence=document.evidence,
        dismissed_reason=candidate.decided_reason if candidate.state == "dismissed" else None,
        decided_by=candidate.decided_by,
        decided_at=candidate.decided_at,
        version=candidate.version,
    )
