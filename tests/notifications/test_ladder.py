"""The ladder of missed visits: welfare contact in time, grave circumstances, harm, and each threshold at its edge."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from ecm.notifications.domain import Circumstances, Gate, Policy, Surroundings
from ecm.notifications.ladder import climb
from tests.notifications.alert_values import (
    AWARE,
    CONCERN,
    CONTACT,
    DISPROOF,
    DISPROVED,
    HARM,
    LATER,
    PLANNED,
    alert,
    assessed,
    fact,
    fact_at,
)


def test_one_missed_visit_with_welfare_contact_and_no_harm_is_the_councils_matter_only():
    found = assessed(alert(facts=(CONTACT,)))
    assert (found.level, found.candidate, found.state, found.legal_ref) == (1, None, None, None)
    assert found.duties == ("contract",)


@pytest.mark.parametrize(
    ("circumstances", "around"),
    [
        (Circumstances(lives_alone=True), Surroundings()),
        (Circumstances(lacks_capacity=True), Surroundings()),
        (Circumstances(time_critical=True), Surroundings()),
        (Circumstances(), Surroundings(missed_in_28_days=2)),
    ],
)
def test_each_grave_circumstance_makes_a_missed_visit_one_to_screen(circumstances, around):
    found = assessed(alert(facts=(CONTACT,)), circumstances, around)
    assert (found.level, found.candidate, found.state, found.confidence) == (
        2,
        "ABUSE_OR_ALLEGATION",
        "screening",
        "low",
    )
    assert found.legal_ref == "SI 2009/3112 reg 18(2)(e)"
    assert found.duties == ("safeguarding", "contract")
    assert found.gates == (Gate.unmet("harm_or_concern_or_second_adult"),)


def test_welfare_contact_counts_up_to_the_minute_of_the_threshold():
    at_limit = AWARE + timedelta(minutes=60)
    after_limit = at_limit + timedelta(seconds=1)
    assert assessed(alert(), now=at_limit).level == 1
    assert assessed(alert(), now=after_limit).level == 2
    assert assessed(alert(facts=(fact("welfare_contact", 60),))).level == 1
    assert assessed(alert(facts=(fact_at("welfare_contact", after_limit),))).level == 2
    before_the_visit = fact_at("welfare_contact", PLANNED - timedelta(minutes=1))
    assert assessed(alert(facts=(before_the_visit,))).level == 2


@pytest.mark.parametrize(
    ("facts", "around", "confidence"),
    [
        ((HARM,), Surroundings(), "medium"),
        ((CONCERN,), Surroundings(), "high"),
        ((CONTACT,), Surroundings(adults_affected_in_24_hours=2), "medium"),
    ],
)
def test_harm_a_concern_or_a_second_adult_make_a_missed_visit_a_candidate(facts, around, confidence):
    found = assessed(alert(facts=(CONTACT, *facts)), around=around)
    assert (found.level, found.candidate, found.state) == (3, "ABUSE_OR_ALLEGATION", "proposed")
    assert found.confidence == confidence
    assert {"cqc", "safeguarding"} <= set(found.duties)
    assert found.gates[0].met


def test_promise_5_a_missed_visit_disproved_later_is_withdrawn_with_the_reason():
    found = assessed(alert(facts=(HARM,), **DISPROVED), Circumstances(lives_alone=True))
    assert (found.level, found.candidate, found.state, found.reasons) == (
        0,
        "ABUSE_OR_ALLEGATION",
        "withdrawn",
        (DISPROOF,),
    )


def test_an_allegation_about_a_disproved_missed_visit_still_stands():
    found = assessed(alert(facts=(CONCERN,), **DISPROVED))
    assert (found.level, found.state) == (3, "proposed")
    assert DISPROOF in found.reasons


def test_the_councils_level_needs_no_screening_while_contact_may_still_be_made():
    found = assessed(alert(), now=AWARE)
    assert (found.level, found.candidate) == (1, None)
    assert found.reasons[0] == "No welfare contact is recorded yet."
    assert found.reasons[1].startswith("No harm is known")


@pytest.mark.parametrize(("minutes", "level"), [(-60, 1), (-61, 2), (0, 1)])
def test_welfare_contact_counts_from_the_minute_the_visit_was_planned_for(minutes: int, level: int):
    assert assessed(alert(facts=(fact("welfare_contact", minutes),))).level == level


def test_one_contact_in_time_is_enough_however_many_came_too_late():
    late = fact_at("welfare_contact", AWARE + timedelta(hours=2), fact_id=UUID(int=3))
    assert assessed(alert(facts=(late, CONTACT))).level == 1
    assert assessed(alert(facts=(late,))).level == 2


def test_the_operators_own_numbers_are_taken():
    policy = Policy(welfare_contact_minutes=10, repeated_misses=3, adults_affected=3)

    def step(around: Surroundings, minutes: int) -> int:
        when = AWARE + timedelta(minutes=minutes)
        return climb(alert(), Circumstances(), around, policy, when).level

    assert (step(Surroundings(), 10), step(Surroundings(), 11)) == (1, 2)
    assert (step(Surroundings(2), 0), step(Surroundings(3), 0)) == (1, 2)
    assert (step(Surroundings(1, 2), 0), step(Surroundings(1, 3), 0)) == (1, 3)


def test_one_miss_and_one_adult_are_the_visit_itself_and_no_reason():
    assert assessed(alert(facts=(CONTACT,)), around=Surroundings(1, 1)).level == 1


def test_harm_brings_the_duty_of_candour_and_screening_does_not_reach_the_commission():
    harmed = assessed(alert(facts=(CONTACT, HARM)))
    assert harmed.duties == ("cqc", "safeguarding", "duty_of_candour", "contract")
    screened = assessed(alert(facts=(CONTACT,)), Circumstances(lives_alone=True))
    assert screened.duties == ("safeguarding", "contract")


def test_the_gate_says_who_knew_of_the_harm_and_when_and_a_concern_comes_first():
    recorded = replace(HARM, recorded_by="coordinator:b")
    (gate,) = assessed(alert(facts=(recorded,))).gates
    assert (gate.met, gate.by, gate.at) == (True, "coordinator:b", HARM.at)
    (gate,) = assessed(alert(facts=(recorded, CONCERN))).gates
    assert (gate.met, gate.by, gate.at) == (True, "coordinator:a", CONCERN.at)
    (gate,) = assessed(alert(), now=LATER).gates
    assert gate == Gate.unmet("harm_or_concern_or_second_adult")


def test_every_reason_is_told_the_gravest_first():
    circumstances = Circumstances(lives_alone=True, lacks_capacity=True, time_critical=True)
    found = assessed(alert(facts=(HARM, CONCERN)), circumstances, Surroundings(4, 3))
    assert found.reasons == (
        "Harm was recorded.",
        "A safeguarding concern was raised.",
        "3 adults were affected from one cause within 24 hours.",
        "No welfare contact was made within 60 minutes of becoming aware.",
        "The visit was time-critical.",
        "The client lives alone.",
        "The client lacks capacity.",
        "4 visits of this client were missed within 28 days.",
    )
