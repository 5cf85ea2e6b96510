"""What holds of every reconciliation: order, caps, sums, weeks and the clock change."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.contracts import Tolerance
from reports.files import Header, lines_csv, lines_xlsx
from reports.kpis import key_figures
from reports.lines import SUMMED
from reports.periods import WEEKDAYS, Period, elapsed_seconds, local, week_of, whole_weeks
from reports.rows import Attendance, Slot
from tests.reports.report_rows import (
    COUNCIL,
    DAY,
    LONDON,
    MONTH,
    PROVIDER,
    A,
    B,
    attendance,
    changed,
    reconciled,
    slot,
)

HEADER = Header(datetime(2026, 12, 1, 9, tzinfo=UTC), COUNCIL, PROVIDER)
Month = tuple[list[Attendance], list[Slot]]
TOLERANCES = (None, Tolerance(10, 20, "before_bands"), Tolerance(5, 5, "after_bands"))
OUTCOMES = ("delivered", "missed_provider", "no_reply", "cancelled_short_notice", "hospital", "planned")
CONTRACTS = (A, B, changed(A, cap="week", week_starts="wednesday"), changed(B, cap="visit", rate_pence_per_hour=None))


@st.composite
def months(draw: st.DrawFn) -> Month:
    """Attendances and slots of two clients over some days of a month, with gaps, extra ones and second carers."""
    attendances: list[Attendance] = []
    slots: list[Slot] = []
    for client in ("C-0001", "C-0002"):
        commission = client.replace("C", "K")
        for offset in draw(st.sets(st.integers(-9, 11), max_size=5)):
            day = DAY + timedelta(days=offset)
            for number in range(draw(st.integers(1, 2))):
                whose: dict[str, Any] = {"client": client, "commission": commission}
                minutes = draw(st.sampled_from([15, 30, 45]))
                carers = draw(st.integers(1, 2))
                slots.append(slot(day, number=number, minutes=minutes, carers=carers, **whose))
                for position in range(draw(st.integers(0, carers))):
                    seconds = draw(st.integers(0, 5400))
                    outcome = draw(st.sampled_from(OUTCOMES))
                    overlap = draw(st.integers(0, seconds)) if position else 0
                    did: dict[str, Any] = {"position": position, "outcome": outcome, "overlap_seconds": overlap}
                    visit = f"V-{client}-{day}-{number}"
                    attendances.append(attendance(seconds, day, slot=number, visit=visit, **did, **whose))
            if draw(st.booleans()):
                extra: dict[str, Any] = {
                    "client": client,
                    "commission": None,
                    "slot": None,
                    "visit": f"unplanned:{client}-{day}",
                }
                attendances.append(attendance(draw(st.integers(0, 3600)), day, **extra))
    return attendances, slots


@settings(max_examples=30, deadline=None)
@given(month=months(), contract=st.sampled_from(CONTRACTS), shuffle=st.randoms(use_true_random=False))
def test_promise_5_the_order_of_the_rows_makes_no_difference_to_a_byte(month, contract, shuffle):
    attendances, slots = month
    before = reconciled(attendances, slots, contract)
    shuffled, shuffled_slots = attendances[:], slots[:]
    shuffle.shuffle(shuffled)
    shuffle.shuffle(shuffled_slots)
    after = reconciled(shuffled, shuffled_slots, contract)
    assert lines_csv(before, HEADER) == lines_csv(after, HEADER)
    assert lines_xlsx(before, HEADER) == lines_xlsx(after, HEADER)


@settings(max_examples=40, deadline=None)
@given(month=months(), contract=st.sampled_from(CONTRACTS))
def test_lines_weeks_and_totals_add_up_to_the_same(month, contract):
    found = reconciled(month[0], month[1], contract)
    for name in SUMMED:
        of_lines = sum(getattr(line, name) or 0 for line in found.lines)
        assert of_lines == getattr(found.totals, name) == found.weeks[name].sum()
    assert found.weeks["lines"].sum() == found.totals.lines == len(found.lines)
    assert key_figures(found).paid_minutes == found.totals.paid_minutes


@settings(max_examples=40, deadline=None)
@given(month=months(), tolerance=st.sampled_from(TOLERANCES))
def test_a_cap_per_visit_never_pays_above_the_commissioned_minutes(month, tolerance):
    for line in reconciled(month[0], month[1], changed(A, tolerance=tolerance)).lines:
        assert 0 <= line.paid_minutes <= line.commissioned_minutes


@settings(max_examples=40, deadline=None)
@given(month=months(), starts=st.sampled_from(WEEKDAYS), basis=st.sampled_from([A, B]))
def test_a_cap_per_week_never_pays_above_the_weeks_commissioned_minutes(month, starts, basis):
    paid: dict[tuple[str | None, date], int] = defaultdict(int)
    bought: dict[tuple[str | None, date], int] = defaultdict(int)
    for line in reconciled(month[0], month[1], changed(basis, cap="week", week_starts=starts)).lines:
        key = (line.commission, week_of(line.day, starts))
        paid[key] += line.paid_minutes
        bought[key] += line.commissioned_minutes
    assert all(paid[key] <= bought[key] for key in paid)


@settings(max_examples=40, deadline=None)
@given(month=months(), contract=st.sampled_from(CONTRACTS), last=st.dates(date(2026, 11, 2), date(2026, 11, 29)))
def test_two_periods_side_by_side_give_the_lines_of_the_whole(month, contract, last):
    early = reconciled(month[0], month[1], contract, Period(MONTH.first, last)).lines
    late = reconciled(month[0], month[1], contract, Period(last + timedelta(days=1), MONTH.last)).lines
    assert early + late == reconciled(month[0], month[1], contract).lines


@settings(max_examples=40, deadline=None)
@given(month=months(), contract=st.sampled_from(CONTRACTS))
def test_each_trace_leads_step_by_step_to_what_is_paid(month, contract):
    for line in reconciled(month[0], month[1], contract).lines:
        minutes = 0
        for step in line.trace:
            assert step.before == minutes
            if step.rule != "rate":
                assert step.after is not None
                minutes = step.after
            assert step.because.endswith(".")
        assert minutes == line.paid_minutes
        assert len(line.trace) >= 1


@given(day=st.dates(date(2026, 1, 1), date(2027, 12, 31)), starts=st.sampled_from(WEEKDAYS))
def test_a_week_starts_on_any_weekday_and_holds_its_day(day, starts):
    week = week_of(day, starts)
    assert week.strftime("%A").lower() == starts
    assert week <= day < week + timedelta(days=7)


def test_whole_weeks_cover_every_week_the_period_touches():
    assert whole_weeks(Period(DAY, DAY), [A, B]) == Period(date(2026, 11, 15), date(2026, 11, 22))
    assert whole_weeks(MONTH, []) == MONTH


def test_a_period_ends_no_earlier_than_it_starts():
    with pytest.raises(ValueError, match="before it starts"):
        Period(DAY, DAY - timedelta(days=1))


def test_weeks_are_counted_from_the_contracts_weekday_and_cut_ones_are_marked():
    days = [date(2026, 11, 14), date(2026, 11, 15), date(2026, 11, 21)]
    found = reconciled([], [slot(day) for day in days], B, Period(days[0], days[2]))
    assert found.weeks["week"].tolist() == [date(2026, 11, 8), date(2026, 11, 15)]
    assert found.weeks["commissioned_minutes"].tolist() == [30, 60]
    assert found.weeks["cut"].tolist() == [True, False]


CLOCK_CHANGES = (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))


@settings(deadline=None)
@given(
    change=st.sampled_from(CLOCK_CHANGES),
    before=st.integers(0, 3 * 3600),
    after=st.integers(0, 3 * 3600),
)
def test_promise_8_elapsed_time_across_the_clock_change_is_elapsed_time(change, before, after):
    arrived, left = change - timedelta(seconds=before), change + timedelta(seconds=after)
    assert elapsed_seconds(local(arrived), local(left)) == before + after
    times = {"in_at": arrived.astimezone(LONDON), "out_at": left.astimezone(LONDON), "delivered_seconds": None}
    day = local(arrived).date()
    (line,) = reconciled([attendance(60, day, **times)], [slot(day)], changed(B, cap=None), Period(day, day)).lines
    assert line.delivered_seconds == before + after
    assert line.paid_minutes == (before + after) // 60


def test_a_visit_over_the_spring_clock_change_reads_local_times_and_pays_elapsed_minutes():
    arrived = datetime(2026, 3, 29, 0, 45, tzinfo=UTC)
    times = {"in_at": arrived, "out_at": arrived + timedelta(minutes=30), "delivered_seconds": 1800}
    day = arrived.date()
    (line,) = reconciled([attendance(1800, day, **times)], [slot(day)], A, Period(day, day)).lines
    assert line.paid_minutes == 30
    assert "(in at 00:45:00, out at 02:15:00)" in line.trace[0].because
