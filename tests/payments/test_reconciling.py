"""Reconciling against a real database: each sees its own, nothing is missed too early, contracts are replayed."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from ecm.payments.jobs import Part
from ecm.payments.messages import ReconciliationMessage
from ecm.payments.service import HoursQuery
from ecm.words.problems import Problem
from ecm.words.roles import Account
from reports.contracts import example_contract
from reports.lines import Line
from tests.arranging import COUNCIL
from tests.payments.council import CLIENT, DAY, World, at, plan, taps


def query(world: World, **changes: Any) -> HoursQuery:
    given: dict[str, Any] = {"first": DAY, "last": DAY, "provider": world.provider, "council": COUNCIL}
    return HoursQuery(**given | changes)


async def run(world: World, account: Account | None = None, **changes: Any) -> ReconciliationMessage:
    produced = await world.payments.file(account or world.officer, query(world, **changes), "json")
    return msgspec.json.decode(produced.content, type=ReconciliationMessage)


async def only_line(world: World, **changes: Any) -> Line:
    (line,) = (await run(world, **changes)).lines
    return line


async def refusal(world: World, account: Account | None = None, **changes: Any) -> Problem:
    with pytest.raises(Problem) as raised:
        await run(world, account, **changes)
    return raised.value


async def test_a_delivered_visit_is_paid_with_its_trace(world: World):
    await world.commission()
    check_ins = taps("W-1", at("08:00"), at("08:24:50"))
    await world.fold([plan()], check_ins)
    line = await only_line(world)
    assert (line.outcome, line.delivered_minutes, line.paid_minutes) == ("delivered", 24, 30)
    assert line.in_check_in == check_ins[0].ref
    assert any(check_ins[1].ref in step.check_ins for step in line.trace)


async def test_a_period_is_replayed_under_the_other_contract(world: World):
    await world.commission()
    await world.fold([plan()], taps("W-1", at("08:00"), at("08:24:50")))
    message = await run(world, contract="B")
    assert message.replayed
    assert [line.paid_minutes for line in message.lines] == [24]
    produced = await world.payments.file(world.officer, query(world, contract="B"), "csv")
    assert produced.name == f"hours_{COUNCIL}_Synthetic-Care_2026-11-18_2026-11-18_B-1.csv"


async def test_office_and_council_see_the_same_lines(world: World):
    await world.commission()
    await world.fold([plan()], taps("W-1", at("08:00"), at("08:30")))
    office = await run(world, world.coordinator)
    council = await run(world, world.officer)
    assert office.lines == council.lines


async def test_promise_11_another_council_and_another_provider_see_nothing(world: World):
    await world.commission()
    await world.fold([plan()], taps("W-1", at("08:00"), at("08:30")))
    await world.superuser.execute("INSERT INTO councils VALUES ('E10000030', 'Surrey')")
    stranger = Account(uuid4(), "stranger", "council_officer", None, "E10000030")
    rival = Account(uuid4(), "rival", "coordinator", uuid4(), None)
    assert (await refusal(world, stranger, council=None)).kind.status == 404
    assert (await refusal(world, stranger)).kind.status == 404
    assert (await refusal(world, rival)).kind.status == 404
    assert (await refusal(world, rival, provider=None)).kind.status == 404


async def test_promise_11_the_hours_of_one_council_hold_no_commission_of_another(world: World) -> None:
    await world.superuser.execute("INSERT INTO councils VALUES ('E10000030', 'Surrey')")
    await world.client("C-0002", "E10000030")
    await world.commission()
    await world.commission("K-2", client="C-0002", council_id="E10000030")
    assert [line.commission for line in (await run(world, world.coordinator)).lines] == ["K-1"]


@pytest.mark.parametrize("clock", ["07:00", "08:30", "08:45", "09:30"])
async def test_no_line_says_missed_before_the_visit_is(world: World, clock: str):
    await world.commission()
    await world.fold([plan()])
    world.clock.move_to(at(clock))
    assert (await only_line(world)).outcome == "planned"


async def test_a_missed_visit_pays_nothing(world: World):
    await world.commission()
    await world.fold([plan()])
    world.clock.move_to(at("23:00"))
    line = await only_line(world)
    assert (line.outcome, line.paid_minutes) == ("missed_provider", 0)


async def test_a_visit_made_good_after_it_was_missed_pays_nothing(world: World):
    await world.commission()
    await world.commission("K-2", start_time=time(12))
    later = plan("V-2", "12:00", commission="K-2")
    await world.fold([plan(), later], taps("W-1", at("12:00"), at("12:30")))
    outcomes = {line.visit: line.outcome for line in (await run(world)).lines}
    assert outcomes == {"V-1": "missed_provider", "V-2": "delivered"}


async def test_a_stay_that_goes_on_is_in_progress(world: World):
    await world.commission()
    await world.fold([plan()], taps("W-1", at("08:00"), None))
    world.clock.move_to(at("08:10"))
    line = await only_line(world)
    assert (line.outcome, line.paid_minutes) == ("in_progress", 0)


async def test_a_second_carer_is_awaited_before_they_are_missing(world: World):
    await world.commission(carers=2)
    await world.fold([plan(carers=("W-1", "W-2"), carers_needed=2)], taps("W-1", at("08:00"), at("08:20")))
    world.clock.move_to(at("08:25"))
    assert [line.outcome for line in (await run(world)).lines] == ["delivered", "planned"]
    world.clock.move_to(at("09:00"))
    assert [line.outcome for line in (await run(world)).lines] == ["delivered", "second_carer_missing"]


async def test_a_slot_the_roster_lacks_is_planned_until_it_is_over(world: World):
    await world.commission()
    world.clock.move_to(at("08:29"))
    assert (await only_line(world)).outcome == "planned"
    world.clock.move_to(at("08:30"))
    assert (await only_line(world)).outcome == "not_rostered"


async def test_a_cancelled_visit_has_the_outcome_it_was_given(world: World):
    await world.commission()
    await world.fold([plan(cancelled="cancelled_short_notice")])
    line = await only_line(world)
    assert (line.outcome, line.paid_minutes) == ("cancelled_short_notice", 30)


async def test_a_replacement_takes_the_slot_of_what_was_cancelled(world: World):
    await world.commission()
    cancelled, replacement = plan(cancelled="hospital"), plan("V-2", "10:00")
    await world.fold([cancelled, replacement], taps("W-1", at("10:00"), at("10:30")))
    line = await only_line(world)
    assert (line.visit, line.outcome) == ("V-2", "delivered")


async def test_a_stay_nobody_commissioned_is_listed_and_pays_nothing(world: World):
    await world.commission()
    await world.fold([plan()], [*taps("W-1", at("08:00"), at("08:30")), *taps("W-2", at("15:00"), at("15:30"))])
    lines = (await run(world)).lines
    assert [(line.commission, line.paid_minutes) for line in lines] == [("K-1", 30), (None, 0)]
    assert "unscheduled" in lines[1].flags


async def test_days_and_dates_say_when_a_commission_buys(world: World):
    await world.commission(days="M-W-F--", end_date=DAY + timedelta(days=6))
    world.clock.move_to(at("12:00", DAY + timedelta(days=20)))
    message = await run(world, first=DAY - timedelta(days=7), last=DAY + timedelta(days=14))
    assert [line.day for line in message.lines] == [
        date(2026, 11, 18),
        date(2026, 11, 20),
        date(2026, 11, 23),
    ]


async def test_a_weekly_cap_sees_the_whole_week_of_a_shorter_period(world: World):
    await world.commission(contract="B", start_date=date(2026, 11, 15), days="MT----S")
    for day, minutes in ((date(2026, 11, 15), 50), (date(2026, 11, 16), 30), (date(2026, 11, 17), 30)):
        arrival = at("08:00", day)
        await world.fold(
            [plan(f"V-{day}", day=day)], taps("W-1", arrival, arrival + timedelta(minutes=minutes)), day=day
        )
    rows = (await run(world, first=date(2026, 11, 16), last=date(2026, 11, 17))).lines
    assert [line.paid_minutes for line in rows] == [30, 10]


async def test_the_version_valid_on_the_day_governs(world: World):
    newer = msgspec.structs.replace(example_contract("a"), version=2, valid_from=DAY, rate_pence_per_hour=3000)
    await world.contract(newer)
    await world.commission(start_date=DAY - timedelta(days=1))
    message = await run(world, first=DAY - timedelta(days=1))
    assert [line.contract_version for line in message.lines] == [1, 2]


async def test_problems_say_what_is_wrong(world: World):
    await world.commission()
    assert "ends on" in (await refusal(world, last=DAY - timedelta(days=1))).detail
    assert "400 days" in (await refusal(world, last=DAY + timedelta(days=400))).detail
    assert "year 1" in (await refusal(world, first=date.min)).detail
    assert "no contract Z" in (await refusal(world, contract="Z")).detail
    assert "no version 7" in (await refusal(world, contract="A", version=7)).detail
    assert "contract is missing" in (await refusal(world, version=1)).detail
    assert "provider is missing" in (await refusal(world, provider=None)).detail
    assert "council is missing" in (await refusal(world, world.coordinator, council=None)).detail
    assert (await refusal(world, provider=uuid4())).kind.status == 404


async def test_a_commission_before_its_contract_is_a_problem_and_not_a_guess(world: World):
    await world.commission(start_date=date(2025, 12, 1))
    problem = await refusal(world, first=date(2025, 12, 30), last=date(2026, 1, 2))
    assert "valid from 2026-01-01" in problem.detail


async def test_files_hold_the_lines(world: World):
    await world.commission()
    await world.fold([plan()], taps("W-1", at("08:00"), at("08:30")))
    text = (await world.payments.file(world.officer, query(world), "csv")).content.decode("utf-8")
    assert text.startswith("\ufeff")  # Excel reads UTF-8 as such only then
    assert text.count("\r\n") == 2
    assert CLIENT in text
    assert (await world.payments.file(world.officer, query(world), "xlsx")).content.startswith(b"PK")


async def test_the_answer_holds_lines_weeks_and_totals(world: World):
    await world.commission()
    await world.fold([plan()], taps("W-1", at("08:00"), at("08:30")))
    answer = msgspec.json.decode((await world.payments.file(world.officer, query(world), "json")).content)
    assert answer["from"] == answer["to"] == "2026-11-18"
    assert answer["totals"]["paid_minutes"] == 30
    assert [week["client"] for week in answer["weeks"]] == [CLIENT]
    assert answer["lines"][0]["trace"][0]["because"]


async def test_a_page_holds_some_of_the_lines_and_all_of_the_sums(world: World):
    await world.commission()
    a_week = query(world, last=DAY + timedelta(days=6))
    page = await world.payments.hours(world.officer, a_week, Part(first=2, most=3))
    assert [line.day for line in page.message.lines] == [DAY + timedelta(days=number) for number in (2, 3, 4)]
    assert page.message.totals.lines == 7
    assert (page.provider_name, page.council_name, page.replay) == ("Synthetic Care", "Hertfordshire", None)


async def test_a_start_the_clocks_skip_moves_forward_by_the_gap(world: World):
    spring = date(2026, 3, 29)
    await world.commission(start_date=spring, end_date=spring, start_time=time(1, 30))
    line = await only_line(world, first=spring, last=spring)
    assert line.planned_start == datetime.fromisoformat("2026-03-29T02:30:00+01:00")
