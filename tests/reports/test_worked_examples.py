"""Worked examples that fix what contracts mean: A has bands, tolerance and a cap per visit, B a cap per week."""

from datetime import timedelta

import pytest

from reports.contracts import Band, Tolerance
from tests.reports.report_rows import DAY, A, B, attendance, because, changed, one_line, reconciled, slot, start_of


@pytest.mark.parametrize(
    ("seconds", "paid_a", "paid_b"),
    [(30 * 60 + 40, 30, 30), (24 * 60 + 50, 30, 24), (22 * 60 + 59, 15, 22), (7 * 60, 0, 7), (41 * 60, 30, 30)],
)
def test_each_delivered_length_pays_what_each_contract_says(seconds, paid_a, paid_b):
    assert one_line(attendance(seconds), A).paid_minutes == paid_a
    assert one_line(attendance(seconds), B).paid_minutes == paid_b


def test_seconds_are_dropped_and_the_trace_says_so():
    line = one_line(attendance(30 * 60 + 40), A)
    assert (line.delivered_seconds, line.delivered_minutes, line.banded_minutes) == (1840, 30, 30)
    assert because(line, "whole minutes") == (
        "30 minutes and 40 seconds were delivered; the seconds are dropped (in at 08:00:00, out at 08:30:40)."
    )
    assert because(line, "bands") == "30 minutes fell in the band 23–37 and stayed 30."
    assert [step.rule for step in line.trace] == ["whole minutes", "bands", "rate"]
    assert line.flags == ()


def test_a_band_above_the_delivered_minutes_is_paid_and_shown():
    line = one_line(attendance(24 * 60 + 50), A)
    assert (line.delivered_minutes, line.banded_minutes, line.paid_minutes) == (24, 30, 30)
    assert line.flags == ("banded_above_actual:6",)
    assert because(line, "bands") == ("24 minutes fell in the band 23–37 and became 30, 6 more than delivered.")


def test_a_band_below_the_delivered_minutes_is_paid_and_shown():
    line = one_line(attendance(22 * 60 + 59), A)
    assert because(line, "bands") == ("22 minutes fell in the band 8–22 and became 15, 7 fewer than delivered.")
    assert line.excess_minutes == 0


def test_a_call_too_short_for_any_pay_is_flagged_under_bands_and_paid_by_the_minute():
    banded = one_line(attendance(7 * 60), A)
    assert banded.flags == ("under_half", "too_short")
    assert because(banded, "bands") == "7 minutes fell in the band 0–7 and became 0, 7 fewer than delivered."
    assert one_line(attendance(7 * 60), B).flags == ("under_half",)


def test_minutes_above_the_plan_are_capped_and_listed_as_excess():
    line = one_line(attendance(41 * 60), A)
    assert (line.banded_minutes, line.paid_minutes, line.excess_minutes) == (45, 30, 11)
    assert "capped" in line.flags
    assert because(line, "cap per visit") == (
        "At most the 30 commissioned are paid, so 45 became 30. "
        "The excess, 11 minutes delivered beyond them, is listed."
    )


def test_a_long_call_is_paid_in_full_if_its_week_has_room():
    days = [start_of(DAY + timedelta(days=n)).date() for n in range(2)]
    attendances = [attendance(41 * 60, days[0]), attendance(15 * 60, days[1])]
    first, second = reconciled(attendances, [slot(day) for day in days], B).lines
    assert (first.paid_minutes, second.paid_minutes) == (41, 15)
    assert first.excess_minutes == 0
    assert because(first, "cap per week") == (
        "60 of the 60 commissioned minutes of the week from 15/11/2026 were left, so 41 minutes can be paid in full."
    )


def test_a_long_call_is_paid_from_what_is_left_of_its_week():
    days = [start_of(DAY + timedelta(days=n)).date() for n in range(2)]
    attendances = [attendance(41 * 60, days[0]), attendance(30 * 60, days[1])]
    first, second = reconciled(attendances, [slot(day) for day in days], B).lines
    assert (first.paid_minutes, second.paid_minutes, second.excess_minutes) == (41, 19, 11)
    assert because(second, "cap per week") == (
        "Only 19 of the 60 commissioned minutes of the week from 15/11/2026 were left, so 30 became 19."
    )


@pytest.mark.parametrize(("contract", "first_paid", "second_paid"), [(A, 30, 15), (B, 30, 17)])
def test_a_second_carer_is_paid_for_the_time_shared_with_the_first(contract, first_paid, second_paid):
    attendances = [attendance(1800), attendance(18 * 60, position=1, overlap_seconds=17 * 60)]
    first, second = reconciled(attendances, [slot(carers=2)], contract).lines
    assert (first.paid_minutes, second.paid_minutes) == (first_paid, second_paid)
    assert (second.delivered_minutes, second.commissioned_minutes) == (18, 30)
    assert because(second, "second carer's overlap") == (
        "A further carer is paid for time with the first, 17 of 18 minutes."
    )


@pytest.mark.parametrize("contract", [A, B])
def test_what_a_contract_says_of_second_carers_names_the_rule_that_pays_them(contract):
    attendances = [attendance(1800), attendance(18 * 60, position=1, overlap_seconds=17 * 60)]
    second = reconciled(attendances, [slot(carers=2)], contract).lines[1]
    rule = f"second carer's {contract.second_carer}"
    assert rule in contract.order()
    assert rule in [step.rule for step in second.trace]
    unheard_of = changed(contract, second_carer="unheard of")
    assert rule not in unheard_of.order()
    with pytest.raises(KeyError, match="unheard of"):
        reconciled(attendances, [slot(carers=2)], unheard_of)


@pytest.mark.parametrize("contract", [A, B])
def test_a_visit_made_good_after_the_next_planned_one_pays_nothing(contract):
    line = one_line(attendance(1800, outcome="missed_provider"), contract)
    assert (line.paid_minutes, line.outcome, line.flags) == (0, "missed_provider", ("made_good_late",))
    assert because(line, "outcome") == "The provider missed this visit, so it pays 0."


def test_the_declared_order_of_tolerance_and_bands_decides():
    down = tuple(Band(15 * n, 15 * n + 14, 15 * n) for n in range(4))
    after = changed(A, bands=down, tolerance=Tolerance(5, 5, "after_bands"))
    before = changed(A, bands=down, tolerance=Tolerance(5, 5, "before_bands"))
    assert one_line(attendance(25 * 60), A).paid_minutes == 30
    assert one_line(attendance(25 * 60), after).paid_minutes == 15
    snapped = one_line(attendance(25 * 60), before)
    assert snapped.paid_minutes == 30
    assert because(snapped, "tolerance") == (
        "25 minutes fell within 5 under and 5 over the 30 commissioned, and became 30."
    )
    assert [step.rule for step in snapped.trace] == ["whole minutes", "tolerance", "bands", "rate"]
    assert after.order().index("bands") < after.order().index("tolerance")
    assert before.order().index("tolerance") < before.order().index("bands")


@pytest.mark.parametrize(("minutes", "paid"), [(24, 24), (25, 30), (35, 30), (36, 30)])
def test_tolerance_includes_both_its_ends(minutes, paid):
    contract = changed(B, tolerance=Tolerance(5, 5, "after_bands"))
    assert one_line(attendance(minutes * 60), contract).paid_minutes == paid


def test_money_is_rounded_once_a_line_with_halves_up():
    line = one_line(attendance(30 * 60), changed(A, rate_pence_per_hour=2411))
    assert line.amount_pence == 1206
    assert because(line, "rate") == (
        "30 minutes at 2411 pence an hour come to 1206 pence, rounded to the nearest penny, halves up."
    )
    assert one_line(attendance(1800), A).amount_pence == 1205
    assert one_line(attendance(1800), changed(A, rate_pence_per_hour=None)).amount_pence is None


def test_the_trace_names_the_check_ins_it_rests_on():
    line = one_line(attendance(1800), A)
    assert line.trace[0].check_ins == ("phone/18-0-0-in", "phone/18-0-0-out")
