"""Calls find their visits: hints, rostered carers, nearness, capacity, midnight."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from ecm.visits.domain import Visit
from tests.visits.visit_values import DAY, at, folded, kinds, only, plan, tap

NEXT = DAY + timedelta(days=1)


def arrivals(visits: Iterable[Visit]) -> dict[str, list[datetime | None]]:
    return {visit.visit: [stay.in_at for stay in visit.stays] for visit in visits}


def test_a_call_goes_to_the_nearest_visit_of_its_carer():
    planned = [plan("V-1", at("08:00")), plan("V-2", at("09:30"))]
    visits = folded(planned, [tap(1, "in", at("08:40")), tap(2, "out", at("09:10"))])
    assert arrivals(visits) == {"V-1": [at("08:40")], "V-2": []}


def test_of_two_visits_in_whose_own_time_an_arrival_lies_the_nearer_start_wins():
    planned = [plan("V-1", at("08:00"), minutes=60), plan("V-2", at("08:40"))]
    for arrived, home in (("08:19", "V-1"), ("08:21", "V-2"), ("08:20", "V-1")):
        assert arrivals(folded(planned, [tap(1, "in", at(arrived))]))[home] == [at(arrived)]


def test_the_rostered_carer_comes_before_the_nearer_visit():
    planned = [plan("V-1", at("08:00"), minutes=60, carers=("W-002",)), plan("V-2", at("08:20"))]
    assert arrivals(folded(planned, [tap(1, "in", at("08:05"))])) == {"V-1": [], "V-2": [at("08:05")]}
    beyond = [plan("V-1", at("08:00"), carers=("W-002",)), plan("V-2", at("10:00"))]
    assert arrivals(folded(beyond, [tap(1, "in", at("08:45"))])) == {"V-1": [], "V-2": [at("08:45")]}


def test_who_stands_in_in_a_visits_own_time_is_not_early_for_a_later_one():
    planned = [plan("V-1", at("08:00"), carers=("W-002",)), plan("V-2", at("09:30"))]
    assert arrivals(folded(planned, [tap(1, "in", at("08:10"))])) == {"V-1": [at("08:10")], "V-2": []}


def test_a_hint_comes_before_the_rostered_carer_and_the_nearer_visit():
    planned = [plan("V-1", at("08:00"), carers=("W-002",)), plan("V-2", at("09:45"))]
    visits = folded(planned, [tap(1, "in", at("09:45"), visit_hint="V-1")])
    assert arrivals(visits) == {"V-1": [at("09:45")], "V-2": []}


def test_a_hint_holds_for_the_rest_of_the_day_where_no_visit_is_near():
    planned = [plan("V-1", at("08:00")), plan("V-2", at("18:00"))]
    (made_good, _) = folded(planned, [tap(1, "in", at("13:00"), visit_hint="V-1"), tap(2, "out", at("13:30"))])
    assert (made_good.visit, made_good.stays[0].delivered_seconds) == ("V-1", 1800)
    departed = folded(planned, [tap(1, "out", at("13:30"), visit_hint="V-1")])
    assert [(visit.visit, len(visit.stays)) for visit in departed] == [("V-1", 1), ("V-2", 0)]


def test_a_hint_to_a_far_visit_picked_by_mistake_leaves_no_other_visit_missed():
    planned = [plan("V-1", at("08:00")), plan("V-2", at("18:00"))]
    taps = [tap(1, "in", at("08:01")), tap(2, "out", at("08:30")), tap(3, "in", at("18:02"), visit_hint="V-1")]
    assert arrivals(folded(planned, taps)) == {"V-1": [at("08:01")], "V-2": [at("18:02")]}


def test_a_hint_to_a_visit_later_that_day_or_unknown_is_not_followed():
    planned = [plan("V-1", at("20:00")), plan("V-2", at("08:00"))]
    for hint in ("V-1", "V-9"):
        visits = folded(planned, [tap(1, "in", at("08:01"), visit_hint=hint)])
        assert arrivals(visits) == {"V-2": [at("08:01")], "V-1": []}


def test_the_match_window_is_inclusive_and_beyond_it_a_call_is_unscheduled():
    planned = [plan("V-1", at("08:00"))]
    assert arrivals(folded(planned, [tap(1, "in", at("10:00"))])) == {"V-1": [at("10:00")]}
    beyond = folded(planned, [tap(1, "in", at("10:00:01"))])
    assert arrivals(beyond) == {
        "V-1": [],
        "unplanned:00000000-0000-0000-0000-000000000001": [at("10:00:01")],
    }
    assert [(made.kind, made.handling) for made in beyond[1].exceptions] == [
        ("no_out", "fix"),
        ("unscheduled", "acknowledge"),
    ]


def test_a_call_that_was_over_before_the_next_was_due_makes_up_for_the_one_before():
    planned = [plan("V-1", at("08:00")), plan("V-2", at("09:00"))]
    late_and_next = [
        tap(1, "in", at("08:50")),
        tap(2, "out", at("08:58")),
        tap(3, "in", at("09:04")),
        tap(4, "out", at("09:30")),
    ]
    assert arrivals(folded(planned, late_and_next)) == {"V-1": [at("08:50")], "V-2": [at("09:04")]}
    one_call = [tap(1, "in", at("08:58")), tap(2, "out", at("09:02")), *late_and_next[2:]]
    assert arrivals(folded(planned, one_call)) == {"V-1": [], "V-2": [at("08:58"), at("09:04")]}


def test_two_calls_too_long_for_one_visit_are_two():
    planned = [plan("V-1", at("08:00")), plan("V-2", at("08:40"))]
    taps = [
        tap(1, "in", at("08:35")),
        tap(2, "out", at("09:04")),
        tap(3, "in", at("09:06")),
        tap(4, "out", at("09:36")),
    ]
    assert arrivals(folded(planned, taps)) == {"V-1": [at("08:35")], "V-2": [at("09:06")]}


def test_a_visit_has_no_more_slots_than_carers_are_needed_and_who_else_is_there_looks_on():
    planned = [plan("V-1", at("08:00"))]
    taps = [tap(1, "in", at("08:20")), tap(2, "in", at("08:01"), carer="W-009")]
    visit = only(folded(planned, taps))
    assert {stay.carer: stay.slot for stay in visit.stays} == {"W-001": 0, "W-009": None}
    assert ("looking_on", "W-009") in {(made.kind, made.carer) for made in visit.exceptions}


def test_beyond_its_own_time_a_visit_takes_no_more_carers_than_it_has_seats():
    planned = [plan("V-1", at("08:00"))]
    taps = [tap(1, "in", at("08:40")), tap(2, "in", at("08:41"), carer="W-009")]
    assert {visit.visit: visit.stays[0].carer for visit in folded(planned, taps)} == {
        "V-1": "W-001",
        "unplanned:00000000-0000-0000-0000-000000000002": "W-009",
    }


def test_a_replacement_is_a_call_of_the_visit_and_says_so():
    visit = only(folded([plan("V-1", at("08:00"))], [tap(1, "in", at("08:01"), carer="W-009")]))
    assert ("carer_replaced", "acknowledge", "W-009") in {
        (made.kind, made.handling, made.carer) for made in visit.exceptions
    }


def test_a_call_prefers_a_visit_that_still_stands_to_a_cancelled_one():
    planned = [plan("V-1", at("08:00"), cancelled="cancelled_in_notice"), plan("V-2", at("08:30"))]
    visits = folded(planned, [tap(1, "in", at("08:01"))])
    assert arrivals(visits) == {"V-1": [], "V-2": [at("08:01")]}


def test_a_visit_over_midnight_belongs_to_the_day_of_its_planned_start_from_both_sides():
    planned = [plan("V-1", at("23:50"))]
    taps = [tap(1, "in", at("00:02", NEXT)), tap(2, "out", at("00:30", NEXT))]
    assert only(folded(planned, taps)).stays[0].delivered_seconds == 28 * 60
    assert folded(planned, taps, day=NEXT) == ()


def test_an_early_arrival_before_midnight_belongs_to_the_visit_after_it():
    planned = [plan("V-1", at("00:05", NEXT))]
    taps = [tap(1, "in", at("23:55")), tap(2, "out", at("00:30", NEXT))]
    assert folded(planned, taps) == ()
    assert only(folded(planned, taps, day=NEXT)).stays[0].in_at == at("23:55")


def test_an_unplanned_visit_over_midnight_belongs_to_the_day_of_its_arrival():
    taps = [tap(1, "in", at("23:50")), tap(2, "out", at("00:20", NEXT))]
    assert only(folded([], taps)).day == DAY
    assert folded([], taps, day=NEXT) == ()


def test_what_belongs_to_another_client_is_left_out_of_account():
    other = "C-0002"
    assert folded([plan("V-1", at("08:00"), client=other)], [tap(1, "in", at("08:00"), client=other)]) == ()


def test_a_hint_of_a_lone_departure_comes_before_the_nearer_planned_end() -> None:
    planned = [plan("V-1", at("08:00")), plan("V-2", at("09:00"))]
    first, second = folded(planned, [tap(1, "out", at("09:29"), visit_hint="V-1")])
    assert (len(first.stays), len(second.stays)) == (1, 0)


def test_a_lone_departure_is_measured_by_the_planned_end_and_not_by_the_start() -> None:
    planned = [plan("V-1", at("08:00"), minutes=60), plan("V-2", at("08:50"), minutes=60)]
    first, second = folded(planned, [tap(1, "out", at("09:02"))])
    assert (len(first.stays), len(second.stays)) == (1, 0)


def test_a_stay_whose_best_visit_another_carer_took_goes_to_the_next() -> None:
    planned = [plan("V-1", at("08:00"), carers=("W-009",)), plan("V-2", at("09:00"))]
    taps = [tap(1, "in", at("08:50"), carer="W-008"), tap(2, "in", at("09:04"))]
    assert arrivals(folded(planned, taps)) == {"V-1": [at("08:50")], "V-2": [at("09:04")]}


def test_one_carer_never_fills_a_double_up_alone_and_the_second_stay_is_not_lost() -> None:
    planned = [plan("V-1", at("08:00"), carers=("W-001", "W-002"), carers_needed=2)]
    taps = [
        tap(1, "in", at("08:00")),
        tap(2, "out", at("08:10")),
        tap(3, "in", at("08:20")),
        tap(4, "out", at("08:30")),
    ]
    double_up = only(folded(planned, taps))
    assert {"second_carer_missing", "paused"} <= kinds(double_up)
    assert [(stay.in_at, stay.slot) for stay in double_up.stays] == [(at("08:00"), 0), (at("08:20"), 0)]


@pytest.mark.parametrize(
    ("back", "home"),
    [("08:59", "V-1"), ("09:00", "V-1"), ("09:01", "V-2")],
)
def test_who_comes_back_within_half_an_hour_to_a_call_that_is_not_finished_had_not_left_it(
    back: str, home: str
) -> None:
    planned = [plan("V-1", at("08:00")), plan("V-2", at("10:00"))]
    taps = [tap(1, "in", at("08:20")), tap(2, "out", at("08:30")), tap(3, "in", at(back))]
    assert at(back) in arrivals(folded(planned, taps))[home]


def test_who_comes_back_to_a_call_that_is_finished_has_begun_another() -> None:
    planned = [plan("V-1", at("08:00")), plan("V-2", at("10:00"))]
    taps = [tap(1, "in", at("08:00")), tap(2, "out", at("08:32")), tap(3, "in", at("08:40"))]
    assert arrivals(folded(planned, taps)) == {"V-1": [at("08:00")], "V-2": [at("08:40")]}


def test_a_visit_planned_in_error_takes_no_stay() -> None:
    planned = [plan("V-1", at("08:00"), cancelled="planned_in_error"), plan("V-2", at("08:30"))]
    taps = [tap(1, "in", at("08:00"), visit_hint="V-1"), tap(2, "out", at("08:30"))]
    assert arrivals(folded(planned, taps)) == {"V-1": [], "V-2": [at("08:00")]}


def test_two_visits_made_in_one_stay_share_its_time_and_name_each_other() -> None:
    planned = [plan("V-1", at("08:00")), plan("V-2", at("08:30")), plan("V-3", at("09:10"))]
    first, second, third = folded(planned, [tap(1, "in", at("08:02")), tap(2, "out", at("09:05"))])
    assert [visit.stays[0].delivered_seconds for visit in (first, second)] == [28 * 60, 35 * 60]
    assert [made.between for made in second.exceptions if made.kind == "shared_stay"] == [("visit V-1",)]
    assert third.stays == ()


def test_a_stay_is_shared_from_half_of_the_planned_time_on() -> None:
    planned = [plan("V-1", at("08:00")), plan("V-2", at("08:30"))]
    for left, shared in (("08:45", True), ("08:44:59", False)):
        visits = folded(planned, [tap(1, "in", at("08:00")), tap(2, "out", at(left))])
        assert bool(visits[1].stays) is shared


def test_a_hint_to_yesterdays_visit_is_not_followed_today() -> None:
    visits = folded([plan("V-1", at("08:00"))], [tap(1, "in", at("08:00", NEXT), visit_hint="V-1")])
    assert arrivals(visits) == {"V-1": []}


def test_a_hint_to_a_visit_later_that_day_is_not_followed_even_where_no_other_is_near() -> None:
    visits = folded([plan("V-1", at("20:00"))], [tap(1, "in", at("08:01"), visit_hint="V-1")])
    assert arrivals(visits)["V-1"] == []


def test_a_seat_taken_in_its_own_time_is_taken() -> None:
    planned = [plan("V-1", at("08:00"), carers=()), plan("V-2", at("09:30"), carers=())]
    taps = [tap(1, "in", at("08:00")), tap(2, "in", at("08:40"), carer="W-009")]
    assert arrivals(folded(planned, taps)) == {"V-1": [at("08:00")], "V-2": [at("08:40")]}


def test_a_carer_who_has_been_takes_no_second_seat() -> None:
    planned = [plan("V-1", at("08:00"), carers=("W-001", "W-002"), carers_needed=2)]
    taps = [tap(1, "in", at("08:00")), tap(2, "out", at("08:31")), tap(3, "in", at("09:10"))]
    assert arrivals(folded(planned, taps))["V-1"] == [at("08:00")]


def test_a_lone_departure_belongs_to_a_visit_until_two_hours_after_its_planned_end() -> None:
    planned = [plan("V-1", at("08:00")), plan("V-2", at("20:00"), minutes=240)]
    for left, theirs in (("10:30", 1), ("10:30:01", 0)):
        visits = {visit.visit: visit for visit in folded(planned, [tap(1, "out", at(left))])}
        assert len(visits["V-1"].stays) == theirs
