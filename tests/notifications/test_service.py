"""Candidates follow from alerts, are withdrawn visibly, and stay as a person decided."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from ecm.alerts.domain import Alert, Fact, FactKind, watcher_alert_id
from ecm.alerts.service import Alerts
from ecm.db.pool import Database
from ecm.http.paging import Slice
from ecm.notifications.candidates import Candidate
from ecm.notifications.service import Notifications
from ecm.process.wiring import visits_and_what_follows
from ecm.visits.service import Visits
from ecm.words.problems import Problem
from tests.arranging import DAY, Arranged, HandClock, at, fold_what_waits

MISSED_AT = at("09:00")


@pytest.fixture
def clock() -> HandClock:
    return HandClock(at("07:00"))


@pytest.fixture
def visits(database: Database, clock: HandClock) -> Visits:
    return visits_and_what_follows(database, clock)[0]


@pytest.fixture
def alerts(database: Database, clock: HandClock) -> Alerts:
    return visits_and_what_follows(database, clock)[1]


@pytest.fixture
def notifications(database: Database, clock: HandClock) -> Notifications:
    return Notifications(database, clock)


async def listed(notifications: Notifications, provider: UUID) -> list[Candidate]:
    return (await notifications.listed(provider, Slice(100)))[1].rows


async def missed(arranged: Arranged, visits: Visits, alerts: Alerts, *clients: str, **flags) -> None:
    """Each of these clients has a visit at 08:00 that nobody has begun by 09:00."""
    await arranged.carer("W-001")
    for client in clients:
        await arranged.client(client, **flags)
        await arranged.visit(f"V-{client}", client, at("08:00"))
    await fold_what_waits(visits)
    await alerts.watch_once(MISSED_AT)


def alert_of(arranged: Arranged, client: str) -> UUID:
    return watcher_alert_id(arranged.provider, f"V-{client}", "missed_visit", at("08:00"))


def fact(alert: UUID, kind: FactKind, when: str, **fields: Any) -> Fact:
    known: dict[str, Any] = {
        "memo": None,
        "cause": None,
        "recorded_by": "a coordinator",
        "recorded_at": at(when),
    } | fields
    return Fact(alert_id=alert, fact_id=uuid4(), kind=kind, at=at(when), **known | fields)


async def only(notifications: Notifications, provider: UUID) -> Candidate:
    (candidate,) = await listed(notifications, provider)
    return candidate


async def level_of(arranged: Arranged, client: str) -> int:
    levels: dict[UUID, int] = {row["alert_id"]: row["level"] for row in await arranged.rows("alerts")}
    return levels[alert_of(arranged, client)]


async def test_a_late_check_in_withdraws_alert_and_candidate_visibly(arranged, visits, alerts, notifications, clock):
    await missed(arranged, visits, alerts, "C-1", lives_alone=True)
    raised = await only(notifications, arranged.provider)
    assert (raised.state, raised.type, raised.document.level) == ("screening", "ABUSE_OR_ALLEGATION", 2)
    assert raised.document.visits == ("V-C-1",)

    device, check_in = await arranged.check_in("C-1", "in", at("08:04"), received_at=at("11:00"))
    clock.move_to(at("11:00"))
    await fold_what_waits(visits)

    withdrawn = await only(notifications, arranged.provider)
    assert (withdrawn.candidate_id, withdrawn.state) == (raised.candidate_id, "withdrawn")
    assert withdrawn.version == raised.version + 1
    assert any(f"{device}/{check_in}" in reason for reason in withdrawn.document.reasons)
    tags = [row["tag"] for row in await arranged.rows("audit_events")]
    assert tags.count("notifications:candidate:raised") == 1
    assert tags.count("notifications:candidate:withdrawn") == 1


async def test_a_missed_visit_without_welfare_contact_in_an_hour_is_to_be_screened(
    arranged, visits, alerts, notifications
):
    await missed(arranged, visits, alerts, "C-1")
    assert await level_of(arranged, "C-1") == 1
    await alerts.watch_once(MISSED_AT + timedelta(minutes=60))
    assert await listed(notifications, arranged.provider) == []
    await alerts.watch_once(MISSED_AT + timedelta(minutes=60, seconds=1))
    assert await level_of(arranged, "C-1") == 2
    assert (await only(notifications, arranged.provider)).state == "screening"


async def test_welfare_contact_in_time_leaves_a_missed_visit_at_level_1(arranged, visits, alerts, notifications):
    await missed(arranged, visits, alerts, "C-1")
    await alerts.add_fact(arranged.provider, fact(alert_of(arranged, "C-1"), "welfare_contact", "09:30"))
    await alerts.watch_once(at("12:00"))
    assert await level_of(arranged, "C-1") == 1
    assert await listed(notifications, arranged.provider) == []


async def test_welfare_contact_recorded_late_withdraws_the_screening_it_disproves(
    arranged, visits, alerts, notifications
):
    await missed(arranged, visits, alerts, "C-1")
    await alerts.watch_once(at("12:00"))
    known = fact(alert_of(arranged, "C-1"), "welfare_contact", "09:30", recorded_at=at("13:00"))
    await alerts.add_fact(arranged.provider, known)
    candidate = await only(notifications, arranged.provider)
    assert candidate.state == "withdrawn"
    assert "Nothing that is known now leads to a notification." in candidate.document.reasons


async def test_a_second_miss_within_28_days_is_to_be_screened(arranged, visits, alerts, notifications):
    await missed(arranged, visits, alerts, "C-1")
    again = DAY + timedelta(days=27)
    await arranged.visit("V-again", "C-1", at("08:00", again))
    await fold_what_waits(visits)
    await alerts.watch_once(at("09:00", again))
    found = {one.document.visits: one for one in await listed(notifications, arranged.provider)}
    assert any("within 28 days" in reason for reason in found["V-again",].document.reasons)


async def test_two_adults_missed_from_one_cause_make_level_3(arranged, visits, alerts, notifications):
    await missed(arranged, visits, alerts, "C-1", "C-2")
    for client, cause in (("C-1", "Car broke down"), ("C-2", "car-broke-down")):
        await alerts.add_fact(arranged.provider, fact(alert_of(arranged, client), "cause", "09:10", cause=cause))
    found = await listed(notifications, arranged.provider)
    assert {(one.client, one.state, one.document.level) for one in found} == {
        ("C-1", "proposed", 3),
        ("C-2", "proposed", 3),
    }


async def test_two_adults_from_one_cause_are_noticed_when_both_facts_come_at_once(
    arranged, visits, alerts, notifications, superuser
):
    await missed(arranged, visits, alerts, "C-1", "C-2")
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
    async with superuser.transaction():
        await superuser.execute("LOCK TABLE clients IN ACCESS EXCLUSIVE MODE")
        both = asyncio.gather(
            *(
                alerts.add_fact(arranged.provider, fact(alert_of(arranged, client), "cause", "09:10", cause="snow"))
                for client in ("C-1", "C-2")
            )
        )
        while await superuser.fetchval(waiting) < 2:
            assert not both.done()
    await both
    assert {one.document.level for one in await listed(notifications, arranged.provider)} == {3}


async def test_promise_9_a_dismissed_candidate_stays_dismissed_and_takes_new_facts(
    arranged, visits, alerts, notifications, clock
):
    await missed(arranged, visits, alerts, "C-1", lives_alone=True)
    raised = await only(notifications, arranged.provider)
    clock.move_to(at("09:30"))
    dismissed = await notifications.dismiss(arranged.provider, raised.candidate_id, "A daughter was there.", "manager")
    assert (dismissed.state, dismissed.decided_by) == ("dismissed", "manager")
    again = await notifications.dismiss(arranged.provider, raised.candidate_id, "A daughter was there.", "manager")
    assert again == dismissed

    await alerts.add_fact(arranged.provider, fact(alert_of(arranged, "C-1"), "harm", "10:00"))
    later = await only(notifications, arranged.provider)
    assert (later.state, later.decided_reason) == ("dismissed", "A daughter was there.")
    assert later.version == dismissed.version + 1
    assert "Harm was recorded." in later.document.reasons
    with pytest.raises(Problem, match="is dismissed"):
        await notifications.dismiss(arranged.provider, raised.candidate_id, "Another reason.", "manager")


async def test_promise_11_nobody_dismisses_anothers_candidate(arranged, visits, alerts, notifications):
    await missed(arranged, visits, alerts, "C-1", lives_alone=True)
    candidate = await only(notifications, arranged.provider)
    other = await Arranged(arranged.database, arranged.superuser).begin()
    assert await listed(notifications, other.provider) == []
    with pytest.raises(Problem, match="no such candidate"):
        await notifications.dismiss(other.provider, candidate.candidate_id, "Mine.", "manager")


async def test_a_fall_with_injury_waits_for_a_professionals_opinion_and_harm_of_a_missed_visit_joins_it(
    arranged, visits, alerts, notifications
):
    await missed(arranged, visits, alerts, "C-1", lives_alone=True)
    fall = Alert(
        alert_id=uuid4(),
        branch_id="",
        kind="fall_with_injury",
        client="C-1",
        visit="V-C-1",
        carer=None,
        source="office",
        occurred_at=at("10:00"),
        raised_at=at("10:05"),
        raised_by="a coordinator",
    )
    await alerts.by_office(arranged.provider, fall, None)
    found = {one.type: one for one in await listed(notifications, arranged.provider)}
    assert found["ABUSE_OR_ALLEGATION"].state == "merged"
    injury = found["SERIOUS_INJURY"]
    assert (injury.state, injury.document.level) == ("proposed", 4)
    assert set(injury.document.alerts) == {fall.alert_id, alert_of(arranged, "C-1")}
    assert [gate.met for gate in injury.document.gates if gate.name == "hcp_opinion"] == [False]

    await alerts.add_fact(arranged.provider, fact(fall.alert_id, "hcp_opinion", "11:00"))
    found = {one.type: one for one in await listed(notifications, arranged.provider)}
    assert [gate.met for gate in found["SERIOUS_INJURY"].document.gates if gate.name == "hcp_opinion"] == [True]


async def test_a_cause_that_was_noted_is_no_welfare_contact(arranged, visits, alerts, notifications) -> None:
    await missed(arranged, visits, alerts, "C-1")
    noted = fact(alert_of(arranged, "C-1"), "cause", "09:10", cause="traffic")
    await alerts.add_fact(arranged.provider, noted)
    await alerts.watch_once(MISSED_AT + timedelta(minutes=60, seconds=1))
    assert (await only(notifications, arranged.provider)).state == "screening"
