"""Calls find their visits: hints, rostered carers, nearness, capacity, midnight."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from ecm.visits.domain import Visit
from tests.visits.visit_values import DAY, at, folded, kinds, only, plan, tap

NEXT = DAY + timedelta(days=1)


def arrivals(visits: Iterable[Visit]) -> dict[str, list[datetime | None]]:
    return {visit.visit: [stay.in_at for stay in visit.stays] for visit in visits}


def test_a_call_goes_to_the_nearest_visit_of_its_carer():
    planned = [plan("V-1", at("08:00")), plan("V-2", at("09:30"))]
    visits = folded(planned, [tap(1, "in", at("08:40")), tap(2, "out", at("09:10"))])
    assert arrivals(visits) == {"V-1": [at("08:40")], "V-2": []}


def test_the_rostered_carer_comes_before_the_nearer_visit():
    planned = [plan("V-1", at("08:00"), carers=("W-002",)), plan("V-2", at("09:30"))]
    visits = folded(planned, [tap(1, "in", at("08:10"))])
    assert arrivals(visits) == {"V-1": [], "V-2": [at("08:10")]}


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


def test_a_call_that_loses_its_best_visit_takes_the_next():
    planned = [plan("V-1", at("08:00")), plan("V-2", at("09:00"))]
    visits = folded(
        planned,
        [
            tap(1, "in", at("08:50")),
            tap(2, "out", at("08:58")),
            tap(3, "in", at("09:04")),
            tap(4, "out", at("09:30")),
        ],
    )
    assert arrivals(visits) == {"V-1": [at("08:50")], "V-2": [at("09:04")]}


def test_a_visit_takes_no_more_calls_than_carers_are_needed():
    planned = [plan("V-1", at("08:00"))]
    visits = folded(planned, [tap(1, "in", at("08:20")), tap(2, "in", at("08:01"), carer="W-009")])
    assert {visit.visit: visit.stays[0].carer for visit in visits} == {
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
    planned = [plan("V-1", at("08:00"), minutes=60), plan("V-2", at("09:10"))]
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
    double_up, unplanned = folded(planned, taps)
    assert "second_carer_missing" in kinds(double_up)
    assert [visit.stays[0].in_at for visit in (double_up, unplanned)] == [at("08:00"), at("08:20")]


def test_a_hint_to_yesterdays_visit_is_not_followed_today() -> None:
    visits = folded([plan("V-1", at("08:00"))], [tap(1, "in", at("08:00", NEXT), visit_hint="V-1")])
    assert arrivals(visits) == {"V-1": []}


def test_a_hint_to_a_visit_later_that_day_is_not_followed_even_where_no_other_is_near() -> None:
    visits = folded([plan("V-1", at("20:00"))], [tap(1, "in", at("08:01"), visit_hint="V-1")])
    assert arrivals(visits)["V-1"] == []
