"""Taps become stays: pairing, repeats, lone arrivals and departures."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from ecm.visits.domain import Limits
from ecm.visits.model import seconds_between
from ecm.words.civil_time import LONDON
from tests.visits.visit_values import at, folded, kinds, only, plan, tap


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
    planned_visit, unplanned_visit = sorted(
        folded([plan("V-1", at("08:00"))], taps), key=lambda visit: visit.planned_start is None
    )
    assert kinds(planned_visit) == {"no_out"}
    assert unplanned_visit.stays[0].in_at == at("08:05:01")
    assert "unscheduled" in kinds(unplanned_visit)


def test_a_departure_sixteen_hours_after_the_arrival_pairs_and_one_second_more_does_not():
    sleep_in = plan("V-1", at("06:00"), minutes=900)
    just = folded([sleep_in], [tap(1, "in", at("06:00")), tap(2, "out", at("22:00"))])
    assert only(just).stays[0].delivered_seconds == 16 * 3600
    beyond = folded([sleep_in], [tap(1, "in", at("06:00")), tap(2, "out", at("22:00:01"))])
    assert {visit.visit: kinds(visit) for visit in beyond} == {
        "V-1": {"no_out"},
        "unplanned:00000000-0000-0000-0000-000000000002": {"no_in", "unscheduled"},
    }


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


def test_taps_at_one_instant_are_taken_in_the_order_of_their_ids():
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


@pytest.mark.parametrize(
    "fields", [{"match_window_minutes": 121}, {"longest_visit_hours": 17}, {"repeat_tap_minutes": 6}]
)
def test_rules_that_would_reach_beyond_the_neighbouring_days_are_refused(fields):
    with pytest.raises(ValueError, match="must lie between"):
        Limits(**fields)
