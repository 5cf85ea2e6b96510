"""Kind 4: no carer's tap is the yardstick of another: a forgotten one takes nobody else's time away."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecm.visits.model import CheckIn, Direction
from ecm.visits.slots import slot_times
from tests.arranging import Arranged, at
from tests.kinds.tapping import home_of, kinds, minutes
from tests.visits import visit_values as values

CARERS = ("W-001", "W-002", "W-003")
# Arrival against the planned start, and length, in minutes: everybody is there with everybody for longer than a
# hand-over, so that nobody takes another's slot.
people = st.lists(st.tuples(st.integers(-10, 10), st.integers(35, 60)), min_size=2, max_size=3)


@given(people, st.integers(0, 2), st.sampled_from(["in", "out"]), st.permutations(CARERS))
def test_any_one_missing_tap_leaves_the_seconds_of_all_others(
    there: list[tuple[int, int]], who: int, missing: Direction, order: list[str]
):
    carers = order[: len(there)]
    forgetful = carers[who % len(carers)]
    planned = values.plan("V-1", values.at("08:00"), 45, carers=tuple(carers), carers_needed=len(carers))
    taps: list[CheckIn] = []
    for carer, (late, length) in zip(carers, there, strict=True):
        arrived = planned.start + minutes(late)
        taps.append(values.tap(len(taps) + 1, "in", arrived, carer=carer))
        taps.append(values.tap(len(taps) + 1, "out", arrived + minutes(length), carer=carer))
    left = [tap for tap in taps if (tap.carer, tap.direction) != (forgetful, missing)]

    def seconds(check_ins: list[CheckIn]) -> dict[str, int | None]:
        visit = values.only(values.folded([planned], check_ins))
        return {slot.stays[0].carer: slot.seconds for slot in slot_times(visit.stays)}

    complete = {carer: length * 60 for carer, (_, length) in zip(carers, there, strict=True)}
    assert seconds(taps) == complete
    assert seconds(left) == {**complete, forgetful: None}


@pytest.mark.parametrize("forgetful", ["W-001", "W-002"])
@pytest.mark.parametrize("missing", ["in", "out"])
async def test_the_second_of_two_carers_is_paid_when_the_other_forgot_a_tap(
    arranged: Arranged, tmp_path: Path, forgetful: str, missing: str
):
    async with home_of(arranged, at("12:00"), tmp_path) as home:
        await home.plan("V-1", at("08:00"), carers=("W-001", "W-002"))
        for direction, clock in (("in", "08:00"), ("out", "08:30")):
            for carer in ("W-001", "W-002"):
                if (carer, direction) != (forgetful, missing):
                    await home.tap(direction, at(clock), carer)
        (visit,) = await home.visits(at("08:00"))
        told = {stay["carer"]: stay["delivered_seconds"] for stay in visit["stays"]}
        other = "W-002" if forgetful == "W-001" else "W-001"
        assert told == {forgetful: None, other: 1800}
        assert [one["carer"] for one in visit["exceptions"] if one["kind"] == f"no_{missing}"] == [forgetful]
        assert "second_carer_missing" not in kinds(visit)
        assert sorted((await home.paid(at("08:00"))).values()) == [0, 30]
