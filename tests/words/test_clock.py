"""The clock that is handed to every rule."""

from datetime import UTC, datetime, timedelta

import pytest

from ecm.words.clock import RehearsalClock, SystemClock

START = datetime(2026, 11, 20, 8, tzinfo=UTC)


def test_the_machines_clock_tells_an_aware_instant_in_utc():
    before = datetime.now(UTC)
    told = SystemClock().now()
    assert before <= told <= datetime.now(UTC)
    assert told.tzinfo is UTC


def test_a_rehearsed_clock_starts_where_it_is_told_and_goes_on_at_the_pace_of_time():
    clock = RehearsalClock(START)
    first = clock.now()
    second = clock.now()
    assert START <= first <= second < START + timedelta(minutes=1)


def test_a_rehearsed_clock_is_moved_forward():
    clock = RehearsalClock(START)
    clock.move_to(START + timedelta(days=1))
    assert timedelta() <= clock.now() - (START + timedelta(days=1)) < timedelta(minutes=1)


def test_a_rehearsed_clock_goes_back_by_no_more_than_a_minute():
    clock = RehearsalClock(START)
    clock.move_to(START - timedelta(seconds=30))
    assert clock.now() < START
    with pytest.raises(ValueError, match="only goes forward"):
        clock.move_to(START - timedelta(minutes=5))
