"""What is to be fixed or may be acknowledged, each threshold at its edge."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from ecm.visits.exceptions import HANDLING, exception, stay_exceptions, visit_exceptions
from ecm.visits.model import DECLARED, PlannedVisit, Stay
from tests.visits.visit_values import LIMITS, at, plan, tap

PLAN = plan("V-1", at("08:00"), minutes=30)
SECOND = timedelta(seconds=1)


def stay(**changes: Any) -> Stay:
    """W-001 from eight to half past, at the address."""
    usual = Stay(
        carer="W-001",
        position=0,
        in_at=at("08:00"),
        out_at=at("08:30"),
        delivered_seconds=1800,
        overlap_seconds=0,
        in_check_in="p/1",
        out_check_in="p/2",
        in_grade="located",
        out_grade="located",
        in_distance_m=None,
        out_distance_m=None,
    )
    return msgspec.structs.replace(usual, **changes)


def said(one: Stay, of: PlannedVisit | None = PLAN) -> list[str]:
    return [found.kind for found in stay_exceptions(one, [], of, LIMITS)]


def test_a_stay_as_planned_has_nothing_to_be_said():
    assert said(stay()) == []
    assert list(visit_exceptions((stay(),), PLAN)) == []


def test_each_kind_is_fixed_or_acknowledged_and_an_unknown_one_is_a_fault():
    assert set(HANDLING.values()) == {"fix", "acknowledge"}
    assert {kind for kind, handling in HANDLING.items() if handling == "fix"} == {
        "no_in",
        "no_out",
        "times_reversed",
        "second_carer_missing",
        "unknown_carer",
        "unknown_client",
    }
    with pytest.raises(KeyError):
        exception("a_kind_of_tomorrow", None)


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({"in_at": None, "delivered_seconds": None}, ["no_in"]),
        ({"out_at": None, "delivered_seconds": None}, ["no_out"]),
        ({"in_at": at("08:30"), "out_at": at("08:30") - SECOND, "delivered_seconds": None}, ["times_reversed"]),
        ({"repeat_check_ins": ("p/3",)}, ["duplicate"]),
    ],
)
def test_what_is_wrong_with_the_times_of_a_stay_is_said(changes: dict[str, Any], kinds: list[str]):
    assert said(stay(**changes)) == kinds


def test_an_arrival_and_a_departure_at_one_instant_are_not_reversed():
    one = stay(in_at=at("08:00"), out_at=at("08:00"), delivered_seconds=0)
    assert said(one) == ["too_short"]


@pytest.mark.parametrize(
    ("arrived", "kinds"),
    [
        (at("08:30"), []),
        (at("08:30") + SECOND, ["late"]),
        (at("07:30"), []),
        (at("07:30") - SECOND, ["early"]),
    ],
)
def test_late_and_early_begin_after_half_an_hour(arrived: datetime, kinds: list[str]):
    assert said(stay(in_at=arrived, out_at=at("09:00"), delivered_seconds=None)) == kinds


@pytest.mark.parametrize(
    ("seconds", "kinds"),
    [(900, []), (899, ["too_short"]), (45 * 60, []), (45 * 60 + 1, ["too_long"]), (None, []), (0, ["too_short"])],
)
def test_too_short_is_under_half_and_too_long_over_a_quarter_of_an_hour_more(seconds: int | None, kinds: list[str]):
    assert said(stay(delivered_seconds=seconds)) == kinds


def test_a_carer_who_is_not_on_the_roster_replaces_one_who_is():
    assert said(stay(carer="W-002")) == ["carer_replaced"]
    assert said(stay(carer="W-002"), plan("V-1", at("08:00"), carers=("W-001", "W-002"))) == []


def test_where_nobody_is_rostered_nobody_can_be_replaced():
    assert said(stay(carer="W-002"), plan("V-1", at("08:00"), carers=())) == []


def test_a_stay_without_a_plan_is_unscheduled_and_measured_against_nothing():
    assert said(stay(in_at=at("03:00"), delivered_seconds=1), None) == ["unscheduled"]


def test_a_stay_of_a_cancelled_visit_is_measured_against_nothing_but_its_roster():
    cancelled = plan("V-1", at("08:00"), cancelled="hospital")
    one = stay(
        carer="W-002", in_at=at("10:00"), out_at=at("10:01"), delivered_seconds=1, in_grade=DECLARED, out_grade=DECLARED
    )
    assert said(one, cancelled) == ["carer_replaced", "manual"]


@pytest.mark.parametrize(
    ("grades", "kinds"),
    [
        ((DECLARED, DECLARED), ["manual", "perfect_times"]),
        ((DECLARED, "located"), ["manual"]),
        (("located", DECLARED), ["manual"]),
        (("located", "located"), []),
        ((DECLARED, None), ["manual"]),
        ((None, None), []),
    ],
)
def test_perfect_times_need_both_ends_by_hand(grades: tuple[str | None, str | None], kinds: list[str]):
    assert said(stay(in_grade=grades[0], out_grade=grades[1])) == kinds


@pytest.mark.parametrize(
    ("arrived", "left", "perfect"),
    [
        (at("08:00"), at("08:30"), True),
        (at("08:00:59"), at("08:30:59"), True),
        (at("08:01"), at("08:30"), False),
        (at("08:00"), at("08:31"), False),
        (at("08:00") - SECOND, at("08:30"), False),
        (at("08:00"), at("08:30") - SECOND, False),
    ],
)
def test_perfect_is_the_very_minute_of_the_plan_at_both_ends(arrived: datetime, left: datetime, perfect: bool):
    one = stay(in_at=arrived, out_at=left, in_grade=DECLARED, out_grade=DECLARED)
    assert ("perfect_times" in said(one)) is perfect


@pytest.mark.parametrize(
    ("doubt", "kinds"),
    [
        ("mock_location", ["mock_location"]),
        ("unknown_client", ["unknown_client"]),
        ("tag_replay", ["tag_replay"]),
        ("tag_of_tomorrow", []),
        ("late_upload", []),
        ("coarse_fix", []),
    ],
)
def test_a_doubt_becomes_an_exception_only_where_a_person_can_do_something(doubt: str, kinds: list[str]):
    check_ins = [tap(1, "in", at("08:00"), doubts=(doubt,)), tap(2, "out", at("08:30"), doubts=(doubt,))]
    found = list(stay_exceptions(stay(), check_ins, PLAN, LIMITS))
    assert [one.kind for one in found] == kinds
    assert {one.carer for one in found} <= {"W-001"}


def test_exceptions_of_a_stay_stand_in_one_order_and_name_its_carer():
    one = stay(carer="W-002", in_at=at("09:00"), out_at=None, delivered_seconds=None, repeat_check_ins=("p/3",))
    found = list(stay_exceptions(one, [], PLAN, LIMITS))
    assert [each.kind for each in found] == ["carer_replaced", "duplicate", "late", "no_out"]
    assert {each.carer for each in found} == {"W-002"}


@pytest.mark.parametrize(
    ("came", "needed", "cancelled", "missing"),
    [
        (0, 2, None, False),
        (1, 2, None, True),
        (2, 2, None, False),
        (2, 3, None, True),
        (1, 1, None, False),
        (1, 2, "hospital", False),
    ],
)
def test_a_second_carer_is_missing_where_somebody_came_to_a_visit_that_still_stands(
    came: int, needed: int, cancelled: str | None, missing: bool
):
    planned = plan("V-1", at("08:00"), carers_needed=needed, cancelled=cancelled)
    found = list(visit_exceptions((stay(),) * came, planned))
    assert found == ([exception("second_carer_missing", None)] if missing else [])


def test_an_unplanned_visit_asks_for_no_second_carer():
    assert list(visit_exceptions((stay(),), None)) == []
