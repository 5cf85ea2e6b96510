"""The invented morning that these tests share."""

from datetime import date

import pytest

from simulators.truth import Truth, build_truth
from simulators.world import World, build_world

DAY = date(2026, 11, 20)


@pytest.fixture(scope="session")
def world() -> World:
    return build_world(1, DAY, 1.0)


@pytest.fixture(scope="session")
def truth(world: World) -> Truth:
    return build_truth(world)


@pytest.fixture(scope="session")
def small_truth() -> Truth:
    return build_truth(build_world(3, DAY, 0.3))
