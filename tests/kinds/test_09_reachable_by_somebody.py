"""Kind 9: nothing that is stored is out of everybody's reach. A tag beats a code that is not; the rest is on a page."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.links import NotOurLink, make_link, read_link
from ecm.intake.domain import Tag, client_of
from ecm.intake.service import INTAKE
from ecm.web.plain_words import HOMELESS, REFUSALS, REMEDIES
from tests.arranging import DEVICE, Arranged, at
from tests.devices.phone import SALT, fix
from tests.kinds.signing import LATITUDE, LONGITUDE, TAG, TAG_KEY, Round, round_of
from tests.serving import _account, bearer
from tests.web.browsing import Browser

OTHER_DEVICE = UUID(int=5)


@pytest.fixture
async def served(arranged: Arranged, tmp_path: Path) -> AsyncIterator[Round]:
    async with round_of(arranged, tmp_path) as running:
        yield running


@pytest.fixture
async def office(served: Round) -> Browser:
    return await Browser(served.client, served.arranged).signed_in_as("coordinator")


def tapped(served: Round, **changes: Any) -> str:
    return served.sign(served.payload(evidence={"nfc": {"link": served.link}}, **changes))


def by_hand(served: Round, **changes: Any) -> str:
    return served.sign(served.payload(evidence={"manual": {"reason": "NO_SIGNAL_OFFLINE"}}, **changes))


async def attach(served: Round, office: Browser, message: str, **fields: str) -> int:
    row = await served.stored(message)
    given = {"home": str(uuid4()), "memo": "the carer says so", **fields}
    page = await office.send(f"/calls-without-a-home/{row['device_id']}/{row['check_in_id']}", given)
    await served.fold()
    return page.status


async def homeless(office: Browser) -> str:
    return (await office.see("/calls-without-a-home")).words


CLIENTS, CODES = ("C-1", "C-2"), st.sampled_from(["C-1", "C-2", "C-01", "X", None])


@given(CODES, st.lists(CODES.filter(bool), max_size=2))
def test_a_code_that_there_is_stands_then_a_genuine_tag_and_then_what_was_sent(told: str | None, hung: list[str]):
    tags = [Tag(uuid4(), "nfc", client) for client in hung]
    found, by_tag = client_of(told, told in CLIENTS, tags, lambda client: client in CLIENTS)
    known = [client for client in hung if client in CLIENTS]
    if told in CLIENTS:
        assert (found, by_tag) == (told, False)
    elif known:
        assert (found, by_tag) == (known[0], told is not None)
    else:
        assert (found, by_tag) == (told or (hung[0] if hung else None), False)


@pytest.mark.parametrize("client", ["C-01", "c-1", None, ..., "no code", 5, "\ud800"])
async def test_a_genuine_tag_tells_whose_home_it_is_where_the_client_is_not_known(
    served: Round, office: Browser, client: Any
):
    arrival = tapped(served, client=client)
    await served.post(arrival, tapped(served, client=client, direction="out", at=at("08:29").isoformat()))
    row = await served.stored(arrival)
    assert (row["client"], row["grade"]) == ("C-1", "tagged")
    assert ("unknown_client" in row["doubts"]) == ("client_from_tag" in row["doubts"]) == (client in ("C-01", "c-1"))
    await served.fold()
    visit = await served.visit()
    assert visit["stays"][0]["delivered_seconds"] == 28 * 60
    assert {one["handling"] for one in visit["exceptions"]} <= {"acknowledge"}
    assert "Every check-in has found its home." in await homeless(office)


async def test_a_tag_of_another_provider_beats_nothing(served: Round, office: Browser):
    link = make_link("https://ecm.example", "nfc", uuid4(), TAG, TAG_KEY)
    await served.post(served.sign(served.payload(client="C-01", evidence={"nfc": {"link": link}})))
    assert "There is no client of this code." in await homeless(office)


LOST: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a client that there is not": ({"client": "C-01"}, {}),
    "no client": ({"client": None}, {}),
    "a client that cannot be read": ({"client": ["C-1"]}, {}),
    "a direction that cannot be read": ({"direction": "?"}, {"direction": "in"}),
    "a time that cannot be read": ({"at": "yesterday"}, {"at": "2026-11-20T08:01"}),
    "a time before any visit": ({"at": "1980-01-06T00:00:00Z"}, {"at": "2026-11-20T08:01"}),
    "a time after any visit": ({"at": "2106-02-07T06:28:15Z"}, {"at": "2026-11-20T08:01"}),
    "nothing at all": ({"client": 1, "direction": 1, "at": 1}, {"direction": "in", "at": "2026-11-20T08:01"}),
}


@pytest.mark.parametrize("name", LOST)
async def test_whatever_found_no_home_is_on_the_list_and_counts_where_the_office_attaches_it(
    served: Round, office: Browser, name: str
):
    changes, told = LOST[name]
    message = by_hand(served, visit=None, **changes)
    await served.post(message)
    await served.fold()
    assert (await served.visit())["stays"] == []
    assert "Calls without a home (1)" in (await office.see("/")).words
    listed = await homeless(office)
    assert any(words in listed for words in HOMELESS.values())
    assert await attach(served, office, message, client="C-1", visit="V-1", **told) == 303
    (stay,) = (await served.visit())["stays"]
    row = await served.stored(message)
    assert stay["in_check_in"] == f"{DEVICE}/{row['check_in_id']}"
    assert datetime.fromisoformat(stay["in_at"]) == at("08:01")
    kinds = {one["kind"]: one["handling"] for one in (await served.visit())["exceptions"]}
    assert kinds["attached_by_office"] == "acknowledge"
    assert "unknown_client" not in kinds
    assert "Every check-in has found its home." in await homeless(office)
    assert "Calls without a home (" not in (await office.see("/")).words
    assert (await office.see("/visits/V-1")).status == 200


async def test_promise_4_what_the_phone_sent_stays_as_it_was(served: Round, office: Browser):
    message = by_hand(served, client="C-01")
    await served.post(message)
    before = await served.stored(message)
    await attach(served, office, message, client="C-1")
    assert await served.stored(message) == before


async def test_the_latest_home_counts_and_the_visits_before_let_go(served: Round, office: Browser):
    message = by_hand(served, client="C-01", visit=None)
    await served.post(message)
    await attach(served, office, message, client="C-1")
    assert len((await served.visit())["stays"]) == 1
    served.clock.move_to(at("12:01"))
    await attach(served, office, message, client="C-2")
    assert (await served.visit())["stays"] == []
    clients = {row["client"] for row in await served.arranged.rows("visits") if json.loads(row["folded"])["stays"]}
    assert clients == {"C-2"}
    served.clock.move_to(at("12:02"))
    await attach(served, office, message, action="nobody")
    assert not any(json.loads(row["folded"])["stays"] for row in await served.arranged.rows("visits"))
    assert len(await served.arranged.rows("check_in_homes")) == 3
    tags = [row["tag"] for row in await served.arranged.rows("audit_events")]
    assert tags.count("intake:check_in:attached") == 3


async def test_one_whose_home_the_tag_told_can_be_attached_elsewhere_and_counts_once(served: Round, office: Browser):
    message = tapped(served, client="C-01")
    await served.post(message)
    await served.fold()
    assert len((await served.visit())["stays"]) == 1
    await attach(served, office, message, client="C-2")
    assert (await served.visit())["stays"] == []


@pytest.mark.parametrize(
    "fields",
    [
        {"client": "C-9"},
        {"client": ""},
        {"client": "C-1", "visit": "V-9"},
        {"client": "C-2", "visit": "V-1"},
        {"client": "C-1", "direction": "out"},
        {"client": "C-1", "at": "2026-11-20T09:00"},
        {"client": "C-1", "memo": "  "},
    ],
)
async def test_what_cannot_be_its_home_is_not_taken(served: Round, office: Browser, fields: dict[str, str]):
    message = by_hand(served, client="C-01")
    await served.post(message)
    assert await attach(served, office, message, **fields) in {400, 422}
    assert await served.arranged.rows("check_in_homes") == []


@pytest.mark.parametrize("told", ["2026-11-20T12:06", "2099-01-01T00:00"])
async def test_nobody_was_anywhere_in_the_future(served: Round, office: Browser, told: str):
    message = by_hand(served, at="?")
    await served.post(message)
    assert await attach(served, office, message, client="C-1", at=told) == 422


async def test_one_that_found_its_home_by_itself_is_not_attached(served: Round, office: Browser):
    message = by_hand(served)
    await served.post(message)
    assert await attach(served, office, message, client="C-2") == 404


async def test_the_form_sent_twice_is_one_home(served: Round, office: Browser):
    message, home = by_hand(served, client="C-01"), str(uuid4())
    await served.post(message)
    for _ in range(2):
        assert await attach(served, office, message, client="C-1", home=home) == 303
    assert len(await served.arranged.rows("check_in_homes")) == 1
    assert await attach(served, office, message, client="C-2", home=home) == 409


async def test_a_time_told_by_the_office_makes_the_evidence_its_word(served: Round, office: Browser):
    message = served.located(SALT, "gps", fix(latitude=LATITUDE, longitude=LONGITUDE), at="?", visit=None)
    await served.post(message)
    assert (await served.stored(message))["grade"] == "located"
    await attach(served, office, message, client="C-1", at="2026-11-20T08:01")
    (stay,) = (await served.visit())["stays"]
    assert stay["in_grade"] == "declared"


async def test_a_client_imported_later_takes_what_waited_off_the_list(served: Round, office: Browser):
    await served.post(by_hand(served, client="C-3"))
    assert "There is no client of this code." in await homeless(office)
    await served.arranged.client("C-3")
    assert "Every check-in has found its home." in await homeless(office)


async def test_programs_list_a_page_at_a_time_and_attach_once(served: Round):
    token = await _token(served)
    await served.post(*(by_hand(served, client="C-01", visit=None) for _ in range(5)))
    seen, after = [], None
    while True:
        query = {"limit": "2", **({"after": after} if after else {})}
        async with served.client.get("/v1/check-ins/homeless", params=query, headers=token) as response:
            page = await response.json()
        assert page["total"] == 5
        seen += [one["check_in"]["check_in"] for one in page["check_ins"]]
        after = page["next"]
        if after is None:
            break
    assert len(set(seen)) == 5
    body = {"home": str(uuid4()), "client": "C-1", "memo": "asked"}
    for status in (201, 200):
        path = f"/v1/check-ins/{DEVICE}/{seen[0]}/homes"
        async with served.client.post(path, json=body, headers=token) as response:
            assert response.status == status, await response.text()


async def test_the_list_says_how_many_there_are_and_reaches_all(served: Round, office: Browser):
    await served.post(*(by_hand(served, client="C-01") for _ in range(101)))
    assert "1–100 of 101" in await homeless(office)
    assert "101–101 of 101" in (await office.see("/calls-without-a-home?page=2")).words


async def test_refusals_of_its_phones_are_shown_to_the_provider_and_nobodys_to_nobody(served: Round, office: Browser):
    forger = Round(served.client, served.arranged, served.clock, type(served.key).generate())
    await served.post(
        forger.sign(forger.payload()),
        forger.sign(forger.payload()),
        served.sign(served.payload()).replace(".", "..", 1),
        forger.sign(forger.payload(), device=OTHER_DEVICE),
        "rubbish",
    )
    await served.client.app[INTAKE]._refusals.flush()
    words = (await office.see("/not-accepted")).words
    assert "Refused (3)" in words
    assert REFUSALS["bad_signature"] in words
    assert REFUSALS["unreadable"] in words
    assert REMEDIES["bad_signature"] in words
    assert str(DEVICE) in words
    assert str(OTHER_DEVICE) not in words
    assert "Not accepted (3)" in (await office.see("/")).words


async def test_a_phone_enrolled_with_two_providers_is_shown_to_neither(served: Round, office: Browser):
    other = await Arranged(served.arranged.database, served.arranged.superuser).begin()
    await other.phone("W-001")
    forger = Round(served.client, served.arranged, served.clock, type(served.key).generate())
    await served.post(forger.sign(forger.payload()))
    await served.client.app[INTAKE]._refusals.flush()
    stranger = await Browser(served.client, other).signed_in_as("coordinator", "a.stranger")
    for somebody in (office, stranger):
        assert "Refused (0)" in (await somebody.see("/not-accepted")).words


async def test_other_bytes_under_one_id_are_on_the_page(served: Round, office: Browser):
    check_in = str(uuid4())
    messages = [by_hand(served, check_in=check_in, at=at(time).isoformat()) for time in ("08:01", "08:40")]
    assert [answer["status"] for answer in await served.post(*messages)] == ["recorded", "conflict"]
    words = (await office.see("/not-accepted")).words
    assert "Twice under one id (1)" in words
    assert "Arrived Fri 20 Nov 2026, 08:01, client C-1, carer W-001" in words


@pytest.mark.parametrize("role", ["council_officer", "operator"])
async def test_promise_11_the_lists_are_the_offices_own(served: Round, role: Any):
    somebody = await Browser(served.client, served.arranged).signed_in_as(role)
    for path in ("/calls-without-a-home", "/not-accepted"):
        assert (await somebody.see(path)).status == 403


async def test_promise_11_no_provider_sees_or_attaches_what_is_anothers(served: Round):
    message = by_hand(served, client="C-01")
    await served.post(message)
    other = await Arranged(served.arranged.database, served.arranged.superuser).begin()
    await other.client("C-1")
    stranger = await Browser(served.client, other).signed_in_as("coordinator", "a.stranger")
    assert "Every check-in has found its home." in await homeless(stranger)
    assert await attach(served, stranger, message, client="C-1") == 404


async def test_a_council_sees_the_evidence_of_its_visit_also_where_the_office_said_whose_it_was(
    served: Round, office: Browser
):
    message = by_hand(served, client="C-01")
    await served.post(message)
    await attach(served, office, message, client="C-1")
    officer = await Browser(served.client, served.arranged).signed_in_as("council_officer")
    page = await officer.see(f"/visits/V-1?provider={served.arranged.provider}")
    assert str((await served.stored(message))["check_in_id"]) in page.source


LINK = make_link("https://ecm.example", "nfc", UUID(int=1), UUID(int=2), bytes(32))
AROUND = ["", " ", "\r\n", "\n", "\t", "\x00", "\ufeff", "\u200b", "\xa0 "]
BEHIND = ["", "/", "//", "?fbclid=IwAR0x", "/?utm_source=x&b=%20", "#top", "?#", "?a=b#c", "#é", "? x"]


@given(
    st.sampled_from(AROUND),
    st.sampled_from(["https://ecm.example", "HTTPS://ECM.EXAMPLE", "http://ecm.example", "Http://Ecm.Example:8080/x"]),
    st.sampled_from(BEHIND),
    st.sampled_from(AROUND),
)
def test_kind_14_a_link_is_read_whatever_stands_around_it(before: str, base: str, behind: str, after: str):
    assert read_link(before + LINK.replace("https://ecm.example", base) + behind + after) == read_link(LINK)


@pytest.mark.parametrize("spoilt", [LINK[:-1], LINK + "A", LINK.replace("/t/", "/T/"), LINK + "/x"])
def test_kind_14_a_link_of_another_payload_is_none(spoilt: str):
    with pytest.raises(NotOurLink):
        read_link(spoilt)


async def _token(served: Round) -> dict[str, str]:
    await _account(served.arranged, UUID(int=1), "coordinator", served.clock)
    return bearer("coordinator")
