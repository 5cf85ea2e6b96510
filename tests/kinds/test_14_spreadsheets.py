"""Kind 14, the world as it types: the CSV of hours in a spreadsheet, which has ideas of its own about texts."""

import csv
import io
from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.files import Header, lines_csv
from tests.reports.report_rows import COUNCIL, PROVIDER, attendance, reconciled, slot

HEADER = Header(datetime(2026, 12, 1, 9, tzinfo=UTC), COUNCIL, PROVIDER)
MONTHS = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Sept",
    "Oct",
    "Nov",
    "Dec",
    "January",
    "march",
    "JULY",
]


def read(content: bytes) -> dict[str, str]:
    """The one line of a file, as a program reads it that knows of the byte order mark."""
    (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    return row


def cell_of(code: str) -> str:
    """The cell that a carer's code becomes."""
    return read(lines_csv(reconciled([attendance(carer=code)], [slot()]), HEADER))["carer"]


@pytest.mark.parametrize(
    "code",
    [
        *("0012", "00", "1E5", "12e3", "1234567890123456", "1.10", "1,000", "+44", "-5", ".5", "5%", "£5"),
        *(
            "3-1",
            "23-37",
            "3/1",
            "1/2",
            "03-Jan",
            "Mar-1",
            "MARCH1",
            "SEPT2",
            "1-Dec-26",
            "2026-11-20",
            "8:00",
            "8:00 am",
        ),
        *("=1+1", "@SUM(A1)", "=cmd|' /C calc'!A0", "\t=1", "\n=1", "＝1+1", "TRUE", "false", " 12", "'0012"),
    ],
)
def test_a_code_that_a_spreadsheet_would_change_is_marked_as_text_and_can_be_had_back(code: str) -> None:
    assert cell_of(code) == f"'{code}"


@pytest.mark.parametrize(
    "code", ["W-001", "C-0001", "1001", "0", "E-1", "A1", "V-20261120-1001-1,2", "Marion-1", "Zoë"]
)
def test_a_code_that_a_spreadsheet_shows_as_it_is_stays_as_it_is(code: str) -> None:
    assert cell_of(code) == code


@given(
    st.one_of(
        st.text(min_size=1, max_size=20),
        st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,12}", fullmatch=True),
        st.from_regex(r"[-=+@ ]?[0-9]{1,4}([-/.:,eE ][0-9]{1,4}){0,2}", fullmatch=True),
        st.builds("{}{}{}".format, st.integers(0, 99), st.sampled_from(["", "-", "/", " "]), st.sampled_from(MONTHS)),
        st.builds("{}{}{}".format, st.sampled_from(MONTHS), st.sampled_from(["", "-", "/", " "]), st.integers(0, 99)),
    )
)
def test_of_any_code_a_spreadsheet_makes_neither_formula_nor_number_nor_date_and_programs_read_it(code: str) -> None:
    cell = cell_of(code)
    assert cell in {code, f"'{code}"}
    assert cell[:1] not in set("=+-@\t\r\n")
    if cell == code:
        assert not code.startswith("'")
        assert not _number(code) or str(int(code)) == code
        assert not _date(code)


def test_a_file_is_read_by_a_spreadsheet_as_utf_8_and_by_pandas_and_csv_as_before() -> None:
    content = lines_csv(reconciled([attendance(24 * 60 + 50, carer="0012")], [slot()]), HEADER)
    assert content.startswith(b"\xef\xbb\xbfprovider,")
    assert "the band 23–37" in read(content)["trace"]
    frame = pd.read_csv(io.BytesIO(content), dtype=str)
    assert frame.columns[0] == "provider"
    assert frame["carer"][0].removeprefix("'") == "0012"
    assert "the band 23–37" in frame["trace"][0]


def _number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return text.strip().lower() not in {"nan", "inf", "infinity"} and not text.strip().isalpha() and "_" not in text


def _date(text: str) -> bool:
    """Whether one of the forms that Excel takes for a date or a time fits, by Python's own reading of them."""
    forms = [
        f"{a}{c}{b}" for c in "-/ ." for a, b in (("%d", "%m"), ("%d", "%b"), ("%b", "%d"), ("%b", "%Y"), ("%m", "%Y"))
    ]
    forms += (
        [f"%d{c}%m{c}%Y" for c in "-/."]
        + [f"%d{c}%b{c}%y" for c in "-/ "]
        + ["%Y-%m-%d", "%H:%M", "%H:%M:%S", "%d%b", "%b%d"]
    )
    return any(_fits(text.strip(), form) for form in forms)


def _fits(text: str, form: str) -> bool:
    try:
        datetime.strptime(f"2024 {text}", f"%Y {form}" if "%Y" not in form else f"2024 {form}")  # noqa: DTZ007
    except ValueError:
        return False
    return True
