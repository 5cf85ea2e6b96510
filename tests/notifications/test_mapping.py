"""The mapping as data: each table says something of each type, and each kind of alert has a meaning."""

from typing import get_args

import pytest

from ecm.alerts.domain import REPORTED_KINDS
from ecm.notifications.mapping import (
    DUTIES,
    GATES,
    LEGAL_REFS,
    LEVELS,
    MEANINGS,
    PRECEDENCE,
    STAFFING_CAUSES,
    CandidateType,
    cause_code,
)

TYPES = set(get_args(CandidateType))


def test_each_type_has_its_law_its_level_its_gates_and_its_duties():
    for table in (LEGAL_REFS, LEVELS, GATES, DUTIES):
        assert set(table) == TYPES


def test_the_instrument_is_named_with_each_regulation():
    assert all(ref.startswith("SI 2009/3112 reg 1") for ref in LEGAL_REFS.values())
    assert len(set(LEGAL_REFS.values())) == len(TYPES)


def test_each_type_is_notified_under_the_regulation_that_names_it() -> None:
    assert {kind: ref.removeprefix("SI 2009/3112 reg ") for kind, ref in LEGAL_REFS.items()} == {
        "DEATH": "16",
        "SERIOUS_INJURY": "18(2)(a)-(b)",
        "ABUSE_OR_ALLEGATION": "18(2)(e)",
        "POLICE": "18(2)(f)",
        "EVENT_STOPS_SERVICE": "18(2)(g)",
    }


def test_every_type_but_that_of_a_branchs_service_stands_in_the_order_of_gravity():
    assert PRECEDENCE == ("DEATH", "SERIOUS_INJURY", "ABUSE_OR_ALLEGATION", "POLICE")
    assert TYPES - set(PRECEDENCE) == {"EVENT_STOPS_SERVICE"}
    assert [LEVELS[kind] for kind in PRECEDENCE] == sorted((LEVELS[kind] for kind in PRECEDENCE), reverse=True)


def test_every_type_is_the_commissions_and_each_duty_once():
    for duties in DUTIES.values():
        assert duties[0] == "cqc"
        assert len(set(duties)) == len(duties)


def test_every_kind_that_can_be_reported_means_something_but_the_missed_visit_which_has_its_ladder():
    assert set(MEANINGS) == REPORTED_KINDS - {"missed_visit"}
    assert all(meaning.reason.endswith(".") for meaning in MEANINGS.values())


def test_what_belongs_to_an_incident_of_the_branch_threatens_its_service():
    of_branch = {kind for kind, meaning in MEANINGS.items() if meaning.incident is not None}
    assert of_branch == {kind for kind, meaning in MEANINGS.items() if meaning.candidate == "EVENT_STOPS_SERVICE"}


def test_nothing_that_is_late_or_short_can_be_opened_by_what_is_learnt_later():
    for kind in ("late_visit", "short_visit", "overrun", "client_absent_known", "carer_injured", "lone_worker_sos"):
        assert (MEANINGS[kind].candidate, MEANINGS[kind].opens) == (None, False)


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("Mass sickness", "mass_sickness"),
        ("mass-sickness", "mass_sickness"),
        ("  MASS__sickness ", "mass_sickness"),
        ("no\tcover", "no_cover"),
        ("", ""),
        (" - ", ""),
    ],
)
def test_a_cause_has_one_spelling_however_it_was_written(told: str, code: str):
    assert cause_code(told) == code


def test_the_causes_that_mean_want_of_staff_are_in_their_one_spelling():
    assert {cause_code(cause) for cause in STAFFING_CAUSES} == STAFFING_CAUSES
