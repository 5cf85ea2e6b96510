"""Alerts: what can have happened, who may say so, and when the watcher's own word no longer holds. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, get_args
from uuid import UUID, uuid5

from ecm.alerts.tapped import refs_of, tapped
from ecm.audit.domain import SERVICE
from ecm.visits.domain import AlertKind, Limits, Visit, alerts_due, missed_from, status
from ecm.words.civil_time import london_day

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

    The watcher's belong to an occurrence: `occurred_at` is the planned start. `raised_at` is when the provider became
    aware; `signed_part` is the phone's own signed message; `facts` are what was learnt of it, oldest first; `closed_by`
    is a username or `service`, None where that was not kept. `missed_from` is when a missed visit counted as missed
    as things were planned when it was raised.
    """

    alert_id: UUID
    branch_id: str
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
    closed_by: str | None = None
    missed_from: datetime | None = None
    facts: tuple["Fact", ...] = ()

    @property
    def disproved(self) -> str | None:
        """What undid it, None while it stands."""
        return self.state_reason if self.state == "withdrawn" else None

    @property
    def ended_by_itself(self) -> bool:
        """Whether the service closed it, so that it may be opened again when what ended it no longer holds."""
        return self.state == "closed" and self.closed_by == SERVICE


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
class Due:
    """An alert to be raised, or opened again, under its id."""

    alert_id: UUID
    visit: Visit
    kind: AlertKind
    missed_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done about the watcher's alerts, in this order: raise, withdraw and close, each with its reason."""

    due: tuple[Due, ...] = ()
    disproved: tuple[tuple[Alert, str], ...] = ()
    done: tuple[tuple[UUID, str], ...] = ()


def watcher_alert_id(provider: UUID, visit: str, kind: AlertKind, start: datetime) -> UUID:
    """Return the one id that this alert of the visit as planned at `start` has, whoever raises it.

    So the primary key lets it in once.
    """
    return uuid5(provider, f"alert/{kind}/{start.astimezone(UTC).isoformat()}/{visit}")


def watched(visits: Sequence[Visit]) -> list[Watched]:
    """Pair visits, which must be all of their clients' days, with the start of the next planned one of the day."""
    starts: defaultdict[tuple[str, date], list[datetime]] = defaultdict(list)
    for visit in visits:
        if visit.planned_start is not None and visit.cancelled is None:
            starts[visit.client, visit.day].append(visit.planned_start)
    return [Watched(visit, _next_start(visit, starts[visit.client, visit.day])) for visit in visits]


def weigh(
    visits: Sequence[Watched],
    existing: Iterable[Alert],
    provider: UUID,
    limits: Limits,
    now: datetime,
    live_on: date,
    tap_times: Mapping[str, datetime] | None = None,
) -> Change:
    """Set what is true of visits at `now` against the watcher's alerts of them.

    An alert is known by its visit, kind and planned start, whatever its id: former ones were named without the start.
    Those of a former start are left alone, and so is what a person closed. Only check-ins end an alert: `tap_times`
    tells when those happened whose times somebody amended. Nothing planned before the day `live_on` is raised.
    """
    known_as = {(alert.visit, alert.kind, alert.occurred_at): alert for alert in existing}
    changes = [
        _of_occurrence(one, start, kind, known_as.get((one.visit.visit, kind, start)), provider, limits, now, tap_times)
        for one in visits
        if (start := one.visit.planned_start) is not None
        for kind in WATCHED_KINDS
    ]
    return Change(
        tuple(due for change in changes for due in change.due if _may_be_raised(due.visit, now, live_on)),
        tuple(each for change in changes for each in change.disproved),
        tuple(each for change in changes for each in change.done),
    )


def _of_occurrence(
    one: Watched,
    start: datetime,
    kind: AlertKind,
    known: Alert | None,
    provider: UUID,
    limits: Limits,
    now: datetime,
    tap_times: Mapping[str, datetime] | None,
) -> Change:
    seen = tapped(one.visit, tap_times or {})
    true_of_taps = kind in alerts_due(seen, now, limits, one.next_start)
    refs = refs_of(seen)
    standing = known is not None and (known.state == "open" or known.ended_by_itself)
    if known is not None and standing and not true_of_taps and _came_in_time(seen, known):
        return Change(disproved=((known, f"Disproved by check-in {', '.join(refs)}."),))
    # What was only typed says neither that somebody came late, nor that nobody did.
    came_by_word_only = bool(one.visit.stays) and not seen.stays and kind == "late_visit"
    due = true_of_taps and kind in alerts_due(one.visit, now, limits, one.next_start) and not came_by_word_only
    done = kind == "late_visit" and status(seen, now, limits, one.next_start) in {"done", "done_late"}
    raised = due and (known is None or known.state == "withdrawn" or (known.ended_by_itself and not done))
    alert_id = known.alert_id if known is not None else watcher_alert_id(provider, one.visit.visit, kind, start)
    still_open = raised or (known is not None and known.state == "open")
    return Change(
        due=(Due(alert_id, one.visit, kind, _missed_from(one, kind, limits)),) if raised else (),
        done=((alert_id, f"The visit was done: check-in {', '.join(refs)}."),) if done and still_open else (),
    )


def _came_in_time(seen: Visit, known: Alert) -> bool:
    """Whether somebody had come, by check-ins, before the visit counted as missed when the alert was raised."""
    return seen.begun_at is not None and (known.missed_from is None or seen.begun_at < known.missed_from)


def _missed_from(one: Watched, kind: AlertKind, limits: Limits) -> datetime | None:
    return missed_from(one.visit, limits, one.next_start) if kind == "missed_visit" else None


def _may_be_raised(visit: Visit, now: datetime, live_on: date) -> bool:
    start = visit.planned_start
    return start is not None and now - start <= LOOK_BACK and london_day(start) >= live_on


def _next_start(visit: Visit, starts: Sequence[datetime]) -> datetime | None:
    start = visit.planned_start
    return None if start is None else min((other for other in starts if other > start), default=None)
