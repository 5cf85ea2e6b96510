"""The ladder for missed visits, from the lines that safeguarding boards (Leeds, Sussex) publish.

1: one missed visit, welfare contact made, no harm, nobody else missed. 2: a person screens it, because
there was no welfare contact in time, the visit was time-critical, the client lives alone or lacks capacity,
or it happened before within 28 days. 3: harm, a safeguarding concern, or more than one adult affected from
one cause.
"""

from datetime import datetime, timedelta

from ecm.alerts.domain import Alert
from ecm.notifications.mapping import LEGAL_REFS, Duty
from ecm.notifications.model import (
    Assessment,
    CandidateState,
    Circumstances,
    Confidence,
    Gate,
    Policy,
    Surroundings,
    first_fact,
    in_order,
    root_cause,
    withdrawn,
    without_candidate,
)


def climb(
    alert: Alert, circumstances: Circumstances, around: Surroundings, policy: Policy, now: datetime
) -> Assessment:
    """Return the step of the ladder, 0 to 3, on which a missed visit stands at `now`.

    One disproved is withdrawn, unless a safeguarding concern was raised about it: an allegation is enough
    in law.
    """
    grave = _level_3_reasons(alert, around, policy)
    if alert.disproved is not None:
        if first_fact(alert, "safeguarding_raised") is None:
            return withdrawn(alert, "ABUSE_OR_ALLEGATION", alert.disproved)
        grave = [alert.disproved, "A safeguarding concern was raised all the same: an allegation is enough."]
        return _candidate(alert, 3, grave)
    contact, too_late = _welfare_contact(alert, policy, now)
    screening = ([contact] if too_late else []) + _level_2_reasons(circumstances, around, policy)
    if grave:
        return _candidate(alert, 3, grave + screening)
    if screening:
        return _candidate(alert, 2, screening)
    reasons = (contact, "No harm is known, and nobody else was missed from the same cause.")
    return without_candidate(alert, 1, reasons, duties=("contract",))


def _level_3_reasons(alert: Alert, around: Surroundings, policy: Policy) -> list[str]:
    reasons = []
    if first_fact(alert, "harm") is not None:
        reasons.append("Harm was recorded.")
    if first_fact(alert, "safeguarding_raised") is not None:
        reasons.append("A safeguarding concern was raised.")
    if around.adults_affected_in_24_hours >= policy.adults_affected:
        reasons.append(f"{around.adults_affected_in_24_hours} adults were affected from one cause within 24 hours.")
    return reasons


def _level_2_reasons(circumstances: Circumstances, around: Surroundings, policy: Policy) -> list[str]:
    reasons = []
    if circumstances.time_critical:
        reasons.append("The visit was time-critical.")
    if circumstances.lives_alone:
        reasons.append("The client lives alone.")
    if circumstances.lacks_capacity:
        reasons.append("The client lacks capacity.")
    if around.missed_in_28_days >= policy.repeated_misses:
        reasons.append(f"{around.missed_in_28_days} visits of this client were missed within 28 days.")
    return reasons


def _welfare_contact(alert: Alert, policy: Policy, now: datetime) -> tuple[str, bool]:
    """Say what is known of welfare contact, and whether it was not made in time (the boundary is in time)."""
    minutes = policy.welfare_contact_minutes
    limit = alert.raised_at + timedelta(minutes=minutes)
    contacts = [fact.at for fact in alert.facts if fact.kind == "welfare_contact"]
    if any(alert.occurred_at <= contact <= limit for contact in contacts):
        return f"Welfare contact was made within {minutes} minutes of becoming aware.", False
    if now > limit:
        return f"No welfare contact was made within {minutes} minutes of becoming aware.", True
    return "No welfare contact is recorded yet.", False


def _candidate(alert: Alert, level: int, reasons: list[str]) -> Assessment:
    concern, harm = first_fact(alert, "safeguarding_raised"), first_fact(alert, "harm")
    known = concern or harm
    proposed = level == 3
    duties: list[Duty] = ["safeguarding", "contract"]
    if proposed:
        duties.append("cqc")
    if harm is not None:
        duties.append("duty_of_candour")
    state: CandidateState = "proposed" if proposed else "screening"
    confidence: Confidence = "high" if concern else "medium" if proposed else "low"
    gate = Gate(
        "harm_or_concern_or_second_adult", proposed, known.recorded_by if known else None, known.at if known else None
    )
    return Assessment(
        level=level,
        candidate="ABUSE_OR_ALLEGATION",
        legal_ref=LEGAL_REFS["ABUSE_OR_ALLEGATION"],
        state=state,
        reasons=tuple(reasons),
        gates=(gate,),
        duties=in_order(duties),
        confidence=confidence,
        root_cause=root_cause(alert),
    )
