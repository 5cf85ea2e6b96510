"""Kind 15, the first day floods: nothing planned before a provider's live date raises an alert or a candidate.

The example: the roster of the 14 past days imported at go-live came to 339 alerts and 169 candidates.
"""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecm.visits.service import VISITS
from tests.arranging import COUNCIL, DAY, Arranged, HandClock, at, fold_what_waits
from tests.kinds.watched_office import Office, office_of

ON_ONE_SERVICE = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
async def office(arranged: Arranged, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_of(arranged, HandClock(at("07:00")), tmp_path) as opened:
        yield opened


def days(before: int) -> date:
    return DAY - timedelta(days=before)


async def import_days(office: Office, name: str, many: int) -> dict[str, date]:
    """A visit at eight of each of the days up to today, of one client who lives alone; by visit, its day."""
    client = await office.arranged.client(f"C-{name}", lives_alone=True)
    planned = {f"V-{name}-{before}": days(before) for before in range(many)}
    await office.import_roster(*((visit, client, at("08:00", day), "") for visit, day in planned.items()))
    return planned


async def test_the_roster_of_the_fourteen_past_days_raises_nothing_but_of_the_first_day(office: Office):
    planned = await import_days(office, "1", 15)
    await office.pass_time(at("09:00"))
    assert {one["visit"] for one in await office.alerts()} == {visit for visit, day in planned.items() if day == DAY}
    assert [one["client"] for one in await office.candidates()] == ["C-1"]


@ON_ONE_SERVICE
@given(
    live=st.integers(-2, 16).map(days),
    many=st.integers(1, 15),
    import_first=st.booleans(),
    watcher_first=st.booleans(),
)
async def test_no_alert_is_about_a_visit_before_the_live_date_and_every_one_from_it_on_is_as_always(
    office: Office, live: date, many: int, import_first: bool, watcher_first: bool
):
    name = str(next(office.arranged.numbers))
    office.clock.move_to(at("07:00"))
    if not import_first:
        await office.set_live_date(live)
    # Folded while they are still to come, they are left to the watcher; folded afterwards, the fold notices.
    planned = await import_days(office, name, many)
    if watcher_first:
        office.clock.move_to(at("07:00", days(15)))
        await fold_what_waits(office.client.app[VISITS])
    if import_first:
        office.clock.move_to(at("07:00"))
        await office.set_live_date(live)
    await office.pass_time(at("09:00"))
    found = {
        (one["visit"], one["kind"])
        for one in await office.alerts()
        if one["visit"] in planned and one["state"] == "open"
    }
    assert found == {
        (visit, kind) for visit, day in planned.items() if day >= live for kind in ("late_visit", "missed_visit")
    }
    resting_on = {visit for one in await office.candidates() for visit in one["visits"]}
    assert resting_on & set(planned) == {visit for visit, day in planned.items() if day >= live}


@pytest.mark.parametrize(("live_on", "raised"), [("2026-11-20", True), ("2026-11-21", False)])
async def test_the_day_is_the_planned_one_in_england_also_about_midnight(office: Office, live_on: str, raised: bool):
    await office.arranged.client("C-1")
    await office.set_live_date(date.fromisoformat(live_on))
    await office.import_roster(("V-1", "C-1", at("23:59:59"), ""))
    await office.pass_time(at("00:31", DAY + timedelta(days=1)))
    assert bool(await office.alerts()) is raised


async def test_in_summer_the_day_begins_at_midnight_of_the_clocks(office: Office):
    summer = date(2027, 6, 10)
    await office.arranged.client("C-1")
    await office.set_live_date(summer)
    await office.import_roster(
        ("V-1", "C-1", at("23:59", summer - timedelta(days=1)), ""), ("V-2", "C-1", at("00:00", summer), "")
    )
    await office.pass_time(at("02:00", summer))
    assert {one["visit"] for one in await office.alerts()} == {"V-2"}


async def test_without_one_it_is_the_day_on_which_the_provider_was_stored(office: Office):
    await office.arranged.superuser.execute(
        "UPDATE providers SET stored_at = $2 WHERE provider_id = $1", office.arranged.provider, at("23:30", days(3))
    )
    planned = await import_days(office, "1", 6)
    await office.pass_time(at("09:00"))
    assert {one["visit"] for one in await office.alerts()} == {v for v, day in planned.items() if day >= days(3)}


async def test_a_check_in_still_ends_an_alert_of_a_visit_before_a_live_date_set_later(office: Office):
    await import_days(office, "1", 1)
    await office.pass_time(at("09:00"))
    await office.set_live_date(DAY + timedelta(days=7))
    assert {one["state"] for one in await office.alerts()} == {"open"}
    await office.arranged.check_in("C-1", "in", at("08:05"), received_at=at("09:30"))
    await office.pass_time(at("09:30"))
    assert {one["state"] for one in await office.alerts()} == {"withdrawn"}


async def test_the_live_date_is_set_by_operators_only_kept_when_left_out_and_told_before_and_after(office: Office):
    provider = {"provider": str(office.arranged.provider), "name": "Invented Care"}
    for role in ("coordinator", "registered_manager", "council_officer"):
        headers = {"Authorization": f"Bearer token of the {role}"}
        refused = await office.client.post("/v1/providers", json=provider | {"live_on": "2027-01-04"}, headers=headers)
        assert refused.status == 403, role
    await office.ask("POST", "/v1/providers", "operator", json=provider | {"live_on": "2027-01-04"})
    await office.ask("POST", "/v1/providers", "operator", json=provider)
    await office.ask("POST", "/v1/providers", "operator", json=provider | {"live_on": None})
    events = await office.arranged.superuser.fetch(
        "SELECT actor, subject, before::text, after::text FROM service_events WHERE tag = 'care:live_date:set'"
    )
    assert sorted((row["actor"], row["subject"], row["before"], row["after"]) for row in events) == [
        ("the operator", provider["provider"], '{"live_on": "2026-11-20"}', '{"live_on": "2027-01-04"}'),
        ("the operator", provider["provider"], '{"live_on": "2027-01-04"}', '{"live_on": "2026-11-20"}'),
    ]


@pytest.mark.parametrize("wrong", ["2000-12-31", "2099-01-01", "tomorrow", 20261120])
async def test_a_live_date_that_cannot_be_is_refused(office: Office, wrong: object):
    message = {"provider": str(office.arranged.provider), "name": "Invented Care", "live_on": wrong}
    headers = {"Authorization": "Bearer token of the operator"}
    answer = await office.client.post("/v1/providers", json=message, headers=headers)
    assert answer.status in {400, 422}


async def test_a_council_and_the_office_see_the_live_date(office: Office):
    await office.arranged.client("C-1")
    await office.arranged.commission("K-1", "C-1", council=COUNCIL)
    for live_on, words in (
        ("2026-11-16", "Live since Monday 16"),
        ("2027-01-04", "Goes live on Monday 4 January 2027"),
    ):
        await office.set_live_date(date.fromisoformat(live_on))
        (told,) = (await office.ask("GET", "/v1/providers", "council_officer"))["providers"]
        assert told["live_on"] == live_on
        for role in ("coordinator", "council_officer"):
            assert words in await office.read("/", role)
