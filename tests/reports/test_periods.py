"""Periods of local days, weeks, and elapsed time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from reports.contracts import Weekday
from reports.periods import LONDON, WEEKDAYS, Period, elapsed_seconds, local, week_of, whole_weeks
from tests.reports.report_rows import A, changed

FRIDAY = date(2026, 11, 20)


def test_a_period_holds_both_its_ends_and_nothing_beyond():
    period = Period(FRIDAY, FRIDAY + timedelta(days=2))
    held = [day for day in range(-1, 4) if FRIDAY + timedelta(days=day) in period]
    assert held == [0, 1, 2]
    assert FRIDAY in Period(FRIDAY, FRIDAY)


def test_a_period_that_ends_before_it_starts_is_none():
    with pytest.raises(ValueError, match="ends on 2026-11-19, before it starts on 2026-11-20"):
        Period(FRIDAY, FRIDAY - timedelta(days=1))


@pytest.mark.parametrize(
    ("starts", "first"),
    [("monday", 16), ("thursday", 19), ("friday", 20), ("saturday", 14), ("sunday", 15)],
)
def test_a_week_starts_on_its_weekday_on_or_before_the_day(starts: Weekday, first: int):
    assert week_of(FRIDAY, starts) == date(2026, 11, first)
    assert week_of(date(2026, 11, first), starts) == date(2026, 11, first)


def test_weekdays_stand_in_the_order_of_the_calendar():
    assert [week_of(FRIDAY, name).weekday() for name in WEEKDAYS] == list(range(7))


def test_whole_weeks_reach_from_the_first_week_touched_to_the_last_under_every_contract():
    monday = changed(A, week_starts="monday")
    sunday = changed(A, week_starts="sunday")
    period = Period(FRIDAY, FRIDAY)
    assert whole_weeks(period, [monday]) == Period(date(2026, 11, 16), date(2026, 11, 22))
    assert whole_weeks(period, [sunday]) == Period(date(2026, 11, 15), date(2026, 11, 21))
    assert whole_weeks(period, [monday, sunday]) == Period(date(2026, 11, 15), date(2026, 11, 22))
    assert whole_weeks(period, []) == period


def test_promise_8_elapsed_time_is_what_passed_whatever_the_clocks_showed():
    back = datetime(2026, 10, 25, 0, 30, tzinfo=LONDON), datetime(2026, 10, 25, 2, 30, tzinfo=LONDON)
    forward = datetime(2026, 3, 29, 0, 30, tzinfo=LONDON), datetime(2026, 3, 29, 2, 30, tzinfo=LONDON)
    assert (elapsed_seconds(*back), elapsed_seconds(*forward)) == (3 * 3600, 3600)


def test_promise_8_elapsed_time_is_whole_seconds_and_the_rest_is_dropped():
    start = datetime(2026, 11, 20, 8, tzinfo=UTC)
    seconds = elapsed_seconds(start, start + timedelta(seconds=59, microseconds=999_999))
    assert (seconds, type(seconds)) == (59, int)


def test_an_instant_is_read_as_the_clocks_in_england_show_it():
    assert (local(datetime(2026, 7, 1, 8, tzinfo=UTC)).hour, local(datetime(2026, 11, 20, 8, tzinfo=UTC)).hour) == (
        9,
        8,
    )
