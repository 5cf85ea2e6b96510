from datetime import datetime, timedelta

import pytest

from simulators.contradictions import Said, contradictions, planned, told
from simulators.roster import PlannedVisit
from simulators.slots import KnownStay

EIGHT = datetime.fromisoformat("2026-11-20T08:00:00+00:00")


def said(errand: str, client: str, since: int, until: int, carer: str = "W-1") -> Said:
    return Said(errand, client, carer, EIGHT + timedelta(minutes=since), EIGHT + timedelta(minutes=until))


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        (said("V-2", "C-2", 28, 60), "two_homes_at_once"),
        (said("V-2", "C-1", 28, 60), "overlapping_stays"),
        (said("V-2", "C-2", 29, 60), None),
        (said("V-2", "C-2", 5, 60, "W-2"), None),
    ],
)
def test_one_carer_is_in_one_home_at_a_time_give_or_take_a_minute(other, kind):
    found = contradictions([said("V-1", "C-1", 0, 30), other], [], [])
    assert found == ({"V-1": {kind}, "V-2": {kind}} if kind else {})


def test_a_phone_shown_within_a_stay_elsewhere_was_in_two_homes():
    assert contradictions([], [said("V-1", "C-1", 0, 30), said("V-2", "C-2", 20, 50)], []) == {
        "V-1": {"phone_in_two_homes"},
        "V-2": {"phone_in_two_homes"},
    }


def test_a_stay_without_an_end_says_only_that_the_carer_was_there_then():
    stays = told("V-1", "C-1", [KnownStay("W-1", EIGHT, None, "located", None)])
    assert [(each.since, each.until) for each in stays] == [(EIGHT, EIGHT)]


@pytest.mark.parametrize(("cancelled", "kinds"), [(None, {"V-1", "V-2"}), ("hospital", set())])
def test_a_carer_can_be_planned_once_at_a_time_unless_one_visit_is_off(cancelled, kinds):
    plans = [
        PlannedVisit("V-1", "C-1", "K-1", EIGHT, 30, ("W-1",), None),
        PlannedVisit("V-2", "C-2", "K-2", EIGHT + timedelta(minutes=15), 30, ("W-1", "W-2"), cancelled),
    ]
    assert set(contradictions([], [], planned(plans))) == kinds
