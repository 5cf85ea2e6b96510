"""Kind 8, a way to say "not so": a whole roster takes off what it leaves out, and a form what was planned in error."""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecm.alerts.service import ALERTS
from reports.contracts import Outcomes
from reports.kpis import key_figures
from tests.arranging import DAY, HandClock, at
from tests.kinds.test_14_as_the_world_types import check, dry, post, press
from tests.reports.report_rows import A, attendance, because, changed, reconciled, slot
from tests.web.browsing import Browser, fold
from tests.web.conftest import browser, client, clock, office  # noqa: F401 - fixtures

HEADER = "visit,client,start,minutes,carers\n"
TOMORROW = date(2026, 11, 21)


@pytest.fixture
async def town(office: Browser) -> Browser:  # noqa: F811
    await office.arranged.phone("W-001")
    for code in ("C-1", "C-2"):
        await office.arranged.client(code)
    return office


def row(visit: str, clock_: str, day: date = TOMORROW, client_: str = "C-1") -> str:
    return f"{visit},{client_},{day:%d/%m/%Y} {clock_},30,W-001\n"


async def outcomes(who: Browser) -> dict[str, str | None]:
    return {each["visit"]: each["cancelled"] for each in await who.arranged.rows("planned_visits")}


async def test_a_duplicate_left_out_of_a_whole_roster_is_listed_and_then_taken_off_as_planned_in_error(
    town: Browser,
    clock: HandClock,  # noqa: F811
):
    await post(town, "/v1/imports/roster", (HEADER + row("V-1", "08:00") + row("V-1b", "08:00")).encode())
    corrected = (HEADER + row("V-1", "08:00")).encode()
    assert (await dry(town, corrected))["taken_off_total"] == 0
    checked = await check(town, corrected, whole_roster="yes")
    assert "What would be taken off" in checked.words
    assert "V-1b C-1 Sat 21 Nov 2026, 08:00, 30 min W-001 –" in checked.words
    assert await outcomes(town) == {"V-1": None, "V-1b": None}
    assert "1 taken off" in (await press(town, checked, "Store it")).words
    assert await outcomes(town) == {"V-1": None, "V-1b": "planned_in_error"}
    await fold(town)
    assert "Planned in error" in (await town.see("/visits/V-1b")).words
    clock.move_to(at("23:30", TOMORROW))
    await town.client.app[ALERTS].watch_once(clock.now())
    alerts = await town.arranged.rows("alerts")
    assert {alert["visit"] for alert in alerts} == {"V-1"}


async def test_other_days_and_what_was_cancelled_already_stay(town: Browser):
    await town.arranged.visit("V-0", "C-1", at("08:00", date(2026, 11, 22)))
    await town.arranged.visit("V-2", "C-1", at("12:00", TOMORROW), cancelled="hospital")
    await post(town, "/v1/imports/roster?whole_roster=true", (HEADER + row("V-1", "08:00")).encode())
    assert await outcomes(town) == {"V-0": None, "V-1": None, "V-2": "hospital"}


async def test_a_visit_that_somebody_came_to_stays_and_the_dry_run_says_so(town: Browser):
    await town.arranged.visit("V-2", "C-1", at("08:00"))
    await town.arranged.check_in("C-1", "in", at("08:01"))
    await fold(town)
    body = (HEADER + row("V-1", "16:00", DAY)).encode()
    (listed,) = (await dry(town, body, query="&whole_roster=true"))["taken_off"]
    assert (listed["visit"], listed["stays_because"]) == ("V-2", "somebody came to it")
    await post(town, "/v1/imports/roster?whole_roster=true", body)
    assert (await outcomes(town))["V-2"] is None


async def test_a_whole_roster_of_one_branch_leaves_the_others_alone(town: Browser):
    arranged = town.arranged
    await arranged._own(
        "branches", branch_id="L2", name="Other", cqc_provider_id="1-000000001", cqc_location_id="1-000000003"
    )
    arranged.branch = "L2"
    await arranged.client("C-9")
    await arranged.visit("V-9", "C-9", at("08:00", TOMORROW))
    await arranged.visit("V-8", "C-2", at("08:00", TOMORROW))
    await post(town, "/v1/imports/roster?whole_roster=true", (HEADER + row("V-1", "08:00")).encode())
    assert await outcomes(town) == {"V-1": None, "V-8": "planned_in_error", "V-9": None}


PLANS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from([DAY, TOMORROW]), st.sampled_from(["C-1", "C-2"])),
    unique_by=lambda plan: plan[0],
    max_size=6,
)


async def test_after_a_whole_roster_its_days_hold_what_the_file_holds_and_nothing_else(
    town: Browser,
    clock: HandClock,  # noqa: F811
):
    clock.move_to(at("00:00"))
    drawn: list[Sequence[tuple[str, date, str]]] = []

    @settings(max_examples=25)
    @given(PLANS.filter(bool))
    def draw(plans: list[tuple[str, date, str]]) -> None:
        drawn.append(plans)

    await asyncio.to_thread(draw)
    for number, plans in enumerate(drawn):
        # A code is never used for another visit, so each file brings codes of its own.
        rows = "".join(row(f"{letter}-{number}", "08:00", day, who) for letter, day, who in plans)
        before = {visit for visit, outcome in (await outcomes(town)).items() if outcome is None}
        day_of = {each["visit"]: each["start_at"] for each in await town.arranged.rows("planned_visits")}
        days = {at("08:00", day) for _, day, _ in plans}
        status, _ = await post(town, "/v1/imports/roster?whole_roster=true", (HEADER + rows).encode())
        assert status == 200
        standing = {visit for visit, outcome in (await outcomes(town)).items() if outcome is None}
        others = {visit for visit in before if day_of[visit] not in days}
        assert standing == others | {f"{letter}-{number}" for letter, _, _ in plans}


async def test_a_form_takes_a_visit_off_with_a_reason_that_is_kept_and_audited(town: Browser):
    await town.arranged.visit("V-1", "C-1", at("08:00", TOMORROW))
    await town.arranged.visit("V-2", "C-1", at("12:00", TOMORROW))
    await fold(town)
    assert "Planned in error" in (await town.see("/visits/V-1")).words
    done = await town.send("/visits/V-1/planned-in-error", {"reason": "entered twice"})
    assert (done.status, done.location) == (303, "/visits/V-1")
    again = await town.send("/visits/V-1/planned-in-error", {"reason": "entered twice"})
    assert again.status == 303
    await fold(town)
    page = await town.see("/visits/V-1")
    assert "Cancelled Planned in error" in page.words
    assert "client C-1, Sat 21 Nov 2026, 08:00, 30 min, W-001. Changed by a.registered_manager. “entered twice”" in (
        page.words
    )
    assert await outcomes(town) == {"V-1": "planned_in_error", "V-2": None}
    (event,) = [each for each in await town.arranged.rows("audit_events") if "planned_in_error" in each["tag"]]
    assert (event["actor"], event["subject"], "entered twice" in event["detail"]) == (
        "a.registered_manager",
        "V-1",
        True,
    )


@pytest.mark.parametrize(
    ("visit", "message", "status"),
    [
        ("V-1", {"reason": "   "}, 422),
        ("V-1", {"reason": "..."}, 422),
        ("V-1", {}, 400),
        ("V-9", {"reason": "entered twice"}, 404),
        ("unplanned:x", {"reason": "entered twice"}, 404),
    ],
)
async def test_without_words_or_without_a_plan_nothing_is_taken_off(
    town: Browser, visit: str, message: dict[str, Any], status: int
):
    await town.arranged.visit("V-1", "C-1", at("08:00", TOMORROW))
    async with town.client.post(
        f"/v1/visits/{visit}/planned-in-error", json=message, headers={"Origin": town.origin}, cookies=town.cookie
    ) as answer:
        assert answer.status == status
    assert await outcomes(town) == {"V-1": None}


@pytest.mark.parametrize("pays", ["planned", "delivered", "presence", "nothing"])
def test_what_was_planned_in_error_pays_nothing_and_is_no_miss_under_any_contract(pays: Any):
    contract = changed(A, outcomes=Outcomes(**dict.fromkeys(Outcomes.__struct_fields__, pays)))
    found = reconciled([attendance(None, outcome="planned_in_error")], [slot()], contract)
    (line,) = found.lines
    assert (line.paid_minutes, line.outcome, line.flags) == (0, "planned_in_error", ())
    assert because(line, "outcome") == "This visit was planned in error, so it pays 0."
    assert (key_figures(found).missed.part, key_figures(found).missed.whole) == (0, 0)
