"""The watcher: every alert once however many look, withdrawn when disproved, raised again when true again."""

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import uuid4

import pytest

from ecm.alerts import store
from ecm.alerts.domain import Alert, watcher_alert_id
from ecm.alerts.service import Alerts
from ecm.db.pool import Database, DatabaseUrls, open_database
from ecm.process.wiring import visits_and_what_follows
from ecm.visits.service import Visits
from ecm.words.problems import Problem
from tests.arranging import DAY, Arranged, HandClock, at, fold_what_waits

CLIENTS = 12


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
async def morning(arranged: Arranged, visits: Visits) -> Arranged:
    """Twelve clients, each with a visit planned for 08:00."""
    await arranged.carer("W-001")
    for number in range(1, CLIENTS + 1):
        client = await arranged.client(f"C-{number:02d}")
        await arranged.visit(f"V-{number:02d}", client, at("08:00"))
    await fold_what_waits(visits)
    return arranged


async def raised(house: Arranged) -> list[tuple[str, str, str]]:
    return sorted((row["visit"], row["kind"], row["state"]) for row in await house.rows("alerts"))


async def test_several_watchers_at_once_raise_each_alert_exactly_once(morning, database_urls: DatabaseUrls, clock):
    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(open_database(database_urls)) for _ in range(4)]
        watchers = [visits_and_what_follows(opened, clock)[1] for opened in databases for _ in range(2)]
        counts = await asyncio.gather(*(watcher.watch_once(at("08:31")) for watcher in watchers))
        assert sum(counts) == CLIENTS
        counts = await asyncio.gather(*(watcher.watch_once(at("09:00")) for watcher in watchers))
        assert sum(counts) == CLIENTS
        counts = await asyncio.gather(*(watcher.watch_once(at("09:01")) for watcher in watchers))
        assert sum(counts) == 0
    assert len(await raised(morning)) == 2 * CLIENTS
    told = [row for row in await morning.rows("audit_events") if row["tag"] == "alerts:alert:raised"]
    assert len(told) == 2 * CLIENTS


async def test_the_late_window_includes_its_boundary(morning, alerts):
    assert await alerts.watch_once(at("08:30")) == 0
    assert await alerts.watch_once(at("08:30:01")) == CLIENTS


async def test_a_watcher_leaves_what_another_is_looking_at_and_comes_back_to_it(morning, alerts, superuser):
    async with superuser.transaction():
        await superuser.execute("SELECT FROM visits WHERE visit = 'V-01' FOR UPDATE")
        assert await alerts.watch_once(at("08:31")) == CLIENTS - 1
    assert await alerts.watch_once(at("08:31")) == 1


async def test_a_late_check_in_withdraws_the_alerts_it_disproves_and_says_which(morning, alerts, visits, clock):
    await alerts.watch_once(at("09:00"))
    device, check_in = await morning.check_in("C-01", "in", at("08:05"), received_at=at("11:00"))
    await morning.check_in("C-02", "in", at("08:40"), received_at=at("11:00"))
    clock.move_to(at("11:00"))
    await fold_what_waits(visits)

    found = {(row["visit"], row["kind"]): row for row in await morning.rows("alerts")}
    for kind in ("late_visit", "missed_visit"):
        assert found["V-01", kind]["state"] == "withdrawn"
        assert f"{device}/{check_in}" in found["V-01", kind]["state_reason"]
    assert found["V-02", "missed_visit"]["state"] == "withdrawn"
    assert found["V-02", "late_visit"]["state"] == "open"
    assert found["V-03", "missed_visit"]["state"] == "open"


async def test_a_withdrawn_alert_cannot_be_closed_since_nothing_is_left_to_close(morning, alerts, visits, clock):
    await alerts.watch_once(at("09:00"))
    await morning.check_in("C-01", "in", at("08:05"), received_at=at("11:00"))
    clock.move_to(at("11:00"))
    await fold_what_waits(visits)
    alert = watcher_alert_id(morning.provider, "V-01", "missed_visit", at("08:00"))
    with pytest.raises(Problem, match="nothing to close") as refused:
        await alerts.close(morning.provider, alert, "seen to", "a coordinator")
    assert refused.value.kind.slug == "conflict"
    assert ("V-01", "missed_visit", "withdrawn") in await raised(morning)


async def test_a_withdrawn_alert_is_raised_again_under_its_id_when_true_again(morning, alerts, visits, clock):
    await alerts.watch_once(at("09:00"))
    before = {row["alert_id"] for row in await morning.rows("alerts")}
    clock.move_to(at("11:00"))
    await morning.check_in("C-01", "in", at("08:08"), received_at=at("11:00"))
    await fold_what_waits(visits)
    assert [one for one in await raised(morning) if one[0] == "V-01"] == [
        ("V-01", "late_visit", "withdrawn"),
        ("V-01", "missed_visit", "withdrawn"),
    ]

    await morning.visit("V-99", "C-01", at("08:10"))
    await fold_what_waits(visits)

    assert {state for visit, _, state in await raised(morning) if visit == "V-01"} == {"open"}
    assert {row["alert_id"] for row in await morning.rows("alerts") if row["visit"] != "V-99"} == before


async def test_a_visit_taken_off_the_roster_keeps_its_alerts_until_a_person_closes_them(morning, alerts, visits, clock):
    await alerts.watch_once(at("09:00"))
    clock.move_to(at("09:00"))
    await morning.superuser.execute("DELETE FROM planned_visits WHERE visit = 'V-01'")
    await morning.ask("C-01", at("08:00"))
    await fold_what_waits(visits)
    assert {state for visit, _, state in await raised(morning) if visit == "V-01"} == {"open"}


async def test_promise_5_a_late_arrival_is_told_of_whether_the_watcher_or_the_fold_saw_it_first(
    morning, alerts, visits, clock
):
    await morning.check_in("C-01", "in", at("08:45"))
    clock.move_to(at("08:45"))
    await fold_what_waits(visits)
    await alerts.watch_once(at("08:50"))
    await morning.check_in("C-02", "in", at("08:45"))
    clock.move_to(at("08:50"))
    await fold_what_waits(visits)
    assert [one for one in await raised(morning) if one[0] in {"V-01", "V-02"}] == [
        ("V-01", "late_visit", "open"),
        ("V-02", "late_visit", "open"),
    ]


async def test_a_client_whose_check_in_waits_to_be_folded_is_not_called_late(morning, alerts, visits):
    await morning.check_in("C-01", "in", at("08:05"))
    assert await alerts.watch_once(at("09:00")) == 2 * (CLIENTS - 1)
    await fold_what_waits(visits)
    assert await alerts.watch_once(at("09:00")) == 0


async def test_a_missed_visit_is_raised_once_what_waited_is_folded(morning, alerts, visits):
    await morning.check_in("C-01", "out", at("05:00"))
    await alerts.watch_once(at("08:31"))
    assert not [one for one in await raised(morning) if one[0] == "V-01"]
    await fold_what_waits(visits)
    await alerts.watch_once(at("08:31"))
    assert [one for one in await raised(morning) if one[0] == "V-01"] == [("V-01", "late_visit", "open")]


async def test_an_imported_history_raises_nothing(arranged, alerts, visits, clock):
    await arranged.carer("W-001")
    client = await arranged.client("C-01")
    await arranged.visit("V-old", client, at("08:00", DAY - timedelta(days=29)))
    await fold_what_waits(visits)
    assert await alerts.watch_once(clock.now()) == 0
    assert await raised(arranged) == []


async def test_a_check_in_folded_while_the_watcher_looks_is_never_missed(morning, alerts, visits, clock):
    clock.move_to(at("09:00"))
    for number in range(1, CLIENTS + 1):
        await morning.check_in(f"C-{number:02d}", "in", at("08:05"), received_at=at("09:00"))
    await asyncio.gather(*(alerts.watch_once(at("09:00")) for _ in range(3)), fold_what_waits(visits))
    assert {state for _, _, state in await raised(morning)} <= {"withdrawn"}


async def test_an_alert_that_a_person_closed_is_not_withdrawn_even_by_one_who_saw_it_open(
    morning, alerts, database
) -> None:
    await alerts.watch_once(at("09:00"))
    alert = watcher_alert_id(morning.provider, "V-01", "missed_visit", at("08:00"))
    await alerts.close(morning.provider, alert, "Seen to.", "a coordinator")
    async with database.transaction("withdraw_late", provider=morning.provider) as connection:
        assert await store.withdraw(connection, morning.provider, [(alert, "It was seen open.")]) == frozenset()
    assert ("V-01", "missed_visit", "closed") in await raised(morning)


async def test_a_visit_moved_to_a_later_hour_is_called_late_again_when_nobody_comes_then(
    morning, alerts, visits, clock
) -> None:
    await alerts.watch_once(at("09:00"))
    clock.move_to(at("09:00"))
    await morning.superuser.execute("UPDATE planned_visits SET start_at = $1 WHERE visit = 'V-01'", at("11:00"))
    await morning.ask("C-01", at("08:00"))
    await fold_what_waits(visits)
    assert {state for visit, _, state in await raised(morning) if visit == "V-01"} == {"open"}
    await alerts.watch_once(at("11:31"))
    assert [kind for visit, kind, _ in await raised(morning) if visit == "V-01"] == [
        "late_visit",
        "late_visit",
        "missed_visit",
    ]


async def test_what_the_office_reported_of_a_visit_keeps_the_watcher_from_nothing(morning, alerts) -> None:
    for kind in ("no_reply", "staff_shortage"):
        reported = Alert(
            alert_id=uuid4(),
            branch_id="",
            kind=kind,
            client="C-01",
            visit="V-01",
            carer=None,
            source="office",
            occurred_at=at("08:00"),
            raised_at=at("08:10"),
            raised_by="a coordinator",
        )
        await alerts.by_office(morning.provider, reported, None)
    assert await alerts.watch_once(at("08:31")) == CLIENTS
