"""What is to be fixed or may be acknowledged, each threshold at its edge."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from ecm.visits.exceptions import HANDLING
from ecm.visits.model import DECLARED, Amendment, CheckIn, PlannedVisit
from tests.visits.visit_values import amend, at, folded, kinds, only, plan, tap

PLAN = plan("V-1", at("08:00"), minutes=30)
SECOND = timedelta(seconds=1)
EIGHT, HALF_PAST = at("08:00"), at("08:30")


def said(
    arrived: datetime | None = EIGHT,
    left: datetime | None = HALF_PAST,
    *,
    of: PlannedVisit | None = PLAN,
    carer: str = "W-001",
    grades: tuple[str, str] = ("located", "located"),
    amendments: Sequence[Amendment] = (),
) -> list[str]:
    """What is said of the visit to which one carer came at eight and stayed until half past, or as told."""
    taps: list[CheckIn] = []
    if arrived is not None:
        taps.append(tap(1, "in", arrived, carer=carer, grade=grades[0]))
    if left is not None:
        taps.append(tap(2, "out", left, carer=carer, grade=grades[1]))
    return sorted(kinds(only(folded([of] if of else [], taps, amendments))))


def test_a_stay_as_planned_has_nothing_to_be_said():
    assert said() == []


def test_each_kind_is_fixed_or_acknowledged():
    assert set(HANDLING.values()) == {"fix", "acknowledge"}
    assert {kind for kind, handling in HANDLING.items() if handling == "fix"} == {
        "no_in",
        "no_out",
        "times_reversed",
        "second_carer_missing",
        "unknown_carer",
        "unknown_client",
    }


def test_what_is_wrong_with_the_times_of_a_stay_is_said():
    assert said(arrived=None) == ["no_in"]
    assert said(left=None) == ["no_out"]
    assert "times_reversed" in said(amendments=[amend(1, "V-1", out_at=at("08:00") - SECOND)])


def test_an_arrival_and_a_departure_at_one_instant_are_not_reversed():
    assert said(at("08:00"), at("08:00")) == ["too_short"]


@pytest.mark.parametrize(
    ("arrived", "expected"),
    [
        (at("08:30"), []),
        (at("08:30") + SECOND, ["late"]),
        (at("07:30"), []),
        (at("07:30") - SECOND, ["early"]),
    ],
)
def test_late_and_early_begin_after_half_an_hour(arrived: datetime, expected: list[str]):
    assert said(arrived, arrived + timedelta(minutes=30)) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(900, []), (899, ["too_short"]), (45 * 60, []), (45 * 60 + 1, ["too_long"]), (0, ["too_short"])],
)
def test_too_short_is_under_half_and_too_long_over_a_quarter_of_an_hour_more(seconds: int, expected: list[str]):
    assert said(left=at("08:00") + timedelta(seconds=seconds)) == expected


def test_the_length_of_a_slot_is_measured_over_all_its_stays():
    taps = [
        tap(1, "in", at("08:00")),
        tap(2, "out", at("08:10")),
        tap(3, "in", at("08:12")),
        tap(4, "out", at("08:17")),
    ]
    assert kinds(only(folded([PLAN], taps))) == {"paused"}
    assert kinds(only(folded([PLAN], [*taps[:3], tap(4, "out", at("08:16:59"))]))) == {"paused", "too_short"}


def test_a_carer_who_is_not_on_the_roster_replaces_one_who_is():
    assert said(carer="W-002") == ["carer_replaced"]
    assert said(carer="W-002", of=plan("V-1", at("08:00"), carers=("W-001", "W-002"))) == []


def test_where_nobody_is_rostered_nobody_can_be_replaced():
    assert said(carer="W-002", of=plan("V-1", at("08:00"), carers=())) == []


def test_who_is_there_beside_the_rostered_carer_looks_on_and_replaces_nobody():
    beside = [tap(3, "in", at("08:05"), carer="W-002"), tap(4, "out", at("08:25"), carer="W-002")]
    visit = only(folded([PLAN], [tap(1, "in", at("08:00")), tap(2, "out", at("08:30")), *beside]))
    assert [(made.kind, made.carer) for made in visit.exceptions] == [("looking_on", "W-002")]


def test_a_stay_without_a_plan_is_unscheduled_and_measured_against_nothing():
    assert said(at("03:00"), at("03:00:01"), of=None) == ["unscheduled"]


def test_a_stay_of_a_cancelled_visit_is_measured_against_nothing_but_its_roster():
    cancelled = plan("V-1", at("08:00"), cancelled="hospital")
    found = said(at("09:30"), at("09:31"), of=cancelled, carer="W-002", grades=(DECLARED, DECLARED))
    assert found == ["cancelled_but_attended", "carer_replaced", "manual"]


@pytest.mark.parametrize(
    ("grades", "expected"),
    [
        ((DECLARED, DECLARED), ["manual", "perfect_times"]),
        ((DECLARED, "located"), ["manual"]),
        (("located", DECLARED), ["manual"]),
        (("located", "located"), []),
    ],
)
def test_perfect_times_need_both_ends_by_hand(grades: tuple[str, str], expected: list[str]):
    assert said(grades=grades) == expected


@pytest.mark.parametrize("by_hand", ["in", "out", "both"])
def test_a_time_that_an_amendment_gave_is_by_hand(by_hand: str):
    typed = amend(
        1,
        "V-1",
        in_at=at("08:00") if by_hand in {"in", "both"} else None,
        out_at=at("08:30") if by_hand in {"out", "both"} else None,
    )
    assert ("perfect_times" in said(amendments=[typed])) is (by_hand == "both")


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
    assert ("perfect_times" in said(arrived, left, grades=(DECLARED, DECLARED))) is perfect


@pytest.mark.parametrize(("typed", "against"), [("08:00", False), ("08:01", True), ("07:59", True)])
def test_an_amendment_of_another_minute_than_its_check_in_names_both(typed: str, against: bool):
    taps = [tap(1, "in", at("08:00:59")), tap(2, "out", at("08:30"))]
    amendment = amend(7, "V-1", in_at=at(typed))
    found = [one.between for one in only(folded([PLAN], taps, [amendment])).exceptions if one.between]
    assert found == ([(f"amendment {amendment.amendment_id}", f"check-in {taps[0].ref}")] if against else [])


@pytest.mark.parametrize(
    ("doubt", "expected"),
    [
        ("mock_location", {"mock_location"}),
        ("unknown_client", {"unknown_client"}),
        ("tag_replay", {"tag_replay"}),
        ("tag_of_tomorrow", set()),
        ("late_upload", set()),
        ("coarse_fix", set()),
    ],
)
def test_a_doubt_becomes_an_exception_only_where_a_person_can_do_something(doubt: str, expected: set[str]):
    taps = [tap(1, "in", at("08:00"), doubts=(doubt,)), tap(2, "out", at("08:30"), doubts=(doubt,))]
    visit = only(folded([PLAN], taps))
    assert kinds(visit) == expected
    assert {one.carer for one in visit.exceptions} <= {"W-001"}


def test_exceptions_stand_in_one_order_and_name_the_carer():
    taps = [tap(1, "in", at("09:00"), carer="W-002"), tap(2, "in", at("09:01"), carer="W-002")]
    visit = only(folded([PLAN], taps))
    assert [each.kind for each in visit.exceptions] == ["carer_replaced", "duplicate", "late", "no_out"]
    assert {each.carer for each in visit.exceptions} == {"W-002"}


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
    taps = [tap(2 * number, "in", at("08:00"), carer=f"W-00{number}") for number in range(1, came + 1)]
    taps += [tap(2 * number + 1, "out", at("08:30"), carer=f"W-00{number}") for number in range(1, came + 1)]
    assert ("second_carer_missing" in kinds(only(folded([planned], taps)))) is missing


def test_an_unplanned_visit_asks_for_no_second_carer():
    assert "second_carer_missing" not in said(of=None)
