"""Kind 1, an event keeps the identity of a code: alerts and candidates belong to a visit as planned at one start.

The examples: a visit missed, its alert closed, imported again for 18:00 where nobody comes; a missed visit amended,
moved or cancelled afterwards; a late visit that was done.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from itertools import permutations
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecm.db.pool import DatabaseUrls, open_database
from ecm.process.wiring import visits_and_what_follows
from tests.arranging import Arranged, HandClock, at
from tests.kinds.watched_office import Office, office_of

MISSED = [("late", "open"), ("missed", "open")]
ON_ONE_SERVICE = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
async def office(arranged: Arranged, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_of(arranged, HandClock(at("07:00")), tmp_path) as opened:
        await arranged.client("C-1", lives_alone=True)
        yield opened


async def missed(office: Office, visit: str = "V-1") -> None:
    """A visit planned for eight to which nobody has come at nine."""
    await office.import_roster((visit, "C-1", at("08:00"), ""))
    await office.pass_time(at("09:00"))
    assert await office.states(visit) == MISSED


async def test_a_visit_missed_closed_and_planned_again_has_a_new_alert_and_a_new_candidate(office: Office):
    await missed(office)
    await office.pass_time(at("10:01"))
    (first,) = await office.candidates()
    await office.ask(
        "POST", f"/v1/candidates/{first['candidate']}/dismissal", json={"reason": "Seen to by a neighbour."}
    )
    await office.close_all("V-1")
    await office.import_roster(("V-1", "C-1", at("18:00"), ""))
    await office.pass_time(at("11:00"))
    assert await office.states("V-1") == [("late", "closed"), ("missed", "closed")]
    await office.pass_time(at("19:00"))
    assert await office.states("V-1") == [("late", "closed"), ("missed", "closed"), *MISSED]
    by_state = {one["state"]: one for one in await office.candidates()}
    assert set(by_state) == {"dismissed", "screening"}
    assert by_state["dismissed"]["candidate"] == first["candidate"]
    assert not set(by_state["screening"]["alerts"]) & set(first["alerts"])


async def test_two_starts_of_one_visit_count_as_two_missed_visits_of_the_client(office: Office):
    await office.arranged.client("C-2")
    await office.import_roster(("V-2", "C-2", at("08:00"), ""))
    await office.pass_time(at("09:00"))
    await office.import_roster(("V-2", "C-2", at("18:00"), ""))
    await office.pass_time(at("19:00"))
    assert "2 visits of this client were missed within 28 days." in str(await office.candidates())


@pytest.mark.parametrize("start", ["18:00", "08:15", "06:00"])
async def test_an_alert_and_its_candidate_stay_whatever_is_planned_differently_afterwards(office: Office, start: str):
    await missed(office)
    (before,) = await office.candidates()
    await office.import_roster(("V-1", "C-1", at(start), ""))
    await office.pass_time(at("09:01"))
    eight = [one for one in await office.alerts("V-1") if one["occurred_at"] == "2026-11-20T08:00:00Z"]
    assert [(one["kind"], one["state"]) for one in eight] == [("late_visit", "open"), ("missed_visit", "open")]
    after = {one["candidate"]: one for one in await office.candidates()}
    assert after[before["candidate"]]["state"] == "screening"


async def test_planned_as_before_again_it_has_the_alerts_it_had(office: Office):
    await missed(office)
    before = await office.alerts("V-1")
    for start in ("18:00", "08:00"):
        await office.import_roster(("V-1", "C-1", at(start), ""))
        await office.pass_time(at("09:30"))
    assert await office.alerts("V-1") == before


async def test_a_cancellation_after_the_start_leaves_the_alert_standing_and_one_before_raises_none(office: Office):
    await office.import_roster(("V-2", "C-1", at("08:00"), "cancelled_short_notice"))
    await missed(office)
    await office.import_roster(("V-1", "C-1", at("08:00"), "cancelled_short_notice"))
    await office.pass_time(at("09:01"))
    assert await office.states("V-1") == MISSED
    assert await office.states("V-2") == []
    assert [one["state"] for one in await office.candidates()] == ["screening"]


async def test_a_typed_time_ends_neither_alert_nor_candidate_and_keeps_new_ones_from_being_raised(office: Office):
    await office.import_roster(("V-2", "C-1", at("08:00"), ""))
    await office.pass_time(at("08:20"))
    await office.amend("V-2", at("08:00"), at("08:20"))
    await missed(office)
    await office.amend("V-1", at("08:00"), at("08:30"))
    await office.pass_time(at("09:01"))
    assert await office.states("V-1") == MISSED
    assert await office.states("V-2") == []
    assert [one["state"] for one in await office.candidates()] == ["screening"]


async def test_a_check_in_that_was_there_in_time_ends_the_missed_alert_whatever_was_typed_before(office: Office):
    await missed(office)
    await office.amend("V-1", at("08:40"), at("09:00"))
    await office.arranged.check_in("C-1", "in", at("08:05"), received_at=at("09:30"))
    await office.pass_time(at("09:30"))
    assert await office.states("V-1") == [("late", "withdrawn"), ("missed", "withdrawn")]
    assert {one["state"] for one in await office.candidates()} == {"withdrawn"}
    assert all("Disproved by check-in" in one["state_reason"] for one in await office.alerts("V-1"))


async def test_one_who_comes_after_the_visit_counted_as_missed_ends_nothing(office: Office):
    await office.import_roster(("V-9", "C-1", at("10:00"), ""))
    await missed(office)
    await office.arranged.check_in("C-1", "in", at("10:05"), hint="V-1")
    await office.arranged.check_in("C-1", "out", at("10:35"), hint="V-1")
    await office.pass_time(at("10:36"))
    assert await office.states("V-1") == MISSED


@pytest.mark.parametrize(("start", "outcome"), [("14:00", ""), ("10:00", "cancelled_short_notice")])
async def test_moving_or_cancelling_the_next_visit_makes_no_missed_one_good(office: Office, start: str, outcome: str):
    await office.import_roster(("V-9", "C-1", at("10:00"), ""))
    await missed(office)
    await office.arranged.check_in("C-1", "in", at("10:05"), hint="V-1")
    await office.arranged.check_in("C-1", "out", at("10:35"), hint="V-1")
    await office.pass_time(at("10:36"))
    await office.import_roster(("V-9", "C-1", at(start), outcome))
    await office.pass_time(at("10:40"))
    assert ("missed", "open") in await office.states("V-1")
    assert "withdrawn" not in {state for _, state in await office.states("V-1")}


async def test_a_late_alert_ends_by_itself_when_the_visit_is_done_and_names_the_check_ins(office: Office):
    await office.import_roster(("V-1", "C-1", at("08:00"), ""))
    await office.pass_time(at("08:31"))
    await office.arranged.check_in("C-1", "in", at("08:40"))
    await office.pass_time(at("08:41"))
    assert await office.states("V-1") == [("late", "open")]
    device, check_in = await office.arranged.check_in("C-1", "out", at("09:10"))
    await office.pass_time(at("09:11"))
    (ended,) = await office.alerts("V-1")
    assert (ended["state"], ended["closed_by"]) == ("closed", "service")
    assert f"{device}/{check_in}" in ended["state_reason"]
    await office.pass_time(at("12:00"))
    assert await office.alerts("V-1") == [ended]


async def test_what_a_person_closed_is_theirs_and_no_check_in_changes_it(office: Office):
    await missed(office)
    await office.close_all("V-1")
    closed = await office.alerts("V-1")
    assert {one["closed_by"] for one in closed} == {"the registered_manager"}
    await office.arranged.check_in("C-1", "in", at("08:05"), received_at=at("09:30"))
    await office.pass_time(at("09:30"))
    assert await office.alerts("V-1") == closed


async def test_an_alert_stored_under_the_id_of_visit_and_kind_alone_is_still_known(office: Office):
    await missed(office)
    provider = office.arranged.provider
    for one in await office.alerts("V-1"):
        await office.arranged.superuser.execute(
            "UPDATE alerts SET alert_id = $3 WHERE provider_id = $1 AND alert_id = $2",
            provider,
            UUID(one["alert"]),
            uuid5(provider, f"alert/{one['kind']}/V-1"),
        )
    before = {one["alert"] for one in await office.alerts("V-1")}
    await office.pass_time(at("09:10"))
    assert {one["alert"] for one in await office.alerts("V-1")} == before
    await office.arranged.check_in("C-1", "in", at("08:05"), received_at=at("09:30"))
    await office.pass_time(at("09:30"))
    assert await office.states("V-1") == [("late", "withdrawn"), ("missed", "withdrawn")]
    await office.import_roster(("V-1", "C-1", at("18:00"), ""))
    await office.pass_time(at("19:00"))
    assert [state for _, state in await office.states("V-1")] == ["withdrawn", "withdrawn", "open", "open"]


async def test_several_watchers_and_folds_at_once_raise_and_end_each_alert_once(
    office: Office, database_urls: DatabaseUrls
):
    for number in range(8):
        await office.arranged.client(f"C-{number}", lives_alone=True)
    rows = [(f"V-{number}", f"C-{number}", at("08:00"), "") for number in range(8)]
    await office.import_roster(*rows)
    await office.pass_time(at("09:00"))
    await office.import_roster(*((visit, client, at("10:00"), "") for visit, client, _, _ in rows))
    await office.pass_time(at("09:01"))
    for number in range(8):
        await office.arranged.check_in(f"C-{number}", "in", at("10:40"), device=UUID(int=number + 50))
        await office.arranged.check_in(f"C-{number}", "out", at("10:59"), device=UUID(int=number + 50))
    office.clock.move_to(at("11:00"))
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(open_database(database_urls)) for _ in range(3)]
        copies = [visits_and_what_follows(database, office.clock)[:2] for database in opened]
        await asyncio.gather(
            *(alerts.watch_once(at("11:00")) for _, alerts in copies), *(visits.fold_pending(3) for visits, _ in copies)
        )
    await office.pass_time(at("11:01"))
    for number in range(8):
        assert await office.states(f"V-{number}") == [*MISSED, ("late", "closed")]
    told = [row for row in await office.arranged.rows("audit_events") if row["tag"].startswith("alerts:alert:")]
    assert len({(row["tag"], row["subject"]) for row in told}) == len(told)


@ON_ONE_SERVICE
@given(
    order=st.sampled_from(list(permutations(range(3)))),
    watched=st.lists(st.sampled_from(["08:31", "09:00", "09:40"]), unique=True).map(sorted),
)
async def test_promise_5_in_whatever_order_its_check_ins_come_a_late_visit_ends_with_one_ended_alert(
    office: Office, order: tuple[int, ...], watched: list[str]
):
    number = next(office.arranged.numbers)
    client, visit, device = f"C-{number}", f"V-{number}", UUID(int=1_000 * number)
    await office.arranged.client(client)
    await office.import_roster((visit, client, at("08:00"), ""))
    for clock in watched:
        await office.pass_time(at(clock))
    taps = [("in", "08:40"), ("out", "09:10"), ("in", "08:41")]
    for step, index in enumerate(order):
        direction, when = taps[index]
        await office.arranged.check_in(
            client, direction, at(when), device=UUID(int=device.int + index), received_at=at("10:00")
        )
        await office.pass_time(at("10:00") + timedelta(minutes=step))
    assert [one for one in await office.states(visit) if one[0] == "late"] == [("late", "closed")]
    assert all(state != "open" for _, state in await office.states(visit))


CHANGES = ("moved", "cancelled", "amended", "nothing")


@ON_ONE_SERVICE
@given(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=4), st.integers(0, 1))
async def test_nothing_that_an_office_types_or_plans_ends_an_alert(office: Office, changes: list[str], closed: int):
    number = next(office.arranged.numbers)
    client, visit = f"C-{number}", f"V-{number}"
    await office.arranged.client(client)
    await office.import_roster((visit, client, at("08:00"), ""))
    await office.pass_time(at("09:00"))
    if closed:
        await office.close_all(visit)
    before = await office.alerts(visit)
    for step, change in enumerate(changes, start=1):
        if change == "moved":
            await office.import_roster((visit, client, at("08:00") + timedelta(minutes=7 * step), ""))
        elif change == "cancelled":
            await office.import_roster((visit, client, at("08:00"), "cancelled_short_notice"))
        elif change == "amended":
            await office.amend(visit, at("08:00"), at("08:30"))
        await office.pass_time(at("09:00") + timedelta(minutes=step))
    after = {one["alert"]: one for one in await office.alerts(visit)}
    assert [after[one["alert"]]["state"] for one in before] == [one["state"] for one in before]
