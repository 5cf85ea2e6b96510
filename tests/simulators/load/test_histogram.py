import math

from hypothesis import given
from hypothesis import strategies as st

from simulators.load.histogram import Histogram

DURATIONS = st.lists(st.integers(0, 2**42 - 1), min_size=1, max_size=200)
SHARES = st.sampled_from([0.0, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0])


def of(durations: list[int]) -> Histogram:
    histogram = Histogram()
    for duration in durations:
        histogram.record(duration)
    return histogram


@given(DURATIONS, SHARES)
def test_a_percentile_is_never_below_the_exact_one_and_at_most_one_part_in_128_above(durations, share) -> None:
    exact = sorted(durations)[max(1, math.ceil(share * len(durations))) - 1]
    assert exact <= of(durations).percentile(share) <= exact + exact / 128


@given(st.integers(0, 255))
def test_durations_below_256_nanoseconds_are_exact(duration) -> None:
    assert of([duration, 2**30]).percentile(0.5) == duration


@given(DURATIONS, DURATIONS, SHARES)
def test_adding_histograms_is_as_if_one_had_counted_everything(some, others, share) -> None:
    added = of(some)
    added.add(of(others))
    whole = of(some + others)
    assert (added.count, added.total, added.largest) == (whole.count, whole.total, whole.largest)
    assert added.percentile(share) == whole.percentile(share)


def test_the_largest_is_exact_and_what_is_out_of_range_still_counts() -> None:
    histogram = of([-5, 123_456_789, 2**60])
    assert histogram.count == 3
    assert histogram.percentile(0.1) == 0
    assert histogram.percentile(1.0) == histogram.largest == 2**42 - 1


def test_of_nothing_every_percentile_is_nothing() -> None:
    assert Histogram().percentile(0.99) == 0
