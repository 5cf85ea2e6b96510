"""The shapes of codes, and instants of which a calendar can be made."""

import re
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from ecm.words.codes import CODE_PATTERN, Code, Council, Memo, VisitCode, as_utc
from ecm.words.problems import Problem


@pytest.mark.parametrize("code", ["C", "C-0001", "a/b.c_d", "9" * 40])
def test_a_code_of_letters_digits_and_four_marks_is_taken(code: str):
    assert msgspec.convert(code, Code) == code
    assert re.search(CODE_PATTERN, code)


@pytest.mark.parametrize("code", ["", "-C", "C 1", "C-1\n", "C:1", "é", "9" * 41])
def test_a_code_of_another_shape_is_not_taken(code: str):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(code, Code)


def test_a_visits_code_may_be_longer_and_hold_a_colon():
    assert msgspec.convert("unplanned:" + "9" * 54, VisitCode).startswith("unplanned:")
    for other in ("9" * 65, ":V", "V\n"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(other, VisitCode)


@pytest.mark.parametrize("council", ["E1000001", "E100000150", "W10000015", "e10000015", "E10000015\n"])
def test_a_council_has_an_english_ons_code(council: str):
    assert msgspec.convert("E10000015", Council) == "E10000015"
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(council, Council)


def test_a_memo_has_one_to_five_hundred_characters_and_no_nul():
    assert msgspec.convert("x" * 500, Memo)
    for other in ("", "x" * 501, "a\0b"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(other, Memo)


def test_an_instant_is_kept_and_told_in_utc():
    summer = datetime(2026, 7, 1, 9, tzinfo=timezone(timedelta(hours=1)))
    assert (as_utc(summer, "at"), as_utc(summer, "at").tzinfo) == (summer, UTC)


@pytest.mark.parametrize(
    "instant", [datetime(2000, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)]
)
def test_the_first_and_the_last_instant_of_2000_to_2099_are_taken(instant: datetime):
    assert as_utc(instant, "at") == instant


@pytest.mark.parametrize(
    ("instant", "year"),
    [
        (datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC), 1999),
        (datetime(2100, 1, 1, tzinfo=UTC), 2100),
        (datetime(2000, 1, 1, tzinfo=timezone(timedelta(hours=1))), 1999),
        (datetime(2099, 12, 31, 23, 30, tzinfo=timezone(-timedelta(hours=1))), 2100),
    ],
)
def test_a_year_outside_2000_to_2099_in_utc_is_refused_by_the_members_name(instant: datetime, year: int):
    with pytest.raises(Problem, match=f"left_at is in the year {year}") as refused:
        as_utc(instant, "left_at")
    assert refused.value.kind.slug == "invalid"


def test_an_instant_that_leaves_the_calendar_in_utc_is_refused_too():
    before_time = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    with pytest.raises(Problem, match="at is not a year this service can work with"):
        as_utc(before_time, "at")
