"""What a day is in England."""

from datetime import UTC, date, datetime

import pytest

from ecm.words.civil_time import LONDON, london_day


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 7, 1, 22, 59, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 1, 23, 0, tzinfo=UTC), date(2026, 7, 2)),
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), date(2026, 3, 29)),
        (datetime(2026, 10, 24, 23, 30, tzinfo=UTC), date(2026, 10, 25)),
    ],
)
def test_a_day_is_the_one_that_clocks_in_england_show(instant: datetime, day: date):
    assert london_day(instant) == day
    assert london_day(instant.astimezone(LONDON)) == day
