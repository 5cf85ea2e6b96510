"""Cells as values, and the times that the clocks skip or repeat."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from ecm.care.imports import cells, commissions, roster
from ecm.care.imports.tables import CellError, Faults, Row


def row(**values: str) -> Row:
    return Row(2, values)


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-11-20T08:00", datetime(2026, 11, 20, 8, 0, tzinfo=UTC)),
        ("2026-07-01 08:00", datetime(2026, 7, 1, 7, 0, tzinfo=UTC)),
        ("2026-07-01T08:00:30", datetime(2026, 7, 1, 7, 0, 30, tzinfo=UTC)),
        ("2026-07-01T08:00Z", datetime(2026, 7, 1, 8, 0, tzinfo=UTC)),
        ("2026-10-25T01:30+01:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25T01:30+00:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-10-25T00:59", datetime(2026, 10, 24, 23, 59, tzinfo=UTC)),
        ("2026-10-25T02:00", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        ("2026-03-29T02:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("25/11/2026 08:00", datetime(2026, 11, 25, 8, 0, tzinfo=UTC)),
        ("25/11/2026 8:00", datetime(2026, 11, 25, 8, 0, tzinfo=UTC)),
        ("25/11/26 08:00:00", datetime(2026, 11, 25, 8, 0, tzinfo=UTC)),
        ("25.11.2026 08:00", datetime(2026, 11, 25, 8, 0, tzinfo=UTC)),
        ("25-Nov-2026 8:00 PM", datetime(2026, 11, 25, 20, 0, tzinfo=UTC)),
        ("Wed 25 November 2026, 8am", datetime(2026, 11, 25, 8, 0, tzinfo=UTC)),
        ("1/7/2026 08:00", datetime(2026, 7, 1, 7, 0, tzinfo=UTC)),
        ("25/10/2026 01:30+01:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_promise_8_local_times_become_utc_instants(written: str, instant: datetime) -> None:
    assert cells.local_instant(row(start=written), "start") == instant


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2026-03-29T01:00", "does not exist"),
        ("2026-03-29T01:59", "does not exist"),
        ("2026-10-25T01:00", "add its offset"),
        ("2026-10-25T01:59", "2026-10-25T01:59\\+00:00 for the second"),
        ("20 past 8", "2026-11-20T08:00"),
        ("20/11/2026", "2026-11-20T08:00"),
        ("31/11/2026 08:00", "calendar"),
        ("11/20/2026 08:00", "calendar"),
        ("2026-02-30T08:00", "calendar"),
        ("2026-11-20T25:00", "time of the day"),
        ("2026-11-20T08:00+24:00", "offset"),
        ("1999-12-31T08:00", "2000 to 2099"),
        ("9999-12-31T23:59-23:00", "2000 to 2099"),
        ("", "empty"),
    ],
)
def test_a_time_that_is_none_or_two_is_rejected(written: str, said: str) -> None:
    with pytest.raises(CellError, match=said):
        cells.local_instant(row(start=written), "start")


@pytest.mark.parametrize(
    ("read", "written"),
    [
        (cells.code, "a code"),
        (cells.code, "V:1"),
        (cells.code, "-1"),
        (cells.code, "é"),
        (cells.code, "x" * 41),
        (cells.code, ""),
        (cells.codes, "W-1;W-1"),
        (cells.codes, "W-1;W 2"),
        (cells.council, "E1000001"),
        (cells.council, "Herts"),
        (cells.yes_no, "maybe"),
        (cells.number, "51,5"),
        (cells.number, "nan"),
        (cells.number, "1e3"),
        (cells.number, "٣"),
        (cells.uprn, "1.00E+11"),
        (cells.uprn, "1234567890123"),
        (cells.day, "2026-13-01"),
        (cells.day, "20261120"),
        (cells.local_time, "8.30"),
        (cells.local_time, "24:00:01"),
    ],
)
def test_a_cell_that_cannot_be_meant_is_rejected_by_column(read: Callable[[Row, str], Any], written: str) -> None:
    with pytest.raises(CellError) as refused:
        read(row(cell=written), "cell")
    assert refused.value.column == "cell"


def test_cells_that_can_be_meant_are_read() -> None:
    assert cells.code(row(cell="C-1/a.b_c"), "cell") == "C-1/a.b_c"
    assert cells.codes(row(cell=" W-1; W-2;, W-3"), "cell") == ("W-1", "W-2", "W-3")
    assert cells.codes(row(cell=""), "cell") == ()
    assert cells.yes_no(row(cell="YES"), "cell") is True
    assert cells.yes_no(row(), "cell") is False
    assert cells.number(row(cell="-0.5"), "cell") == -0.5
    assert cells.number(row(cell="5E-05"), "cell") == 0.00005
    assert cells.day(row(cell="2028-02-29"), "cell") == date(2028, 2, 29)
    assert cells.local_time(row(cell="7:05"), "cell") == time(7, 5)
    assert cells.local_time(row(cell="08:30:00"), "cell") == time(8, 30)
    assert cells.whole(row(cell="09"), "cell", 1, 9) == 9
    assert [cells.minutes(row(cell=text), "cell", 1, 90) for text in ("30.0", "30 min", "0:30", "01:30:00")] == [
        30,
        30,
        30,
        90,
    ]


@pytest.mark.parametrize("days", ["MTWTFS", "-------", "MTWTFXX", "TMWTFSS", "MTWTFSSM"])
def test_days_that_name_no_days_are_rejected(days: str) -> None:
    assert [fault.column for fault in faults_of(commissions, commission_row(days=days))] == ["days"]


def test_a_commission_may_not_end_before_it_starts() -> None:
    assert commissions.read_row(commission_row(end_date="2026-01-01"), Faults()).end_date == date(2026, 1, 1)
    (fault,) = faults_of(commissions, commission_row(end_date="2025-12-31"))
    assert "before it starts" in fault.reason


def test_an_outcome_of_the_roster_must_be_one_that_contracts_know() -> None:
    assert roster.read_row(roster_row(cancelled="hospital"), Faults()).cancelled == "hospital"
    assert roster.read_row(roster_row(cancelled="Planned in error"), Faults()).cancelled == "planned_in_error"
    (fault,) = faults_of(roster, roster_row(cancelled="rained off"))
    assert "cancelled_short_notice" in fault.reason


def faults_of(kind: Any, given: Row) -> list[CellError]:
    faults = Faults()
    kind.read_row(given, faults)
    return faults.found


def commission_row(**values: str) -> Row:
    whole = {
        "commission": "K-1",
        "client": "C-1",
        "council": "E10000015",
        "contract": "A",
        "service": "personal care",
        "start_date": "2026-01-01",
        "days": "MTWTFSS",
        "start_time": "08:00",
        "minutes": "30",
        "carers": "1",
    }
    return row(**{**whole, **values})


def roster_row(**values: str) -> Row:
    return row(
        **{"visit": "V-1", "client": "C-1", "start": "2026-11-20T08:00", "minutes": "30", "carers": "W-1", **values}
    )
