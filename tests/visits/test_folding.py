"""Visits as a whole: exceptions, two carers, amendments."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from ecm.visits.domain import CheckIn
from ecm.visits.slots import slot_times
from tests.visits.visit_values import amend, at, folded, kinds, only, plan, tap

PLAN = [plan("V-1", at("08:00"))]


def tapped(arrive: str = "08:00", leave: str = "08:30", number: int = 1, **fields: Any) -> list[CheckIn]:
    return [tap(number, "in", at(arrive), **fields), tap(number + 1, "out", at(leave), **fields)]


@pytest.mark.parametrize(
    ("arrive", "leave", "expected"),
    [
        ("08:30", "09:00", set()),
        ("08:30:01", "09:00", {"late"}),
        ("07:30", "08:00", set()),
        ("07:29:59", "08:00", {"early"}),
        ("08:00", "08:15", set()),
        ("08:00", "08:14:59", {"too_short"}),
        ("08:00", "08:45", set()),
        ("08:00", "08:45:01", {"too_long"}),
    ],
)
def test_boundaries_of_time_exceptions_are_inclusive(arrive, leave, expected):
    assert kinds(only(folded(PLAN, tapped(arrive, leave)))) == expected


@pytest.mark.parametrize(
    ("doubt", "handling"),
    [
        ("outside_fence", "acknowledge"),
        ("location_indeterminate", "acknowledge"),
        ("clock_skew", "acknowledge"),
        ("tag_unknown", "acknowledge"),
        ("tag_signature_bad", "acknowledge"),
        ("tag_other_client", "acknowledge"),
        ("mock_location", "acknowledge"),
        ("unknown_carer", "fix"),
    ],
)
def test_a_doubt_about_the_evidence_is_an_exception_of_the_carer(doubt, handling):
    (made,) = only(folded(PLAN, tapped(doubts=(doubt,)))).exceptions
    assert (made.kind, made.handling, made.carer) == (doubt, handling, "W-001")


@pytest.mark.parametrize("doubt", ["late_upload", "sequence_gap", "chain_broken"])
def test_promise_5_a_doubt_about_the_arrival_of_a_message_never_reaches_a_visit(doubt):
    assert folded(PLAN, tapped(doubts=(doubt,))) == folded(PLAN, tapped())


def test_a_declared_check_in_is_manual_and_on_the_planned_minutes_too_perfect():
    assert kinds(only(folded(PLAN, tapped("08:01", "08:30", grade="declared")))) == {"manual"}
    assert kinds(only(folded(PLAN, tapped("08:00:59", "08:30", grade="declared")))) == {"manual", "perfect_times"}
    assert kinds(only(folded(PLAN, tapped("08:00", "08:30")))) == set()


def test_a_double_up_counts_the_time_shared_with_the_first_carer():
    planned = [plan("V-1", at("08:00"), carers=("W-001", "W-002"), carers_needed=2)]
    taps = tapped("08:00", "08:30") + tapped("08:13", "08:31", number=3, carer="W-002")
    first, second = slot_times(only(folded(planned, taps)).stays)
    assert (first.stays[0].carer, first.seconds, first.overlap_seconds) == ("W-001", 30 * 60, 0)
    assert (second.stays[0].carer, second.seconds, second.overlap_seconds) == ("W-002", 18 * 60, 17 * 60)


def test_carers_who_never_meet_fill_one_slot_after_the_other_and_the_second_is_missing():
    planned = [plan("V-1", at("08:00"), carers=("W-001", "W-002"), carers_needed=2)]
    taps = tapped("08:00", "08:10") + tapped("08:20", "08:30", number=3, carer="W-002")
    visit = only(folded(planned, taps))
    (slot,) = slot_times(visit.stays)
    assert (slot.seconds, len(slot.stays)) == (20 * 60, 2)
    assert {"second_carer_missing", "handed_over"} <= kinds(visit)


@pytest.mark.parametrize(("second_from", "slots"), [("08:15", [0, 0]), ("08:05", [0, 0]), ("08:04:59", [0, None])])
def test_a_hand_over_fills_one_slot_if_the_carers_overlap_by_no_more_than_ten_minutes(second_from, slots):
    taps = tapped("08:00", "08:15") + tapped(second_from, "08:30", number=3, carer="W-002")
    visit = only(folded([plan("V-1", at("08:00"), carers=("W-001",))], taps))
    assert [stay.slot for stay in visit.stays] == slots
    (slot,) = slot_times(visit.stays)
    assert slot.seconds == (30 * 60 if slots == [0, 0] else 15 * 60)


@pytest.mark.parametrize("forgot", ["W-001", "W-002"])
def test_a_forgotten_tap_of_one_carer_never_takes_the_others_time_away(forgot):
    planned = [plan("V-1", at("08:00"), carers=("W-001", "W-002"), carers_needed=2)]
    taps = tapped("08:00", "08:30") + tapped("08:01", "08:31", number=3, carer="W-002")
    known = [one for one in taps if not (one.carer == forgot and one.direction == "out")]
    visit = only(folded(planned, known))
    assert [slot.seconds for slot in slot_times(visit.stays)] == [30 * 60, None]
    assert {(made.kind, made.carer) for made in visit.exceptions} == {("no_out", forgot)}


def test_a_second_carer_who_never_came_is_for_a_person_to_fix():
    planned = [plan("V-1", at("08:00"), carers=("W-001", "W-002"), carers_needed=2)]
    (made,) = only(folded(planned, tapped())).exceptions
    assert (made.kind, made.handling, made.carer) == ("second_carer_missing", "fix", None)
    assert only(folded(planned, [])).exceptions == ()


@pytest.mark.parametrize("outcome", ["no_reply", "client_refused"])
def test_a_call_at_the_door_of_somebody_who_did_not_answer_needs_no_fixing(outcome):
    planned = [plan("V-1", at("08:00"), cancelled=outcome)]
    for taps in (tapped("08:00", "08:05"), tapped("08:00", "08:05")[:1], tapped("08:00", "08:14:59")):
        visit = only(folded(planned, taps))
        assert (visit.cancelled, len(visit.stays), visit.exceptions) == (outcome, 1, ())
    assert kinds(only(folded(planned, tapped("08:00", "08:15")))) == {"cancelled_but_attended"}


@pytest.mark.parametrize("outcome", ["hospital", "cancelled_in_notice", "deceased"])
def test_a_cancelled_visit_that_was_made_names_both_facts(outcome):
    planned = [plan("V-1", at("08:00"), cancelled=outcome)]
    tapped_in = tapped()[0]
    (made,) = only(folded(planned, tapped())).exceptions
    assert (made.kind, made.between) == ("cancelled_but_attended", (f"outcome {outcome}", f"check-in {tapped_in.ref}"))
    typed = amend(7, "V-1", in_at=at("08:01"), out_at=at("08:29"))
    (made,) = only(folded(planned, [], [typed])).exceptions
    assert made.between == (f"outcome {outcome}", f"amendment {typed.amendment_id}")


def test_promise_4_an_amendment_changes_the_time_and_leaves_the_check_in_beside_it():
    before = only(folded(PLAN, [tap(1, "in", at("08:00"), distance_m=12.5)])).stays[0]
    visit = only(folded(PLAN, [tap(1, "in", at("08:00"), distance_m=12.5)], [amend(7, "V-1", out_at=at("08:29"))]))
    (stay,) = visit.stays
    assert kinds(visit) == set()
    assert (stay.in_at, stay.out_at, stay.delivered_seconds) == (at("08:00"), at("08:29"), 29 * 60)
    assert (stay.in_check_in, stay.in_grade, stay.in_distance_m) == (before.in_check_in, "located", 12.5)
    assert (stay.out_check_in, stay.out_grade) == (None, None)
    assert stay.amendments == (UUID(int=7),)


def test_promise_4_a_check_in_stays_beside_the_amendment_of_its_own_time() -> None:
    taps = [tap(1, "in", at("08:10"), distance_m=12.5), tap(2, "out", at("08:40"))]
    (before,) = only(folded(PLAN, taps)).stays
    (stay,) = only(folded(PLAN, taps, [amend(7, "V-1", in_at=at("08:00"), out_at=at("08:30"))])).stays
    assert (stay.in_at, stay.out_at) == (at("08:00"), at("08:30"))
    assert (stay.in_check_in, stay.out_check_in) == (before.in_check_in, before.out_check_in)
    assert stay.in_distance_m == 12.5


def test_the_latest_amendment_of_each_time_is_in_force():
    amendments = [
        amend(1, "V-1", in_at=at("08:05"), out_at=at("08:20")),
        amend(2, "V-1", in_at=at("08:02")),
        amend(3, "V-1", in_at=at("08:01"), made_at=at("18:00")),
        amend(4, "V-1", in_at=at("08:03"), carer="W-002"),
    ]
    first, second = only(folded(PLAN, tapped(), amendments)).stays
    assert (first.in_at, first.out_at) == (at("08:02"), at("08:20"))
    assert first.amendments == (UUID(int=1), UUID(int=2))
    assert (second.carer, second.in_at, second.amendments) == ("W-002", at("08:03"), (UUID(int=4),))


def test_amendments_made_at_one_instant_are_in_force_by_their_ids():
    amendments = [amend(number, "V-1", in_at=at(f"08:0{number}"), made_at=at("18:00")) for number in (2, 1)]
    (stay,) = only(folded(PLAN, tapped(), amendments)).stays
    assert (stay.in_at, stay.amendments) == (at("08:02"), (UUID(int=2),))


def test_an_amendment_for_a_carer_without_check_ins_makes_the_call():
    visit = only(folded(PLAN, [], [amend(1, "V-1", in_at=at("08:00"), out_at=at("08:30"))]))
    (stay,) = visit.stays
    assert (stay.delivered_seconds, stay.in_check_in, stay.in_grade, stay.out_grade) == (1800, None, None, None)
    assert kinds(visit) == {"perfect_times"}


def test_an_amendment_that_ends_before_it_begins_delivers_nothing_and_must_be_fixed():
    visit = only(folded(PLAN, [], [amend(1, "V-1", in_at=at("08:30"), out_at=at("08:00"))]))
    assert visit.stays[0].delivered_seconds is None
    assert [(made.kind, made.handling) for made in visit.exceptions] == [("times_reversed", "fix")]


def test_an_amendment_of_an_unplanned_visit_follows_its_check_in():
    departure = tap(2, "out", at("12:30"))
    amendment = amend(9, f"unplanned:{departure.check_in_id}", in_at=at("12:00"))
    alone = only(folded([], [departure], [amendment]))
    assert alone.stays[0].delivered_seconds == 1800
    later = only(folded([], [departure, tap(1, "in", at("12:10"))], [amendment]))
    assert later.visit == f"unplanned:{UUID(int=1)}"
    assert (later.stays[0].in_at, later.stays[0].amendments) == (at("12:00"), (UUID(int=9),))


def test_an_amendment_never_moves_a_visit_to_another_day():
    yesterday = at("08:00") - timedelta(days=1)
    visit = only(folded([], tapped("00:05", "00:30"), [amend(1, f"unplanned:{UUID(int=1)}", in_at=yesterday)]))
    assert visit.stays[0].in_at == yesterday


def test_an_amendment_of_a_visit_nobody_knows_changes_nothing():
    assert folded(PLAN, tapped(), [amend(1, "V-9", in_at=at("09:00"))]) == folded(PLAN, tapped())
