"""Kind 16: where nobody answered or the client refused, no tap at the door leaves anything to be fixed."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecm.visits.domain import exceptions_at
from ecm.visits.model import Direction
from tests.arranging import Arranged, at
from tests.kinds.tapping import home_of, minutes
from tests.visits import visit_values as values
from tests.visits.visit_values import LIMITS

CARERS = ("W-001", "W-002")
at_the_door = st.lists(
    st.tuples(st.sampled_from(["in", "out"]), st.integers(-20, 40), st.sampled_from(CARERS)), max_size=6
)
outcomes = pytest.mark.parametrize("outcome", ["no_reply", "client_refused"])


def to_fix(outcome: str | None, taps: Sequence[tuple[Direction, int, str]], needed: int = 1) -> list[str]:
    start = values.at("08:00")
    planned = values.plan("V-1", start, carers=CARERS[:needed], carers_needed=needed, cancelled=outcome)
    made = [
        values.tap(number, direction, start + minutes(late), carer=carer)
        for number, (direction, late, carer) in enumerate(taps, start=1)
    ]
    visit = next(one for one in values.folded([planned], made) if one.visit == "V-1")
    return [one.kind for one in exceptions_at(visit, values.at("23:59"), LIMITS) if one.handling == "fix"]


@outcomes
@given(taps=at_the_door, needed=st.integers(1, 2))
def test_whatever_was_tapped_at_the_door_nothing_is_to_be_fixed(outcome, taps, needed):
    assert to_fix(outcome, taps, needed) == []


def test_another_outcome_still_asks_for_the_missing_tap():
    assert to_fix(None, [("in", 0, "W-001")]) == ["no_out"]
    assert to_fix("hospital", [("in", 0, "W-001")]) == ["no_out"]


@outcomes
@pytest.mark.parametrize("direction", ["in", "out"])
async def test_a_tap_at_the_door_of_nobody_is_not_on_the_list_of_what_is_to_be_fixed(
    arranged: Arranged, tmp_path: Path, outcome: str, direction: str
):
    async with home_of(arranged, at("23:00"), tmp_path) as home:
        await home.plan("V-1", at("08:00"), cancelled=outcome)
        await home.tap(direction, at("08:02"))
        (visit,) = await home.visits(at("08:00"))
        assert (visit["status"], len(visit["stays"])) == ("cancelled", 1)
        assert [one["kind"] for one in visit["exceptions"] if one["handling"] == "fix"] == []
