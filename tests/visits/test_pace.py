"""Folding makes room for check-ins while many come in, and takes all it can get when few do."""

from uuid import UUID, uuid4

import pytest

from ecm.intake.fold_requests import Waiting
from ecm.visits import folding
from ecm.visits.folding import (
    BUSY_PER_SECOND,
    EVEN_PER_SECOND,
    GATHER_SECONDS,
    LONGEST_REST_SECONDS,
    MOST_REST,
    Pace,
    Rounds,
)


def looked(*asked: int, every: float = 1.0) -> Pace:
    """A pace after looks at so many folds asked for ever, a second apart."""
    pace = Pace()
    for number, count in enumerate(asked):
        pace.look(count, number * every)
    return pace


@pytest.mark.parametrize("asked", [(1_000_000,), (0, 1), (0, int(BUSY_PER_SECOND)), (0, 10_000, 10_000)])
def test_nothing_rests_while_little_comes_in_however_much_waits(asked):
    pace = looked(*asked)
    assert pace.rest(3.0) == 0
    assert pace.until_next(served=1, now=100.0) == 0


def test_a_lone_check_in_waits_half_a_second_at_most():
    assert 0 < looked(0, 0).until_next(served=0, now=1.0) <= 0.5
    assert 0 < looked(0, 1).until_next(served=0, now=1.0) <= 0.5


def test_while_many_come_in_each_piece_of_work_is_followed_by_a_rest_as_they_need_it():
    assert looked(0, int(EVEN_PER_SECOND)).rest(0.5) == 0.5
    assert looked(0, int(2 * EVEN_PER_SECOND)).rest(0.5) == 1.0
    assert looked(0, int(2 * EVEN_PER_SECOND), every=2.0).rest(0.5) == 0.5


def test_however_many_come_in_folding_goes_on():
    pace = looked(0, 10_000_000)
    assert pace.rest(0.1) == pytest.approx(MOST_REST * 0.1)
    assert pace.rest(10.0) == LONGEST_REST_SECONDS


def test_while_many_come_in_what_gathers_is_folded_together():
    pace = looked(0, 1_000)
    assert pace.until_next(served=500, now=1.0 + GATHER_SECONDS / 4) == GATHER_SECONDS * 3 / 4
    assert pace.until_next(served=500, now=1.0 + GATHER_SECONDS) == 0
    assert pace.until_next(served=500, now=100.0) == 0


def test_two_looks_at_one_instant_change_nothing():
    pace = looked(0, 1_000)
    pace.look(1_000, 1.0)
    assert pace.busy


class StreamThatEnds:
    """Visits of two providers, of whom many check-ins came in before the first is folded and none afterwards."""

    def __init__(self) -> None:
        self.asked = 0
        self.folded: list[UUID] = []

    async def waiting(self) -> Waiting:
        return Waiting((uuid4(), uuid4()), self.asked)

    async def fold_some(self, provider: UUID, limit: int) -> int:
        self.folded.append(provider)
        return limit


async def test_a_long_round_notices_that_the_stream_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "GATHER_SECONDS", 0.0)
    visits = StreamThatEnds()
    rounds = Rounds(visits)  # type: ignore[arg-type]
    await rounds.one()
    visits.asked = 1_000_000
    assert await rounds.one() == 0
    assert len(visits.folded) == 4
    assert not rounds._pace.busy
