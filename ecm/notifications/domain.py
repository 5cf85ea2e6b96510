"""The rules of notifications: what the law may ask to be told, as candidates on which a registered person decides.

Levels 0 to 3 are the ladder of missed visits, 4 somebody found injured or dead, 5 a branch's service in
danger. The law says "without delay" and gives no number of hours, so there is none here: `time_since_aware`
is what may be shown. An unmet gate is shown and never blocks, and nothing is ever submitted (promise 9).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid5

from ecm.alerts.domain import Alert
from ecm.notifications.ladder import climb
from ecm.notifications.mapping import PRECEDENCE, STAFFING_CAUSES, CandidateType, Duty
from ecm.notifications.model import (
    MISSED_VISIT,
    Assessment,
    CandidateKey,
    CandidateState,
    Circumstances,
    Cluster,
    Confidence,
    Gate,
    Policy,
    Surroundings,
    candidate,
    causes,
    first_fact,
    gates_of,
    in_order,
    meaning_of,
    root_cause,
    withdrawn,
    without_candidate,
)
from ecm.words.civil_time import london_day

__all__ = [
    "DECIDED",
    "OPEN",
    "Assessment",
    "CandidateKey",
    "CandidateState",
    "CandidateType",
    "Circumstances",
    "Cluster",
    "Confidence",
    "Duty",
    "Gate",
    "Policy",
    "Surroundings",
    "assess",
    "candidate_id",
    "candidate_key",
    "clusters",
    "later_occurrences",
    "next_state",
    "root_cause",
    "strongest",
    "surroundings",
    "time_since_aware",
]

# Those that still ask something of a person: to look, to decide, or to report what was accepted.
OPEN: Final[frozenset[CandidateState]] = frozenset({"screening", "proposed", "accepted"})
DECIDED: Final[frozenset[CandidateState | None]] = frozenset({"accepted", "dismissed", "submitted", "supplemented"})
_DAY: Final = timedelta(hours=24)
_RECENT: Final = timedelta(days=28)
_SAME_EVENT: Final = timedelta(hours=2)


def candidate_key(branch: str, kind: CandidateType, root_cause: str, subject: str) -> CandidateKey:
    """Return the key of a candidate; `subject` is the client's code, or the branch's where nobody is meant."""
    return CandidateKey(branch, kind, root_cause, subject)


def candidate_id(provider_id: UUID, key: CandidateKey) -> UUID:
    """Return the one id that a candidate has, whoever finds it and however often."""
    parts = (key.branch, key.type, key.root_cause, key.subject)
    return uuid5(provider_id, "candidate/" + "/".join(f"{len(part)}:{part}" for part in parts))


def time_since_aware(aware_at: datetime, now: datetime) -> timedelta:
    """Return how long the provider has been aware: the only clock that regulations 16 and 18 know."""
    return max(now - aware_at, timedelta())


def surroundings(alert: Alert, others: Iterable[Alert]) -> Surroundings:
    """Count what matters to an alert among the alerts of its branch; disproved ones and its own copy are left out.

    Missed visits of the same client in the 28 days up to it, each occurrence of a visit for itself; clients whose
    missed visits within 24 hours of it have a cause in common with it; and the alerts of the same event: of the
    same client at the same visit, or, where one names no visit, within two hours. Somebody found injured or dead
    belongs to a visit missed in the 24 hours before.
    """
    standing = [other for other in others if other.alert_id != alert.alert_id and other.disproved is None]
    own = [other for other in standing if other.client is not None and other.client == alert.client]
    missed = [
        other
        for other in own
        if other.kind == MISSED_VISIT
        and timedelta() <= alert.occurred_at - other.occurred_at <= _RECENT
        and not _same_visit(alert, other)
    ]
    recent = {_occurrence(other, missed) for other in missed}
    shared = causes(alert)
    affected = {
        other.client
        for other in standing
        if other.kind == MISSED_VISIT and shared & causes(other) and abs(other.occurred_at - alert.occurred_at) <= _DAY
    } - {alert.client, None}
    event = (other for other in own if _same_event(alert, other))
    return Surroundings(1 + len(recent), 1 + len(affected), tuple(sorted(event, key=lambda other: other.alert_id)))


def assess(
    alert: Alert, circumstances: Circumstances, around: Surroundings, policy: Policy, now: datetime
) -> Assessment:
    """Return what an alert comes to at `now`, with its candidate if there is one.

    More facts never lower the level, save those that disprove: the visit was made after all, or welfare
    contact was made in time. One event is one type of notification, the gravest that any of its alerts has.
    """
    missed = alert.kind == MISSED_VISIT
    own = climb(alert, circumstances, around, policy, now) if missed else _by_kind(alert, now)
    if own.state == "withdrawn" or own.candidate == "EVENT_STOPS_SERVICE":
        return own
    return _one_type_an_event(alert, own, around.same_event, now)


def strongest(assessments: Iterable[Assessment]) -> Assessment | None:
    """Return what a candidate rests on when several alerts lead to it: the highest level, with the reasons of all.

    Those that stand outweigh those withdrawn; None when none leads to a candidate.
    """
    found = [one for one in assessments if one.state is not None]
    standing = [one for one in found if one.state != "withdrawn"] or found
    if not standing:
        return None
    ranked = sorted(standing, key=lambda one: (-one.level, one.confidence != "high", one.reasons))
    gates = {gate.name: gate for one in ranked for gate in one.gates}
    gates |= {gate.name: gate for one in reversed(ranked) for gate in one.gates if gate.met}
    return replace(
        ranked[0],
        reasons=tuple(dict.fromkeys(reason for one in ranked for reason in one.reasons)),
        gates=tuple(gates[name] for name in sorted(gates)),
        duties=in_order(duty for one in ranked for duty in one.duties),
    )


def next_state(
    current: CandidateState | None, found: CandidateState | None, superseded: bool = False
) -> CandidateState | None:
    """Return the state of a stored candidate after `found` (None: nothing leads to it any more); None: no candidate.

    What a person has decided stays as decided; new facts are recorded beside it. Otherwise a candidate
    follows what is found: it is withdrawn visibly, never deleted, may come back, and is merged when its
    event became another type.
    """
    if current in DECIDED:
        return current
    if found is not None and found != "withdrawn":
        return found
    if current is None:
        return None
    if superseded or current == "merged":
        return "merged"
    return "withdrawn"


def clusters(alerts: Iterable[Alert], policy: Policy) -> tuple[Cluster, ...]:
    """Find where a branch's missed visits for want of staff threaten the service: one candidate an incident.

    An incident is 24 hours in which at least `clients_in_cluster` clients were missed.
    """
    waiting = sorted(
        (
            alert
            for alert in alerts
            if alert.kind == MISSED_VISIT and alert.disproved is None and causes(alert) & STAFFING_CAUSES
        ),
        key=lambda alert: (alert.occurred_at, alert.alert_id),
    )
    found: list[Cluster] = []
    while waiting:
        within = [alert for alert in waiting if alert.occurred_at - waiting[0].occurred_at <= _DAY]
        clients = {alert.client for alert in within}
        if len(clients) >= policy.clients_in_cluster:
            found.append(Cluster(tuple(within), _cluster_assessment(within, len(clients))))
            waiting = waiting[len(within) :]
        else:
            waiting = waiting[1:]
    return tuple(found)


def _cluster_assessment(alerts: list[Alert], clients: int) -> Assessment:
    return candidate(
        "EVENT_STOPS_SERVICE",
        root=f"staffing:{london_day(alerts[0].occurred_at)}",
        reasons=(f"{len(alerts)} visits to {clients} clients were missed within 24 hours for want of staff.",),
        gates=gates_of("EVENT_STOPS_SERVICE", alerts),
    )


def _same_event(alert: Alert, other: Alert) -> bool:
    after = other.occurred_at - alert.occurred_at
    if alert.kind == MISSED_VISIT and meaning_of(other).candidate in {"DEATH", "SERIOUS_INJURY"}:
        return timedelta() <= after <= _DAY
    if alert.visit is None or other.visit is None:
        return abs(after) <= _SAME_EVENT
    return _same_visit(alert, other)


def _same_visit(alert: Alert, other: Alert) -> bool:
    """Whether both are about one visit; what the watcher says of two starts of it is about two."""
    return (
        alert.visit is not None
        and alert.visit == other.visit
        and ({alert.source, other.source} != {"watcher"} or alert.occurred_at == other.occurred_at)
    )


def _occurrence(alert: Alert, among: Iterable[Alert]) -> tuple[str, datetime | None]:
    """Name what was missed: the visit as planned at one start, the visit where only people say so, or the alert."""
    if alert.visit is None:
        return str(alert.alert_id), None
    starts = [other.occurred_at for other in among if other.visit == alert.visit and other.source == "watcher"]
    return alert.visit, alert.occurred_at if alert.source == "watcher" else max(starts, default=None)


def later_occurrences(alerts: Iterable[Alert]) -> frozenset[UUID]:
    """Find the watcher's alerts of visits that were planned for another start after there was an alert of the former.

    A candidate is about one occurrence. That of the first one goes by the visit alone, as do reports by people, who
    name no start.
    """
    first: dict[tuple[str, str], datetime] = {}
    watched = [alert for alert in alerts if alert.source == "watcher" and alert.visit is not None]
    for alert in sorted(watched, key=lambda one: (one.raised_at, one.occurred_at, one.alert_id)):
        first.setdefault((alert.branch_id, alert.visit or ""), alert.occurred_at)
    return frozenset(
        alert.alert_id for alert in watched if alert.occurred_at != first[alert.branch_id, alert.visit or ""]
    )


def _by_kind(alert: Alert, now: datetime) -> Assessment:
    meaning = meaning_of(alert)
    kind, reasons = _type_by_kind(alert)
    if kind is None:
        return replace(
            without_candidate(alert, 0, reasons, meaning.duties),
            gates=tuple(_own_gate(name, alert, now) for name in meaning.gates),
        )
    if alert.disproved is not None:
        return withdrawn(alert, kind, alert.disproved)
    more = [_own_gate(name, alert, now) for name in meaning.gates] if kind == meaning.candidate else []
    safeguarding = first_fact(alert, "safeguarding_raised") is not None
    return candidate(
        kind,
        root_cause(alert),
        reasons,
        gates_of(kind, [alert], more),
        (*meaning.duties, "safeguarding") if safeguarding else meaning.duties,
    )


def _type_by_kind(alert: Alert) -> tuple[CandidateType | None, list[str]]:
    meaning = meaning_of(alert)
    reasons, types = [meaning.reason], {meaning.candidate}
    harm, concern = first_fact(alert, "harm"), first_fact(alert, "safeguarding_raised")
    if meaning.opens and harm is not None:
        types.add("SERIOUS_INJURY")
        reasons.append("Harm was recorded.")
    if meaning.opens and concern is not None:
        types.add("ABUSE_OR_ALLEGATION")
        reasons.append("A safeguarding concern was raised: an allegation is enough.")
    if not meaning.opens and meaning.candidate is None and (harm or concern) is not None:
        reasons.append("What was learnt since needs an alert of its own kind.")
    graver = next((kind for kind in PRECEDENCE if kind in types), meaning.candidate)
    return graver, reasons


def _own_gate(name: str, alert: Alert, now: datetime) -> Gate:
    if name == "lasted_longer_than_24_hours" and now - alert.occurred_at > _DAY:
        return Gate(name, met=True, by=None, at=alert.occurred_at + _DAY)
    contact = first_fact(alert, "welfare_contact")
    if name == "outcome_recorded" and contact is not None:
        return Gate(name, met=True, by=contact.recorded_by, at=contact.at)
    return Gate.unmet(name)


def _one_type_an_event(alert: Alert, own: Assessment, others: Iterable[Alert], now: datetime) -> Assessment:
    """Let the gravest type of the event stand for it: a death, an injury, abuse, and only then the police."""
    linked = [(other, _by_kind(other, now)) for other in others if other.disproved is None]
    graver = PRECEDENCE[: PRECEDENCE.index(own.candidate)] if own.candidate in PRECEDENCE else ()
    if own.candidate is None and alert.kind == MISSED_VISIT:
        graver = ("DEATH", "SERIOUS_INJURY")
    for kind in graver:
        for other, found in sorted(linked, key=lambda pair: pair[0].alert_id):
            if found.candidate == kind:
                gates = gates_of(kind, [alert, other])
                named = {gate.name for gate in gates}
                return candidate(
                    kind,
                    found.root_cause,
                    (*own.reasons, *found.reasons),
                    (*gates, *(gate for gate in found.gates if gate.name not in named)),
                    (*own.duties, *found.duties),
                )
    return own
