"""The ladder of missed visits, the mapping of alerts, and what becomes of a candidate."""

import re
from dataclasses import fields, replace
from datetime import timedelta
from itertools import permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecm.alerts.domain import Alert, Fact
from ecm.notifications.domain import (
    Assessment,
    Circumstances,
    Gate,
    Policy,
    Surroundings,
    candidate_id,
    candidate_key,
    clusters,
    next_state,
    root_cause,
    strongest,
    surroundings,
    time_since_aware,
)
from ecm.notifications.mapping import GATES, LEGAL_REFS, MEANINGS, cause_code
from tests.notifications.alert_values import (
    AWARE,
    CONCERN,
    CONTACT,
    DISPROVED,
    HARM,
    LATER,
    PLANNED,
    PROVIDER,
    alert,
    assessed,
    fact,
    fact_at,
)

SOON = AWARE + timedelta(minutes=10)


@pytest.mark.parametrize("kind", ["late_visit", "short_visit", "overrun"])
def test_a_late_or_short_visit_is_never_a_candidate_whatever_is_learnt(kind):
    found = assessed(alert(kind, facts=(HARM, CONCERN)), Circumstances(lives_alone=True), Surroundings(9, 9))
    assert (found.level, found.candidate) == (0, None)
    assert "What was learnt since needs an alert of its own kind." in found.reasons


@pytest.mark.parametrize(
    ("kind", "candidate"),
    [
        ("medication_missed", None),
        ("medication_error", None),
        ("fall_no_injury", None),
        ("no_reply", None),
        ("client_absent_known", None),
        ("hospital_admission", None),
        ("carer_injured", None),
        ("lone_worker_sos", None),
        ("environment_hazard", None),
        ("equipment_hazard", None),
        ("a_kind_of_tomorrow", None),
        ("fall_with_injury", "SERIOUS_INJURY"),
        ("injury", "SERIOUS_INJURY"),
        ("pressure_damage", "SERIOUS_INJURY"),
        ("safeguarding_concern", "ABUSE_OR_ALLEGATION"),
        ("alleged_abuse_by_service_user", "ABUSE_OR_ALLEGATION"),
        ("police_called", "POLICE"),
        ("crime", "POLICE"),
        ("theft", "POLICE"),
        ("death_found", "DEATH"),
        ("death_reported", "DEATH"),
        ("staff_shortage", "EVENT_STOPS_SERVICE"),
        ("visits_uncovered", "EVENT_STOPS_SERVICE"),
        ("premises_outage", "EVENT_STOPS_SERVICE"),
        ("it_outage", "EVENT_STOPS_SERVICE"),
        ("utility_outage", "EVENT_STOPS_SERVICE"),
    ],
)
def test_each_kind_of_alert_maps_to_its_notification(kind, candidate):
    found = assessed(alert(kind))
    assert found.candidate == candidate
    assert found.legal_ref == (LEGAL_REFS[candidate] if candidate else None)
    assert found.state == ("proposed" if candidate else None)


@pytest.mark.parametrize("kind", ["medication_missed", "fall_no_injury", "no_reply", "a_kind_of_tomorrow"])
def test_harm_or_a_concern_learnt_later_opens_a_candidate(kind):
    assert assessed(alert(kind, facts=(HARM,))).candidate == "SERIOUS_INJURY"
    assert assessed(alert(kind, facts=(CONCERN,))).candidate == "ABUSE_OR_ALLEGATION"
    assert assessed(alert(kind, facts=(CONCERN, HARM))).candidate == "SERIOUS_INJURY"


@pytest.mark.parametrize("kind", [kind for kind, rule in MEANINGS.items() if rule.candidate])
def test_promise_9_an_unmet_gate_is_shown_and_never_blocks(kind):
    found = assessed(alert(kind), now=SOON)
    assert found.state == "proposed"
    assert found.candidate is not None
    assert {gate.name for gate in found.gates if not gate.met} >= set(GATES[found.candidate])


def test_promise_9_a_professionals_opinion_meets_the_gate_and_changes_nothing_else():
    opinion = fact("hcp_opinion")
    without, with_it = assessed(alert("injury")), assessed(alert("injury", facts=(opinion,)))
    assert without.gates == (Gate.unmet("hcp_opinion"),)
    assert with_it.gates == (Gate("hcp_opinion", True, "coordinator:a", opinion.at),)
    assert (without.level, without.state) == (with_it.level, with_it.state) == (4, "proposed")


def test_a_candidate_is_sure_only_when_every_gate_is_met() -> None:
    opinion = fact("hcp_opinion")
    assert assessed(alert("injury", facts=(opinion,))).confidence == "high"
    damage = assessed(alert("pressure_damage", facts=(opinion,)))
    assert ([gate.met for gate in damage.gates], damage.confidence) == ([True, False], "medium")


def test_pressure_damage_and_outages_show_the_gates_of_their_own():
    assert [gate.name for gate in assessed(alert("pressure_damage")).gates] == [
        "hcp_opinion",
        "pressure_category_3_or_above",
    ]
    day = timedelta(hours=24)
    assert not assessed(alert("it_outage"), now=PLANNED + day).gates[1].met
    assert assessed(alert("it_outage"), now=PLANNED + day + timedelta(seconds=1)).gates[1].met


def test_promise_9_no_deadline_is_made_or_printed():
    everything = [
        assessed(alert(kind, facts=facts, **state))
        for kind in [*MEANINGS, "missed_visit"]
        for facts in ((), (HARM,), (CONCERN, HARM))
        for state in ({}, DISPROVED)
    ]
    assert not {field.name for field in fields(Assessment)} & {"deadline", "due", "due_at", "notify_by"}
    for found in everything:
        words = " ".join([*found.reasons, *found.duties, *(gate.name for gate in found.gates)])
        assert not re.search(r"deadline|notify within|must be (sent|told|notified) (by|within)|working day", words)
    assert time_since_aware(AWARE, LATER) == timedelta(hours=3)
    assert time_since_aware(AWARE, PLANNED) == timedelta()


def test_a_police_alert_of_the_same_event_as_a_death_injury_or_abuse_is_that_type_only():
    police = alert("police_called", 1)
    for kind, candidate in (
        ("death_found", "DEATH"),
        ("injury", "SERIOUS_INJURY"),
        ("safeguarding_concern", "ABUSE_OR_ALLEGATION"),
    ):
        other = alert(kind, 2)
        found = assessed(police, around=surroundings(police, [other]))
        alone = assessed(other, around=surroundings(other, [police]))
        assert (found.candidate, found.root_cause) == (candidate, alone.root_cause) == (candidate, root_cause(other))
        assert alone.candidate == candidate
    assert assessed(police, around=surroundings(police, [alert("fall_no_injury", 2)])).candidate == "POLICE"


def test_somebody_found_dead_or_injured_after_a_missed_visit_is_linked_to_it():
    missed = alert(facts=(CONTACT,))
    found_dead = alert("death_found", 2, visit="V-2", occurred_at=PLANNED + timedelta(hours=5))
    found = assessed(missed, around=surroundings(missed, [found_dead]))
    assert (found.level, found.candidate, found.root_cause) == (4, "DEATH", "death")
    key = candidate_key("L1", "DEATH", found.root_cause, "C-0001")
    assert key == candidate_key("L1", "DEATH", assessed(found_dead).root_cause, "C-0001")
    earlier = replace(found_dead, occurred_at=PLANNED - timedelta(hours=1))
    assert assessed(missed, around=surroundings(missed, [earlier])).level == 1


def test_surroundings_count_what_the_ladder_asks_for():
    sick = fact("cause", cause="Mass sickness")
    here = alert(facts=(sick,))
    same_cause = replace(here, alert_id=UUID(int=2), client="C-0002", facts=(fact("cause", cause="mass-sickness"),))
    others = [
        here,
        same_cause,
        replace(same_cause, alert_id=UUID(int=3), client="C-0003", occurred_at=PLANNED + timedelta(hours=25)),
        replace(same_cause, alert_id=UUID(int=4), client="C-0004", **DISPROVED),
        replace(same_cause, alert_id=UUID(int=5), client="C-0005", facts=()),
        alert(number=6, visit="V-0", occurred_at=PLANNED - timedelta(days=28)),
        alert(number=7, visit="V-00", occurred_at=PLANNED - timedelta(days=28, seconds=1)),
        alert(number=8),
        alert("late_visit", 9, visit="V-8", occurred_at=PLANNED - timedelta(days=1)),
    ]
    around = surroundings(here, others)
    assert (around.missed_in_28_days, around.adults_affected_in_24_hours) == (2, 2)
    assert cause_code(" Mass-Sickness ") == "mass_sickness"


def test_the_same_finding_again_is_the_same_candidate():
    key = candidate_key("L1", "ABUSE_OR_ALLEGATION", "visit:V-1", "C-0001")
    assert candidate_id(PROVIDER, key) == candidate_id(PROVIDER, replace(key))
    other_ways = [
        candidate_key("L2", "ABUSE_OR_ALLEGATION", "visit:V-1", "C-0001"),
        candidate_key("L1", "POLICE", "visit:V-1", "C-0001"),
        candidate_key("L1", "ABUSE_OR_ALLEGATION", "visit:V-2", "C-0001"),
        candidate_key("L1", "ABUSE_OR_ALLEGATION", "visit:V-1", "C-0002"),
        candidate_key("L1", "ABUSE_OR_ALLEGATION", "visit:V", "1/C"),
        candidate_key("L1", "ABUSE_OR_ALLEGATION", "visit:V/1", "C"),
    ]
    ids = {candidate_id(PROVIDER, other) for other in [key, *other_ways]} | {candidate_id(UUID(int=8), key)}
    assert len(ids) == 8


def test_staff_alerts_of_one_day_are_one_incident_of_the_branch():
    shortage = alert("staff_shortage", 1, client=None, visit=None)
    uncovered = alert("visits_uncovered", 2, client=None, visit=None, occurred_at=PLANNED + timedelta(hours=9))
    assert root_cause(shortage) == root_cause(uncovered) == "staffing:2026-11-20"


def miss(number: int, client: str, hours: int = 0, cause: str | None = "no cover") -> Alert:
    facts = (fact("cause", cause=cause),) if cause else ()
    when = PLANNED + timedelta(hours=hours)
    return alert(number=number, client=client, visit=f"V-{number}", occurred_at=when, facts=facts)


def test_three_clients_missed_for_want_of_staff_within_24_hours_threaten_the_service():
    misses = [miss(1, "C-1"), miss(2, "C-2", 10), miss(3, "C-3", 24)]
    for order in permutations(misses):
        (cluster,) = clusters(order, Policy())
        found = cluster.assessment
        assert (found.level, found.candidate, found.state) == (5, "EVENT_STOPS_SERVICE", "proposed")
        assert (found.root_cause, cluster.alerts) == ("staffing:2026-11-20", tuple(misses))
    assert clusters(misses[:2], Policy()) == ()
    assert clusters([*misses[:2], miss(3, "C-3", 25)], Policy()) == ()
    assert clusters([*misses[:2], miss(3, "C-3", 2, cause="client asked")], Policy()) == ()
    assert clusters([*misses[:2], replace(misses[2], **DISPROVED)], Policy()) == ()


def test_three_misses_of_fewer_clients_do_not_threaten_the_service() -> None:
    assert clusters([miss(1, "C-1"), miss(2, "C-1", 4), miss(3, "C-2", 8)], Policy()) == ()


def test_a_later_incident_of_a_branch_is_another():
    misses = [miss(number, f"C-{number}", hours=number // 4 * 48) for number in range(1, 7)]
    assert [len(cluster.alerts) for cluster in clusters(misses, Policy())] == [3, 3]


@pytest.mark.parametrize("decided", ["accepted", "dismissed", "submitted", "supplemented"])
@pytest.mark.parametrize("found", [None, "screening", "proposed", "withdrawn"])
def test_promise_9_what_a_person_decided_stays_decided(decided, found):
    assert next_state(decided, found) == decided
    assert next_state(decided, found, superseded=True) == decided


@pytest.mark.parametrize(
    ("current", "found", "superseded", "expected"),
    [
        (None, None, False, None),
        (None, "withdrawn", False, None),
        (None, "screening", False, "screening"),
        ("screening", "proposed", False, "proposed"),
        ("proposed", "screening", False, "screening"),
        ("screening", "withdrawn", False, "withdrawn"),
        ("proposed", None, False, "withdrawn"),
        ("proposed", None, True, "merged"),
        ("merged", None, False, "merged"),
        ("merged", "proposed", False, "proposed"),
        ("withdrawn", "proposed", False, "proposed"),
        ("withdrawn", None, False, "withdrawn"),
    ],
)
def test_an_undecided_candidate_follows_what_is_found_and_is_never_deleted(current, found, superseded, expected):
    assert next_state(current, found, superseded) == expected


def test_a_candidate_that_several_alerts_lead_to_rests_on_the_strongest_with_the_reasons_of_all():
    withdrawn = assessed(alert(**DISPROVED))
    screening = assessed(alert(), Circumstances(lives_alone=True))
    proposed = assessed(alert(facts=(HARM,)))
    nothing = assessed(alert("late_visit"))
    for order in permutations([withdrawn, screening, proposed, nothing]):
        found = strongest(order)
        assert found is not None
        assert (found.level, found.state, found.gates[0].met) == (3, "proposed", True)
        assert set(found.reasons) == set(screening.reasons) | set(proposed.reasons)
    assert strongest([withdrawn, nothing]) == withdrawn
    assert strongest([nothing]) is None


kinds = st.sampled_from([*MEANINGS, "missed_visit", "a_kind_of_tomorrow"])
facts = st.builds(
    lambda kind, when, by, cause: replace(fact_at(kind, when, cause=cause), recorded_by=by),
    st.sampled_from(["welfare_contact", "harm", "safeguarding_raised", "hcp_opinion", "cause"]),
    st.integers(-120, 240).map(lambda minutes: AWARE + timedelta(minutes=minutes)),
    st.sampled_from(["coordinator:a", "coordinator:b"]),
    st.sampled_from([None, "no cover", "sickness"]),
)
known_circumstances = st.builds(Circumstances, st.booleans(), st.booleans(), st.booleans())
moments = st.integers(0, 48 * 60).map(lambda minutes: AWARE + timedelta(minutes=minutes))
linked = st.lists(kinds, max_size=3).map(
    lambda names: tuple(alert(kind, number) for number, kind in enumerate(names, start=2))
)


def disproves(found: Alert, learnt: Fact) -> bool:
    in_time = learnt.at <= found.raised_at + timedelta(minutes=60)
    return found.kind == "missed_visit" and learnt.kind == "welfare_contact" and in_time


@given(kinds, st.lists(facts, max_size=4), facts, known_circumstances, linked, moments)
def test_more_facts_never_lower_the_level_except_a_disproof(kind, known, learnt, circumstances, event, now):
    before = alert(kind, facts=tuple(known))
    after = replace(before, facts=(*before.facts, learnt))
    around = Surroundings(same_event=event)
    was, is_now = (assessed(one, circumstances, around, now) for one in (before, after))
    if not disproves(before, learnt):
        assert is_now.level >= was.level
        assert (is_now.candidate is None) <= (was.candidate is None)


@given(st.lists(facts, max_size=3), known_circumstances, st.integers(1, 3), st.integers(1, 3), linked, moments)
def test_graver_surroundings_never_lower_the_level(known, circumstances, misses, adults, event, now):
    found = alert(facts=tuple(known))
    was = assessed(found, Circumstances(), Surroundings(misses, adults), now)
    for graver in (
        assessed(found, circumstances, Surroundings(misses, adults), now),
        assessed(found, Circumstances(), Surroundings(misses + 1, adults, event), now),
        assessed(found, Circumstances(), Surroundings(misses, adults + 1, event), now),
        assessed(found, Circumstances(), Surroundings(misses, adults, event), now + timedelta(hours=2)),
    ):
        assert graver.level >= was.level


@given(kinds, st.lists(facts, max_size=4), known_circumstances, linked, moments, st.randoms(use_true_random=False))
def test_promise_5_the_order_in_which_facts_and_alerts_come_to_be_known_does_not_matter(
    kind, known, circumstances, event, now, chance
):
    found = alert(kind, facts=tuple(known))
    shuffled_facts = chance.sample(known, len(known))
    shuffled_event = chance.sample(event, len(event))
    around = surroundings(found, event)
    assert surroundings(found, shuffled_event) == around
    again = replace(found, facts=tuple(shuffled_facts))
    assert assessed(again, circumstances, around, now) == assessed(found, circumstances, around, now)


@given(kinds, st.lists(facts, max_size=4), known_circumstances, linked, moments)
def test_promise_9_whatever_stands_can_be_decided_on_with_gates_unmet(kind, known, circumstances, event, now):
    found = assessed(alert(kind, facts=tuple(known)), circumstances, Surroundings(same_event=event), now)
    assert (found.candidate is None) == (found.state is None) == (found.legal_ref is None)
    assert found.state in {None, "screening", "proposed"}
    assert found.reasons
