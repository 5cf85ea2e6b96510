"""What a call pays that was not simply delivered as commissioned, with the Ombudsman's cases by their number."""

from datetime import timedelta

import pytest

from reports.contracts import ContractError, Outcomes
from reports.kpis import key_figures
from reports.reconciliation import reconcile
from reports.rows import RowError
from reports.trace import readable
from tests.reports.report_rows import (
    DAY,
    MONTH,
    A,
    B,
    attendance,
    because,
    changed,
    one_line,
    reconciled,
    slot,
    start_of,
)


def test_a_missed_visit_pays_nothing_and_says_why():
    line = one_line(attendance(None))
    assert (line.outcome, line.paid_minutes, line.commissioned_minutes) == ("missed_provider", 0, 30)
    assert because(line, "outcome") == "The provider missed this visit, so it pays 0."


@pytest.mark.parametrize(
    ("times", "flag"),
    [({"out_at": None, "out_check_in": None}, "no_out"), ({"in_at": None, "in_check_in": None}, "no_in")],
)
def test_a_visit_with_one_end_pays_nothing_until_a_person_fixes_it(times, flag):
    line = one_line(attendance(1800, delivered_seconds=None, **times))
    assert (line.paid_minutes, line.delivered_seconds) == (0, None)
    assert flag in line.flags
    assert line.exceptions == (f"{flag}:fix",)
    assert "a person must fix that" in because(line, "whole minutes")


def test_a_call_nobody_commissioned_is_a_line_that_pays_nothing():
    line, extra = reconciled(
        [attendance(), attendance(1200, commission=None, slot=None, visit="unplanned:1")], [slot()]
    ).lines
    assert (line.paid_minutes, extra.paid_minutes, extra.excess_minutes) == (30, 0, 20)
    assert extra.flags == ("unscheduled",)
    assert (extra.contract, extra.commissioned_minutes) == ("A", 0)


def test_a_second_call_for_the_same_slot_is_a_line_of_its_own():
    later = attendance(1200, visit="V-again", in_at=start_of(DAY) + timedelta(hours=3))
    first, again = reconciled([later, attendance()], [slot()]).lines
    assert (first.visit, first.paid_minutes) == ("V-18-0", 30)
    assert (again.visit, again.paid_minutes, again.flags) == ("V-again", 0, ("unscheduled",))


def test_a_commissioned_visit_that_nobody_rostered_is_a_line():
    line = one_line(None)
    assert (line.outcome, line.visit, line.carer, line.planned_minutes) == ("not_rostered", None, None, None)
    assert (line.commissioned_minutes, line.paid_minutes) == (30, 0)


def test_a_visit_not_yet_due_is_not_missed():
    line = one_line(attendance(None, outcome="planned"))
    assert (line.outcome, line.paid_minutes, line.flags) == ("planned", 0, ())
    assert because(line, "outcome") == "This visit has not begun and is not missed yet, so it pays 0 so far."


@pytest.mark.parametrize(
    ("outcome", "paid"),
    [
        ("cancelled_in_notice", 0),
        ("cancelled_short_notice", 30),
        ("hospital", 0),
        ("respite_or_holiday", 0),
        ("deceased", 0),
        ("suspended_by_council", 0),
        ("merged", 0),
        ("client_absent_known", 0),
    ],
)
@pytest.mark.parametrize("contract", [A, B])
def test_an_undelivered_outcome_pays_what_the_contract_says_of_it(outcome, paid, contract):
    line = one_line(attendance(None, outcome=outcome), contract)
    assert line.paid_minutes == paid
    assert len(because(line, "outcome")) > 20


def test_a_contract_may_say_otherwise_of_an_outcome():
    generous = changed(A, outcomes=Outcomes(hospital="planned"))
    assert one_line(attendance(None, outcome="hospital"), generous).paid_minutes == 30


def test_a_cancelled_visit_pays_no_more_than_was_commissioned():
    line = one_line(attendance(None, outcome="cancelled_short_notice", planned_minutes=60), changed(B, cap=None))
    assert line.paid_minutes == 30


@pytest.mark.parametrize(
    ("grades", "one", "both"),
    [
        (("located", None), 30, 0),
        (("tagged", "located"), 30, 30),
        (("declared", "declared"), 0, 0),
        (("contradicted", "uncertain"), 0, 0),
    ],
)
def test_no_reply_pays_as_attended_where_presence_is_shown(grades, one, both):
    came, left = grades
    ends = {"in_grade": came, "in_check_in": "p/i", "out_grade": left, "out_check_in": "p/o" if left else None}
    no_reply = attendance(None, outcome="no_reply", **ends)
    assert one_line(no_reply, A).paid_minutes == one
    assert one_line(no_reply, changed(A, presence_check_ins="both")).paid_minutes == both


def test_an_outcome_without_a_rule_is_flagged_and_pays_nothing():
    line = one_line(attendance(None, outcome="abducted"))
    assert (line.paid_minutes, line.flags) == (0, ("unknown_outcome",))


def test_evidence_that_the_contract_does_not_pay_pays_nothing():
    strict = changed(A, grades_paid=("proven", "located"))
    line = one_line(attendance(1800, out_grade="declared"), strict)
    assert (line.paid_minutes, line.flags) == (0, ("grade_not_paid",))
    assert "departure is graded declared" in because(line, "evidence")


def test_an_amended_time_is_flagged_and_named():
    line = one_line(attendance(1800, amendments=("am-2", "am-1")))
    assert (line.paid_minutes, line.flags, line.amendments) == (30, ("amended",), ("am-1", "am-2"))
    assert "am-1, am-2" in because(line, "amendment")


def test_exceptions_of_the_visit_are_flags_of_the_line():
    line = one_line(attendance(1800, exceptions=("outside_fence:acknowledge",)))
    assert line.flags == ("outside_fence",)


def test_a_second_carer_who_never_came_is_shown():
    first, second = reconciled([attendance()], [slot(carers=2)]).lines
    assert (first.paid_minutes, second.paid_minutes, second.outcome) == (30, 0, "second_carer_missing")
    assert second.flags == ("second_carer_missing",)
    rostered = reconciled([attendance(), attendance(None, position=1)], [slot(carers=2)]).lines[1]
    assert rostered.outcome == "second_carer_missing"


def test_a_second_carer_who_came_alone_is_paid_for_the_time_there():
    first, second = reconciled([attendance(None), attendance(1800, position=1)], [slot(carers=2)]).lines
    assert (first.paid_minutes, second.paid_minutes) == (0, 30)


def test_a_second_carer_beside_a_first_who_forgot_to_leave_is_not_of_unknown_outcome():
    first, second = reconciled([attendance(1800, delivered_seconds=None, out_at=None)], [slot(carers=2)]).lines
    assert (first.flags, second.outcome) == (("no_out",), "second_carer_missing")


def test_both_carers_of_a_missed_double_call_are_missed():
    outcomes = [line.outcome for line in reconciled([attendance(None)], [slot(carers=2)]).lines]
    assert outcomes == ["missed_provider", "missed_provider"]


def test_a_carer_of_whom_nothing_is_given_pays_nothing_even_where_the_others_are_paid():
    first, second = reconciled([attendance(None, outcome="cancelled_short_notice")], [slot(carers=2)]).lines
    assert (first.paid_minutes, first.flags) == (30, ())
    assert (second.outcome, second.carer, second.paid_minutes) == ("cancelled_short_notice", None, 0)
    assert second.flags == ("unknown_outcome",)


def test_a_line_is_of_the_client_whom_the_slot_was_bought_for():
    line = one_line(attendance(1800, client="C-0002"))
    assert (line.client, line.commission, line.paid_minutes) == ("C-0001", "K-0001", 30)


def test_o1_no_band_exceeds_the_delivered_minutes_unless_the_contract_says_so():
    silent = changed(A, bands_above_delivered=False)
    line = one_line(attendance(10 * 60), silent)
    assert (line.delivered_minutes, line.banded_minutes, line.paid_minutes) == (10, 10, 10)
    assert "lets no band exceed what was delivered" in because(line, "bands")
    declared = one_line(attendance(10 * 60), A)
    assert (declared.delivered_minutes, declared.banded_minutes) == (10, 15)
    assert "banded_above_actual:5" in declared.flags


def test_o2_less_than_half_the_plan_is_flagged_and_short_visits_are_listed():
    half = one_line(attendance(15 * 60), B)
    less = one_line(attendance(15 * 60 - 1), B)
    assert ("under_half" in half.flags, "under_half" in less.flags) == (False, True)
    slots = [slot(minutes=15), slot(client="C-0002", commission="K-0002", minutes=16)]
    assert key_figures(reconciled([], slots)).short_visit_clients == ("C-0001",)


@pytest.mark.parametrize("outcome", ["no_reply", "cancelled_short_notice", "client_refused"])
def test_o4_a_visit_without_a_planned_time_cannot_be_missed_by_the_client(outcome):
    unplanned = attendance(None, outcome=outcome, planned_start=None, in_check_in="p/i", in_grade="proven")
    line = one_line(unplanned)
    assert (line.paid_minutes, line.flags) == (0, ("no_planned_start",))
    assert "the client cannot have missed it" in because(line, "outcome")


def test_o5_a_cancellation_after_the_carer_was_late_is_not_the_clients():
    late = attendance(None, outcome="cancelled_short_notice", exceptions=("late:acknowledge",))
    line = one_line(late)
    assert line.paid_minutes == 0
    assert "carer_was_late" in line.flags
    explained = readable(one_line(attendance(None, outcome="cancelled_short_notice")).trace)
    assert explained.startswith("The outcome cancelled_short_notice pays the planned 30 minutes.")


def test_o9_a_back_dated_change_of_the_package_is_paid_from_its_date():
    days = [DAY + timedelta(days=n) for n in range(3)]
    attendances = [attendance(60 * 60, day, planned_minutes=60) for day in days]
    before = reconciled(attendances, [slot(day, minutes=60) for day in days])
    assert [line.paid_minutes for line in before.lines] == [60, 60, 60]
    after = reconciled(attendances, [slot(days[0], minutes=60), slot(days[1], minutes=30)])
    assert [line.paid_minutes for line in after.lines] == [60, 30, 0]
    assert after.lines[2].flags == ("unscheduled", "wrong_contract_dates")
    assert "buys nothing on this day" in because(after.lines[2], "outcome")


def test_each_commission_is_paid_under_its_own_contract_and_version():
    second = changed(A, version=2, cap=None)
    slots = [slot(), slot(client="C-0002", commission="K-0002", contract_version=2)]
    attendances = [attendance(2460), attendance(2460, client="C-0002", commission="K-0002")]
    found = reconcile(attendances, slots, {"A@1": A, "A@2": second}, MONTH)
    assert [(line.contract_version, line.paid_minutes) for line in found.lines] == [(1, 30), (2, 45)]
    assert [contract.key for contract in found.contracts] == ["A@1", "A@2"]
    replayed = reconcile(attendances, slots, {}, MONTH, replay=B)
    assert [(line.contract, line.paid_minutes) for line in replayed.lines] == [("B", 30), ("B", 30)]


def test_an_unknown_contract_is_refused_by_name():
    with pytest.raises(ContractError, match="contract A version 1 is not known"):
        reconcile([], [slot()], {}, MONTH)


def test_a_slot_before_its_contract_can_be_replayed_and_is_otherwise_refused():
    early = slot(contract_version=None)
    (line,) = reconcile([attendance()], [early], {"A@1": A}, MONTH, replay=B).lines
    assert (line.contract, line.contract_version, line.paid_minutes) == ("B", 1, 30)
    with pytest.raises(ContractError, match="contract A has no version that is valid yet"):
        reconcile([attendance()], [early], {"A@1": A}, MONTH)


NAIVE = start_of(DAY).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"position": -1}, "position: -1 is below 0"),
        ({"planned_minutes": -1}, "planned_minutes"),
        ({"delivered_seconds": -1}, "delivered_seconds"),
        ({"overlap_seconds": -1}, "overlap_seconds"),
        ({"planned_start": NAIVE}, "planned_start.*aware"),
        ({"in_at": NAIVE}, "in_at.*aware"),
        ({"out_at": NAIVE}, "out_at.*aware"),
    ],
)
def test_an_attendance_of_less_than_nothing_or_at_no_instant_is_refused_by_field(change, message):
    with pytest.raises(RowError, match=message):
        attendance(**change)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"minutes": -1}, "minutes"), ({"carers": -1}, "carers"), ({"start": NAIVE}, "start.*aware")],
)
def test_a_slot_of_less_than_nothing_or_at_no_instant_is_refused_by_field(change, message):
    with pytest.raises(RowError, match=message):
        slot(**change)


def test_a_slot_given_twice_is_refused():
    with pytest.raises(RowError, match="slot 0 twice"):
        reconciled([], [slot(), slot()])


def test_nothing_reconciles_to_nothing():
    found = reconciled([], [])
    assert (found.totals.lines, found.totals.paid_minutes, len(found.weeks)) == (0, 0, 0)
