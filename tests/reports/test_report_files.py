"""The CSV and the workbook, read back by other readers than those that wrote them."""

import csv
import io
import unicodedata
import zipfile
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.files import Header, file_name, harmless, lines_csv, lines_xlsx
from reports.kpis import Share, key_figures
from reports.periods import Period
from reports.reconciliation import Reconciliation
from tests.reports.report_rows import (
    COUNCIL,
    DAY,
    MONTH,
    PROVIDER,
    A,
    B,
    attendance,
    changed,
    reconciled,
    slot,
    start_of,
)

COLUMNS = (
    "provider,council,client,commission,slot,day,visit,carer,position,planned_start,planned_minutes,"
    "commissioned_minutes,in_at,out_at,delivered_seconds,delivered_minutes,banded_minutes,paid_minutes,"
    "excess_minutes,amount_pence,outcome,flags,in_grade,out_grade,in_distance_m,out_distance_m,in_check_in,"
    "out_check_in,contract,contract_version,trace"
)
HEADER = Header(datetime(2026, 12, 1, 9, tzinfo=UTC), COUNCIL, PROVIDER)
DANGEROUS = (
    "=1+1",
    "+44 20",
    "-2+3",
    "@SUM(A1)",
    "\tx",
    "\rx",
    '=HYPERLINK("http://x")',
    'a "quoted", cell\r\nand line',
)


def wall(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """A time without a zone, as a spreadsheet holds it."""
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC).replace(tzinfo=None)


def read_csv(found: Reconciliation) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(lines_csv(found, HEADER).decode("utf-8-sig"), newline="")))


def open_xlsx(found: Reconciliation) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(lines_xlsx(found, HEADER)))


def test_the_csv_is_a_pure_table_with_crlf_and_the_agreed_columns():
    text = lines_csv(reconciled([attendance(24 * 60 + 50)], [slot()]), HEADER).decode("utf-8-sig")
    rows = text.split("\r\n")
    assert rows[0] == COLUMNS
    assert (len(rows), rows[2]) == (3, "")
    assert "\n" not in text.replace("\r\n", "")


def test_the_csv_reads_back_as_the_line():
    (row,) = read_csv(reconciled([attendance(24 * 60 + 50, exceptions=("short:fix",))], [slot()]))
    assert row["in_at"] == "2026-11-18T08:00:00+00:00"
    assert (row["delivered_seconds"], row["delivered_minutes"], row["banded_minutes"]) == ("1490", "24", "30")
    assert (row["paid_minutes"], row["amount_pence"], row["in_distance_m"]) == ("30", "1205", "12.0")
    assert row["flags"] == "banded_above_actual:6;short:fix"
    assert (row["contract"], row["contract_version"], row["carer"]) == ("A", "1", "W-000")
    assert "24 minutes fell in the band 23–37 and became 30, 6 more than delivered." in row["trace"]


def test_a_missing_value_is_an_empty_cell():
    (row,) = read_csv(reconciled([], [slot()], changed(A, rate_pence_per_hour=None)))
    empty = {name for name, cell in row.items() if cell == ""}
    assert {"visit", "carer", "in_at", "out_at", "delivered_seconds", "amount_pence", "in_grade"} <= empty


def test_summer_times_carry_their_offset():
    summer = date(2026, 7, 1)
    found = reconciled([attendance(1800, summer)], [slot(summer)], A, Period(summer, summer))
    (row,) = read_csv(found)
    assert row["in_at"] == "2026-07-01T08:00:00+01:00"
    assert open_xlsx(found)["Lines"]["I2"].value == wall(2026, 7, 1, 8)


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_text_in_the_csv_runs_as_a_formula(text):
    (row,) = read_csv(reconciled([attendance(visit=text)], [slot()]))
    assert row["visit"][0] not in "=+-@\t\r"
    assert row["visit"].removeprefix("'") == text


@given(st.text(max_size=20))
def test_only_texts_that_start_a_formula_are_changed(text):
    safe = harmless(text)
    assert safe in {text, f"'{text}"}
    assert safe == text or unicodedata.normalize("NFKC", text[0])[0] in "=+-@\t\r\n"


@pytest.mark.parametrize("number", ["-5", "+0.5", "-12.25", -7, None])
def test_numbers_stay_numbers(number):
    assert harmless(number) == number


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_text_in_the_workbook_is_a_formula_or_a_link(text):
    sheet = open_xlsx(reconciled([attendance(visit=text, carer="http://x.example")], [slot()]))["Lines"]
    assert sheet["E2"].data_type == "s"
    assert sheet["E2"].value.replace("_x000D_", "\r").replace("\r\n", "\n") == text.replace("\r\n", "\n")
    assert sheet["F2"].hyperlink is None


def test_the_workbook_holds_hours_as_numbers_and_local_times():
    sheet = open_xlsx(reconciled([attendance(24 * 60 + 50)], [slot()]))["Lines"]
    row = {title.value: cell.value for title, cell in zip(sheet[1], sheet[2], strict=True)}
    assert row["In"] == wall(2026, 11, 18, 8)
    assert row["Out"] == wall(2026, 11, 18, 8, 24, 50)
    assert (row["Paid hours"], row["Delivered hours"], row["Amount"]) == (0.5, 0.4, 12.05)
    assert (row["Delivered minutes"], row["Paid minutes"]) == (24, 30)


def test_the_workbook_opens_ready_to_read():
    book = open_xlsx(reconciled([attendance()], [slot()]))
    assert book.sheetnames[:4] == ["Summary", "Lines", "Trace", "Contract"]
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref is not None
        assert all(cell.font.bold for cell in sheet[1])
    assert book["Lines"].column_dimensions["A"].width > 10


def test_the_trace_sheet_gives_a_row_to_every_step():
    found = reconciled([attendance(41 * 60)], [slot()])
    sheet = open_xlsx(found)["Trace"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert [row[8] for row in rows] == ["whole minutes", "bands", "cap per visit", "rate"]
    assert [(row[9], row[10]) for row in rows] == [(0, 41), (41, 45), (45, 30), (30, 1205)]
    assert rows[0][12] == "phone/18-0-0-in, phone/18-0-0-out"


def summary(found: Reconciliation) -> dict[str, tuple[Any, Any]]:
    return {row[0].value: (row[1].value, row[2].value) for row in open_xlsx(found)["Summary"].iter_rows(min_row=2)}


@pytest.mark.parametrize(("contract", "basis"), [(A, "paid by bands of minutes"), (B, "paid by the minute")])
def test_the_summary_prints_the_basis_the_order_of_rules_and_every_threshold(contract, basis):
    printed = summary(reconciled([attendance()], [slot()], contract))
    assert printed["Contract"][0] == f"replayed under {contract.code} version 1"
    assert basis in printed["Contract"][1]
    assert ", ".join(contract.order()) in printed["Contract"][1]
    assert printed["Made at"][0] == "01/12/2026 09:00:00"
    assert printed["Paid hours"][0] == 0.5
    assert printed["Arrivals punctual"][0] == "100.0 % (1 of 1)"
    assert "30 minutes before to 30 minutes after" in printed["Arrivals punctual"][1]


def test_the_contract_sheet_prints_every_rule():
    sheet = open_xlsx(reconciled([attendance()], [slot()]))["Contract"]
    terms = {row[1].value: row[2].value for row in sheet.iter_rows(min_row=2)}
    assert terms["band 23–37"] == "becomes 30 minutes"
    assert terms["tolerance"] == "5 minutes under, 5 over the commissioned, after bands"
    assert terms["second carer"] == "paid for the time shared with the first"
    assert (terms["cap"], terms["rate"]) == ("per visit", "2410 pence an hour")
    assert terms["outcome cancelled_short_notice"] == "pays planned"


def test_the_same_reconciliation_gives_the_same_bytes_whatever_the_zone_it_was_made_in():
    found = reconciled([attendance()], [slot()])
    same = Header(HEADER.generated_at.astimezone(timezone(timedelta(hours=5))), COUNCIL, PROVIDER)
    assert lines_xlsx(found, HEADER) == lines_xlsx(found, same)
    with zipfile.ZipFile(io.BytesIO(lines_xlsx(found, HEADER))) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert open_xlsx(found).properties.created == wall(2026, 12, 1, 9)


@pytest.mark.parametrize(("council", "provider"), [("E10000016", PROVIDER), (COUNCIL, "other")])
@pytest.mark.parametrize("write", [lines_csv, lines_xlsx])
def test_promise_11_no_file_holds_a_line_of_another_council_or_provider(council, provider, write):
    with pytest.raises(ValueError, match="not for this file"):
        write(reconciled([attendance()], [slot()]), Header(HEADER.generated_at, council, provider))


def test_a_header_needs_an_aware_instant():
    with pytest.raises(ValueError, match="time zone"):
        Header(wall(2026, 12, 1), COUNCIL, None)


def test_a_file_name_says_what_the_file_holds_and_is_safe():
    assert file_name(COUNCIL, "P", MONTH, "A@1", "xlsx") == "hours_E10000015_P_2026-11-01_2026-11-30_A-1.xlsx"
    assert file_name(COUNCIL, None, MONTH, "../x") == "hours_E10000015_all-providers_2026-11-01_2026-11-30_x.csv"


@pytest.mark.parametrize(("minutes_from_start", "punctual"), [(-31, 0), (-30, 1), (0, 1), (30, 1), (31, 0)])
def test_an_arrival_on_either_end_of_the_window_is_punctual(minutes_from_start, punctual):
    moved = start_of(DAY) + timedelta(minutes=minutes_from_start)
    figures = key_figures(reconciled([attendance(in_at=moved)], [slot()]))
    assert (figures.punctual.part, figures.punctual.whole) == (punctual, 1)


def test_missed_counts_visits_and_leaves_cancelled_ones_out():
    days = [DAY + timedelta(days=n) for n in range(6)]
    outcomes = ("delivered", "missed_provider", "cancelled_in_notice", "hospital", "planned")
    lengths = (1800, None, None, None, None)
    visits = zip(days, lengths, outcomes, strict=False)
    attendances = [attendance(seconds, day, outcome=outcome) for day, seconds, outcome in visits]
    slots = [slot(day, carers=2) for day in days]
    missed = key_figures(reconciled(attendances, slots)).missed
    assert (missed.part, missed.whole, missed.percent) == (1, 2, Decimal("50.0"))


@pytest.mark.parametrize(
    ("change", "logged"),
    [({}, 1), ({"out_check_in": None}, 0), ({"in_grade": "declared"}, 0), ({"in_grade": "uncertain"}, 1)],
)
def test_logging_counts_visits_with_an_electronic_check_in_at_both_ends(change, logged):
    figures = key_figures(reconciled([attendance(**change)], [slot()]))
    assert (figures.logged.part, figures.logged.whole) == (logged, 1)


def test_a_share_of_nothing_has_no_percentage():
    assert Share("x", 0, 0, "").percent is None
    assert Share("x", 1, 8, "").percent == Decimal("12.5")


def test_a_double_call_is_missed_only_if_nobody_of_it_came():
    tried = attendance(None, outcome="no_reply", in_check_in="p/i", in_grade="tagged")
    missed = key_figures(reconciled([tried, attendance(None, position=1)], [slot(carers=2)])).missed
    assert (missed.part, missed.whole) == (0, 1)
