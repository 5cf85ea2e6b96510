"""What the service can know of the truth, and what it should conclude from that.

Two accounts of each visit: `real`, what happened; `known`, what reached the service. Where they differ there is a
reason in words: no program can conclude what nothing told it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from simulators.casting import later_visit, vulnerable
from simulators.habits import BELIEVED
from simulators.happenings import Amend, Fact, Habits, Mischief, OfficeAlert, PhoneAlert, Stay, Tap
from simulators.outcomes import (
    LATE_AFTER,
    PRESUMED_MISSED_AFTER,
    KnownStay,
    Status,
    begun,
    days_bought,
    paid_minutes,
    status_of,
)
from simulators.roster import LONDON, PlannedVisit
from simulators.truth import ProviderTruth

STEP = timedelta(minutes=5)

_REASONS = {
    Mischief.UNSEEN: "a visit carried out without any electronic evidence cannot be seen",
    Mischief.NO_OUT: "there was no out tap, so the end is unknown until a person amends it",
    Mischief.NO_OUT_AMENDED: "the office amended the forgotten out tap to the minute, not to the second",
    Mischief.PHONE_BROKEN: "the office wrote both times down to the minute, not to the second",
}
_CLOCK = "the phone's clock was seconds out, too little for it to be doubted"


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a visit: its status, stays and paid minutes at the end of the morning."""

    status: Status
    stays: tuple[KnownStay, ...]
    paid: int


@dataclass(frozen=True, slots=True)
class VisitExpectation:
    """A planned visit (or, with `visit` None, a stay nobody planned) in both accounts."""

    visit: str | None
    client: str
    mischief: Mischief
    real: Account
    known: Account
    exceptions: frozenset[str]
    reason: str


@dataclass(frozen=True, slots=True)
class AlertExpectation:
    """An alert that must be there (`certain`), or may (when the instant of arrival is the instant of the rule).

    `withdrawn` None accepts any state.
    """

    kind: str
    client: str
    visit: str | None
    certain: bool
    withdrawn: bool | None


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
    planned = tuple(_planned(truth, visit, now) for visit in truth.provider.visits)
    extra = tuple(_unplanned(truth, stay) for stay in truth.stays if stay.visit is None)
    alerts = (*_watched(truth, planned), *_reported(truth))
    return Expectations((*planned, *extra), alerts, _one_a_visit(_candidates(truth, alerts)))


def received_at(habits: Habits, at: datetime) -> datetime:
    """When something done on a phone reaches the service: the first step of the morning with signal."""
    step = at + (-timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)) % STEP
    while not habits.online(step):
        step += STEP
    return step


def seen_at(habits: Habits, at: datetime) -> datetime:
    """What the service takes a true instant for: small clock errors are believed, large ones corrected."""
    return at + habits.drift if abs(habits.drift) < BELIEVED else at


def _planned(truth: ProviderTruth, visit: PlannedVisit, now: datetime) -> VisitExpectation:
    mischief = truth.struck(visit.visit)
    real = tuple(_real_stay(stay) for stay in truth.stays if stay.visit == visit.visit)
    known = _known_stays(truth, visit)
    return VisitExpectation(
        visit=visit.visit,
        client=visit.client,
        mischief=mischief,
        real=_account(truth, visit, real, now),
        known=_account(truth, visit, known, now),
        exceptions=_exceptions(mischief),
        reason=_REASONS.get(mischief, _CLOCK),
    )


def _unplanned(truth: ProviderTruth, stay: Stay) -> VisitExpectation:
    known = _seen_stay(truth, [tap for tap in truth.taps if _of_stay(tap, stay)])
    return VisitExpectation(
        visit=None,
        client=stay.client,
        mischief=Mischief.NONE,
        real=Account("done", (_real_stay(stay),), 0),
        known=Account("done", (known,), 0),
        exceptions=frozenset({"unscheduled"}),
        reason=_CLOCK,
    )


def _account(truth: ProviderTruth, visit: PlannedVisit, stays: tuple[KnownStay, ...], now: datetime) -> Account:
    following = later_visit(truth.provider, visit)
    status = status_of(visit, stays, following, now)
    bought = truth.provider.commission(visit.commission)
    days = days_bought(visit.start.astimezone(LONDON).date())
    return Account(status, stays, paid_minutes(bought, stays, status, days))


def _exceptions(mischief: Mischief) -> frozenset[str]:
    named = {
        Mischief.NO_OUT: {"no_out"},
        Mischief.OUTSIDE: {"outside_fence"},
        Mischief.DOUBLE_TAP: {"duplicate"},
    }
    return frozenset(named.get(mischief, set()))


def _real_stay(stay: Stay) -> KnownStay:
    return KnownStay(stay.carer, stay.arrived, stay.left, None, None)


def _of_stay(tap: Tap, stay: Stay) -> bool:
    return (tap.carer, tap.client) == (stay.carer, stay.client) and stay.arrived <= tap.at <= stay.left


def _known_stays(truth: ProviderTruth, visit: PlannedVisit) -> tuple[KnownStay, ...]:
    known: list[KnownStay] = []
    for stay in [stay for stay in truth.stays if stay.visit == visit.visit]:
        taps = [tap for tap in truth.taps if _of_stay(tap, stay)]
        if taps:
            known.append(_amended(truth, visit, _seen_stay(truth, taps)))
        elif any(isinstance(act, Amend) and act.visit == visit.visit for act in truth.office):
            known.append(_amended(truth, visit, KnownStay(stay.carer, None, None, None, None)))
    return tuple(known)


def _seen_stay(truth: ProviderTruth, taps: list[Tap]) -> KnownStay:
    ins = [tap for tap in taps if tap.direction == "in"]
    outs = [tap for tap in taps if tap.direction == "out"]
    habits = truth.habits[taps[0].carer]
    return KnownStay(
        carer=taps[0].carer,
        in_at=seen_at(habits, ins[0].at) if ins else None,
        out_at=seen_at(habits, outs[-1].at) if outs else None,
        in_grade=ins[0].grade if ins else None,
        out_grade=outs[-1].grade if outs else None,
    )


def _amended(truth: ProviderTruth, visit: PlannedVisit, stay: KnownStay) -> KnownStay:
    for act in truth.office:
        if isinstance(act, Amend) and (act.visit, act.carer) == (visit.visit, stay.carer):
            return KnownStay(
                carer=stay.carer,
                in_at=act.in_at or stay.in_at,
                out_at=act.out_at or stay.out_at,
                in_grade=stay.in_grade,
                out_grade=stay.out_grade,
            )
    return stay


def _first_known(truth: ProviderTruth, visit: PlannedVisit) -> datetime | None:
    """When the service first hears that somebody came."""
    stays = [stay for stay in truth.stays if stay.visit == visit.visit]
    heard = [
        received_at(truth.habits[tap.carer], tap.at)
        for stay in stays
        for tap in truth.taps
        if tap.direction == "in" and _of_stay(tap, stay)
    ]
    heard += [
        act.at for act in truth.office if isinstance(act, Amend) and act.visit == visit.visit and act.in_at is not None
    ]
    return min(heard, default=None)


def _watched(truth: ProviderTruth, expected: tuple[VisitExpectation, ...]) -> list[AlertExpectation]:
    alerts: list[AlertExpectation] = []
    for visit, account in zip(truth.provider.visits, expected, strict=True):
        if visit.cancelled is not None:
            continue
        heard, came = _first_known(truth, visit), begun(account.known.stays)
        in_time = came is not None and came <= visit.start + LATE_AFTER
        made_good = account.known.status != "missed" and came is not None
        for kind, limit, withdrawn in (
            ("late_visit", LATE_AFTER, True if in_time else None),
            ("missed_visit", PRESUMED_MISSED_AFTER, made_good),
        ):
            due = visit.start + limit
            if heard is None or heard >= due:
                certain = heard is None or heard >= due + STEP
                alerts.append(AlertExpectation(kind, visit.client, visit.visit, certain, withdrawn))
    return alerts


def _reported(truth: ProviderTruth) -> list[AlertExpectation]:
    said: list[PhoneAlert | OfficeAlert] = [
        *truth.phone_alerts,
        *(act for act in truth.office if isinstance(act, OfficeAlert)),
    ]
    return [AlertExpectation(alert.kind, alert.client, alert.visit, True, False) for alert in said]


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
    facts = {act.kind for act in truth.office if isinstance(act, Fact) and act.visit == visit.visit}
    serious = vulnerable(truth.provider, visit)
    if alert.withdrawn:
        certain = serious and alert.certain
        return [CandidateExpectation("ABUSE_OR_ALLEGATION", visit.visit, None, certain, True)]
    if not serious and "welfare_contact" in facts:
        return [CandidateExpectation("ABUSE_OR_ALLEGATION", visit.visit, None, False, True)]
    shared = len([act for act in truth.office if isinstance(act, Fact) and act.kind == "cause"]) > 1
    level = 3 if "harm" in facts or ("cause" in facts and shared) else 2
    return [CandidateExpectation("ABUSE_OR_ALLEGATION", visit.visit, level, True, False)]
