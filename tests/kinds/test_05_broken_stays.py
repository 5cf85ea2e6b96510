"""Kind 5: a stay broken by a mistaken out is one visit, and its parts are paid together."""

from datetime import timedelta
from pathlib import Path

from hypothesis import assume, given
from hypothesis import strategies as st

from ecm.visits.model import CheckIn
from ecm.visits.slots import slot_times
from tests.arranging import Arranged, at
from tests.kinds.tapping import home_of, kinds, minutes, stays
from tests.visits import visit_values as values

# Parts in the home and the gaps after them, in seconds: parts beyond the five minutes of a repeated tap.
parts = st.lists(st.tuples(st.integers(301, 900), st.integers(301, 1800)), min_size=2, max_size=5)


@given(parts)
def test_any_cuts_by_mistaken_outs_leave_one_visit_whose_time_is_the_sum(cuts: list[tuple[int, int]]):
    present = sum(there for there, _ in cuts)
    # Planned a little longer than all but the last part: whoever comes back had not finished.
    planned = values.plan("V-1", values.at("08:00"), minutes=(present - cuts[-1][0]) // 60 + 1)
    moment = planned.start
    taps: list[CheckIn] = []
    for there, away in cuts:
        taps.append(values.tap(len(taps) + 1, "in", moment))
        taps.append(values.tap(len(taps) + 1, "out", moment + timedelta(seconds=there)))
        moment += timedelta(seconds=there + away)
    assume(taps[-2].occurred_at <= planned.end + minutes(30))
    visit = values.only(values.folded([planned], taps))
    assert [stay.delivered_seconds for stay in visit.stays] == [there for there, _ in cuts]
    assert "unscheduled" not in values.kinds(visit)
    (slot,) = slot_times(visit.stays)
    assert (slot.slot, slot.seconds) == (0, present)


async def test_out_by_mistake_and_in_again_is_one_visit_and_paid_as_their_sum(arranged: Arranged, tmp_path: Path):
    async with home_of(arranged, at("12:00"), tmp_path) as home:
        await home.plan("V-1", at("08:00"))
        for direction, clock in (("in", "08:00"), ("out", "08:10"), ("in", "08:10:20"), ("out", "08:30")):
            await home.tap(direction, at(clock))
        (visit,) = await home.visits(at("08:00"))
        assert (visit["visit"], stays(visit)) == ("V-1", [10, 19])
        assert "unscheduled" not in kinds(visit)
        assert await home.paid(at("08:00")) == {("V-1", 0): 30}
