"""Bands, tolerance, the cap per visit and the rate, each at its edges."""

import pytest

from reports.contracts import Band, ContractError, Tolerance
from reports.snaps import apply_bands, apply_rate, apply_tolerance, apply_visit_cap, band_of
from reports.worksheet import Worksheet
from tests.reports.report_rows import A, changed

BANDS = (Band(0, 7, 0), Band(8, 22, 15), Band(23, 37, 30))
WITHIN = Tolerance(under_minutes=5, over_minutes=10, when="after_bands")
ANYTHING = Tolerance(under_minutes=60, over_minutes=60, when="after_bands")


def sheet(minutes: int, counted: int | None = None) -> Worksheet:
    return Worksheet(minutes=minutes, counted=minutes if counted is None else counted)


@pytest.mark.parametrize(
    ("minutes", "becomes"), [(0, 0), (7, 0), (8, 15), (22, 15), (23, 30), (37, 30), (38, 30), (500, 30)]
)
def test_a_band_holds_both_its_ends_and_the_last_everything_above(minutes: int, becomes: int):
    assert band_of(BANDS, minutes).becomes == becomes


def test_no_band_holds_less_than_nothing_and_no_bands_hold_anything():
    with pytest.raises(ContractError, match="no band holds -1 minutes"):
        band_of(BANDS, -1)
    with pytest.raises(ContractError, match="no band holds 5 minutes"):
        band_of((), 5)


@pytest.mark.parametrize(
    ("minutes", "after", "flags"),
    [
        (0, 0, []),
        (7, 0, ["too_short"]),
        (15, 15, []),
        (23, 30, ["banded_above_actual:7"]),
        (30, 30, []),
        (37, 30, []),
        (38, 30, ["above_last_band"]),
    ],
)
def test_bands_replace_the_minutes_and_flag_what_they_did(minutes: int, after: int, flags: list[str]):
    of = sheet(minutes)
    apply_bands(changed(A, bands=BANDS, bands_above_delivered=True), of)
    assert (of.minutes, of.banded, of.flags) == (after, after, flags)
    (step,) = of.steps
    assert (step.rule, step.before, step.after) == ("bands", minutes, after)
    assert step.because.endswith(".")


def test_a_band_pays_more_than_was_delivered_only_where_the_contract_says_that_it_may():
    strict = changed(A, bands=BANDS, bands_above_delivered=False)
    of = sheet(23)
    apply_bands(strict, of)
    assert (of.minutes, of.flags) == (23, [])
    assert "lets no band exceed what was delivered, so it stays 23" in of.steps[0].because
    of = sheet(22)
    apply_bands(strict, of)
    assert of.minutes == 15


@pytest.mark.parametrize(("minutes", "after"), [(24, 24), (25, 30), (29, 30), (30, 30), (31, 30), (40, 30), (41, 41)])
def test_a_tolerance_holds_both_its_ends(minutes: int, after: int):
    of = sheet(minutes)
    apply_tolerance(WITHIN, 30, of)
    assert of.minutes == after
    assert bool(of.steps) == (after != minutes)


def test_no_tolerance_however_wide_lifts_nothing_to_the_commissioned_minutes():
    of = sheet(0)
    apply_tolerance(ANYTHING, 30, of)
    assert (of.minutes, of.steps) == (0, [])
    of = sheet(1)
    apply_tolerance(ANYTHING, 30, of)
    assert of.minutes == 30


def test_minutes_that_are_the_commissioned_ones_already_leave_no_step():
    of = sheet(30)
    apply_tolerance(ANYTHING, 30, of)
    assert of.steps == []


@pytest.mark.parametrize(
    ("minutes", "counted", "after", "excess", "flags"),
    [
        (29, 29, 29, 0, []),
        (30, 30, 30, 0, []),
        (31, 31, 30, 1, ["capped"]),
        (30, 41, 30, 11, []),
        (45, 20, 30, 0, ["capped"]),
    ],
)
def test_a_cap_per_visit_pays_the_commissioned_minutes_at_most_and_lists_what_was_delivered_beyond(
    minutes: int, counted: int, after: int, excess: int, flags: list[str]
):
    of = sheet(minutes, counted)
    apply_visit_cap(30, of)
    assert (of.minutes, of.excess, of.flags) == (after, excess, flags)
    assert bool(of.steps) == (minutes > 30)


@pytest.mark.parametrize(
    ("minutes", "rate", "pence"),
    [(0, 2410, 0), (60, 2410, 2410), (30, 2410, 1205), (1, 30, 1), (1, 29, 0), (1, 31, 1), (1, 89, 1), (1, 90, 2)],
)
def test_a_rate_gives_whole_pence_and_half_a_penny_goes_up(minutes: int, rate: int, pence: int):
    of = sheet(minutes)
    apply_rate(rate, of)
    assert (of.amount_pence, type(of.amount_pence), of.minutes) == (pence, int, minutes)
    assert ("rounded" in of.steps[0].because) == bool(minutes * rate % 60)
