"""Candidates as they are kept: first awareness, versions, withdrawal and merging."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ecm.alerts.domain import Alert
from ecm.notifications.candidates import Candidate, Evidence, Incident, find, follow
from ecm.notifications.domain import Circumstances, Policy, candidate_id, candidate_key, surroundings
from tests.notifications.alert_values import (
    AWARE,
    CONCERN,
    DISPROVED,
    HARM,
    LATER,
    PLANNED,
    PROVIDER,
    alert,
    fact,
)

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
LONG_AGO = PLANNED - timedelta(days=28)
ABUSE = candidate_id(PROVIDER, candidate_key("L1", "ABUSE_OR_ALLEGATION", "visit:V-1", "C-0001"))


def incident(of: Alert, *evidence: Evidence, **circumstances: bool) -> Incident:
    return Incident(of, Circumstances(**circumstances), evidence)


def written(
    alerts: Sequence[Alert | Incident], *stored: Candidate, since: datetime = LONG_AGO, now: datetime = LATER
) -> list[Candidate]:
    """What is written after a look at these alerts."""
    incidents = [one if isinstance(one, Incident) else incident(one) for one in alerts]
    findings = find(PROVIDER, incidents, since, Policy(), now)
    return follow(findings, {candidate.candidate_id: candidate for candidate in stored})


def only(candidates: list[Candidate]) -> Candidate:
    (candidate,) = candidates
    return candidate


def proposed(**changes: Any) -> Candidate:
    """The candidate of a missed visit with harm, as it was first stored."""
    return replace(only(written([alert(facts=(HARM,))])), **changes)


def test_a_missed_visit_with_harm_becomes_a_candidate_of_its_own():
    found = proposed()
    assert (found.candidate_id, found.branch, found.type, found.state) == (
        ABUSE,
        "L1",
        "ABUSE_OR_ALLEGATION",
        "proposed",
    )
    assert (found.client, found.aware_at, found.event_at, found.version) == ("C-0001", AWARE, PLANNED, 1)
    document = found.document
    assert (document.level, document.visits, document.alerts) == (3, ("V-1",), (UUID(int=1),))
    assert (found.decided_by, found.decided_at, found.decided_reason) == (None, None, None)


def test_what_leads_to_nothing_is_written_nowhere():
    assert written([alert("late_visit")]) == []
    assert written([alert(**DISPROVED)]) == []


def test_the_same_look_again_writes_nothing():
    assert written([alert(facts=(HARM,))], proposed()) == []


@pytest.mark.parametrize("later_first", [False, True])
def test_aware_at_is_when_the_provider_first_knew_of_any_of_the_alerts(later_first: bool):
    first = alert("safeguarding_concern", 1, source="phone", raised_at=AWARE, occurred_at=PLANNED + HOUR)
    second = alert("alleged_abuse_by_service_user", 2, source="phone", raised_at=AWARE + HOUR, occurred_at=PLANNED)
    found = only(written([second, first] if later_first else [first, second]))
    assert (found.aware_at, found.event_at) == (AWARE, PLANNED)


@pytest.mark.parametrize(
    ("stored_aware", "stored_event", "aware", "event"),
    [(-HOUR, -HOUR, AWARE - HOUR, PLANNED - HOUR), (HOUR, HOUR, AWARE, PLANNED)],
)
def test_aware_at_never_moves_later_and_moves_earlier_when_more_is_learnt(
    stored_aware: timedelta, stored_event: timedelta, aware: datetime, event: datetime
):
    stored = proposed(aware_at=AWARE + stored_aware, event_at=PLANNED + stored_event)
    facts = (HARM, CONCERN)
    found = only(written([alert(facts=facts)], stored))
    assert (found.aware_at, found.event_at) == (aware, event)


def test_more_that_is_learnt_is_a_new_version_of_the_same_candidate():
    stored = proposed(version=4)
    found = only(written([alert(facts=(HARM, CONCERN))], stored))
    assert (found.candidate_id, found.version, found.document.confidence) == (ABUSE, 5, "high")


def test_a_candidate_to_which_nothing_leads_any_more_is_withdrawn_visibly_and_once():
    found = only(written([alert("late_visit", visit="V-1")], proposed()))
    assert (found.state, found.version) == ("withdrawn", 2)
    assert found.document.reasons[-1] == "Nothing that is known now leads to a notification."
    assert found.document.reasons[:-1] == proposed().document.reasons
    assert written([alert("late_visit", visit="V-1")], found) == []


def test_a_disproved_missed_visit_withdraws_its_candidate_with_the_disproof():
    found = only(written([alert(facts=(HARM,), **DISPROVED)], proposed()))
    assert (found.state, found.version) == ("withdrawn", 2)
    assert found.document.reasons == (DISPROVED["state_reason"],)


def test_a_withdrawn_candidate_comes_back_when_it_is_found_again():
    withdrawn = only(written([alert(facts=(HARM,), **DISPROVED)], proposed()))
    found = only(written([alert(facts=(HARM,))], withdrawn))
    assert (found.state, found.version, found.document.level) == ("proposed", 3, 3)


def test_an_event_that_becomes_another_type_merges_the_first_candidate_into_it():
    dead = alert("death_found", 2, visit="V-1", occurred_at=PLANNED + HOUR)
    of_abuse, of_death = sorted(written([alert(), dead], proposed()), key=lambda one: one.type)
    assert (of_abuse.candidate_id, of_abuse.state, of_abuse.version) == (ABUSE, "merged", 2)
    assert of_abuse.document.reasons[-1] == "The event has become another type of notification, which stands for it."
    assert (of_death.type, of_death.state, of_death.document.alerts) == (
        "DEATH",
        "proposed",
        (UUID(int=1), UUID(int=2)),
    )
    assert written([alert(), dead], of_abuse, of_death) == []


@pytest.mark.parametrize("decided", ["accepted", "dismissed", "submitted", "supplemented"])
def test_promise_9_what_a_person_decided_stays_and_what_is_learnt_is_set_beside_it(decided: Any):
    stored = proposed(state=decided, decided_by="a manager", decided_at=LATER, decided_reason="seen")
    assert written([alert("late_visit", visit="V-1")], stored) == []
    found = only(written([alert(facts=(HARM, CONCERN))], stored))
    assert (found.state, found.decided_by, found.decided_at, found.decided_reason) == (
        decided,
        "a manager",
        LATER,
        "seen",
    )
    assert "A safeguarding concern was raised." in found.document.reasons


def test_a_candidate_none_of_whose_alerts_was_looked_at_is_left_alone():
    assert written([alert("late_visit", 7, visit="V-7")], proposed()) == []


def test_only_alerts_of_which_the_provider_knew_since_the_instant_are_assessed():
    seen = find(PROVIDER, [incident(alert(facts=(HARM,)))], AWARE, Policy(), LATER)
    assert seen.levels == {UUID(int=1): 3}
    assert set(seen.leads) == {ABUSE}
    missed = find(PROVIDER, [incident(alert(facts=(HARM,)))], AWARE + SECOND, Policy(), LATER)
    assert (missed.levels, missed.leads) == ({}, {})


def test_an_earlier_alert_still_counts_among_the_surroundings_of_a_later_one():
    earlier = alert(number=2, visit="V-0", occurred_at=PLANNED - timedelta(days=1), raised_at=LONG_AGO)
    levels = find(PROVIDER, [incident(alert()), incident(earlier)], AWARE, Policy(), AWARE).levels
    assert levels == {UUID(int=1): 2}


def test_alerts_of_another_branch_are_not_among_the_surroundings():
    elsewhere = alert(number=2, visit="V-0", branch_id="L2", occurred_at=PLANNED - timedelta(days=1))
    assert find(PROVIDER, [incident(alert()), incident(elsewhere)], AWARE, Policy(), AWARE).levels == {
        UUID(int=1): 1,
        UUID(int=2): 1,
    }


def of_one_cause(hours: int, minutes: int = 0) -> tuple[Alert, Alert]:
    """Two missed visits of two clients from one cause, so far apart."""
    cause = (fact("cause", cause="sickness"),)
    first = alert(facts=cause)
    apart = timedelta(hours=hours, minutes=minutes)
    return first, alert(number=2, client="C-0002", visit="V-2", occurred_at=PLANNED + apart, facts=cause)


def test_two_adults_are_affected_by_one_cause_up_to_24_hours_apart_and_not_a_minute_more():
    for here, there in (of_one_cause(24), of_one_cause(24)[::-1]):
        assert surroundings(here, [there]).adults_affected_in_24_hours == 2
    for here, there in (of_one_cause(24, 1), of_one_cause(24, 1)[::-1]):
        assert surroundings(here, [there]).adults_affected_in_24_hours == 1
    levels = find(PROVIDER, [incident(one) for one in of_one_cause(24)], LONG_AGO, Policy(), AWARE).levels
    assert set(levels.values()) == {3}


@pytest.mark.parametrize(("after", "linked"), [(timedelta(), 1), (24 * HOUR, 1), (24 * HOUR + SECOND, 0), (-SECOND, 0)])
def test_somebody_found_injured_belongs_to_a_visit_missed_in_the_24_hours_before(after: timedelta, linked: int):
    injured = alert("injury", 2, visit="V-2", occurred_at=PLANNED + after)
    assert len(surroundings(alert(), [injured]).same_event) == linked


@pytest.mark.parametrize(("apart", "linked"), [(2 * HOUR, 1), (2 * HOUR + SECOND, 0), (-2 * HOUR, 1)])
def test_alerts_of_a_client_without_a_visit_are_one_event_within_two_hours(apart: timedelta, linked: int):
    police, theft = alert("police_called", visit=None), alert("theft", 2, occurred_at=PLANNED + apart)
    assert len(surroundings(police, [theft]).same_event) == linked


def short_of_staff(hours: tuple[int, ...]) -> list[Alert]:
    cause = (fact("cause", cause="no cover"),)
    return [
        alert(
            number=number,
            client=f"C-{number}",
            visit=f"V-{number}",
            occurred_at=PLANNED + timedelta(hours=hour),
            raised_at=AWARE + timedelta(hours=hour),
            facts=cause,
        )
        for number, hour in enumerate(hours, start=1)
    ]


def test_three_clients_missed_within_24_hours_lead_to_one_candidate_of_the_branch():
    found = [one for one in written(short_of_staff((0, 12, 24))) if one.type == "EVENT_STOPS_SERVICE"]
    service = only(found)
    assert (service.client, service.aware_at, service.document.level) == (None, AWARE, 5)
    assert service.document.visits == ("V-1", "V-2", "V-3")
    assert not [one for one in written(short_of_staff((0, 12, 25))) if one.type == "EVENT_STOPS_SERVICE"]


def test_a_cluster_is_looked_at_while_one_of_its_alerts_is_new():
    alerts = [incident(one) for one in short_of_staff((0, 1, 2))]
    last = AWARE + 2 * HOUR
    assert any(
        key.type == "EVENT_STOPS_SERVICE" for key, _ in find(PROVIDER, alerts, last, Policy(), LATER).leads.values()
    )
    assert find(PROVIDER, alerts, last + SECOND, Policy(), LATER).leads == {}


def test_evidence_is_kept_once_in_the_order_of_time():
    late, early = Evidence("check_in", "b", LATER, None), Evidence("alert", "a", AWARE, "00")
    concern = alert("safeguarding_concern", 1)
    abuse = alert("alleged_abuse_by_service_user", 2)
    found = only(written([incident(concern, late, early), incident(abuse, early)]))
    assert found.document.evidence == (early, late)


def test_the_candidate_of_a_branchs_outage_names_no_client():
    outage = alert("it_outage", client=None, visit=None)
    found = only(written([outage]))
    assert (found.client, found.document.visits, found.type) == (None, (), "EVENT_STOPS_SERVICE")


def test_circumstances_of_the_client_are_weighed():
    screened = only(written([incident(alert(), lives_alone=True)], now=AWARE))
    assert (screened.state, screened.document.level) == ("screening", 2)
