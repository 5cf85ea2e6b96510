"""Kind 3: who comes late came: no visit is missed before its own planned end, nor before an hour after its start."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecm.visits.domain import FAR, fold, missed_from, status
from ecm.words.civil_time import london_day
from tests.arranging import Arranged, at
from tests.kinds.tapping import home_of, minutes
from tests.visits import visit_values as values
from tests.visits.visit_values import CLIENT, DAY, LIMITS, reach

SECOND = timedelta(seconds=1)
DAYS = [DAY, date(2026, 7, 1), date(2026, 10, 24), date(2026, 10, 25), date(2026, 3, 28), date(2026, 3, 29)]
starts = st.builds(
    lambda day, minute: values.at("00:00", day) + minutes(minute), st.sampled_from(DAYS), st.integers(0, 1300)
)
lengths = st.integers(5, 1440)
following = st.none() | st.integers(1, 1440)


@given(starts, lengths, following, st.data())
def test_whoever_comes_before_the_planned_end_or_within_the_hour_was_there(start, length, next_after, data):
    planned = values.plan("V-1", start, length)
    next_start = None if next_after is None else start + minutes(next_after)
    last = max(length * 60, 3600) - 1
    arrived = start + timedelta(seconds=data.draw(st.integers(0, last) | st.just(last)))
    day = london_day(start)
    visits = fold(CLIENT, day, [planned], [values.tap(1, "in", arrived)], [], LIMITS, FAR)
    (visit,) = [one for one in visits if one.visit == "V-1"]
    assert visit.stays
    later = [arrived + minutes(number) for number in (0, 30, 90, 600, 3000)]
    assert "missed" not in {status(visit, now, LIMITS, next_start) for now in later}


@given(starts, lengths, following)
def test_a_visit_nobody_comes_to_is_missed_at_one_second_and_not_before(start, length, next_after):
    planned = values.plan("V-1", start, length)
    day = london_day(start)
    (visit,) = fold(CLIENT, day, [planned], [], [], LIMITS, reach(length))
    next_start = None if next_after is None else start + minutes(next_after)
    closing = values.at("23:00", day) if next_start is None else min(values.at("23:00", day), next_start)
    since = max(closing, planned.end, start + minutes(60))
    assert missed_from(visit, LIMITS, next_start) == since
    assert status(visit, since - SECOND, LIMITS, next_start) != "missed"
    assert status(visit, since, LIMITS, next_start) == "missed"


@pytest.mark.parametrize(
    ("start", "length", "next_start", "arrival", "departure", "expected"),
    [
        ("22:00", 540, None, 65, 540, "done_late"),
        ("22:45", 30, None, 35, 65, "done_late"),
        ("08:00", 60, "08:30", 45, 75, "done_late"),
        ("08:00", 30, "08:15", 20, 50, "done"),
    ],
    ids=["sleep-in begun after eleven", "late evening call", "overlapping visits", "overlapping, in time"],
)
async def test_who_came_late_is_shown_as_having_come(
    arranged: Arranged, tmp_path: Path, start, length, next_start, arrival, departure, expected
):
    async with home_of(arranged, at("12:00", DAY + timedelta(days=1)), tmp_path) as home:
        await home.plan("V-1", at(start), length)
        if next_start is not None:
            await home.plan("V-2", at(next_start), 30, carers=("W-002",))
        await home.tap("in", at(start) + minutes(arrival), visit="V-1")
        await home.tap("out", at(start) + minutes(departure), visit="V-1")
        visit = next(one for one in await home.visits(at(start)) if one["visit"] == "V-1")
        assert visit["status"] == expected
        assert (await home.paid(at(start)))["V-1", 0] > 0
