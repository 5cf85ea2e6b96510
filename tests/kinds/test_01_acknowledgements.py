"""Kind 1, the acknowledgement half: an acknowledgement belongs to the occurrence that was looked at, not to the code.

The example: a visit is late and acknowledged, and planned again for another time; old acknowledgements stay with the
old plan.
"""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.arranging import HandClock, at
from tests.kinds.visit_pages import Answer, ask, form_on, import_roster, visit_told
from tests.web import conftest as pages
from tests.web.browsing import Browser, fold

client = pages.client
browser = pages.browser
office = pages.office
officer = pages.officer

LATE = {"exception": "late", "carer": "W-001"}
# Of each of these starts the arrival at 08:40 is late, and in the window.
STARTS = ("07:00", "07:30", "08:00", "08:05")


@pytest.fixture
def clock() -> HandClock:
    """Noon of the day."""
    return HandClock(at("12:00"))


@pytest.fixture
async def late(office: Browser) -> Browser:
    """A visit planned for eight, to which the carer came at twenty to nine."""
    await office.arranged.phone("W-001")
    await office.arranged.client("C-1")
    await plan(office, "08:00")
    await office.arranged.check_in("C-1", "in", at("08:40"))
    await office.arranged.check_in("C-1", "out", at("09:10"))
    await fold(office)
    return office


async def plan(browser: Browser, start: str) -> None:
    await import_roster(browser, f"V-1,C-1,2026-11-20T{start},30,W-001")


async def acknowledge(browser: Browser, **changes: object) -> Answer:
    return await ask(browser, "POST", "/v1/visits/V-1/acknowledgements", LATE | changes)


async def is_acknowledged(browser: Browser) -> bool:
    """As the visit, the day and the page say it: the three must agree."""
    told = [
        one["acknowledged"]
        for shown in (
            (await visit_told(browser, "V-1"))["visit"],
            (await ask(browser, "GET", "/v1/visits?day=2026-11-20")).told["visits"][0],
        )
        for one in shown["exceptions"]
        if one["kind"] == "late"
    ]
    button = "Acknowledge: " in (await browser.see("/visits/V-1")).source
    told.append(not button)
    assert len(set(told)) == 1, told
    return bool(told[0])


async def test_an_acknowledgement_stays_with_the_plan_that_it_was_made_under(late: Browser, officer: Browser):
    assert (await acknowledge(late)).status == 201
    assert await is_acknowledged(late)
    await plan(late, "07:30")
    assert not await is_acknowledged(late)
    told = await visit_told(late, "V-1")
    assert [(one["exception"], one["occurrence"]) for one in told["acknowledgements"]] == [
        ("late", "2026-11-20T08:00:00Z")
    ]
    for who, path in ((late, "/visits/V-1"), (officer, f"/visits/V-1?provider={late.arranged.provider}")):
        words = (await who.see(path)).words
        assert "acknowledged by a.registered_manager" in words
        assert "The visit was planned for Fri 20 Nov 2026, 08:00 then" in words
    assert (await acknowledge(late)).status == 201
    assert await is_acknowledged(late)
    await plan(late, "08:00")
    assert await is_acknowledged(late)
    assert "then; this does not count" in (await late.see("/visits/V-1")).words
    assert len(await late.arranged.rows("acknowledgements")) == 2


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*STARTS, "acknowledge"]), max_size=6))
async def test_it_counts_for_the_occurrence_planned_now_and_for_no_other(late: Browser, steps: list[str]):
    await late.arranged.superuser.execute("DELETE FROM acknowledgements")
    await plan(late, "08:00")
    now, counted = "08:00", set()
    for step in steps:
        if step == "acknowledge":
            assert (await acknowledge(late)).status == 201
            counted.add(now)
        else:
            await plan(late, step)
            now = step
        assert await is_acknowledged(late) == (now in counted)
    kept = {row["occurrence"] for row in await late.arranged.rows("acknowledgements")}
    assert kept == {at(start) for start in counted}


async def test_what_was_seen_under_another_plan_is_not_acknowledged_by_it(late: Browser):
    form = form_on(await late.see("/visits/V-1"), "/acknowledgements")
    assert form == LATE | {"occurrence": at("08:00").isoformat()}
    await plan(late, "07:30")
    page = await late.send("/visits/V-1/acknowledgements", form)
    assert page.status == 409
    assert "The visit is planned for another time by now" in page.words
    assert (await acknowledge(late, occurrence=at("08:00").isoformat())).status == 409
    assert await late.arranged.rows("acknowledgements") == []
    assert (await acknowledge(late, occurrence=at("07:30").isoformat())).status == 201


async def test_the_same_again_is_answered_the_same_whatever_became_of_the_visit(late: Browser):
    form = form_on(await late.see("/visits/V-1"), "/acknowledgements")
    first = await acknowledge(late, occurrence=form["occurrence"])
    await plan(late, "07:30")
    assert await acknowledge(late, occurrence=form["occurrence"]) == first
    assert (await late.send("/visits/V-1/acknowledgements", form)).location == "/visits/V-1"
    await plan(late, "08:35")
    assert await acknowledge(late, occurrence=form["occurrence"]) == first
    assert len(await late.arranged.rows("acknowledgements")) == 1


async def test_a_call_that_nobody_planned_has_one_occurrence(office: Browser):
    await office.arranged.phone("W-001")
    await office.arranged.client("C-1")
    _, check_in = await office.arranged.check_in("C-1", "in", at("08:40"))
    await fold(office)
    path = f"/v1/visits/unplanned:{check_in}"
    body = {"exception": "unscheduled", "carer": "W-001"}
    first = await ask(office, "POST", f"{path}/acknowledgements", body)
    assert (first.status, first.told["occurrence"]) == (201, None)
    shown = (await ask(office, "GET", path)).told["visit"]["exceptions"]
    assert {"unscheduled": True}.items() <= {one["kind"]: one["acknowledged"] for one in shown}.items()
    assert "planned for no time" not in (await office.see(path.removeprefix("/v1"))).words
    await import_roster(office, "V-1,C-1,2026-11-20T08:00,30,W-001")
    assert (await ask(office, "POST", f"{path}/acknowledgements", body)) == first


async def test_acknowledged_twice_at_once_the_first_to_do_so_is_named_in_both_answers(late: Browser, client):
    colleague = await Browser(client, late.arranged).signed_in_as("coordinator")
    for _ in range(5):
        answers = await asyncio.gather(*(acknowledge(who) for who in (late, colleague, late, colleague)))
        assert {one.status for one in answers} == {201}
        assert len({one.told["acknowledged_by"] for one in answers}) == 1
        assert len(await late.arranged.rows("acknowledgements")) == 1
        await late.arranged.superuser.execute("DELETE FROM acknowledgements")
