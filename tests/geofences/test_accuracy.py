import math
from typing import cast

import pytest

from geofences.accuracy import WIDEST_A95_M, AccuracyBasis, AccuracyError, a95


def test_promise_6_w3c_accuracy_is_already_95_percent():
    assert a95(20.0, "w3c") == 20.0


def test_promise_6_android_accuracy_is_widened_from_68_percent():
    assert a95(20.0, "android") == pytest.approx(32.3)


def test_promise_6_android_factor_is_that_of_a_circular_normal_error():
    one_sigma = math.erf(math.sqrt(0.5))
    assert a95(1.0, "android") == pytest.approx(math.sqrt(math.log(0.05) / math.log(1 - one_sigma)), abs=1e-3)


def test_promise_6_apple_accuracy_is_widened_with_care():
    assert a95(20.0, "apple") == pytest.approx(34.6)


@pytest.mark.parametrize("basis", ["w3c", "android", "apple"])
def test_no_accuracy_stays_none(basis):
    assert a95(None, basis) is None


def test_android_zero_means_no_accuracy_and_w3c_zero_means_zero():
    assert a95(0.0, "android") is None
    assert a95(0.0, "w3c") == 0.0


def test_an_absurdly_vague_fix_is_held_to_half_the_earth():
    assert a95(1e308, "apple") == WIDEST_A95_M


@pytest.mark.parametrize("accuracy", [-1.0, -1e-9, math.inf, -math.inf, math.nan])
def test_an_impossible_accuracy_is_refused(accuracy):
    with pytest.raises(AccuracyError, match="not a distance"):
        a95(accuracy, "w3c")


def test_an_unknown_basis_is_refused():
    with pytest.raises(AccuracyError, match="'guess' is not one of w3c, android, apple"):
        a95(10.0, cast("AccuracyBasis", "guess"))
