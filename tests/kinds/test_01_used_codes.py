"""Kind 1, the import's half: a visit's code is used once, and what was planned before a change stays on record."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecm.words.civil_time import LONDON, london_day
from tests.arranging import DAY, HandClock, at
from tests.kinds.test_14_as_the_world_types import check, dry, post, press
from tests.web.browsing import Browser, fold
from tests.web.conftest import browser, client, clock, office  # noqa: F401 - fixtures

HEADER = "visit,client,start,minutes,carers\n"
TOMORROW = DAY + timedelta(days=1)


@pytest.fixture
async def town(office: Browser) -> Browser:  # noqa: F811
    await office.arranged.phone("W-001")
    await office.arranged.carer("W-002")
    for code in ("C-1", "C-2"):
        await office.arranged.client(code)
    return office


def row(visit: str, start: datetime, who: str = "C-1", carers: str = "W-001") -> str:
    return f"{visit},{who},{start.astimezone(LONDON):%d/%m/%Y %H:%M},30,{carers}\n"


async def test_last_months_file_with_its_dates_changed_is_refused_in_the_dry_run(town: Browser):
    past = DAY - timedelta(days=28)
    for number in (1, 2):
        await town.arranged.visit(f"V-{number}", "C-1", at(f"0{number}:00", past))
    text = HEADER + row("V-1", at("01:00")) + row("V-2", at("02:00")) + row("V-3", at("03:00", TOMORROW))
    page = await check(town, text.encode())
    assert page.status == 422
    assert "2 rejected" in page.words
    assert "is of another visit; give it a code of its own." in page.words
    assert "client C-1 on 23 October 2026, 01:00" in page.words


async def came(who: Browser) -> None:
    await who.arranged.check_in("C-1", "in", at("08:01", TOMORROW), received_at=at("08:01", TOMORROW))


async def left(who: Browser) -> None:
    await who.arranged.check_in("C-1", "out", at("08:29", TOMORROW), hint="V-1")


async def amended(who: Browser) -> None:
    await who.arranged._own(
        "amendments",
        amendment_id=who.arranged.provider,
        visit="V-1",
        carer="W-001",
        in_at=at("08:00", TOMORROW),
        out_at=None,
        made_at=at("11:00"),
        made_by="office",
        reason="FORGOT",
        recorded_at=at("11:00"),
    )


async def nothing(who: Browser) -> None:
    """The visit is to come, and nobody was there."""


HAPPENED = [(came, True), (left, True), (amended, True), (nothing, False)]
MOVES = [
    ("another day", row("V-1", at("08:00", TOMORROW + timedelta(days=28))), "start"),
    ("another client", row("V-1", at("08:00", TOMORROW), "C-2"), "client"),
    ("both", row("V-1", at("08:00", TOMORROW + timedelta(days=1)), "C-2"), "client"),
    ("over midnight", row("V-1", at("00:00", TOMORROW + timedelta(days=1))), "start"),
    ("the same day", row("V-1", at("09:15", TOMORROW)), None),
    ("other carers", row("V-1", at("08:00", TOMORROW), carers="W-002"), None),
]


@pytest.mark.parametrize(("happened", "is_begun"), HAPPENED, ids=[each[0].__name__ for each in HAPPENED])
@pytest.mark.parametrize(("move", "column"), [each[1:] for each in MOVES], ids=[each[0] for each in MOVES])
async def test_a_visit_that_began_keeps_its_day_and_client_and_may_change_its_time(
    town: Browser, move: str, column: str | None, happened: Any, is_begun: bool
):
    await town.arranged.visit("V-1", "C-1", at("08:00", TOMORROW))
    await happened(town)
    await fold(town)
    report = await dry(town, HEADER + move)
    refused = is_begun and column is not None
    assert [each["column"] for each in report["rejected"]] == ([column] if refused else [])
    status, _ = await post(town, "/v1/imports/roster", (HEADER + move).encode())
    assert status == (422 if refused else 200)


async def test_a_start_that_is_past_uses_a_code_up_from_that_minute_on(town: Browser, clock: HandClock):  # noqa: F811
    await town.arranged.visit("V-1", "C-1", at("14:00"))
    moved = HEADER + row("V-1", at("14:00", TOMORROW))
    for now, refused in (("13:59:59", 0), ("14:00", 1), ("15:00", 1)):
        clock.move_to(at(now))
        assert (await dry(town, moved))["rejected_rows"] == refused, now


async def test_what_was_planned_before_is_kept_with_who_changed_it_when(town: Browser):
    await post(town, "/v1/imports/roster", (HEADER + row("V-1", at("08:00", TOMORROW))).encode())
    checked = await check(town, (HEADER + row("V-1", at("09:00", TOMORROW), carers="W-002")).encode())
    await press(town, checked, "Store it")
    await fold(town)
    answer = await town.client.get("/v1/visits/V-1/plans", cookies=town.cookie)
    (plan,) = (await answer.json())["plans"]
    assert (plan["changed_by"], plan["planned"]["planned_start"]) == ("a.registered_manager", "2026-11-21T08:00:00Z")
    assert plan["planned"]["carers"] == ["W-001"]
    words = (await town.see("/visits/V-1")).words
    assert "Planned before Until Fri 20 Nov 2026, 12:00: client C-1, Sat 21 Nov 2026, 08:00, 30 min, W-001" in words


async def test_what_was_planned_before_is_never_rewritten(town: Browser):
    granted = await town.arranged.superuser.fetch(
        "SELECT privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = 'ecm_service' AND table_name IN ('planned_visit_versions', 'imports', 'import_changes')"
    )
    assert {each["privilege_type"] for each in granted} == {"SELECT", "INSERT"}


STARTS = st.builds(
    lambda day, hour: (
        datetime.combine(date(2026, 11, 18) + timedelta(days=day), datetime.min.time(), LONDON) + timedelta(hours=hour)
    ),
    st.integers(0, 4),
    st.integers(0, 23),
)


async def test_whatever_is_imported_a_past_visit_never_changes_its_day_or_client(
    town: Browser,
    clock: HandClock,  # noqa: F811
):
    """Drawn: imports of three codes at any time; after each, every visit whose start was past is where it was."""
    drawn: list[list[tuple[str, datetime, str]]] = []

    @settings(max_examples=15)
    @given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), STARTS, st.sampled_from(["C-1", "C-2"])), max_size=6))
    def draw(steps: list[tuple[str, datetime, str]]) -> None:
        drawn.append(steps)

    await asyncio.to_thread(draw)
    for number, steps in enumerate(drawn):
        for letter, start, who in steps:
            before = {each["visit"]: each for each in await town.arranged.rows("planned_visits")}
            await post(town, "/v1/imports/roster", (HEADER + row(f"{letter}-{number}", start, who)).encode())
            after = {each["visit"]: each for each in await town.arranged.rows("planned_visits")}
            for visit, old in before.items():
                if old["start_at"] <= clock.now():
                    new = after[visit]
                    assert london_day(new["start_at"]) == london_day(old["start_at"])
                    assert new["client"] == old["client"]
