"""When the watcher's own word holds, and what is the client's next visit."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecm.alerts.domain import (
    LOOK_BACK,
    REPORTED_KINDS,
    WATCHED_KINDS,
    Alert,
    Change,
    Watched,
    watched,
    watcher_alert_id,
    weigh,
)
from ecm.visits.domain import AlertKind, CheckIn, Visit, fold
from ecm.words.civil_time import LONDON
from tests.visits.visit_values import DAY, LIMITS, amend, at, folded, only, plan, tap

PROVIDER = UUID(int=9)
LIVE_ON = date(2001, 1, 1)
MISSED = ("late_visit", "missed_visit")


def missed_visit(**changes: Any) -> Visit:
    """V-1, planned for eight, to which nobody came."""
    return only(folded([plan("V-1", at("08:00"), **changes)]))


def made_visit() -> Visit:
    return only(folded([plan("V-1", at("08:00"))], [tap(1, "in", at("08:01")), tap(2, "out", at("08:30"))]))


def raised(kind: AlertKind, **changes: Any) -> Alert:
    usual = Alert(
        alert_id=watcher_alert_id(PROVIDER, "V-1", kind, at("08:00")),
        branch_id="L1",
        kind=kind,
        client="C-0001",
        visit="V-1",
        carer=None,
        source="watcher",
        occurred_at=at("08:00"),
        raised_at=at("09:00"),
        raised_by="service",
    )
    return replace(usual, **changes)


def change(visit: Visit, *existing: Alert, now: datetime, next_start: datetime | None = None) -> Change:
    return weigh([Watched(visit, next_start)], existing, PROVIDER, LIMITS, now, LIVE_ON)


def kinds_due(found: Change) -> tuple[str, ...]:
    return tuple(due.kind for due in found.due)


def test_a_watchers_alert_has_one_id_an_occurrence_whoever_raises_it():
    start = at("08:00")
    same = start.astimezone(LONDON)
    assert watcher_alert_id(PROVIDER, "V-1", "late_visit", start) == watcher_alert_id(
        PROVIDER, "V-1", "late_visit", same
    )
    ids = {
        watcher_alert_id(provider, visit, kind, when)
        for provider in (PROVIDER, UUID(int=8))
        for visit in ("V-1", "V-2")
        for kind in WATCHED_KINDS
        for when in (start, at("18:00"))
    }
    assert len(ids) == 16
    assert {each.version for each in ids} == {5}


def test_the_watcher_raises_only_kinds_that_may_be_reported_too():
    assert set(WATCHED_KINDS) <= REPORTED_KINDS


def test_the_next_visit_is_the_clients_first_one_later_that_day():
    planned = [plan("V-1", at("08:00")), plan("V-2", at("08:00")), plan("V-3", at("12:00")), plan("V-4", at("18:00"))]
    assert [one.next_start for one in watched(folded(planned))] == [at("12:00"), at("12:00"), at("18:00"), None]


def test_a_cancelled_visit_is_not_the_clients_next():
    planned = [plan("V-1", at("08:00")), plan("V-2", at("12:00"), cancelled="hospital"), plan("V-3", at("18:00"))]
    assert [one.next_start for one in watched(folded(planned))] == [at("18:00"), at("18:00"), None]


def test_another_clients_visit_and_another_days_are_not_the_next():
    mine = only(folded([plan("V-1", at("08:00"))]))
    theirs = fold("C-0002", DAY, [plan("V-2", at("12:00"), client="C-0002")], [], [], LIMITS)
    assert watched([mine, *theirs])[0].next_start is None
    next_day = at("12:00") + timedelta(days=1)
    tomorrow = only(folded([plan("V-2", next_day)], day=next_day.date()))
    assert watched([mine, tomorrow])[0].next_start is None


def test_an_unplanned_visit_has_no_next_and_raises_nothing():
    visit = only(folded([], [tap(1, "in", at("08:00"))]))
    assert watched([visit])[0].next_start is None
    assert change(visit, now=at("23:30")) == Change()


@pytest.mark.parametrize(
    ("now", "due"), [("08:30", ()), ("08:30:01", ("late_visit",)), ("09:00", MISSED), ("23:59", MISSED)]
)
def test_what_is_due_of_a_visit_nobody_came_to_is_raised_once(now: str, due: tuple[str, ...]):
    assert kinds_due(change(missed_visit(), now=at(now))) == due
    open_already = [raised(kind) for kind in WATCHED_KINDS]
    assert change(missed_visit(), *open_already, now=at(now)).due == ()


def test_a_visit_planned_longer_ago_than_the_look_back_is_history_and_not_acted_on():
    edge = at("08:00") + LOOK_BACK
    assert kinds_due(change(missed_visit(), now=edge)) == MISSED
    assert change(missed_visit(), now=edge + timedelta(seconds=1)) == Change()


def test_an_open_alert_of_long_ago_is_still_withdrawn_when_it_is_disproved():
    now = at("08:00") + 2 * LOOK_BACK
    found = change(made_visit(), raised("missed_visit"), now=now)
    assert [alert.kind for alert, _ in found.disproved] == ["missed_visit"]


def test_an_alert_that_is_disproved_is_withdrawn_with_the_reason():
    alerts = [raised(kind) for kind in WATCHED_KINDS]
    found = change(made_visit(), *alerts, now=at("10:00"))
    assert found.due == ()
    phone, first, second = (str(UUID(int=number)) for number in (1, 1, 2))
    why = f"Disproved by check-in {phone}/{first}, {phone}/{second}."
    assert found.disproved == tuple((alert, why) for alert in alerts)
    assert found.done == ()


def late_visit(*taps: CheckIn) -> Visit:
    return only(folded([plan("V-1", at("08:00"))], [tap(1, "in", at("08:40")), *taps]))


def test_a_late_alert_stands_while_somebody_is_there_and_ends_with_the_check_ins_of_the_visit_done():
    alerts = [raised(kind) for kind in WATCHED_KINDS]
    there = change(late_visit(), *alerts, now=at("09:00"))
    assert [alert.kind for alert, _ in there.disproved] == ["missed_visit"]
    assert there.done == ()
    done = change(late_visit(tap(2, "out", at("09:10"))), *alerts, now=at("10:00"))
    assert [alert.kind for alert, _ in done.disproved] == ["missed_visit"]
    phone, first, second = (str(UUID(int=number)) for number in (1, 1, 2))
    assert done.done == ((alerts[0].alert_id, f"The visit was done: check-in {phone}/{first}, {phone}/{second}."),)


def test_promise_5_a_late_visit_done_before_anybody_looked_has_the_same_alert_raised_and_ended():
    found = change(late_visit(tap(2, "out", at("09:10"))), now=at("10:00"))
    late = watcher_alert_id(PROVIDER, "V-1", "late_visit", at("08:00"))
    assert kinds_due(found) == ("late_visit",)
    assert [alert_id for alert_id, _ in found.done] == [late]


def test_what_ended_by_itself_stays_ended_while_done_and_is_opened_again_when_nobody_came_after_all():
    ended = raised("late_visit", state="closed", closed_by="service")
    assert change(late_visit(tap(2, "out", at("09:10"))), ended, now=at("10:00")) == Change()
    assert kinds_due(change(missed_visit(), ended, now=at("10:00"))) == MISSED
    assert [alert for alert, _ in change(made_visit(), ended, now=at("10:00")).disproved] == [ended]


def test_a_closed_alert_is_left_alone_whatever_comes_to_be_known():
    closed = [raised(kind, state="closed", state_reason="seen to") for kind in WATCHED_KINDS]
    assert change(made_visit(), *closed, now=at("10:00")) == Change()
    assert change(missed_visit(), *closed, now=at("10:00")) == Change()


def test_a_withdrawn_alert_that_is_true_again_is_raised_again_and_not_withdrawn_twice():
    withdrawn = [raised(kind, state="withdrawn", state_reason="Disproved by check-in 1/1.") for kind in WATCHED_KINDS]
    assert kinds_due(change(missed_visit(), *withdrawn, now=at("10:00"))) == MISSED
    assert change(made_visit(), *withdrawn, now=at("10:00")) == Change()


def test_a_cancellation_ends_no_alert_and_keeps_new_ones_from_being_raised():
    cancelled = missed_visit(cancelled="hospital")
    assert change(cancelled, *(raised(kind) for kind in WATCHED_KINDS), now=at("10:00")) == Change()
    assert change(cancelled, now=at("10:00")) == Change()


def test_a_check_in_disproves_though_the_visit_was_cancelled():
    taps = [tap(2, "out", at("08:30")), tap(1, "in", at("08:01"))]
    cancelled = only(folded([plan("V-1", at("08:00"), cancelled="hospital")], taps))
    assert len(change(cancelled, raised("missed_visit"), now=at("10:00")).disproved) == 1


@pytest.mark.parametrize("start", ["07:00", "08:01", "18:00"])
def test_an_alert_of_another_start_is_neither_known_nor_touched(start: str):
    former = [raised(kind, occurred_at=at(start)) for kind in WATCHED_KINDS]
    assert kinds_due(change(missed_visit(), *former, now=at("10:00"))) == MISSED
    assert change(made_visit(), *former, now=at("10:00")) == Change()


def test_an_alert_stored_under_a_former_id_is_known_by_visit_kind_and_start_and_opened_again_under_it():
    former = [raised(kind, alert_id=UUID(int=number)) for number, kind in enumerate(WATCHED_KINDS)]
    assert change(missed_visit(), *former, now=at("10:00")) == Change()
    withdrawn = [replace(alert, state="withdrawn") for alert in former]
    again = change(missed_visit(), *withdrawn, now=at("10:00"))
    assert [due.alert_id for due in again.due] == [alert.alert_id for alert in former]


def test_alerts_of_another_visit_are_not_touched():
    other = raised("missed_visit", alert_id=watcher_alert_id(PROVIDER, "V-2", "missed_visit", at("08:00")), visit="V-2")
    assert change(made_visit(), other, now=at("10:00")) == Change()


typed_times = st.one_of(st.none(), st.integers(-30, 600).map(lambda minutes: at("08:00") + timedelta(minutes=minutes)))


@given(typed_times, typed_times, st.sampled_from(["09:00", "12:00", "23:30"]))
def test_what_is_typed_ends_no_alert_whatever_it_says(arrived: datetime | None, left: datetime | None, now: str):
    amendments = [amend(7, "V-1", in_at=arrived, out_at=left)] if arrived or left else []
    typed = only(folded([plan("V-1", at("08:00"))], [], amendments))
    found = change(typed, *(raised(kind) for kind in WATCHED_KINDS), now=at(now))
    assert (found.disproved, found.done) == ((), ())


@given(typed_times, typed_times)
def test_what_is_typed_over_check_ins_ends_nothing_that_they_do_not_end(
    arrived: datetime | None, left: datetime | None
):
    taps = [tap(1, "in", at("08:40")), tap(2, "out", at("09:10"))]
    amendments = [amend(7, "V-1", in_at=arrived, out_at=left)] if arrived or left else []
    visit = only(folded([plan("V-1", at("08:00"))], taps, amendments))
    found = weigh(
        [Watched(visit, None)],
        [raised(kind) for kind in WATCHED_KINDS],
        PROVIDER,
        LIMITS,
        at("10:00"),
        LIVE_ON,
        {each.ref: each.occurred_at for each in taps},
    )
    assert [alert.kind for alert, _ in found.disproved] == ["missed_visit"]
    assert len(found.done) == 1


def test_a_typed_arrival_keeps_a_new_alert_from_being_raised():
    typed = only(folded([plan("V-1", at("08:00"))], [], [amend(7, "V-1", in_at=at("08:45"))]))
    assert change(typed, now=at("10:00")) == Change()


@pytest.mark.parametrize(("days", "due"), [(-1, MISSED), (0, MISSED), (1, ())])
def test_nothing_planned_before_the_live_date_is_raised(days: int, due: tuple[str, ...]):
    found = weigh([Watched(missed_visit(), None)], (), PROVIDER, LIMITS, at("10:00"), DAY + timedelta(days=days))
    assert kinds_due(found) == due


def test_only_a_withdrawn_alert_is_disproved():
    reason = "Disproved by check-in 1/1."
    states = {state: raised("missed_visit", state=state, state_reason=reason) for state in ("open", "closed")}
    assert {alert.disproved for alert in states.values()} == {None}
    assert raised("missed_visit", state="withdrawn", state_reason=reason).disproved == reason
