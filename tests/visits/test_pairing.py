"""Taps become stays: pairing, repeats, lone arrivals and departures."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from ecm.visits.model import seconds_between
from ecm.words.civil_time import LONDON
from tests.visits.visit_values import at, folded, kinds, only, plan, tap, whole


def test_an_arrival_and_the_departure_after_it_make_one_call():
    visit = only(folded([plan("V-1", at("08:00"))], [tap(2, "out", at("08:31:07")), tap(1, "in", at("08:01:12"))]))
    (stay,) = visit.stays
    assert (stay.in_at, stay.out_at) == (at("08:01:12"), at("08:31:07"))
    assert stay.delivered_seconds == 29 * 60 + 55
    assert (stay.in_check_in, stay.out_check_in) == (
        "00000000-0000-0000-0000-000000000001/00000000-0000-0000-0000-000000000001",
        "00000000-0000-0000-0000-000000000001/00000000-0000-0000-0000-000000000002",
    )
    assert visit.exceptions == ()


def test_repeated_taps_within_five_minutes_merge_first_in_last_out():
    taps = [
        tap(1, "in", at("08:00")),
        tap(2, "in", at("08:05")),
        tap(3, "out", at("08:30")),
        tap(4, "out", at("08:35")),
    ]
    visit = only(folded([plan("V-1", at("08:00"))], taps))
    (stay,) = visit.stays
    assert (stay.in_at, stay.out_at) == (at("08:00"), at("08:35"))
    assert len(stay.repeat_check_ins) == 2
    assert [(made.kind, made.handling, made.carer) for made in visit.exceptions] == [
        ("duplicate", "acknowledge", "W-001")
    ]


def test_a_second_arrival_after_five_minutes_leaves_the_first_without_departure():
    taps = [tap(1, "in", at("08:00")), tap(2, "in", at("08:05:01")), tap(3, "out", at("08:30"))]
    visit = only(folded([plan("V-1", at("08:00"))], taps))
    assert kinds(visit) == {"no_out", "paused"}
    assert [(stay.in_at, stay.out_at) for stay in visit.stays] == [(at("08:00"), None), (at("08:05:01"), at("08:30"))]


@pytest.mark.parametrize(
    ("planned", "longest"), [(5, 245), (30, 270), (120, 360), (180, 540), (360, 1080), (500, 1500), (1440, 1500)]
)
def test_a_stay_may_last_as_long_as_its_visit_allows_and_not_a_second_more(planned: int, longest: int):
    visit, reached = plan("V-1", at("06:00"), minutes=planned), timedelta(minutes=longest)
    taps = [tap(1, "in", at("06:00")), tap(2, "out", at("06:00") + reached)]
    assert only(whole([visit], taps)).stays[0].delivered_seconds == longest * 60
    beyond = whole([visit], [taps[0], tap(2, "out", at("06:00") + reached + timedelta(seconds=1))])
    assert {visit.visit for visit in beyond} == {"V-1", "unplanned:00000000-0000-0000-0000-000000000002"}
    assert "no_out" in kinds(beyond[0])
    assert "no_in" in kinds(beyond[1])


def test_an_unplanned_stay_may_last_four_hours():
    taps = [tap(1, "in", at("06:00")), tap(2, "out", at("10:00"))]
    assert only(folded([], taps)).stays[0].delivered_seconds == 4 * 3600
    assert len(folded([], [taps[0], tap(2, "out", at("10:00:01"))])) == 2


@pytest.mark.parametrize("apart", [timedelta(seconds=1), timedelta(hours=2)])
def test_the_sequence_of_one_phone_decides_what_came_first_within_two_hours(apart: timedelta):
    taps = [tap(1, "in", at("10:00"), sequence=1), tap(2, "out", at("10:00") - apart, sequence=2)]
    visit = only(folded([plan("V-1", at("10:00"))], taps))
    assert (visit.stays[0].in_check_in, visit.stays[0].out_check_in) == (taps[0].ref, taps[1].ref)
    assert {"clock_skew", "times_reversed"} <= kinds(visit)
    assert visit.stays[0].delivered_seconds is None


def test_beyond_two_hours_and_between_phones_the_clock_decides():
    far = [tap(1, "in", at("10:00:01"), sequence=1), tap(2, "out", at("08:00"), sequence=2)]
    other = [tap(1, "in", at("10:00"), sequence=1), tap(2, "out", at("09:59"), sequence=2, device_id=UUID(int=2))]
    beside = [*other, tap(3, "in", at("05:00"), sequence=9), tap(4, "out", at("04:59"), sequence=8)]
    for taps, visits in ((far, 2), (other, 2), (beside, 4)):
        assert "clock_skew" not in {kind for visit in folded([], taps) for kind in kinds(visit)}
        assert len(folded([], taps)) == visits


def test_promise_5_the_same_check_in_given_twice_counts_once():
    taps = [tap(1, "in", at("08:00")), tap(2, "out", at("08:30"))]
    assert folded([plan("V-1", at("08:00"))], [*taps, *taps]) == folded([plan("V-1", at("08:00"))], taps)


def test_a_departure_alone_belongs_to_the_visit_that_should_have_ended_then():
    planned = [plan("V-1", at("08:00")), plan("V-2", at("08:45"))]
    first, second = folded(planned, [tap(1, "out", at("09:14"))])
    assert first.stays == ()
    assert second.stays[0].in_at is None
    assert [(made.kind, made.handling) for made in second.exceptions] == [("no_in", "fix")]


def test_two_carers_taps_never_pair_with_each_other():
    taps = [tap(1, "in", at("08:00")), tap(2, "out", at("08:30"), carer="W-002")]
    visits = folded([], taps)
    assert [kinds(visit) for visit in visits] == [{"no_out", "unscheduled"}, {"no_in", "unscheduled"}]


def test_taps_at_one_instant_are_taken_in_the_order_of_their_sequence():
    taps = [tap(2, "in", at("08:00"), sequence=1), tap(1, "out", at("08:00"), sequence=2)]
    assert only(folded([], taps)).stays[0].delivered_seconds == 0


def test_taps_at_one_instant_without_a_sequence_are_taken_in_the_order_of_their_ids():
    taps = [tap(1, "in", at("08:00")), tap(2, "out", at("08:00"))]
    assert only(folded([], taps)).stays[0].delivered_seconds == 0


def test_promise_2_an_id_that_two_phones_used_names_two_check_ins() -> None:
    taps = [tap(1, "in", at("08:00")), replace(tap(1, "out", at("08:30")), device_id=UUID(int=2))]
    assert only(folded([], taps)).stays[0].delivered_seconds == 1800


@pytest.mark.parametrize(
    ("day", "elapsed_hours"), [(date(2026, 3, 28), 1.5), (date(2026, 10, 24), 3.5), (date(2026, 11, 20), 2.5)]
)
def test_promise_8_a_visit_across_the_clock_change_is_paid_for_elapsed_time(day, elapsed_hours):
    next_day = day + timedelta(days=1)
    taps = [tap(1, "in", at("23:30", day)), tap(2, "out", at("02:00", next_day))]
    visit = only(folded([plan("V-1", at("23:30", day), minutes=150)], taps, day=day))
    assert visit.stays[0].delivered_seconds == elapsed_hours * 3600


def test_promise_8_seconds_between_are_elapsed_even_for_local_instants():
    start = datetime(2026, 10, 25, 0, 30, tzinfo=LONDON)
    end = datetime(2026, 10, 25, 2, 30, tzinfo=LONDON)
    assert seconds_between(start, end) == 3 * 3600


def test_promise_8_parts_of_a_second_are_dropped_and_the_result_is_an_integer():
    taps = [tap(1, "in", at("08:00")), tap(2, "out", at("08:30") + timedelta(microseconds=999_999))]
    seconds = only(folded([], taps)).stays[0].delivered_seconds
    assert (seconds, type(seconds)) == (1800, int)


def test_promise_3_a_clock_at_the_end_of_time_still_makes_a_visit():
    far = datetime(9999, 12, 31, 20, tzinfo=UTC)
    assert only(folded([], [tap(1, "in", far)], day=far.date())).stays[0].in_at == far
