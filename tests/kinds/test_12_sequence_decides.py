"""Kind 12: within one phone its signed counter says what came first, whatever up to two hours its clock was moved."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ecm.visits.model import CheckIn, Direction, PlannedVisit
from tests.arranging import Arranged, at
from tests.kinds.tapping import home_of, kinds, minutes
from tests.visits import visit_values as values

SECOND = timedelta(seconds=1)


def pairs(planned: Iterable[PlannedVisit], taps: Iterable[CheckIn]) -> set[tuple[str | None, str | None]]:
    visits = values.folded(planned, taps)
    return {(stay.in_check_in, stay.out_check_in) for visit in visits for stay in visit.stays}


@given(st.integers(1, 7200) | st.just(7200), st.permutations([1, 2]))
def test_an_in_that_the_counter_puts_before_its_out_pairs_with_it_whatever_the_clock_says(shift, ids):
    left = values.at("08:10")
    arrival = values.tap(ids[0], "in", left + shift * SECOND, sequence=1)
    departure = values.tap(ids[1], "out", left, sequence=2)
    assert pairs([values.plan("V-1", values.at("08:00"))], [departure, arrival]) == {(arrival.ref, departure.ref)}


def test_beyond_two_hours_the_clock_decides():
    arrival = values.tap(1, "in", values.at("10:10:01"), sequence=1)
    departure = values.tap(2, "out", values.at("08:10"), sequence=2)
    assert len(pairs([], [arrival, departure])) == 2


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 50)), min_size=1, max_size=5), st.data())
def test_stays_of_one_phone_pair_as_its_counter_says_with_the_clock_put_back_by_up_to_two_hours(calls, data):
    # Truly one after the other; from one tap on the clock is up to two hours slow, less what has really passed.
    taps: list[CheckIn] = []
    moment = values.at("08:00")
    wrong_from = data.draw(st.integers(1, 2 * len(calls)))
    slow = minutes(data.draw(st.integers(0, 60)))
    for there, away in calls:
        steps: tuple[tuple[Direction, timedelta], ...] = (("in", minutes(there + 5)), ("out", minutes(away + 6)))
        for direction, passed in steps:
            number = len(taps) + 1
            shown = moment - (slow if number >= wrong_from else timedelta())
            taps.append(values.tap(number, direction, shown, sequence=number))
            moment += passed
    expected = {(taps[place].ref, taps[place + 1].ref) for place in range(0, len(taps), 2)}
    assert pairs([], data.draw(st.permutations(taps))) == expected


@given(st.permutations(range(1, 5)))
def test_ties_go_by_the_counter_and_not_by_id(ids):
    # Two calls within the same instants: out of one and in of the next at the same second.
    times: tuple[tuple[Direction, str], ...] = (("in", "08:00"), ("out", "08:30"), ("in", "08:30"), ("out", "09:00"))
    taps = [
        values.tap(0, direction, values.at(clock), check_in_id=UUID(int=ids[place]), sequence=place + 1)
        for place, (direction, clock) in enumerate(times)
    ]
    assert pairs([], taps) == {(taps[0].ref, taps[1].ref), (taps[2].ref, taps[3].ref)}


async def test_in_then_out_by_the_counter_and_out_then_in_by_the_clock_is_one_stay_with_a_doubt(
    arranged: Arranged, tmp_path: Path
):
    async with home_of(arranged, at("12:00"), tmp_path) as home:
        await home.plan("V-1", at("08:00"))
        await home.tap("in", at("08:10"))
        await home.tap("out", at("08:00"))
        (visit,) = await home.visits(at("08:00"))
        (stay,) = visit["stays"]
        assert None not in (stay["in_check_in"], stay["out_check_in"])
        assert kinds(visit) >= {"clock_skew", "times_reversed"}


async def test_taps_of_one_instant_pair_in_the_order_of_the_counter(arranged: Arranged, tmp_path: Path):
    async with home_of(arranged, at("12:00"), tmp_path) as home:
        await home.plan("V-1", at("08:00"))
        for direction, clock in (("in", "08:00"), ("out", "08:15"), ("in", "08:15"), ("out", "08:30")):
            await home.tap(direction, at(clock))
        (visit,) = await home.visits(at("08:00"))
        assert [stay["delivered_seconds"] for stay in visit["stays"]] == [900, 900]
        assert await home.paid(at("08:00")) == {("V-1", 0): 30}
