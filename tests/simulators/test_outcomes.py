from datetime import date, datetime, timedelta

import pytest

from simulators.outcomes import KnownStay, days_bought, paid_minutes, status_of
from simulators.roster import Commission, PlannedVisit

EIGHT = datetime.fromisoformat("2026-11-20T08:00:00+00:00")


def visit(carers: tuple[str, ...] = ("W-1",), minutes: int = 30) -> PlannedVisit:
    return PlannedVisit("V-1", "C-1", "K-1", EIGHT, minutes, carers, None)


def bought(contract: str, carers: int = 1) -> Commission:
    return Commission("K-1", "C-1", contract, "08:00", 30, carers, False, False)


def stayed(carer: str, minutes: int, seconds: int = 0, after: int = 0) -> KnownStay:
    arrived = EIGHT + timedelta(minutes=after)
    return KnownStay(carer, arrived, arrived + timedelta(minutes=minutes, seconds=seconds), "located", "located")


@pytest.mark.parametrize(
    ("minutes", "seconds", "banded", "by_the_minute"),
    [(30, 40, 30, 30), (24, 50, 30, 24), (22, 59, 15, 22), (7, 0, 0, 7), (41, 0, 30, 30), (26, 0, 30, 26)],
)
def test_paid_minutes_follow_the_worked_examples(minutes, seconds, banded, by_the_minute):
    stays = [stayed("W-1", minutes, seconds)]
    assert paid_minutes(bought("A"), stays, "done", 1) == banded
    assert paid_minutes(bought("B"), stays, "done", 1) == by_the_minute


def test_unused_minutes_of_the_week_pay_for_a_longer_visit():
    assert paid_minutes(bought("B"), [stayed("W-1", 41)], "done", 2) == 41
    assert paid_minutes(bought("A"), [stayed("W-1", 41)], "done", 2) == 30


@pytest.mark.parametrize(("day", "days"), [(15, 7), (16, 6), (20, 2), (21, 1)])
def test_a_week_begins_on_sunday(day, days):
    assert days_bought(date(2026, 11, day)) == days


def test_a_second_carer_is_paid_for_the_time_together():
    stays = [stayed("W-1", 30), stayed("W-2", 18, after=13)]
    assert paid_minutes(bought("A", carers=2), stays, "done", 1) == 30 + 15
    assert paid_minutes(bought("B", carers=2), stays, "done", 1) == 30 + 17


def test_a_missed_visit_pays_nothing_even_when_made_good():
    assert paid_minutes(bought("A"), [stayed("W-9", 30, after=300)], "missed", 1) == 0


def test_a_visit_with_no_end_pays_nothing():
    stays = [KnownStay("W-1", EIGHT, None, "located", None)]
    assert paid_minutes(bought("A"), stays, "done", 1) == 0
    assert paid_minutes(bought("B"), stays, "done", 1) == 0


@pytest.mark.parametrize(
    ("after", "expected"),
    [(0, "due"), (30, "due"), (31, "late"), (61, "presumed_missed"), (240, "missed")],
)
def test_a_visit_nobody_came_to_goes_from_due_to_missed(after, expected):
    following = PlannedVisit("V-2", "C-1", "K-2", EIGHT + timedelta(hours=4), 30, ("W-1",), None)
    assert status_of(visit(), [], following, EIGHT + timedelta(minutes=after)) == expected


def test_the_late_window_includes_its_boundary():
    now = EIGHT + timedelta(hours=3)
    assert status_of(visit(), [stayed("W-1", 30, after=30)], None, now) == "done"
    assert status_of(visit(), [stayed("W-1", 30, after=31)], None, now) == "done_late"


def test_care_after_the_next_planned_visit_leaves_the_visit_missed():
    following = PlannedVisit("V-2", "C-1", "K-2", EIGHT + timedelta(hours=1), 30, ("W-1",), None)
    now = EIGHT + timedelta(hours=3)
    assert status_of(visit(), [stayed("W-9", 30, after=90)], following, now) == "missed"
    assert status_of(visit(), [stayed("W-9", 30, after=59)], following, now) == "done_late"


def test_without_an_out_tap_the_visit_goes_on_for_an_hour_after_its_planned_length():
    stays = [KnownStay("W-1", EIGHT, None, "located", None)]
    assert status_of(visit(), stays, None, EIGHT + timedelta(minutes=90)) == "in_progress"
    assert status_of(visit(), stays, None, EIGHT + timedelta(minutes=91)) == "done"
