"""Alerts: what can have happened, who may say so, and when the watcher's own word no longer holds. Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, get_args
from uuid import UUID, uuid5

from ecm.visits.domain import AlertKind, Rules, Visit, alerts_due

Source = Literal["watcher", "office", "phone"]
State = Literal["open", "withdrawn", "closed"]
FactKind = Literal["welfare_contact", "harm", "safeguarding_raised", "hcp_opinion", "cause"]
# The alert types of the field, from which notifications are mapped.
ReportedKind = Literal[
    "missed_visit",
    "late_visit",
    "short_visit",
    "overrun",
    "medication_missed",
    "medication_error",
    "fall_no_injury",
    "fall_with_injury",
    "injury",
    "pressure_damage",
    "safeguarding_concern",
    "alleged_abuse_by_service_user",
    "police_called",
    "crime",
    "theft",
    "no_reply",
    "client_absent_known",
    "hospital_admission",
    "death_found",
    "death_reported",
    "staff_shortage",
    "visits_uncovered",
    "premises_outage",
    "it_outage",
    "utility_outage",
    "carer_injured",
    "lone_worker_sos",
    "environment_hazard",
    "equipment_hazard",
]
REPORTED_KINDS: Final[frozenset[str]] = frozenset(get_args(ReportedKind))
WATCHED_KINDS: Final[tuple[AlertKind, ...]] = ("late_visit", "missed_visit")
# A visit planned longer ago is history being imported, not something to act on.
LOOK_BACK: Final = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that happened, or that nobody came. `level` is its step on the ladder of missed visits (0 to 3).

    `raised_at` is when the provider became aware; `signed_part` is the phone's own signed message; `facts` are what
    was learnt of it, oldest first.
    """

    alert_id: UUID
    location_id: str
    kind: str
    client: str | None
    visit: str | None
    carer: str | None
    source: Source
    occurred_at: datetime
    raised_at: datetime
    raised_by: str
    state: State = "open"
    state_reason: str | None = None
    memo: str | None = None
    level: int = 0
    signed_part: str | None = None
    facts: tuple["Fact", ...] = ()

    @property
    def disproved(self) -> str | None:
        """What undid it, None while it stands."""
        return self.state_reason if self.state == "withdrawn" else None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something learnt about an alert later. `cause` names the root cause for the kind `cause`."""

    alert_id: UUID
    fact_id: UUID
    kind: FactKind
    at: datetime
    memo: str | None
    cause: str | None
    recorded_by: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """A visit as the watcher sees it; `next_start` is when the client's next planned visit of that day begins."""

    visit: Visit
    next_start: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done about the watcher's alerts: raise (visit, kind), and withdraw with a reason."""

    due: tuple[tuple[Visit, AlertKind], ...]
    disproved: tuple[tuple[Alert, str], ...]


def watcher_alert_id(provider: UUID, visit: str, kind: AlertKind) -> UUID:
    """Return the one id that this alert has, whoever raises it, so that the primary key lets it in once."""
    return uuid5(provider, f"alert/{kind}/{visit}")


def watched(visits: Sequence[Visit]) -> list[Watched]:
    """Pair visits, which must be all of their clients' days, with the start of the next planned one of the day."""
    starts: defaultdict[tuple[str, date], list[datetime]] = defaultdict(list)
    for visit in visits:
        if visit.planned_start is not None and visit.cancelled is None:
            starts[visit.client, visit.day].append(visit.planned_start)
    return [Watched(visit, _next_start(visit, starts[visit.client, visit.day])) for visit in visits]


def weigh(
    visits: Sequence[Watched], existing: Mapping[UUID, Alert], provider: UUID, rules: Rules, now: datetime
) -> Change:
    """Set what is true of visits at `now` against the watcher's alerts of them; closed ones are left alone."""
    due: list[tuple[Visit, AlertKind]] = []
    disproved: list[tuple[Alert, str]] = []
    raised = {alert.visit for alert in existing.values()}
    for one in visits:
        true_now = alerts_due(one.visit, now, rules, one.next_start)
        start = one.visit.planned_start
        if not true_now and one.visit.visit not in raised:
            continue
        for kind in WATCHED_KINDS:
            known = existing.get(watcher_alert_id(provider, one.visit.visit, kind))
            if kind not in true_now:
                if known is not None and known.state == "open":
                    disproved.append((known, why_withdrawn(one.visit)))
            elif (known is None or known.state == "withdrawn") and start is not None and now - start <= LOOK_BACK:
                due.append((one.visit, kind))
    return Change(tuple(due), tuple(disproved))


def why_withdrawn(visit: Visit) -> str:
    """Say in one sentence, with ids only, what disproves an alert about a visit."""
    if visit.cancelled is not None:
        return f"The visit was cancelled: {visit.cancelled}."
    check_ins = sorted(
        {ref for call in visit.calls for ref in (call.in_check_in, call.out_check_in) if ref is not None}
    )
    amendments = sorted({str(amendment) for call in visit.calls for amendment in call.amendments})
    if check_ins:
        return f"Disproved by check-in {', '.join(check_ins)}."
    if amendments:
        return f"Disproved by amendment {', '.join(amendments)}."
    return "The roster was changed."


def _next_start(visit: Visit, starts: Sequence[datetime]) -> datetime | None:
    start = visit.planned_start
    return None if start is None else min((other for other in starts if other > start), default=None)
