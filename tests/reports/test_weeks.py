"""The weekly cap: what one visit left unused may pay for another of the same commission and week."""

from datetime import date, timedelta
from typing import Any

from reports.contracts import Contract
from reports.entries import Entry
from reports.rows import Slot
from reports.weeks import apply_weekly_caps
from reports.worksheet import Worksheet
from tests.reports.report_rows import DAY, A, attendance, changed, slot

WEEKLY = changed(A, cap="week", week_starts="monday")
MONDAY = date(2026, 11, 16)


def bought(day: date, **changes: Any) -> Slot:
    return slot(day, **changes)


def paid(minutes: list[tuple[Slot, int]], contract: Contract | None = WEEKLY) -> list[Worksheet]:
    """Lines of so many minutes each, against slots that are all that was bought."""
    sheets = [Worksheet(minutes=each, counted=each) for _, each in minutes]
    entries = [Entry(slot=each, attendance=attendance(day=each.day), contract=contract) for each, _ in minutes]
    apply_weekly_caps(entries, sheets, [each for each, _ in minutes])
    return sheets


def minutes_of(sheets: list[Worksheet]) -> list[int]:
    return [sheet.minutes for sheet in sheets]


def test_minutes_left_unused_pay_for_another_day_of_the_week():
    sheets = paid([(bought(MONDAY), 20), (bought(MONDAY + timedelta(days=1)), 40)])
    assert minutes_of(sheets) == [20, 40]
    assert [sheet.flags for sheet in sheets] == [[], []]


def test_a_week_pays_no_more_than_was_bought_in_it_and_lists_the_excess():
    sheets = paid([(bought(MONDAY), 35), (bought(MONDAY + timedelta(days=1)), 40)])
    assert minutes_of(sheets) == [35, 25]
    assert (sheets[1].flags, sheets[1].excess) == (["capped"], 15)
    assert sheets[1].steps[0].because == (
        "Only 25 of the 60 commissioned minutes of the week from 16/11/2026 were left, so 40 became 25."
    )


def test_a_week_that_is_used_up_pays_nothing_more():
    sheets = paid([(bought(MONDAY), 60), (bought(MONDAY + timedelta(days=1)), 10)])
    assert minutes_of(sheets) == [60, 0]


def test_what_every_visit_of_the_week_used_is_gone_not_only_the_last_ones():
    days = [bought(MONDAY + timedelta(days=number)) for number in range(3)]
    sheets = paid([(day, 40) for day in days])
    assert minutes_of(sheets) == [40, 40, 10]


def test_each_week_and_each_commission_and_each_provider_has_minutes_of_its_own():
    others = [
        bought(MONDAY + timedelta(days=7)),
        bought(MONDAY, commission="K-2"),
        bought(MONDAY, provider="another"),
    ]
    for other in others:
        assert minutes_of(paid([(bought(MONDAY), 20), (other, 40)])) == [20, 30]


def test_the_week_starts_on_the_contracts_weekday():
    sunday, monday = MONDAY - timedelta(days=1), MONDAY
    lines = [(bought(sunday), 20), (bought(monday), 40)]
    assert minutes_of(paid(lines)) == [20, 30]
    assert minutes_of(paid(lines, changed(WEEKLY, week_starts="sunday"))) == [20, 40]


def test_a_second_carers_minutes_are_bought_too():
    assert minutes_of(paid([(bought(MONDAY, carers=2), 60)])) == [60]
    assert minutes_of(paid([(bought(MONDAY, carers=1), 60)])) == [30]


def test_a_line_of_no_minutes_uses_none_and_leaves_no_step():
    sheets = paid([(bought(MONDAY), 0)])
    assert (sheets[0].minutes, sheets[0].steps) == (0, [])


def test_only_a_contract_that_caps_by_the_week_does():
    for contract in (None, A, changed(A, cap=None)):
        assert minutes_of(paid([(bought(DAY), 500)], contract)) == [500]


def test_an_attendance_nobody_bought_is_left_to_other_rules():
    sheet = Worksheet(minutes=500, counted=500)
    apply_weekly_caps([Entry(slot=None, attendance=attendance(), contract=WEEKLY)], [sheet], [])
    assert sheet.minutes == 500
