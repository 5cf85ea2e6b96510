"""What is set against each other, without a database: slots day by day, which visit fills which, who attended."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import msgspec
import pytest

from ecm.payments.domain import FoldedVisit, Ungoverned, attendances, slot_start, slots_bought, slots_of_visits
from ecm.visits.domain import Amendment, Limits, fold
from ecm.visits.model import CheckIn, PlannedVisit, Visit
from reports.contracts import example_contract
from reports.periods import Period
from reports.rows import Attendance
from tests.payments.council import CLIENT, DAY, MIDNIGHT, at, commission, plan, sources, taps

YESTERDAY = DAY - timedelta(days=1)
AMENDMENT = UUID(int=7)
A = msgspec.structs.replace(example_contract("a"), valid_from=DAY)


def folded(
    planned: list[PlannedVisit], check_ins: list[CheckIn] | None = None, amendments: list[Amendment] | None = None
) -> list[Visit]:
    return list(fold(CLIENT, DAY, planned, check_ins or [], amendments or [], Limits()))


def attended(visits: list[Visit], **changes: object) -> list[Attendance]:
    """What carers did at these visits, known at the midnight after."""
    given = sources(visits=[FoldedVisit(msgspec.json.encode(visit).decode(), None) for visit in visits], **changes)
    return list(attendances(given, slots_bought(given), MIDNIGHT, Limits()))


def test_days_about_the_period_without_a_contract_are_left_out_and_in_the_period_refused():
    around = sources(read=Period(YESTERDAY, DAY), contracts=[A])
    assert [(slot.day, slot.contract_version) for slot in slots_bought(around)] == [(DAY, 1)]
    with pytest.raises(Ungoverned, match=f"on {YESTERDAY}, but its first version is valid from {DAY}"):
        slots_bought(sources(period=Period(YESTERDAY, DAY), contracts=[A]))


def test_a_replay_needs_no_version_of_the_commissions_own_contract():
    replayed = sources(period=Period(YESTERDAY, DAY), contracts=[A], replay=example_contract("b"))
    assert [(slot.day, slot.contract_version) for slot in slots_bought(replayed)] == [(YESTERDAY, None), (DAY, 1)]


def test_the_visit_that_starts_nearest_fills_the_slot_and_only_that():
    slots = slots_bought(sources())
    visits = folded([plan("V-far", "09:00"), plan("V-near", "08:10"), plan("V-none", "08:00", commission=None)])
    assert slots_of_visits(slots, visits) == {"V-near": slots[0]}


def test_a_visit_that_stands_fills_the_slot_before_a_cancelled_one_that_starts_nearer():
    slots = slots_bought(sources())
    visits = folded([plan("V-cancelled", "08:00", cancelled="hospital"), plan("V-stands", "10:00")])
    assert slots_of_visits(slots, visits) == {"V-stands": slots[0]}


def test_each_carer_has_their_own_times_evidence_and_amendments():
    amendment = Amendment(AMENDMENT, "V-1", "W-2", None, at("08:31"), MIDNIGHT, "manager", "forgot", None)
    check_ins = [*taps("W-1", at("08:00"), at("08:30")), *taps("W-2", at("08:01"), None)]
    visits = folded([plan(carers=("W-1", "W-2"), carers_needed=2)], check_ins, [amendment])
    first, second = attended(visits, commissions=[commission(carers=2)])
    assert (first.carer, first.position, first.delivered_seconds, first.amendments) == ("W-1", 0, 1800, ())
    assert (second.carer, second.position, second.delivered_seconds) == ("W-2", 1, 1800)
    assert second.amendments == (str(AMENDMENT),)
    assert (second.overlap_seconds, second.in_grade, second.in_distance_m) == (29 * 60, "located", 12.0)


def test_what_a_person_must_fix_of_one_carer_is_not_said_of_the_other():
    check_ins = [*taps("W-1", at("08:00"), at("08:30")), *taps("W-2", at("08:01"), None)]
    visits = folded([plan(carers=("W-1", "W-2"), carers_needed=2)], check_ins)
    first, second = attended(visits, commissions=[commission(carers=2)])
    assert (first.exceptions, second.exceptions) == ((), ("no_out:fix",))


def test_who_has_not_come_is_named_by_the_roster_and_has_neither_times_nor_evidence():
    (missing,) = attended(folded([plan(carers=("W-1",))]))
    assert missing == Attendance(
        provider=str(sources().provider),
        council=sources().council,
        client=CLIENT,
        day=DAY,
        outcome="missed_provider",
        commission="K-1",
        slot=0,
        visit="V-1",
        planned_start=at("08:00"),
        planned_minutes=30,
        carer="W-1",
    )


def test_a_slot_nobody_planned_is_to_come_until_it_is_over():
    given = sources(commissions=[commission(start_time=time(23, 45)), commission(code="K-2")])
    slots = slots_bought(given)
    (to_come,) = attendances(given, slots, MIDNIGHT, Limits())
    assert to_come == slots[0].unattended("planned")


def test_of_a_start_that_the_clocks_repeat_in_autumn_it_is_the_first() -> None:
    assert slot_start(date(2026, 10, 25), time(1, 30)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_what_a_carer_did_after_the_visit_was_missed_is_called_missed_and_keeps_its_times() -> None:
    check_ins = [msgspec.structs.replace(tap, visit_hint="V-1") for tap in taps("W-1", at("12:10"), at("12:40"))]
    (visit,) = folded([plan()], check_ins)
    given = sources(visits=[FoldedVisit(msgspec.json.encode(visit).decode(), at("12:00"))])
    (late,) = attendances(given, slots_bought(given), MIDNIGHT, Limits())
    assert (late.outcome, late.carer, late.delivered_seconds) == ("missed_provider", "W-1", 1800)
