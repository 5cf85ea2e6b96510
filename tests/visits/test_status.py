"""The state of a visit as time passes, the alerts that are due, and when to look again."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from ecm.visits.domain import (
    FAR,
    CheckIn,
    Status,
    Visit,
    alerts_due,
    exceptions_at,
    fold,
    next_change,
    next_planned_start,
    status,
)
from tests.visits.visit_values import CLIENT, DAY, LIMITS, amend, at, folded, kinds, only, plan, tap

LUNCH = at("12:00")


def visit_with(*taps: CheckIn, start: str = "08:00", **fields: Any) -> Visit:
    return only(folded([plan("V-1", at(start), **fields)], taps))


def state(visit: Visit, clock: str, next_start: datetime | None = LUNCH) -> Status:
    return status(visit, at(clock), LIMITS, next_start)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("06:00", "due"),
        ("08:30", "due"),
        ("08:30:01", "late"),
        ("08:59:59", "late"),
        ("09:00", "presumed_missed"),
        ("11:59:59", "presumed_missed"),
        ("12:00", "missed"),
    ],
)
def test_a_visit_nobody_came_to_goes_from_due_to_missed(clock, expected):
    assert state(visit_with(), clock) == expected


def test_without_a_next_visit_a_visit_is_missed_at_23_local_time_also_in_summer():
    visit = visit_with()
    assert state(visit, "22:59:59", None) == "presumed_missed"
    assert state(visit, "23:00", None) == "missed"
    summer = date(2026, 7, 1)
    visit = only(folded([plan("V-1", at("20:00", summer))], day=summer))
    assert status(visit, at("22:59:59", summer), LIMITS, None) == "presumed_missed"
    assert status(visit, at("23:00", summer), LIMITS, None) == "missed"


@pytest.mark.parametrize(
    ("start", "minutes", "next_start", "missed_from"),
    [
        ("22:45", 30, None, "23:45"),
        ("22:45", 45, None, "23:45"),
        ("22:30", 75, None, "23:45"),
        ("08:00", 30, "08:15", "09:00"),
        ("08:00", 90, "08:30", "09:30"),
        ("08:00", 30, "09:30", "09:30"),
    ],
)
def test_a_visit_is_never_missed_before_its_planned_end_nor_within_an_hour(start, minutes, next_start, missed_from):
    visit, following = visit_with(start=start, minutes=minutes), None if next_start is None else at(next_start)
    before = at(missed_from) - timedelta(seconds=1)
    assert status(visit, before, LIMITS, following) in {"late", "presumed_missed"}
    assert status(visit, at(missed_from), LIMITS, following) == "missed"
    out = tap(2, "out", at(missed_from) + timedelta(minutes=30))
    just_in_time = visit_with(tap(1, "in", before, visit_hint="V-1"), out, start=start, minutes=minutes)
    assert status(just_in_time, out.occurred_at, LIMITS, following) == "done_late"


def test_a_sleep_in_begun_an_hour_late_is_done_late():
    night = [plan("V-1", at("22:00"), minutes=540)]
    morning = DAY + timedelta(days=1)
    taps = [tap(1, "in", at("23:05")), tap(2, "out", at("07:00", morning))]
    visit = fold(CLIENT, DAY, night, taps, (), LIMITS, FAR)[0]
    assert status(visit, at("09:00", morning), LIMITS, None) == "done_late"
    assert visit.stays[0].delivered_seconds == (7 * 60 + 55) * 60


def test_an_arrival_within_the_late_window_is_in_progress_then_done():
    arrival = tap(1, "in", at("08:30"))
    assert state(visit_with(arrival), "08:40") == "in_progress"
    assert state(visit_with(arrival, tap(2, "out", at("09:00"))), "09:00") == "done"


def test_promise_5_a_late_check_in_turns_presumed_missed_into_done_late_and_disproves_the_alert():
    assert state(visit_with(), "09:30") == "presumed_missed"
    assert alerts_due(visit_with(), at("09:30"), LIMITS, LUNCH) == ("late_visit", "missed_visit")
    taps = (tap(1, "in", at("08:31")), tap(2, "out", at("09:00")))
    assert state(visit_with(*taps), "09:30") == "done_late"
    assert alerts_due(visit_with(*taps), at("09:30"), LIMITS, LUNCH) == ("late_visit",)
    on_time = (tap(1, "in", at("08:02")), tap(2, "out", at("08:30")))
    assert state(visit_with(*on_time), "23:30") == "done"
    assert alerts_due(visit_with(*on_time), at("23:30"), LIMITS, LUNCH) == ()


def test_an_arrival_at_the_very_instant_at_which_a_visit_is_missed_comes_too_late_and_one_before_it_does_not():
    out = tap(2, "out", at("12:30"))
    at_the_instant = visit_with(tap(1, "in", at("12:00"), visit_hint="V-1"), out)
    just_before = visit_with(tap(1, "in", at("11:59:59"), visit_hint="V-1"), out)
    assert state(just_before, "23:30") == "done_late"
    assert alerts_due(just_before, at("23:30"), LIMITS, LUNCH) == ("late_visit",)
    assert state(at_the_instant, "23:30") == "missed"
    assert alerts_due(at_the_instant, at("23:30"), LIMITS, LUNCH) == ("late_visit", "missed_visit")


def test_a_visit_made_good_after_the_next_planned_one_stays_missed():
    taps = (tap(1, "in", at("12:10"), visit_hint="V-1"), tap(2, "out", at("12:40")))
    assert visit_with(*taps).stays[0].delivered_seconds == 1800
    assert state(visit_with(*taps), "12:50") == "missed"
    assert state(visit_with(taps[0]), "12:20") == "in_progress"
    assert alerts_due(visit_with(taps[0]), at("12:20"), LIMITS, LUNCH) == ("late_visit", "missed_visit")


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        ("08:30", ()),
        ("08:30:01", ("late_visit",)),
        ("08:59:59", ("late_visit",)),
        ("09:00", ("late_visit", "missed_visit")),
        ("23:30", ("late_visit", "missed_visit")),
    ],
)
def test_alerts_are_due_from_their_boundaries_on(clock, expected):
    assert alerts_due(visit_with(), at(clock), LIMITS, LUNCH) == expected


def test_a_cancelled_or_unplanned_visit_raises_no_alert():
    cancelled = visit_with(cancelled="hospital")
    assert (state(cancelled, "10:00"), alerts_due(cancelled, at("10:00"), LIMITS, None)) == ("cancelled", ())
    unplanned = only(folded([], [tap(1, "in", at("08:00"))]))
    assert alerts_due(unplanned, at("23:30"), LIMITS, None) == ()


def test_a_forgotten_departure_stops_being_in_progress_and_then_asks_to_be_fixed():
    visit = visit_with(tap(1, "in", at("08:00")))
    assert kinds(visit) == {"no_out"}
    assert (state(visit, "09:30"), exceptions_at(visit, at("09:30"), LIMITS)) == ("in_progress", ())
    assert state(visit, "09:30:01") == "end_unknown"
    assert exceptions_at(visit, at("09:30:01"), LIMITS) == visit.exceptions


def test_an_unplanned_visit_is_in_progress_for_four_hours():
    visit = only(folded([], [tap(1, "in", at("06:00"))]))
    assert status(visit, at("10:00"), LIMITS, None) == "in_progress"
    assert status(visit, at("10:00:01"), LIMITS, None) == "end_unknown"


def test_a_second_carer_is_awaited_until_the_late_window_has_passed():
    visit = visit_with(tap(1, "in", at("08:00")), tap(2, "out", at("08:25")), carers_needed=2)
    assert exceptions_at(visit, at("08:30"), LIMITS) == ()
    assert exceptions_at(visit, at("08:30:01"), LIMITS) == visit.exceptions


def test_an_amendment_that_shows_somebody_came_ends_the_wait():
    amendments = [amend(1, "V-1", in_at=at("08:00"), out_at=at("08:30"))]
    visit = only(folded([plan("V-1", at("08:00"))], [], amendments))
    assert state(visit, "23:30") == "done"


def test_looking_again_only_at_the_next_change_misses_no_change():
    visits = [visit_with(), visit_with(tap(1, "in", at("08:10"))), visit_with(start="22:45")]
    for visit in visits:
        moment: datetime | None = at("06:00")
        assert moment is not None
        seen = {moment: (status(visit, moment, LIMITS, LUNCH), alerts_due(visit, moment, LIMITS, LUNCH))}
        while (moment := next_change(visit, moment, LIMITS, LUNCH)) is not None:
            seen[moment] = (status(visit, moment, LIMITS, LUNCH), alerts_due(visit, moment, LIMITS, LUNCH))
        current = None
        around = {change + timedelta(seconds=off) for change in seen for off in (-1, 0, 1)}
        passing = {at("06:00") + timedelta(seconds=second) for second in range(0, 20 * 3600, 30)}
        for now in sorted(moment for moment in around | passing if moment >= at("06:00")):
            current = seen.get(now, current)
            assert (status(visit, now, LIMITS, LUNCH), alerts_due(visit, now, LIMITS, LUNCH)) == current


def test_a_cancelled_visit_never_changes_by_itself():
    assert next_change(visit_with(cancelled="hospital"), at("06:00"), LIMITS, LUNCH) is None


def test_the_next_planned_visit_skips_cancelled_ones_and_those_at_the_same_time():
    planned = [
        plan("V-1", at("08:00")),
        plan("V-2", at("08:00")),
        plan("V-3", at("10:00"), cancelled="hospital"),
        plan("V-4", at("12:00")),
        plan("V-5", at("09:00"), client="C-0002"),
    ]
    visits = folded(planned)
    assert [next_planned_start(visit, planned) for visit in visits] == [at("12:00"), at("12:00"), at("12:00"), None]
    assert {visit.day for visit in visits} == {DAY}
