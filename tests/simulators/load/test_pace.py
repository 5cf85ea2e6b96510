import asyncio
import time
from itertools import pairwise

import pytest

from simulators.load.pace import Alarm, arrivals


@pytest.mark.parametrize("kind", ["even", "poisson"])
def test_arrivals_keep_the_rate_the_order_and_the_end(kind) -> None:
    due = list(arrivals(kind, 1_000, 20, "seed"))
    assert due == sorted(due)
    assert due[-1] < 20e9
    assert 19_000 < len(due) < 21_000
    assert due == list(arrivals(kind, 1_000, 20, "seed"))
    assert due != list(arrivals(kind, 1_000, 20, "other"))


def test_even_arrivals_are_evenly_spaced_and_poisson_ones_are_not() -> None:
    gaps = [later - sooner for sooner, later in pairwise(arrivals("even", 100, 10, 1))]
    assert max(gaps) - min(gaps) <= 2
    gaps = [later - sooner for sooner, later in pairwise(arrivals("poisson", 100, 10, 1))]
    assert min(gaps) < 1e6
    assert max(gaps) > 3e7


async def test_an_alarm_rings_at_its_instant_and_never_before() -> None:
    rung: list[int] = []
    heard = asyncio.Event()

    def ring() -> None:
        rung.append(time.monotonic_ns())
        heard.set()

    alarm = Alarm(ring)
    for after in (3_000_000, -1_000_000):
        due = time.monotonic_ns() + after
        heard.clear()
        alarm.set(due)
        await heard.wait()
        assert rung[-1] >= due
    alarm.close()
    assert len(rung) == 2
