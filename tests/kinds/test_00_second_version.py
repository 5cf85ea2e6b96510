"""Every kind at once: the fold says of random worlds what the second version, written from the page alone, says."""

import os
import random

import pytest

from tests.visits.second_version import fold_everything
from tests.visits.two_versions import differences, fold_first, report
from tests.visits.worlds import World, build

pytestmark = pytest.mark.heavy

# `python -m tests.visits.worlds` compares many more.
WORLDS = int(os.environ.get("TESTS_WORLDS", "500"))
CHUNK = 25
CHUNKS = range(0, WORLDS, CHUNK)


def seeds(first: int) -> range:
    return range(first, min(first + CHUNK, WORLDS))


def jumbled(world: World, chance: random.Random) -> World:
    """All that is known in another order, and some of it twice."""
    return World(
        planned=tuple(chance.sample(world.planned, len(world.planned))),
        check_ins=(*chance.sample(world.check_ins, len(world.check_ins)), *world.check_ins[:3]),
        amendments=(*chance.sample(world.amendments, len(world.amendments)), *world.amendments[:1]),
    )


@pytest.mark.parametrize("first", CHUNKS)
def test_the_fold_says_what_the_page_says(first: int):
    for seed in seeds(first):
        assert not differences(build(seed)), report(seed)


@pytest.mark.parametrize("first", CHUNKS)
def test_promise_5_the_order_in_which_things_become_known_changes_nothing(first: int):
    for seed in seeds(first):
        world = build(seed)
        again = jumbled(world, random.Random(seed))
        assert fold_everything(again.planned, again.check_ins, again.amendments) == fold_everything(
            world.planned, world.check_ins, world.amendments
        )
        assert sorted(fold_first(again), key=repr) == sorted(fold_first(world), key=repr)
