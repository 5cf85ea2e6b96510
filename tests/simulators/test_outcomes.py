from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from simulators.outcomes import days_bought, paid_minutes, status_of
from simulators.roster import Commission, PlannedVisit
from simulators.slots import KnownStay, slots_of

EIGHT = datetime.fromisoformat("2026-11-20T08:00:00+00:00")
PAIR = ("W-1", "W-2")


def visit(carers: tuple[str, ...] = ("W-1",), minutes: int = 30) -> PlannedVisit:
    return PlannedVisit("V-1", "C-1", "K-1", EIGHT, minutes, carers, None)


def bought(contract: str, carers: int = 1) -> Commission:
    return Commission("K-1", "C-1", contract, "08:00", 30, carers, False, False, date(2026, 11, 20), "MTWTFSS")


def stayed(carer: str, minutes: int, seconds: int = 0, after: int = 0) -> KnownStay:
    arrived = EIGHT + timedelta(minutes=after)
    return KnownStay(carer, arrived, arrived + timedelta(minutes=minutes, seconds=seconds), "located", "located")


@pytest.mark.parametrize(
    ("minutes", "seconds", "banded", "by_the_minute"),
    [(30, 40, 30, 30), (24, 50, 30, 24), (22, 59, 15, 22), (7, 0, 0, 7), (41, 0, 30, 30), (26, 0, 30, 26)],
)
def test_paid_minutes_follow_the_worked_examples(minutes, seconds, banded, by_the_minute):
    stays = [stayed("W-1", minutes, seconds)]
    assert paid_minutes(visit(), bought("A"), stays, "done", 1) == banded
    assert paid_minutes(visit(), bought("B"), stays, "done", 1) == by_the_minute


def test_unused_minutes_of_the_week_pay_for_a_longer_visit():
    assert paid_minutes(visit(), bought("B"), [stayed("W-1", 41)], "done", 2) == 41
    assert paid_minutes(visit(), bought("A"), [stayed("W-1", 41)], "done", 2) == 30


@pytest.mark.parametrize(("day", "days"), [(15, 7), (16, 6), (20, 2), (21, 1)])
def test_a_week_begins_on_sunday(day, days):
    first_day = date(2026, 11, day)
    assert days_bought(replace(bought("B"), first_day=first_day), first_day) == days


@pytest.mark.parametrize(("marked", "days"), [("MTWTFSS", 7), ("---T---", 1), ("------S", 1), ("MTWTF--", 5)])
def test_a_week_counts_the_days_that_a_commission_buys(marked, days):
    every_week = replace(bought("B"), first_day=date(2026, 1, 1), days=marked)
    assert days_bought(every_week, date(2026, 11, 19)) == days


def test_a_second_carer_is_paid_for_the_time_together():
    stays = [stayed("W-1", 30), stayed("W-2", 18, after=13)]
    assert paid_minutes(visit(PAIR), bought("A", carers=2), stays, "done", 1) == 30 + 15
    assert paid_minutes(visit(PAIR), bought("B", carers=2), stays, "done", 1) == 30 + 17


def test_the_first_of_two_who_forgets_the_out_tap_takes_nothing_from_the_second():
    forgot = KnownStay("W-1", EIGHT, None, "located", None)
    stays = [forgot, stayed("W-2", 28, after=1)]
    assert paid_minutes(visit(PAIR), bought("B", carers=2), stays, "end_unknown", 1) == 28
    assert slots_of(visit(PAIR), stays) == ([[stays[1]], [forgot]], [])


def test_a_slot_counts_the_time_in_which_somebody_was_there_once():
    left_and_back = [stayed("W-1", 10), stayed("W-1", 15, after=19)]
    assert paid_minutes(visit(), bought("B"), left_and_back, "done", 1) == 25
    handed_over = [stayed("W-1", 16), stayed("W-9", 20, after=12)]
    assert paid_minutes(visit(), bought("B"), handed_over, "done", 3) == 32


@pytest.mark.parametrize(("overlap", "slots"), [(0, 2), (10, 2), (11, 1)])
def test_a_hand_over_is_ten_minutes_at_most_and_more_is_looking_on(overlap, slots):
    stays = [stayed("W-1", 20), stayed("W-9", 20, after=20 - overlap)]
    [slot], looking_on = slots_of(visit(), stays)
    assert len(slot) == slots
    assert looking_on == stays[slots:]
    assert paid_minutes(visit(), bought("B"), stays, "done", 3) == (20 if slots == 1 else 40 - overlap)


def test_a_missed_visit_pays_nothing_even_when_made_good():
    assert paid_minutes(visit(), bought("A"), [stayed("W-9", 30, after=300)], "missed", 1) == 0


def test_a_visit_with_no_end_pays_nothing():
    stays = [KnownStay("W-1", EIGHT, None, "located", None)]
    assert paid_minutes(visit(), bought("A"), stays, "done", 1) == 0
    assert paid_minutes(visit(), bought("B"), stays, "done", 1) == 0


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


def test_no_visit_is_missed_before_its_planned_end_nor_within_an_hour():
    soon = PlannedVisit("V-2", "C-1", "K-2", EIGHT + timedelta(minutes=45), 30, ("W-1",), None)
    for minutes, missed_from in ((30, 60), (90, 90)):
        planned = visit(minutes=minutes)
        before, after = (EIGHT + timedelta(minutes=missed_from + more) for more in (-1, 0))
        assert status_of(planned, [], soon, before) != "missed"
        assert status_of(planned, [], soon, after) == "missed"


def test_who_comes_to_a_sleep_in_after_the_hour_of_missing_has_come_late():
    night = PlannedVisit("V-1", "C-1", "K-1", EIGHT + timedelta(hours=14), 540, ("W-1",), None)
    stays = [stayed("W-1", 475, after=15 * 60 + 5)]
    assert status_of(night, stays, None, EIGHT + timedelta(days=1)) == "done_late"


def test_without_an_out_tap_the_visit_goes_on_for_an_hour_after_its_planned_length():
    stays = [KnownStay("W-1", EIGHT, None, "located", None)]
    assert status_of(visit(), stays, None, EIGHT + timedelta(minutes=90)) == "in_progress"
    assert status_of(visit(), stays, None, EIGHT + timedelta(minutes=91)) == "end_unknown"
