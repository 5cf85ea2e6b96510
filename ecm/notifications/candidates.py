"""Candidates as they are kept, and what a look at a branch's alerts makes of them. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from ecm.alerts.domain import Alert
from ecm.notifications.domain import (
    DECIDED,
    Assessment,
    CandidateKey,
    CandidateState,
    Circumstances,
    Cluster,
    Gate,
    Policy,
    assess,
    candidate_id,
    candidate_key,
    clusters,
    later_occurrences,
    next_state,
    strongest,
    surroundings,
)
from ecm.notifications.mapping import CandidateType, Duty
from ecm.notifications.model import Confidence

_NOTHING_LEADS_HERE: Final = "Nothing that is known now leads to a notification."
_BECAME_ANOTHER: Final = "The event has become another type of notification, which stands for it."


@dataclass(frozen=True, slots=True)
class Evidence:
    """Something the candidate rests on; `sha256` binds the signed message of a phone."""

    kind: str
    ref: str  # its id
    at: datetime
    sha256: str | None  # in hexadecimal


@dataclass(frozen=True, slots=True)
class Incident:
    """An alert with all that matters to what it comes to."""

    alert: Alert
    circumstances: Circumstances
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """What a candidate says, apart from its state and what a person decided."""

    level: int
    legal_ref: str
    visits: tuple[str, ...]
    alerts: tuple[UUID, ...]
    gates: tuple[Gate, ...]
    reasons: tuple[str, ...]
    duties: tuple[Duty, ...]
    confidence: Confidence | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible notification. `aware_at` is when the provider first knew; no deadline follows from it in law."""

    candidate_id: UUID
    branch: str
    type: CandidateType
    state: CandidateState
    client: str | None
    aware_at: datetime
    event_at: datetime
    document: Document
    version: int = 1
    decided_by: str | None = None
    decided_at: datetime | None = None
    decided_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """What a look at the alerts came to: the level of each, and what leads to which candidate."""

    levels: Mapping[UUID, int]
    leads: Mapping[UUID, tuple[CandidateKey, tuple[tuple[Incident, Assessment], ...]]]


def find(provider: UUID, incidents: Sequence[Incident], since: datetime, policy: Policy, now: datetime) -> Findings:
    """Assess every alert of which the provider became aware since an instant, each among all of its branch."""
    levels: dict[UUID, int] = {}
    leads: dict[UUID, tuple[CandidateKey, list[tuple[Incident, Assessment]]]] = {}
    planned_again = later_occurrences(incident.alert for incident in incidents)

    def lead(incident: Incident, assessment: Assessment, subject: str) -> None:
        if assessment.candidate is not None:
            root = assessment.root_cause
            if incident.alert.alert_id in planned_again and root == f"visit:{incident.alert.visit}":
                root = f"{root}@{incident.alert.occurred_at.astimezone(UTC).isoformat()}"
            key = candidate_key(incident.alert.branch_id, assessment.candidate, root, subject)
            leads.setdefault(candidate_id(provider, key), (key, []))[1].append((incident, assessment))

    for branch, here in _by_branch(incidents).items():
        neighbours = _Neighbours(here)
        for incident in here:
            alert = incident.alert
            if alert.raised_at >= since:
                around = surroundings(alert, neighbours.of(alert))
                assessment = assess(alert, incident.circumstances, around, policy, now)
                levels[alert.alert_id] = assessment.level
                lead(incident, assessment, alert.client or branch)
        for cluster, members in _clusters(here, since, policy):
            for incident in members:
                lead(incident, cluster.assessment, branch)
    return Findings(levels, {found: (key, tuple(pairs)) for found, (key, pairs) in leads.items()})


def follow(findings: Findings, stored: Mapping[UUID, Candidate]) -> list[Candidate]:
    """Return the candidates to write: new ones, and stored ones that say or are something else by now."""
    standing = {
        incident.alert.alert_id: found
        for found, (_, pairs) in findings.leads.items()
        for incident, assessment in pairs
        if assessment.state not in {None, "withdrawn"}
    }
    following = [
        _follow(found, key, pairs, stored.get(found), standing) for found, (key, pairs) in findings.leads.items()
    ]
    for found, candidate in stored.items():
        if found not in findings.leads and findings.levels.keys() & set(candidate.document.alerts):
            following.append(_left(candidate, standing))
    return [
        replace(after, version=1 if before is None else before.version + 1)
        for after in following
        if after is not None and (before := stored.get(after.candidate_id)) != after
    ]


def _follow(
    found: UUID,
    key: CandidateKey,
    pairs: Sequence[tuple[Incident, Assessment]],
    stored: Candidate | None,
    standing: Mapping[UUID, UUID],
) -> Candidate | None:
    best = strongest(assessment for _, assessment in pairs)
    if best is None or best.legal_ref is None:
        return None
    alerts = [incident.alert for incident, _ in pairs]
    superseded = any(standing.get(alert.alert_id, found) != found for alert in alerts)
    state = next_state(None if stored is None else stored.state, best.state, superseded)
    if state is None:
        return None
    document = Document(
        level=best.level,
        legal_ref=best.legal_ref,
        visits=tuple(sorted({alert.visit for alert in alerts if alert.visit is not None})),
        alerts=tuple(sorted({alert.alert_id for alert in alerts})),
        gates=best.gates,
        reasons=best.reasons,
        duties=best.duties,
        confidence=best.confidence,
        evidence=tuple(
            sorted(
                {item for incident, _ in pairs for item in incident.evidence},
                key=lambda item: (item.at, item.kind, item.ref),
            )
        ),
    )
    clients = {alert.client for alert in alerts}
    seen = [] if stored is None else [stored]
    return Candidate(
        candidate_id=found,
        branch=key.branch,
        type=key.type,
        state=state,
        client=clients.pop() if len(clients) == 1 else None,
        aware_at=min([alert.raised_at for alert in alerts] + [one.aware_at for one in seen]),
        event_at=min([alert.occurred_at for alert in alerts] + [one.event_at for one in seen]),
        document=document,
        version=stored.version if stored else 1,
        decided_by=stored.decided_by if stored else None,
        decided_at=stored.decided_at if stored else None,
        decided_reason=stored.decided_reason if stored else None,
    )


def _left(candidate: Candidate, standing: Mapping[UUID, UUID]) -> Candidate:
    """Nothing leads to this candidate any more: withdraw or merge it visibly, unless a person has decided."""
    superseded = any(alert in standing for alert in candidate.document.alerts)
    state = next_state(candidate.state, None, superseded)
    if state is None or state == candidate.state or state in DECIDED:
        return candidate
    why = _BECAME_ANOTHER if state == "merged" else _NOTHING_LEADS_HERE
    reasons = tuple(dict.fromkeys((*candidate.document.reasons, why)))
    return replace(candidate, state=state, document=replace(candidate.document, reasons=reasons))


class _Neighbours:
    """The alerts of a branch that can matter to one of them: those of the same client, and those with a cause."""

    def __init__(self, incidents: Iterable[Incident]) -> None:
        self._of_client: defaultdict[str | None, list[Alert]] = defaultdict(list)
        self._with_cause: list[Alert] = []
        for incident in incidents:
            alert = incident.alert
            if any(fact.kind == "cause" for fact in alert.facts):
                self._with_cause.append(alert)
            else:
                self._of_client[alert.client].append(alert)

    def of(self, alert: Alert) -> list[Alert]:
        return self._of_client[alert.client] + self._with_cause


def _clusters(
    incidents: Sequence[Incident], since: datetime, policy: Policy
) -> Iterable[tuple[Cluster, list[Incident]]]:
    by_alert = {incident.alert.alert_id: incident for incident in incidents}
    for cluster in clusters([incident.alert for incident in incidents], policy):
        if any(alert.raised_at >= since for alert in cluster.alerts):
            yield cluster, [by_alert[alert.alert_id] for alert in cluster.alerts]


def _by_branch(incidents: Collection[Incident]) -> dict[str, list[Incident]]:
    found: defaultdict[str, list[Incident]] = defaultdict(list)
    for incident in incidents:
        found[incident.alert.branch_id].append(incident)
    return found
