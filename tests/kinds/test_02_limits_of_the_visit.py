"""Kind 2: how long a stay may last follows from its visit, and so does how far its taps are looked for."""

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecm.visits.domain import FAR, fold
from tests.arranging import Arranged, at
from tests.kinds.tapping import home_of, minutes, stays
from tests.visits import visit_values as values
from tests.visits.visit_values import CLIENT, DAY, LIMITS, reach

SECOND = timedelta(seconds=1)
NIGHTS = [DAY, date(2026, 7, 1), date(2026, 3, 28), date(2026, 10, 24)]  # the clocks change in the last two


def right_limit(planned_minutes: int) -> timedelta:
    """The sentence of docs/visits.md, said a second time."""
    return min(max(minutes(planned_minutes + 240), minutes(3 * planned_minutes)), timedelta(hours=25))


def stayed(planned_minutes: int, length: timedelta, hint: str | None = None):
    """The visit, and all others of three days, after a stay of this length from the planned start on."""
    arrived = values.at("08:00")
    planned = [values.plan("V-1", arrived, planned_minutes)]
    taps = [
        values.tap(1, "in", arrived, visit_hint=hint),
        values.tap(2, "out", arrived + length, visit_hint=hint),
    ]
    first = values.whole(planned, taps)
    return next(one for one in first if one.visit == "V-1"), [one for one in first if one.visit != "V-1"]


def test_every_planned_length_holds_a_stay_to_its_limit_and_not_a_second_longer():
    for planned_minutes in range(5, 1441):
        limit = right_limit(planned_minutes)
        visit, others = stayed(planned_minutes, limit)
        assert [stay.delivered_seconds for stay in visit.stays] == [limit / SECOND], planned_minutes
        assert others == [], planned_minutes
        visit, others = stayed(planned_minutes, limit + SECOND)
        assert visit.stays[0].delivered_seconds is None, planned_minutes
        assert all(stay.delivered_seconds is None for other in others for stay in other.stays), planned_minutes
        assert "no_out" in values.kinds(visit), planned_minutes


@given(st.integers(5, 1440), st.integers(301, 30 * 3600), st.booleans())
def test_no_stay_is_ever_longer_than_its_visit_allows(planned_minutes, seconds, named):
    visit, others = stayed(planned_minutes, seconds * SECOND, hint="V-1" if named else None)
    told = [stay.delivered_seconds for one in (visit, *others) for stay in one.stays]
    assert [length for length in told if length is not None] == [
        seconds for _ in range(1) if seconds * SECOND <= right_limit(planned_minutes)
    ]


@pytest.mark.parametrize("night", NIGHTS, ids=str)
@given(
    start=st.integers(12 * 60, 23 * 60 + 59),
    length=st.sampled_from([480, 540, 750, 900, 1440]),
    late=st.integers(-30, 120),
    known=st.sampled_from(["both", "in", "out"]),
    named=st.booleans(),
)
def test_a_long_visit_finds_its_taps_from_both_sides_of_midnight(night, start, length, late, known, named):
    begins = values.at("00:00", night) + minutes(start)
    planned = values.plan("V-1", begins, length)
    hint = "V-1" if named else None
    both = [
        values.tap(1, "in", begins + minutes(late), visit_hint=hint),
        values.tap(2, "out", planned.end + minutes(late // 4), visit_hint=hint),
    ]
    taps = [tap for tap in both if known in {"both", tap.direction}]
    days = [night + timedelta(days=number) for number in range(-1, 4)]
    assert reach(length) is FAR
    found = [one for day in days for one in fold(CLIENT, day, [planned], taps, [], LIMITS, FAR)]
    (visit,) = found  # nothing unplanned on any day
    seconds = (both[1].occurred_at - both[0].occurred_at) / SECOND
    assert [stay.delivered_seconds for stay in visit.stays] == [seconds if known == "both" else None]


async def test_in_in_the_evening_and_out_next_morning_is_no_call_of_half_an_hour(arranged: Arranged, tmp_path: Path):
    async with home_of(arranged, at("12:00", DAY + timedelta(days=1)), tmp_path) as home:
        await home.plan("V-1", at("20:00"))
        await home.tap("in", at("20:00"))
        await home.tap("out", at("07:30", DAY + timedelta(days=1)))
        (visit,) = await home.visits(at("20:00"))
        assert (visit["status"], stays(visit)) == ("end_unknown", [None])
        assert ("no_out", "fix") in {(one["kind"], one["handling"]) for one in visit["exceptions"]}
        assert await home.paid(at("20:00")) == {("V-1", 0): 0}
        (lone,) = await home.visits(at("07:30", DAY + timedelta(days=1)))
        assert (lone["planned_start"], stays(lone)) == (None, [None])


async def test_a_visit_of_24_hours_is_paired_by_taps_with_its_code(arranged: Arranged, tmp_path: Path):
    async with home_of(arranged, at("23:00", DAY + timedelta(days=1)), tmp_path) as home:
        await home.plan("V-1", at("19:00"), 1440)
        await home.tap("in", at("19:00"), visit="V-1")
        await home.tap("out", at("19:00") + minutes(1440), visit="V-1")
        (visit,) = await home.visits(at("19:00"))
        assert (visit["status"], stays(visit)) == ("done", [1440])
        assert (await home.paid(at("19:00")))["V-1", 0] > 0
        assert await home.visits(at("19:00", DAY + timedelta(days=1))) == []


@pytest.mark.parametrize(
    "left",
    [-1, 0, 10],
    ids=["a minute before the end", "at the end", "after the end"],
)
async def test_a_night_with_its_out_tap_only_asks_for_its_in_and_is_not_missed(
    arranged: Arranged, tmp_path: Path, left: int
):
    async with home_of(arranged, at("23:00", DAY + timedelta(days=1)), tmp_path) as home:
        await home.plan("V-1", at("19:00"), 750)
        await home.tap("out", at("19:00") + minutes(750 + left), visit="V-1")
        (visit,) = await home.visits(at("19:00"))
        assert stays(visit) == [None]
        assert ("no_in", "fix") in {(one["kind"], one["handling"]) for one in visit["exceptions"]}
        assert visit["status"] == "done"
        assert await home.visits(at("19:00", DAY + timedelta(days=1))) == []
