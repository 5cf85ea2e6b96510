"""Kind 6, corrections held to nothing: an amendment is held to its visit and the clock, and can be withdrawn.

The examples: left a year ahead; a second out before the stored in; 44,670 minutes; a visit 31 days ahead; an arrival in
the future; an amendment for W-2 instead of W-1; the form sent twice; 01:30 on the night when the clocks go back.
"""

import asyncio
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecm.visits.amending import Held, refusal, window
from ecm.visits.limits import longest_stay
from ecm.web.local_times import comes_twice, instant_of
from ecm.web.rendering import distance
from ecm.words.civil_time import LONDON
from ecm.words.problems import Problem
from tests.arranging import DAY, HandClock, at
from tests.kinds.visit_pages import (
    amend,
    an_amendment,
    ask,
    form_on,
    import_roster,
    visit_told,
    withdraw,
)
from tests.visits.visit_values import amend as amendment_value
from tests.web import conftest as pages
from tests.web.browsing import Browser, fold

client = pages.client
browser = pages.browser
office = pages.office
officer = pages.officer

NOW = at("23:00")
EVE = DAY - timedelta(days=1)
A_MOMENT = timedelta(microseconds=1)
ON_ONE_SERVICE = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def clock() -> HandClock:
    """Eleven at night, so that a whole day can be amended."""
    return HandClock(NOW)


@pytest.fixture
async def day(office: Browser) -> Browser:
    """Visits of every length, one with taps, one forgotten at the door, and a call that nobody planned."""
    arranged = office.arranged
    await arranged.phone("W-001")
    await arranged.carer("W-002")
    for number in range(1, 9):
        await arranged.client(f"C-{number}")
    await arranged.visit("SHORT", "C-1", at("08:00"))
    await arranged.visit("HOURS", "C-2", at("13:00"), minutes=180)
    await arranged.visit("NIGHT", "C-3", at("22:00", EVE), minutes=540)
    await arranged.visit("NOW", "C-4", at("22:50"))
    await arranged.visit("TAPPED", "C-5", at("17:00"))
    await arranged.check_in("C-5", "in", at("17:00"))
    await arranged.check_in("C-5", "out", at("17:30"))
    await arranged.visit("LONG", "C-6", at("17:00"), carers=("W-002",))
    await arranged.check_in("C-6", "in", at("17:00"), carer="W-002")
    await arranged.check_in("C-6", "out", at("19:45"), carer="W-002")
    await arranged.check_in("C-7", "in", at("14:00"), check_in=UNPLANNED)
    await arranged.visit("AHEAD", "C-8", at("08:00") + timedelta(days=31))
    await fold(office)
    return office


UNPLANNED = uuid4()
HELLO = f"unplanned:{UNPLANNED}"
# Visit, arrival, departure, and the member that is refused one moment beyond the limit. `None` stays as it was; the
# time that is moved beyond is the one with the sign.
EDGES: tuple[tuple[str, datetime | None, datetime | None, str, int], ...] = (
    ("SHORT", at("06:00"), None, "in_at", -1),
    ("SHORT", at("10:00"), None, "in_at", +1),
    ("SHORT", None, at("06:00"), "out_at", -1),
    ("SHORT", None, at("12:30"), "out_at", +1),
    ("SHORT", at("07:00"), at("11:30"), "out_at", +1),
    ("HOURS", at("11:00"), None, "in_at", -1),
    ("HOURS", at("16:00"), None, "in_at", +1),
    ("HOURS", at("11:00"), at("20:00"), "out_at", +1),
    ("HOURS", None, at("22:00"), "out_at", +1),
    ("NIGHT", at("20:00", EVE), None, "in_at", -1),
    ("NIGHT", at("07:00"), None, "in_at", +1),
    ("NIGHT", at("20:00", EVE), at("21:00"), "out_at", +1),
    ("NIGHT", None, at("23:00"), "out_at", +1),
    ("NOW", NOW + timedelta(minutes=5), None, "in_at", +1),
    ("NOW", None, NOW + timedelta(minutes=5), "out_at", +1),
    ("TAPPED", None, at("17:00") + A_MOMENT, "out_at", -1),
    ("TAPPED", at("17:30") - A_MOMENT, None, "in_at", +1),
    ("LONG", at("15:15"), None, "in_at", -1),
    (HELLO, at("12:00"), None, "in_at", -1),
    (HELLO, at("16:00"), None, "in_at", +1),
    (HELLO, None, at("18:00"), "out_at", +1),
    (HELLO, at("15:00"), at("18:00"), "out_at", +1),
    (HELLO, at("13:00"), at("17:00"), "out_at", +1),
)


async def test_every_limit_holds_to_the_microsecond_on_both_sides_and_a_refusal_names_the_member(day: Browser):
    found = []
    for visit, in_at, out_at, member, sign in EDGES:
        carer = "W-002" if visit == "LONG" else "W-001"
        within = an_amendment(in_at, out_at, carer=carer)
        taken = await amend(day, visit, within)
        beyond = {"in_at": in_at, "out_at": out_at}
        moved = beyond[member]
        assert moved is not None
        await withdraw(day, visit, within["amendment"])
        refused = await amend(day, visit, an_amendment(**beyond | {member: moved + sign * A_MOMENT}, carer=carer))
        found.append((visit, in_at, out_at, taken.status, refused.status, refused.member))
    assert found == [(visit, in_at, out_at, 201, 422, member) for visit, in_at, out_at, member, _ in EDGES]
    assert len(await day.arranged.rows("amendments")) == len(EDGES)


@pytest.mark.parametrize(
    ("visit", "message", "member"),
    [
        ("SHORT", an_amendment(None, at("08:30", DAY.replace(year=2027))), "out_at"),
        ("TAPPED", an_amendment(None, at("16:59")), "out_at"),
        ("SHORT", an_amendment(at("08:00", DAY - timedelta(days=31)), at("08:30")), "in_at"),
        ("AHEAD", an_amendment(at("08:00") + timedelta(days=31), at("08:30") + timedelta(days=31)), "in_at"),
        ("AHEAD", an_amendment(at("08:00"), at("08:30")), "in_at"),
        ("NOW", an_amendment(at("23:30")), "in_at"),
        ("SHORT", an_amendment(at("08:00"), at("08:00")), "out_at"),
        ("SHORT", an_amendment(), "in_at"),
        ("SHORT", an_amendment(at("08:00"), made_at="2099-01-01T00:00:00Z"), "made_at"),
        ("SHORT", an_amendment(at("08:00"), made_at=(NOW + timedelta(seconds=120.000001)).isoformat()), "made_at"),
        *(
            ("SHORT", an_amendment(at("08:00"), reason="OTHER_WITH_MEMO", memo=memo), "memo")
            for memo in (None, " ", "\t\n", "…", "-", "\u200b", "\u00a0")
        ),
    ],
)
async def test_what_cannot_be_is_refused_with_one_sentence_and_nothing_is_stored(
    day: Browser, visit: str, message: dict[str, object], member: str
):
    answer = await amend(day, visit, message)
    assert (answer.status, answer.told["type"], answer.member) == (422, "/problems/invalid", member)
    assert answer.told["detail"].endswith(".")
    assert ". " not in answer.told["detail"]
    assert await day.arranged.rows("amendments") == []


async def test_what_is_within_the_limits_by_a_hair_is_taken(day: Browser):
    for message in (
        an_amendment(at("08:00"), at("08:00") + A_MOMENT),
        an_amendment(at("08:00"), made_at=(NOW + timedelta(minutes=2)).isoformat()),
        an_amendment(at("08:00"), reason="OTHER_WITH_MEMO", memo="1"),
    ):
        assert (await amend(day, "SHORT", message)).status == 201


async def test_an_amendment_is_held_against_the_amendment_that_stands(day: Browser):
    first = an_amendment(None, at("17:20"))
    assert (await amend(day, "TAPPED", first)).status == 201
    assert (await amend(day, "TAPPED", an_amendment(at("17:20")))).member == "in_at"
    assert (await withdraw(day, "TAPPED", first["amendment"])).status == 201
    assert (await amend(day, "TAPPED", an_amendment(at("17:20")))).status == 201


async def test_an_amendment_is_held_against_taps_that_wait_to_be_folded(day: Browser):
    await day.arranged.check_in("C-1", "in", at("08:20"))
    assert (await amend(day, "SHORT", an_amendment(None, at("08:20")))).member == "out_at"


async def test_another_carers_times_do_not_stand_in_the_way(day: Browser):
    await amend(day, "SHORT", an_amendment(at("06:00"), at("06:30"), carer="W-002"))
    assert (await amend(day, "SHORT", an_amendment(None, at("12:30")))).status == 201
    assert (await amend(day, "TAPPED", an_amendment(at("17:40"), carer="W-002"))).status == 201


async def test_an_unplanned_calls_window_does_not_move_with_what_is_amended(day: Browser):
    assert (await amend(day, HELLO, an_amendment(at("12:00")))).status == 201
    assert (await amend(day, HELLO, an_amendment(at("11:59"), made_at=at("09:00").isoformat()))).member == "in_at"


async def test_of_two_amendments_at_once_that_cannot_both_be_one_is_refused(day: Browser):
    for visit, begins in (("SHORT", at("08:00")), ("TAPPED", at("17:15"))):
        for minutes in range(4):
            arrival = begins + timedelta(minutes=minutes)
            messages = [an_amendment(arrival), an_amendment(None, arrival - timedelta(minutes=5))]
            path = f"/v1/visits/{visit}/amendments"
            answers = await asyncio.gather(*(ask(day, "POST", path, message) for message in messages))
            assert sorted(one.status for one in answers) == [201, 422]
            for message in messages:
                await withdraw(day, visit, message["amendment"])


@st.composite
def held_and_amended(draw: st.DrawFn) -> tuple[int, int, int | None, int | None, int | None, int | None]:
    """Planned minutes, and from the planned start in minutes: now, the amended times, those that stand. Near limits."""
    planned = draw(st.one_of(st.sampled_from([0, 30, 120, 121, 180, 540, 1440]), st.integers(0, 1440)))
    longest = min(max(planned + 240, 3 * planned), 25 * 60)
    near = st.integers(-1, 1)
    begins = draw(st.one_of(st.just(-120), st.just(0), st.just(max(120, planned)), st.integers(-200, 2000))) + draw(
        near
    )
    ends = draw(st.one_of(st.just(longest), st.just(begins + longest), st.just(begins), st.integers(-200, 2000)))
    ends += draw(near)
    amended = draw(st.sampled_from(["in", "out", "both"]))
    stands_in = draw(st.one_of(st.none(), st.just(begins), st.just(ends - longest)))
    stands_out = draw(st.one_of(st.none(), st.just(ends), st.just(begins)))
    in_minute, out_minute = (begins if amended != "out" else None), (ends if amended != "in" else None)
    late = max(minute for minute in (in_minute, out_minute) if minute is not None)
    now = draw(st.one_of(st.just(4000), st.just(4000), st.just(late - 5), st.integers(-200, 2000))) + draw(near)
    return planned, now, in_minute, out_minute, stands_in, stands_out


@settings(max_examples=1000)
@given(held_and_amended())
def test_what_is_taken_keeps_every_promise_of_the_page(
    case: tuple[int, int, int | None, int | None, int | None, int | None],
):
    """Written out from docs/visits.md in whole minutes, apart from the rules."""

    planned, now, in_minute, out_minute, stands_in, stands_out = case

    def instant(minute: int | None) -> datetime | None:
        return None if minute is None else at("12:00") + timedelta(minutes=minute)

    begins, clock_now = at("12:00"), at("12:00") + timedelta(minutes=now)
    given_amendment = amendment_value(1, "V-1", instant(in_minute), instant(out_minute), made_at=clock_now)
    held = Held(begins, planned, instant(stands_in), instant(stands_out))
    longest = min(max(planned + 240, 3 * planned), 25 * 60)
    starts = in_minute if in_minute is not None else stands_in
    ends = out_minute if out_minute is not None else stands_out
    allowed = (
        not (in_minute is None and out_minute is None)
        and all(minute <= now + 5 for minute in (in_minute, out_minute) if minute is not None)
        and (in_minute is None or -120 <= in_minute <= max(120, planned))
        and (out_minute is None or -120 <= out_minute <= longest)
        and (starts is None or ends is None or 0 < ends - starts <= longest)
    )
    refused = refusal(given_amendment, held, clock_now)
    assert (refused is None) == allowed
    if refused is not None:
        assert getattr(given_amendment, refused.member) is not None


@given(st.integers(0, 1440))
def test_the_window_and_the_longest_stay_grow_with_the_visit_and_never_beyond_25_hours(minutes: int):
    assert longest_stay(minutes) <= longest_stay(minutes + 1) <= timedelta(hours=25)
    first, last = window(at("12:00"), minutes)
    assert last - first >= timedelta(hours=4)
    assert longest_stay(minutes) >= timedelta(minutes=minutes)


async def test_a_withdrawn_amendment_no_longer_counts_and_stays_with_who_when_and_why(day: Browser):
    before = (await visit_told(day, "TAPPED"))["visit"]["stays"]
    wrong = an_amendment(None, at("18:30"))
    await amend(day, "TAPPED", wrong)
    assert (await visit_told(day, "TAPPED"))["visit"]["stays"][0]["delivered_seconds"] == 90 * 60
    first = await withdraw(day, "TAPPED", wrong["amendment"], " It was for W-1. ")
    again = await withdraw(day, "TAPPED", wrong["amendment"], "It was for W-1.")
    assert (first.status, again.status, first.told) == (201, 200, again.told)
    told = await visit_told(day, "TAPPED")
    assert told["visit"]["stays"] == before
    (kept,) = told["amendments"]
    assert kept["out_at"] == "2026-11-20T18:30:00Z"
    assert kept["withdrawn"] == first.told
    assert (first.told["withdrawn_by"], first.told["withdrawn_at"], first.told["reason"]) == (
        "a.registered_manager",
        "2026-11-20T23:00:00Z",
        "It was for W-1.",
    )
    tags = [row["tag"] for row in await day.arranged.rows("audit_events")]
    assert tags.count("visits:amendment:withdrawn") == 1
    assert len(await day.arranged.rows("amendments")) == 1
    assert (await amend(day, "TAPPED", wrong)).status == 200
    assert (await visit_told(day, "TAPPED"))["visit"]["stays"] == before


@pytest.mark.parametrize("reason", [" ", "\t", "...", "\u200b"])
async def test_a_withdrawal_needs_words(day: Browser, reason: str):
    message = an_amendment(None, at("17:20"))
    await amend(day, "TAPPED", message)
    answer = await withdraw(day, "TAPPED", message["amendment"], reason)
    assert (answer.status, answer.member) == (422, "reason")
    assert await day.arranged.rows("amendment_withdrawals") == []


async def test_a_withdrawal_of_what_is_not_there_or_for_another_reason_changes_nothing(day: Browser):
    message = an_amendment(None, at("17:20"))
    await amend(day, "TAPPED", message)
    assert (await withdraw(day, "TAPPED", uuid4())).status == 404
    assert (await withdraw(day, "SHORT", message["amendment"])).status == 404
    assert (await withdraw(day, "nowhere", message["amendment"])).status == 404
    assert (await withdraw(day, "TAPPED", "no-id")).status == 404
    assert (await withdraw(day, "TAPPED", message["amendment"])).status == 201
    other = await withdraw(day, "TAPPED", message["amendment"], "Another reason.")
    assert (other.status, other.told["type"]) == (409, "/problems/conflict")
    assert len(await day.arranged.rows("amendment_withdrawals")) == 1


async def test_promise_11_another_providers_amendment_cannot_be_withdrawn(day: Browser, client, database, superuser):
    message = an_amendment(None, at("17:20"))
    await amend(day, "TAPPED", message)
    rival = await type(day.arranged)(database, superuser).begin()
    stranger = await Browser(client, rival).signed_in_as("coordinator", "a.rival")
    assert (await withdraw(stranger, "TAPPED", message["amendment"])).status == 404
    assert await day.arranged.rows("amendment_withdrawals") == []


@ON_ONE_SERVICE
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["SHORT", "TAPPED"]),
            st.sampled_from(["W-001", "W-002"]),
            st.one_of(st.none(), st.integers(-30, 30)),
            st.one_of(st.none(), st.integers(31, 90)),
            st.booleans(),
        ),
        max_size=5,
    )
)
async def test_a_visit_is_what_it_would_be_had_nobody_ever_typed_what_was_withdrawn(
    day: Browser, typed: list[tuple[str, str, int | None, int | None, bool]]
):
    begins = {"SHORT": at("08:00"), "TAPPED": at("17:00")}
    stays = {visit: (await visit_told(day, visit))["visit"]["stays"] for visit in begins}
    taken = []
    for visit, carer, in_minute, out_minute, goes in typed:
        times = [
            None if minute is None else begins[visit] + timedelta(minutes=minute) for minute in (in_minute, out_minute)
        ]
        message = an_amendment(*times, carer=carer)
        if (await amend(day, visit, message)).status == 201:
            taken.append((visit, message, goes))
    for visit, message, goes in taken:
        if goes:
            assert (await withdraw(day, visit, message["amendment"])).status == 201
    shown = {visit: (await visit_told(day, visit))["visit"]["stays"] for visit in begins}
    for visit in begins:
        names = [one["amendment"] for one in (await visit_told(day, visit))["amendments"]]
        assert all(message["amendment"] in names for code, message, _ in taken if code == visit)
        if all(goes for code, _, goes in taken if code == visit):
            assert shown[visit] == stays[visit]
        by_hand = {stay["carer"] for stay in shown[visit] if stay["amended"]}
        assert by_hand == {message["carer"] for code, message, goes in taken if code == visit and not goes}
    for visit, message, _ in taken:
        await withdraw(day, visit, message["amendment"])
    assert {visit: (await visit_told(day, visit))["visit"]["stays"] for visit in begins} == stays


async def test_an_amendment_from_before_the_visit_was_planned_is_shown_with_it_and_can_be_withdrawn(
    day: Browser, officer: Browser
):
    """Kind 1: amended while unplanned, roster imported later."""
    early = an_amendment(at("13:50"), at("14:30"), memo="The phone was flat.")
    await amend(day, HELLO, early)
    await import_roster(day, "LATER,C-7,2026-11-20T14:00,30,W-001")
    assert (await ask(day, "GET", f"/v1/visits/{HELLO}")).status == 404
    told = await visit_told(day, "LATER")
    assert told["visit"]["stays"][0]["delivered_seconds"] == 40 * 60
    assert [(one["amendment"], one["made_by"], one["memo"]) for one in told["amendments"]] == [
        (early["amendment"], "a.registered_manager", "The phone was flat.")
    ]
    for who, path in ((day, "/visits/LATER"), (officer, f"/visits/LATER?provider={day.arranged.provider}")):
        page = await who.see(path)
        assert "entered by hand by a.registered_manager" in page.words
        assert "The phone was flat." in page.words
        assert "before the visit was planned" in page.words
    assert (await amend(day, HELLO, early)).status == 200
    assert (await withdraw(day, "LATER", early["amendment"])).status == 201
    told = await visit_told(day, "LATER")
    assert told["visit"]["stays"][0]["out_at"] is None
    assert told["amendments"][0]["withdrawn"]["withdrawn_by"] == "a.registered_manager"
    provider = f"?provider={day.arranged.provider}"
    seen = await ask(officer, "GET", f"/v1/visits/LATER{provider}")
    assert [one["withdrawn"]["reason"] for one in seen.told["amendments"]] == ["The wrong visit."]


async def test_a_council_sees_no_amendment_of_a_call_at_somebody_elses_client(day: Browser, officer: Browser):
    await day.arranged.client("X-1", council="E10000016")
    check_in = uuid4()
    await day.arranged.check_in("X-1", "in", at("09:00"), check_in=check_in)
    await fold(day)
    await amend(day, f"unplanned:{check_in}", an_amendment(None, at("09:30")))
    async with day.arranged.database.transaction("look", council="E10000015", read_only=True) as connection:
        assert await connection.fetch("SELECT * FROM amendments") == []
    async with day.arranged.database.transaction("look", council="E10000016", read_only=True) as connection:
        assert len(await connection.fetch("SELECT * FROM amendments")) == 1


def typed(page_form: dict[str, str], **fields: str) -> dict[str, str]:
    """The amendment form of a page, filled in."""
    return page_form | {"carer": "W-001", "reason": "NO_OUT"} | fields


async def test_every_form_of_the_page_sent_twice_gives_the_same_answer_twice(day: Browser, clock: HandClock):
    await day.arranged.check_in("C-1", "in", at("08:40"))
    await fold(day)
    page = await day.see("/visits/SHORT")
    amendment = typed(form_on(page, "/amendments#amend"), out_at="2026-11-20T09:10")
    late = form_on(page, "/acknowledgements")
    assert late["exception"] == "late"
    withdrawal = {"reason": "The wrong visit."}
    for path, fields in (
        ("/visits/SHORT/acknowledgements", late),
        ("/visits/SHORT/amendments", amendment),
        (f"/visits/SHORT/amendments/{amendment['amendment']}/withdrawal", withdrawal),
        # Back, and sent once more, after it was withdrawn.
        ("/visits/SHORT/amendments", amendment),
    ):
        answers = []
        for minutes in (0, 1, 10):
            clock.move_to(clock.now() + timedelta(minutes=minutes))
            answers.append(await day.send(path, fields))
        assert [(one.status, one.location) for one in answers] == [(303, "/visits/SHORT")] * 3, path
    for table in ("amendments", "amendment_withdrawals", "acknowledgements"):
        assert len(await day.arranged.rows(table)) == 1


async def test_a_form_that_cannot_be_taken_comes_back_as_it_was_typed_with_the_reason(day: Browser):
    fields = typed(
        form_on(await day.see("/visits/TAPPED"), "/amendments#amend"), out_at="2026-11-20T16:00", memo="At the <door>"
    )
    page = await day.send("/visits/TAPPED/amendments", fields)
    assert page.status == 422
    assert "Nothing was stored. The departure must be later than the arrival that stands" in page.words
    assert 'value="2026-11-20T16:00"' in page.source
    assert "At the &lt;door&gt;</textarea>" in page.source
    assert '<option value="NO_OUT" selected>' in page.source
    assert form_on(page, "/amendments#amend") == {"amendment": fields["amendment"]}
    assert (await day.send("/visits/TAPPED/amendments", fields | {"out_at": "2026-11-20T17:20"})).status == 303


async def test_beside_every_time_that_an_amendment_gave_stand_who_and_why(day: Browser):
    await amend(day, "TAPPED", an_amendment(None, at("17:20"), memo="She said so."))
    words = (await day.see("/visits/TAPPED")).words
    assert "In 17:00:00 , out 17:20:00 entered by hand : 20 min delivered" in words
    assert "Departure entered by hand by a.registered_manager, Fri 20 Nov 2026, 08:00" in words
    assert "“She said so.”" in words
    assert "Arrival entered by hand" not in words
    message = an_amendment(at("17:05"), at("17:25"), made_at=at("19:00").isoformat())
    await amend(day, "TAPPED", message)
    words = (await day.see("/visits/TAPPED")).words
    assert "In 17:05:00 entered by hand , out 17:25:00 entered by hand" in words
    await withdraw(day, "TAPPED", message["amendment"])
    page = await day.see("/visits/TAPPED")
    assert "In 17:00:00 , out 17:20:00 entered by hand" in page.words
    assert "Withdrawn by a.registered_manager, Fri 20 Nov 2026, 23:00: “The wrong visit.”" in page.words


async def test_a_council_officer_sees_what_was_withdrawn_and_no_form(day: Browser, officer: Browser):
    message = an_amendment(None, at("17:20"))
    await amend(day, "TAPPED", message)
    path = f"/visits/TAPPED?provider={day.arranged.provider}"
    assert "Withdraw this amendment" not in (await officer.see(path)).words
    await withdraw(day, "TAPPED", message["amendment"])
    assert "“The wrong visit.”" in (await officer.see(path)).words
    form = {"reason": "No."}
    assert (await officer.send(f"/visits/TAPPED/amendments/{message['amendment']}/withdrawal", form)).status == 403


AUTUMN, SPRING = date(2026, 10, 25), date(2026, 3, 29)


def midnight(day: date) -> datetime:
    """What the clocks show as a day begins."""
    return at("00:00", day).astimezone(LONDON).replace(tzinfo=None)


FIRST, LAST = midnight(date(2000, 1, 1)), midnight(date(2099, 12, 31))


async def test_in_the_night_when_the_clocks_go_back_the_page_asks_which_of_the_two(office: Browser, clock: HandClock):
    await office.arranged.client("C-1")
    await office.arranged.carer("W-001")
    await office.arranged.visit("NIGHT", "C-1", at("00:30", AUTUMN), minutes=60)
    await office.arranged.visit("SPRING", "C-1", at("00:30", SPRING), minutes=60)
    await fold(office)
    fields = typed(
        form_on(await office.see("/visits/NIGHT"), "/amendments#amend"),
        in_at="2026-10-25T00:30",
        out_at="2026-10-25T01:30",
    )
    asked = await office.send("/visits/NIGHT/amendments", fields)
    assert asked.status == 422
    assert "The departure comes twice, because the clocks go back that night" in asked.words
    assert "first, before the clocks went back second, after the clocks went back" in asked.words
    assert 'name="out_which"' in asked.source
    assert 'name="in_which"' not in asked.source
    assert await office.arranged.rows("amendments") == []
    for which, told, minutes in (
        ({"out_which": "first"}, "2026-10-25T00:30:00Z", 60),
        ({"out_which": "second"}, "2026-10-25T01:30:00Z", 120),
        ({"out_at": "2026-10-25T01:30+01:00"}, "2026-10-25T00:30:00Z", 60),
        ({"out_at": "2026-10-25T01:30:00+00:00"}, "2026-10-25T01:30:00Z", 120),
        ({"out_at": "2026-10-25T01:30:00Z"}, "2026-10-25T01:30:00Z", 120),
        ({"out_at": "2026-10-25T02:00"}, "2026-10-25T02:00:00Z", 150),
    ):
        sent = await office.send("/visits/NIGHT/amendments", fields | which | {"amendment": str(uuid4())})
        assert sent.status == 303
        (stay,) = (await visit_told(office, "NIGHT"))["visit"]["stays"]
        assert (stay["out_at"], stay["delivered_seconds"]) == (told, minutes * 60)
        (written,) = [one for one in (await visit_told(office, "NIGHT"))["amendments"] if one["withdrawn"] is None]
        await withdraw(office, "NIGHT", written["amendment"])
    skipped = await office.send("/visits/SPRING/amendments", fields | {"in_at": "2026-03-29T01:30", "out_at": ""})
    assert skipped.status == 422
    assert "The arrival does not exist: the clocks go forward over it that night." in skipped.words


@given(
    st.one_of(
        st.datetimes(FIRST, LAST),
        st.datetimes(midnight(AUTUMN), midnight(AUTUMN) + timedelta(hours=3)),
        st.datetimes(midnight(SPRING), midnight(SPRING) + timedelta(hours=3)),
    )
)
def test_a_local_time_is_one_instant_or_asked_for_or_refused(written: datetime):
    """An instant that is given back is one at which the clocks show what was written, and the only one."""
    written = written.replace(microsecond=0)
    about = written.replace(tzinfo=UTC)
    shown = [
        instant
        for instant in (about - timedelta(hours=1), about)
        if instant.astimezone(LONDON).replace(tzinfo=None) == written
    ]
    text = written.isoformat()
    assert comes_twice(text) == (len(shown) == 2)
    if len(shown) == 1:
        assert instant_of(text, "It", "in_at") == shown[0]
        return
    with pytest.raises(Problem) as refused:
        instant_of(text, "It", "in_at")
    assert refused.value.members == {"member": "in_at"}
    if shown:
        assert [instant_of(text, "It", "in_at", which) for which in ("first", "second")] == shown


async def test_what_was_done_is_told_once_and_not_again_with_each_refresh(day: Browser):
    await day.arranged.check_in("C-1", "in", at("08:40"))
    await fold(day)
    page = await day.see("/visits/SHORT")
    amendment = typed(form_on(page, "/amendments#amend"), out_at="2026-11-20T09:10")
    late = form_on(page, "/acknowledgements")
    for path, fields, told in (
        ("/visits/SHORT/amendments", amendment, "Done. The amendment is stored"),
        (
            f"/visits/SHORT/amendments/{amendment['amendment']}/withdrawal",
            {"reason": "No."},
            "Done. The amendment is w",
        ),
        ("/visits/SHORT/acknowledgements", late, "Done. The exception is acknowledged."),
        ("/visits/SHORT/acknowledgements", late | {"back": "/?status=attention"}, "Done. The exception is acknow"),
        (f"/enrol/{'00000000-0000-0000-0000-000000000001'}/revocation", None, "Done. The phone is revoked"),
    ):
        answer = await day.send(path, fields)
        assert answer.status == 303, answer.words
        assert "done" not in answer.location
        assert told in (await day.see(answer.location)).words
        assert 'class="notice"' not in (await day.see(answer.location)).source


@pytest.mark.parametrize("value", ["amendedd", "<b>", "done", ""])
async def test_a_notice_that_the_service_did_not_give_is_not_shown(day: Browser, value: str):
    day.cookie["ecm_notice"] = value
    page = await day.see("/visits/SHORT")
    assert page.status == 200
    assert 'class="notice"' not in page.source


@given(st.floats(-5_000, 10_000), st.one_of(st.none(), st.floats(0, 5_000)))
def test_no_distance_is_shown_with_a_minus(distance_m: float, a95_m: float | None):
    shown = distance(distance_m, a95_m)
    assert "-" not in shown
    assert ("At the address" in shown) == (distance_m <= 0)


async def test_somebody_inside_a_drawn_fence_is_at_the_address_and_not_minus_50_m_from_it(day: Browser, superuser):
    await superuser.execute("UPDATE check_ins SET distance_m = -50, a95_m = 8, verdict = 'inside' WHERE client = 'C-5'")
    page = await day.see("/visits/TAPPED")
    assert "At the address: 50 m inside the edge of its fence, give or take 8 m (95 %): inside" in page.words
    assert "-50" not in page.words


async def test_a_missed_visit_amended_to_exactly_the_plan_is_kept_as_entered_by_hand(day: Browser):
    """The example of `perfect_times`: to the minute as planned, and both times by hand."""
    message = an_amendment(at("08:00"), at("08:30"), memo="All was well.")
    assert (await amend(day, "SHORT", message)).status == 201
    told = (await visit_told(day, "SHORT"))["visit"]
    assert "perfect_times" in [one["kind"] for one in told["exceptions"]]
    words = (await day.see("/visits/SHORT")).words
    assert "In 08:00:00 entered by hand , out 08:30:00 entered by hand : 30 min delivered" in words
    for which in ("Arrival", "Departure"):
        assert f"{which} entered by hand by a.registered_manager" in words
    await withdraw(day, "SHORT", message["amendment"])
    assert "perfect_times" not in [one["kind"] for one in (await visit_told(day, "SHORT"))["visit"]["exceptions"]]


@pytest.mark.parametrize(
    ("in_at", "out_at", "perfect"),
    [
        ("08:00", "08:30", True),
        ("08:00:59", "08:30:59", True),
        ("08:01", "08:30", False),
        ("08:00", "08:31", False),
        ("07:59:59", "08:30", False),
    ],
)
async def test_perfect_times_are_those_of_the_planned_minute(day: Browser, in_at: str, out_at: str, perfect: bool):
    await amend(day, "SHORT", an_amendment(at(in_at), at(out_at)))
    kinds = [one["kind"] for one in (await visit_told(day, "SHORT"))["visit"]["exceptions"]]
    assert ("perfect_times" in kinds) == perfect
