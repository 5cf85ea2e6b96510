"""Many alerts or candidates at once, put in behind the service's back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import msgspec

from ecm.notifications.candidates import Document
from ecm.notifications.domain import CandidateState
from tests.arranging import Arranged

_DOCUMENT = Document(
    level=3,
    legal_ref="SI 2009/3112 reg 18(2)(e)",
    visits=(),
    alerts=(),
    gates=(),
    reasons=("Nobody came.",),
    duties=(),
    confidence=None,
    evidence=(),
)


async def put_alerts(
    house: Arranged,
    times: Sequence[datetime],
    *,
    client: str | None = None,
    visit: str | None = None,
    state: str = "open",
    memo: str | None = None,
) -> list[UUID]:
    """Alerts that occurred at these times; returns their ids in the same order."""
    ids = [uuid4() for _ in times]
    await house.superuser.execute(
        """
        INSERT INTO alerts (provider_id, alert_id, branch_id, kind, client, visit, source, occurred_at, raised_at,
            raised_by, state, memo, level)
        SELECT $1, alert_id, $2, 'no_reply', $3, $4, 'office', occurred_at, occurred_at, 'a coordinator', $5, $6, 0
        FROM unnest($7::uuid[], $8::timestamptz[]) AS given (alert_id, occurred_at)
        """,
        *(house.provider, house.branch, client, visit, state, memo, ids, times),
    )
    return ids


async def put_candidates(house: Arranged, known: Sequence[tuple[datetime, CandidateState]]) -> list[UUID]:
    """Candidates of which the provider became aware at these times; returns their ids in the same order."""
    ids = [uuid4() for _ in known]
    await house.superuser.execute(
        """
        INSERT INTO candidates (provider_id, candidate_id, branch_id, type, state, client, aware_at, event_at,
            document, version)
        SELECT $1, candidate_id, $2, 'ABUSE_OR_ALLEGATION', state, 'C-1', aware_at, aware_at, $3, 1
        FROM unnest($4::uuid[], $5::timestamptz[], $6::text[]) AS given (candidate_id, aware_at, state)
        """,
        house.provider,
        house.branch,
        msgspec.json.encode(_DOCUMENT).decode(),
        ids,
        [aware_at for aware_at, _ in known],
        [state for _, state in known],
    )
    return ids
