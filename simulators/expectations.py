"""What the service can know of the truth, and what it should conclude from that.

Where an account of what reached the service differs from that of what happened there is a reason in words: no
program can conclude what nothing told it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from simulators.accounts import (
    STEP,
    Account,
    amendments_of,
    known_account,
    real_account,
    real_stay,
    received_at,
    seen_stays,
    tapped_account,
)
from simulators.casting import vulnerable
from simulators.contradictions import contradictions, planned, told
from simulators.happenings import Close, Fact, Mischief, OfficeAlert, PhoneAlert
from simulators.outcomes import LATE_AFTER, PRESUMED_MISSED_AFTER, begun
from simulators.remarks import remarks_without_plan
from simulators.roster import PlannedVisit, local
from simulators.truth import ProviderTruth

_REASONS = {
    Mischief.UNSEEN: "a visit carried out without any electronic evidence cannot be seen",
    Mischief.NO_OUT: "there was no out tap, so the end is unknown until a person amends it",
    Mischief.NO_OUT_AMENDED: "the office amended the forgotten out tap to the minute, not to the second",
    Mischief.PHONE_BROKEN: "the office wrote both times down to the minute, not to the second",
    Mischief.TYPED_AS_PLANNED: "the office typed the planned times in, and nothing shows others",
    Mischief.TYPED_AGAINST_TAP: "the office typed a later time than the check-in shows; both stay",
    Mischief.MISTAKEN_OUT: "the carer tapped out by mistake and in again, so the seconds between do not count",
    Mischief.OUT_FROM_NEXT_HOME: "the carer tapped out only from the next home",
    Mischief.OUT_NEXT_MORNING: "the out tap came the next morning and tells no end",
}
_CLOCK = "the phone's clock was seconds out, too little for it to be doubted"
_WITHDRAWN = frozenset({"withdrawn"})
_OPEN = frozenset({"open"})
_CLOSED = frozenset({"closed"})


@dataclass(frozen=True, slots=True)
class VisitExpectation:
    """A planned visit, or with `visit` None what nobody planned, in both accounts.

    `real` is None where nothing happened and a check-in tells something all the same.
    """

    visit: str | None
    client: str
    mischief: Mischief
    real: Account | None
    known: Account
    reason: str


@dataclass(frozen=True, slots=True)
class AlertExpectation:
    """An alert that must be there (`certain`), or may (when the instant of arrival is the instant of the rule).

    `start` is that of the occurrence it belongs to, where it is about one; `states` None accepts any state.
    """

    kind: str
    client: str
    visit: str | None
    certain: bool
    states: frozenset[str] | None
    start: datetime | None = None


@dataclass(frozen=True, slots=True)
class CandidateExpectation:
    """A candidate that must be there (`certain`) or may; `level` None where the ladder does not apply."""

    type: Literal["ABUSE_OR_ALLEGATION", "SERIOUS_INJURY"]
    visit: str
    level: int | None
    certain: bool
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class Expectations:
    """Everything expected of the service about one provider."""

    visits: tuple[VisitExpectation, ...]
    alerts: tuple[AlertExpectation, ...]
    candidates: tuple[CandidateExpectation, ...]


def expectations_of(truth: ProviderTruth, now: datetime) -> Expectations:
    """What the service should say about a provider at the end of the morning."""
    visits = {visit.visit: _planned(truth, visit, now) for visit in truth.provider.visits} | _unplanned(truth)
    alerts = (*_watched(truth, now), *_reported(truth))
    return Expectations(_looked_at_again(truth, visits), alerts, _one_a_visit(_candidates(truth, alerts)))


def _looked_at_again(truth: ProviderTruth, visits: Mapping[str, VisitExpectation]) -> tuple[VisitExpectation, ...]:
    """Add what cannot both be true of one carer over all that is expected of a provider."""
    found = contradictions(
        [each for errand, visit in visits.items() for each in told(errand, visit.client, visit.known.stays)],
        [each for errand, visit in visits.items() for each in told(errand, visit.client, seen_stays(truth, errand))],
        planned(truth.plans(visit)[-1] for visit in truth.provider.visits),
    )
    return tuple(
        replace(visit, known=replace(visit.known, exceptions=visit.known.exceptions | found.get(errand, frozenset())))
        for errand, visit in visits.items()
    )


def _planned(truth: ProviderTruth, visit: PlannedVisit, now: datetime) -> VisitExpectation:
    mischief = truth.struck(visit.visit)
    *_, plan = truth.plans(visit)
    return VisitExpectation(
        visit=visit.visit,
        client=visit.client,
        mischief=mischief,
        real=real_account(truth, plan, now),
        known=known_account(truth, plan, now),
        reason=_REASONS.get(mischief, _CLOCK),
    )


def _unplanned(truth: ProviderTruth) -> dict[str, VisitExpectation]:
    """Stays that nobody planned, and check-ins that tell of one that never was, by errand."""
    found = {}
    visits = {visit.visit: visit for visit in truth.provider.visits}
    errands = {tap.errand: tap for tap in truth.taps if tap.errand not in visits}
    for errand, tap in errands.items():
        real = tuple(real_stay(stay) for stay in truth.stays if stay.errand == errand)
        known = seen_stays(truth, errand)
        mischief = truth.struck(tap.visit)
        found[errand] = VisitExpectation(
            visit=None,
            client=tap.client,
            mischief=mischief,
            real=Account("done", real, 0) if real else None,
            known=Account("done", known, 0, remarks_without_plan(known)),
            reason=_REASONS.get(mischief, _CLOCK),
        )
    return found


def _first_known(truth: ProviderTruth, visit: PlannedVisit) -> datetime | None:
    """When the service first hears that somebody came."""
    heard = [
        received_at(truth.habits[tap.carer], tap.at)
        for tap in truth.taps
        if tap.direction == "in" and tap.errand == visit.visit
    ]
    heard += [act.at for act in amendments_of(truth, visit.visit) if act.in_at is not None]
    return min(heard, default=None)


def _watched(truth: ProviderTruth, now: datetime) -> list[AlertExpectation]:
    alerts: list[AlertExpectation] = []
    for visit in truth.provider.visits:
        if visit.cancelled is None:
            *former, plan = truth.plans(visit)
            for earlier in former:
                alerts += _of_former(truth, earlier)
            alerts += _of_plan(truth, plan, now)
    return alerts


def _of_former(truth: ProviderTruth, plan: PlannedVisit) -> list[AlertExpectation]:
    """The alerts of an occurrence that nobody came to, and that was planned again: that ends none of them."""
    closed = any(isinstance(act, Close) and act.visit == plan.visit for act in truth.office)
    return [
        AlertExpectation("late_visit", plan.client, plan.visit, True, _OPEN, plan.start),
        AlertExpectation("missed_visit", plan.client, plan.visit, True, _CLOSED if closed else _OPEN, plan.start),
    ]


def _of_plan(truth: ProviderTruth, plan: PlannedVisit, now: datetime) -> list[AlertExpectation]:
    """The alerts of an occurrence, ended by check-ins alone; of one planned before the provider's first day none."""
    if plan.start < local(now.date(), "00:00"):
        return []
    tapped = tapped_account(truth, plan, now)
    heard, came = _first_known(truth, plan), begun(tapped.stays)
    in_time = came is not None and came <= plan.start + LATE_AFTER
    late = _WITHDRAWN if in_time else _CLOSED if came and tapped.status in {"done", "done_late"} else _OPEN
    made_good = tapped.status != "missed" and came is not None
    alerts = []
    for kind, limit, states in (
        ("late_visit", LATE_AFTER, late),
        ("missed_visit", PRESUMED_MISSED_AFTER, _WITHDRAWN if made_good else _OPEN),
    ):
        due = plan.start + limit
        if due <= now and (heard is None or heard >= due):
            certain = heard is None or heard >= due + STEP
            alerts.append(AlertExpectation(kind, plan.client, plan.visit, certain, states, plan.start))
    return alerts


def _reported(truth: ProviderTruth) -> list[AlertExpectation]:
    said: list[PhoneAlert | OfficeAlert] = [
        *truth.phone_alerts,
        *(act for act in truth.office if isinstance(act, OfficeAlert)),
    ]
    return [AlertExpectation(alert.kind, alert.client, alert.visit, True, _OPEN) for alert in said]


def _candidates(truth: ProviderTruth, alerts: tuple[AlertExpectation, ...]) -> list[CandidateExpectation]:
    found: list[CandidateExpectation] = []
    visits = {visit.visit: visit for visit in truth.provider.visits}
    for alert in alerts:
        if alert.visit is None:
            continue
        if alert.kind == "fall_with_injury":
            found.append(CandidateExpectation("SERIOUS_INJURY", alert.visit, None, True, False))
        elif alert.kind == "safeguarding_concern":
            found.append(CandidateExpectation("ABUSE_OR_ALLEGATION", alert.visit, None, True, False))
        elif alert.kind == "missed_visit":
            found.extend(_of_missed(truth, visits[alert.visit], alert))
    return found


def _one_a_visit(found: Iterable[CandidateExpectation]) -> tuple[CandidateExpectation, ...]:
    """One expectation for each type and visit: where one alert's is withdrawn and another's stands, that one."""
    ranked = sorted(found, key=lambda want: (not want.withdrawn, want.certain))
    return tuple({(want.type, want.visit): want for want in ranked}.values())


def _of_missed(truth: ProviderTruth, visit: PlannedVisit, alert: AlertExpectation) -> list[CandidateExpectation]:
    """The ladder: level 1 is no candidate; 2 asks for a screening; 3 proposes a notification."""
    facts = {
        act.kind
        for act in truth.office
        if isinstance(act, Fact) and act.visit == visit.visit and _is_of(truth, visit, alert, act)
    }
    serious = vulnerable(truth.provider, visit)
    if alert.states == _WITHDRAWN:
        certain = serious and alert.certain
        return [CandidateExpectation("ABUSE_OR_ALLEGATION", visit.visit, None, certain, True)]
    if not serious and "welfare_contact" in facts:
        return [CandidateExpectation("ABUSE_OR_ALLEGATION", visit.visit, None, False, True)]
    shared = len([act for act in truth.office if isinstance(act, Fact) and act.kind == "cause"]) > 1
    level = 3 if "harm" in facts or ("cause" in facts and shared) else 2
    return [CandidateExpectation("ABUSE_OR_ALLEGATION", visit.visit, level, alert.certain, False)]


def _is_of(truth: ProviderTruth, visit: PlannedVisit, alert: AlertExpectation, act: Fact) -> bool:
    """Whether what was learnt is of the occurrence that an alert is about: the last one that had begun."""
    begun_before = [plan.start for plan in truth.plans(visit) if plan.start <= act.at]
    return begun_before[-1:] == [alert.start]
