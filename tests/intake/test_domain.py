"""The rules of arrival: skew, doubts and years, each at its edge."""

from datetime import UTC, datetime, timedelta

import pytest

from ecm.intake.domain import arrival_doubts, can_be_folded, occurred_at, skew_seconds
from tests.intake.conftest import NOON

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


def test_skew_is_how_far_the_phones_clock_is_behind_ours_in_whole_seconds():
    assert skew_seconds(NOON, NOON + 90 * SECOND) == 90
    assert skew_seconds(NOON + 90 * SECOND, NOON) == -90
    assert skew_seconds(NOON, NOON + timedelta(milliseconds=1_600)) == 2


@pytest.mark.parametrize("skew", [-119, -1, 0, 1, 119])
def test_a_skew_under_two_minutes_changes_nothing(skew: int):
    assert occurred_at(NOON, skew) == (NOON, False)


@pytest.mark.parametrize(
    ("skew", "minutes"), [(120, 2), (-120, -2), (121, 2), (-149, -2), (151, 3), (-151, -3), (3600, 60)]
)
def test_a_skew_of_two_minutes_or_more_is_corrected_in_whole_minutes_and_doubted(skew: int, minutes: int):
    assert occurred_at(NOON, skew) == (NOON + minutes * MINUTE, True)


@pytest.mark.parametrize(
    ("at", "skew"), [(datetime.max.replace(tzinfo=UTC), 3600), (datetime.min.replace(tzinfo=UTC), -3600)]
)
def test_where_the_calendar_ends_the_phones_time_stands_and_is_doubted(at: datetime, skew: int):
    assert occurred_at(at, skew) == (at, True)


@pytest.mark.parametrize(
    ("at_after_sending", "doubts"),
    [(-HOUR, ()), (timedelta(), ()), (2 * MINUTE, ()), (2 * MINUTE + SECOND, ("clock_skew",))],
)
def test_a_tap_more_than_two_minutes_later_than_its_own_sending_is_doubted(
    at_after_sending: timedelta, doubts: tuple[str, ...]
):
    assert arrival_doubts(NOON + at_after_sending, NOON, NOON, NOON) == doubts


@pytest.mark.parametrize(("waited", "doubts"), [(-HOUR, ()), (HOUR, ()), (HOUR + SECOND, ("late_upload",))])
def test_a_check_in_that_arrives_more_than_an_hour_after_it_happened_is_a_late_upload(
    waited: timedelta, doubts: tuple[str, ...]
):
    assert arrival_doubts(NOON, NOON, NOON, NOON + waited) == doubts


def test_both_doubts_of_arrival_are_told():
    late = NOON + 2 * HOUR
    assert arrival_doubts(NOON + HOUR, NOON, NOON, late) == ("clock_skew", "late_upload")


@pytest.mark.parametrize(
    ("instant", "can"),
    [
        (datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC), False),
        (datetime(2000, 1, 1, tzinfo=UTC), True),
        (datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC), True),
        (datetime(2100, 1, 1, tzinfo=UTC), False),
    ],
)
def test_only_the_years_2000_to_2099_can_have_a_visit(instant: datetime, can: bool):
    assert can_be_folded(instant) is can
