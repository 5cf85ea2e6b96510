"""The types of notifications. All instants are aware UTC, all values immutable."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from ecm.alerts.domain import Alert, Fact, FactKind
from ecm.notifications.mapping import (
    DUTIES,
    GATES,
    LEGAL_REFS,
    LEVELS,
    MEANINGS,
    CandidateType,
    Duty,
    Meaning,
    cause_code,
)
from ecm.words.civil_time import london_day

MISSED_VISIT: Final = "missed_visit"

Confidence = Literal["low", "medium", "high"]
CandidateState = Literal[
    "screening", "proposed", "accepted", "dismissed", "merged", "submitted", "supplemented", "withdrawn"
]


_UNKNOWN_KIND: Final = Meaning("Alerts of this kind are not notified by themselves.", opens=True)
_DUTY_ORDER: Final[tuple[Duty, ...]] = ("cqc", "safeguarding", "duty_of_candour", "contract", "riddor")


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What makes a missed visit graver for this client."""

    lives_alone: bool = False
    lacks_capacity: bool = False
    time_critical: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else happened. The counts include the alert itself; `same_event` are other alerts of its event."""

    missed_in_28_days: int = 1
    adults_affected_in_24_hours: int = 1
    same_event: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class Policy:
    """The operator's numbers. None of them is law."""

    welfare_contact_minutes: int = 60
    repeated_misses: int = 2
    adults_affected: int = 2
    clients_in_cluster: int = 3


@dataclass(frozen=True, slots=True)
class Gate:
    """Something to know before notifying; an unmet gate is shown and never blocks."""

    name: str
    met: bool
    by: str | None
    at: datetime | None

    @classmethod
    def unmet(cls, name: str) -> "Gate":
        """Make a gate that nothing meets yet."""
        return cls(name, met=False, by=None, at=None)


@dataclass(frozen=True, slots=True)
class Assessment:
    """What an alert comes to, with the reasons in sentences. Without a candidate, `state` and `legal_ref` are None."""

    level: int
    candidate: CandidateType | None
    legal_ref: str | None
    state: CandidateState | None
    reasons: tuple[str, ...]
    gates: tuple[Gate, ...]
    duties: tuple[Duty, ...]
    confidence: Confidence | None
    root_cause: str


@dataclass(frozen=True, slots=True)
class CandidateKey:
    """What makes two findings one candidate: the same type, from the same root, about the same subject."""

    branch: str
    type: CandidateType
    root_cause: str
    subject: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """Missed visits of one branch within 24 hours for want of staff."""

    alerts: tuple[Alert, ...]
    assessment: Assessment


def root_cause(alert: Alert) -> str:
    """Return what an alert goes back to: the death, the branch's incident of that day, the visit, or itself."""
    meaning = meaning_of(alert)
    if meaning.candidate == "DEATH":
        return "death"
    if meaning.incident is not None:
        return f"{meaning.incident}:{london_day(alert.occurred_at)}"
    return f"visit:{alert.visit}" if alert.visit is not None else f"alert:{alert.alert_id}"


def meaning_of(alert: Alert) -> Meaning:
    """Return what the alert's kind means by itself; of an unknown kind, nothing until facts say more."""
    return MEANINGS.get(alert.kind, _UNKNOWN_KIND)


def first_fact(alert: Alert, kind: FactKind) -> Fact | None:
    """Return the earliest fact of a kind, or None."""
    found = (fact for fact in alert.facts if fact.kind == kind)
    return min(found, key=lambda fact: (fact.at, fact.recorded_by), default=None)


def causes(alert: Alert) -> frozenset[str]:
    """Return the causes that facts name for an alert, each in its one spelling."""
    return frozenset(cause_code(fact.cause) for fact in alert.facts if fact.kind == "cause" and fact.cause)


def in_order(duties: Iterable[Duty]) -> tuple[Duty, ...]:
    """Return duties once each, the Commission's first."""
    return tuple(sorted(set(duties), key=_DUTY_ORDER.index))


def candidate(
    kind: CandidateType, root: str, reasons: Iterable[str], gates: Iterable[Gate], duties: Iterable[Duty] = ()
) -> Assessment:
    """Make the assessment of a candidate proposed at once; it is sure to the extent that its gates are met."""
    shown = tuple(gates)
    return Assessment(
        level=LEVELS[kind],
        candidate=kind,
        legal_ref=LEGAL_REFS[kind],
        state="proposed",
        reasons=tuple(reasons),
        gates=shown,
        duties=in_order((*DUTIES[kind], *duties)),
        confidence="high" if all(gate.met for gate in shown) else "medium",
        root_cause=root,
    )


def gates_of(kind: CandidateType, alerts: Iterable[Alert], more: Iterable[Gate] = ()) -> tuple[Gate, ...]:
    """Return the gates of a type of candidate, met as far as facts of these alerts say so."""
    opinions = [fact for alert in alerts if (fact := first_fact(alert, "hcp_opinion")) is not None]
    opinion = min(opinions, key=lambda fact: (fact.at, fact.recorded_by), default=None)
    gates = [
        Gate(name, True, opinion.recorded_by, opinion.at) if name == "hcp_opinion" and opinion else Gate.unmet(name)
        for name in GATES[kind]
    ]
    return (*gates, *more)


def without_candidate(alert: Alert, level: int, reasons: Iterable[str], duties: Iterable[Duty] = ()) -> Assessment:
    """Make the assessment of an alert that is no candidate."""
    return Assessment(level, None, None, None, tuple(reasons), (), in_order(duties), None, root_cause(alert))


def withdrawn(alert: Alert, kind: CandidateType, reason: str) -> Assessment:
    """Make the assessment of an alert that later evidence has disproved."""
    return Assessment(0, kind, LEGAL_REFS[kind], "withdrawn", (reason,), (), (), None, root_cause(alert))
