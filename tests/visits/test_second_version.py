"""The second version by examples, each from what is said of home care in docs/visits.md."""

from datetime import date, timedelta

import pytest

from tests.visits.second_version import Visit, exceptions_at, fold_everything, status
from tests.visits.visit_values import amend, at, plan, tap

NEXT_DAY = date(2026, 11, 21)


def said(visit: Visit) -> set[str]:
    return {one.kind for one in visit.exceptions}


def by_code(*folded: Visit) -> dict[str, Visit]:
    return {visit.code: visit for visit in folded}


def paid(visit: Visit) -> list[int | None]:
    return [slot.seconds for slot in visit.slots]


def test_a_call_as_planned():
    (visit,) = fold_everything([plan("V-1", at("08:00"))], [tap(1, "in", at("08:01")), tap(2, "out", at("08:29"))], [])
    assert (paid(visit), visit.exceptions) == ([28 * 60], frozenset())
    assert status(visit, at("09:00"), None) == "done"


def test_who_leaves_by_mistake_and_comes_back_has_one_visit_of_two_stays():
    taps = [
        tap(1, "in", at("08:00")),
        tap(2, "out", at("08:10")),
        tap(3, "in", at("08:10:20")),
        tap(4, "out", at("08:30")),
    ]
    (visit,) = fold_everything([plan("V-1", at("08:00"))], taps, [])
    assert paid(visit) == [30 * 60 - 20]
    assert said(visit) == {"paused"}


def test_a_departure_next_morning_is_not_that_of_a_short_call_in_the_evening():
    taps = [tap(1, "in", at("20:00")), tap(2, "out", at("07:30", NEXT_DAY))]
    visits = by_code(*fold_everything([plan("V-1", at("20:00"))], taps, []))
    call, late = visits["V-1"], visits[f"unplanned:{taps[1].check_in_id}"]
    assert (paid(call), said(call), said(late)) == ([None], {"no_out"}, {"no_in", "unscheduled"})
    assert status(call, at("21:30"), None) == "in_progress"
    assert status(call, at("21:30:01"), None) == "end_unknown"
    assert exceptions_at(call, at("21:30")) == frozenset()


def test_a_visit_of_24_hours_is_paired_and_a_night_is_known_by_its_departure_alone():
    day = [tap(1, "in", at("08:00")), tap(2, "out", at("08:05", NEXT_DAY))]
    (long,) = fold_everything([plan("V-1", at("08:00"), 1440)], day, [])
    assert paid(long) == [24 * 3600 + 300]
    (night,) = fold_everything(
        [plan("V-1", at("20:00"), 750)], [tap(1, "out", at("08:30", NEXT_DAY), visit_hint="V-1")], []
    )
    assert (said(night), paid(night)) == ({"no_in"}, [None])


@pytest.mark.parametrize(("start", "minutes", "came"), [("22:00", 540, "23:05"), ("22:45", 30, "23:20")])
def test_late_is_late_however_long_the_visit(start: str, minutes: int, came: str):
    gone = at(came) + timedelta(minutes=minutes)
    (visit,) = fold_everything([plan("V-1", at(start), minutes)], [tap(1, "in", at(came)), tap(2, "out", gone)], [])
    assert "late" in said(visit)
    assert status(visit, gone, None) == "done_late"


def test_a_forgotten_tap_of_one_carer_takes_nothing_from_the_other():
    planned = plan("V-1", at("08:00"), carers=("W-001", "W-002"), carers_needed=2)
    taps = [
        tap(1, "in", at("07:58")),
        tap(2, "in", at("08:00"), carer="W-002"),
        tap(3, "out", at("08:30"), carer="W-002"),
    ]
    (visit,) = fold_everything([planned], taps, [])
    assert sorted(paid(visit), key=repr) == [1800, None]
    assert [(one.kind, one.carer) for one in visit.exceptions] == [("no_out", "W-001")]


def test_perfect_times_and_contradictions_are_said_and_both_facts_named():
    (typed,) = fold_everything([plan("V-1", at("08:00"))], [], [amend(1, "V-1", at("08:00"), at("08:30"))])
    assert said(typed) == {"perfect_times"}
    taps = [tap(1, "in", at("08:20")), tap(2, "out", at("08:25"))]
    (both,) = fold_everything([plan("V-1", at("08:00"))], taps, [amend(1, "V-1", at("08:00"), at("08:30"))])
    against = [one.between for one in both.exceptions if one.kind == "amended_against_check_in"]
    assert sorted(sorted(facts)[1] for facts in against) == [f"check-in {one.ref}" for one in taps]
    (off,) = fold_everything([plan("V-1", at("08:00"), cancelled="hospital")], taps, [])
    (exception,) = off.exceptions
    assert exception.between == {"outcome hospital", f"check-in {taps[0].ref}"}
    assert (off.cancelled, paid(off)) == ("hospital", [300])


def test_a_visit_planned_in_error_takes_no_stay():
    taps = [tap(1, "in", at("08:00"), visit_hint="V-1"), tap(2, "out", at("08:25"))]
    visits = fold_everything([plan("V-1", at("08:00"), cancelled="planned_in_error")], taps, [])
    assert [len(visit.stays) for visit in visits] == [0, 1]


def test_the_sequence_of_a_phone_decides_where_its_clock_disagrees():
    taps = [tap(1, "in", at("08:31"), sequence=1), tap(2, "out", at("08:30"), sequence=2)]
    (visit,) = fold_everything([plan("V-1", at("08:00"))], taps, [])
    assert said(visit) == {"clock_skew", "late", "times_reversed"}
    assert len(visit.stays) == 1


def test_nobody_answered_the_door_and_nothing_is_to_be_fixed():
    (visit,) = fold_everything([plan("V-1", at("08:00"), cancelled="no_reply")], [tap(1, "in", at("08:00"))], [])
    assert said(visit) == set()


def test_two_calls_in_one_stay_share_it_and_no_minute_counts_twice():
    planned = [plan("V-1", at("08:00")), plan("V-2", at("08:30"))]
    visits = fold_everything(planned, [tap(1, "in", at("08:00")), tap(2, "out", at("09:00"))], [])
    assert [paid(visit) for visit in visits] == [[1800], [1800]]
    assert [[one.between for one in visit.exceptions] for visit in visits] == [[{"visit V-2"}], [{"visit V-1"}]]
