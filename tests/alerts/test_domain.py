"""When the watcher's own word holds, and what is the client's next visit."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

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
    why_withdrawn,
)
from ecm.visits.domain import AlertKind, Visit, fold
from tests.visits.visit_values import DAY, LIMITS, amend, at, folded, only, plan, tap

PROVIDER = UUID(int=9)
MISSED = ("late_visit", "missed_visit")


def missed_visit(**changes: Any) -> Visit:
    """V-1, planned for eight, to which nobody came."""
    return only(folded([plan("V-1", at("08:00"), **changes)]))


def made_visit() -> Visit:
    return only(folded([plan("V-1", at("08:00"))], [tap(1, "in", at("08:01")), tap(2, "out", at("08:30"))]))


def raised(kind: AlertKind, **changes: Any) -> Alert:
    usual = Alert(
        alert_id=watcher_alert_id(PROVIDER, "V-1", kind),
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


def by_id(*alerts: Alert) -> Mapping[UUID, Alert]:
    return {alert.alert_id: alert for alert in alerts}


def change(visit: Visit, *existing: Alert, now: datetime, next_start: datetime | None = None) -> Change:
    return weigh([Watched(visit, next_start)], by_id(*existing), PROVIDER, LIMITS, now)


def kinds_due(found: Change) -> tuple[str, ...]:
    return tuple(kind for _, kind in found.due)


def test_a_watchers_alert_has_one_id_whoever_raises_it():
    assert watcher_alert_id(PROVIDER, "V-1", "late_visit") == watcher_alert_id(PROVIDER, "V-1", "late_visit")
    ids = {
        watcher_alert_id(provider, visit, kind)
        for provider in (PROVIDER, UUID(int=8))
        for visit in ("V-1", "V-2")
        for kind in WATCHED_KINDS
    }
    assert len(ids) == 8
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
    assert change(visit, now=at("23:30")) == Change((), ())


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
    assert change(missed_visit(), now=edge + timedelta(seconds=1)) == Change((), ())


def test_an_open_alert_of_long_ago_is_still_withdrawn_when_it_is_disproved():
    now = at("08:00") + 2 * LOOK_BACK
    found = change(made_visit(), raised("missed_visit"), now=now)
    assert [alert.kind for alert, _ in found.disproved] == ["missed_visit"]


def test_an_alert_that_is_disproved_is_withdrawn_with_the_reason():
    alerts = [raised(kind) for kind in WATCHED_KINDS]
    found = change(made_visit(), *alerts, now=at("10:00"))
    assert found.due == ()
    assert found.disproved == tuple((alert, why_withdrawn(made_visit())) for alert in alerts)


def test_a_late_alert_stands_though_somebody_came_in_the_end():
    late = only(folded([plan("V-1", at("08:00"))], [tap(1, "in", at("08:40")), tap(2, "out", at("09:10"))]))
    found = change(late, *(raised(kind) for kind in WATCHED_KINDS), now=at("10:00"))
    assert [alert.kind for alert, _ in found.disproved] == ["missed_visit"]


def test_a_closed_alert_is_left_alone_whatever_comes_to_be_known():
    closed = [raised(kind, state="closed", state_reason="seen to") for kind in WATCHED_KINDS]
    assert change(made_visit(), *closed, now=at("10:00")) == Change((), ())
    assert change(missed_visit(), *closed, now=at("10:00")) == Change((), ())


def test_a_withdrawn_alert_that_is_true_again_is_raised_again_and_not_withdrawn_twice():
    withdrawn = [raised(kind, state="withdrawn", state_reason="The roster was changed.") for kind in WATCHED_KINDS]
    assert kinds_due(change(missed_visit(), *withdrawn, now=at("10:00"))) == MISSED
    assert change(made_visit(), *withdrawn, now=at("10:00")) == Change((), ())


def test_a_cancelled_visits_alerts_are_withdrawn():
    found = change(missed_visit(cancelled="hospital"), raised("missed_visit"), now=at("10:00"))
    assert [why for _, why in found.disproved] == ["The visit was cancelled: hospital."]


def test_alerts_of_another_visit_are_not_touched():
    other = raised("missed_visit", alert_id=watcher_alert_id(PROVIDER, "V-2", "missed_visit"), visit="V-2")
    assert change(made_visit(), other, now=at("10:00")) == Change((), ())


def test_what_disproves_an_alert_is_named_by_ids_only_a_cancellation_first_then_taps_then_amendments():
    taps = [tap(2, "out", at("08:30")), tap(1, "in", at("08:01"))]
    amendments = [amend(7, "V-1", in_at=at("08:00"), out_at=at("08:30"))]
    phone, first, second = (str(UUID(int=number)) for number in (1, 1, 2))
    planned = [plan("V-1", at("08:00"))]
    assert why_withdrawn(only(folded(planned, taps))) == f"Disproved by check-in {phone}/{first}, {phone}/{second}."
    assert why_withdrawn(only(folded(planned, [], amendments))) == f"Disproved by amendment {UUID(int=7)}."
    assert why_withdrawn(missed_visit()) == "The roster was changed."
    cancelled = only(folded([plan("V-1", at("08:00"), cancelled="hospital")], taps))
    assert why_withdrawn(cancelled) == "The visit was cancelled: hospital."


def test_only_a_withdrawn_alert_is_disproved():
    reason = "The roster was changed."
    states = {state: raised("missed_visit", state=state, state_reason=reason) for state in ("open", "closed")}
    assert {alert.disproved for alert in states.values()} == {None}
    assert raised("missed_visit", state="withdrawn", state_reason=reason).disproved == reason
