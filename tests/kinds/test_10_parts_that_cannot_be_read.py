"""Kind 10: a bad side detail throws no evidence away. Authentic is stored; what cannot be read becomes a doubt."""

import json
import math
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.keys import PrivateKey
from devices.messages import READING_DOUBTS
from devices.sd_jwt import read_check_in
from ecm.visits.domain import HANDLING
from ecm.web.plain_words import DOUBTS, EXCEPTIONS
from tests.arranging import DEVICE, Arranged, at
from tests.devices.phone import SALT, digest, disclosure, fix
from tests.kinds.signing import LATITUDE, LONGITUDE, Round, round_of

NAN, INFINITE = float("nan"), float("inf")
SPOILT: tuple[object, ...] = (
    *(..., None, True, False, 0, -1, 1.5, 2**53 + 1, 10**400, -(10**30), 1e308, NAN, INFINITE),
    *("", " ", "x", "1", "W 1", "x" * 41, "x" * 3_000, "\x00", "a\x00b", "\ud800", "é\u202e", "2026-11-20T08:01:12"),
    *([], [1], [None], {}, {"a": 1}, {"link": 1}, [[[[]]]]),
)


def number(least: float, most: float) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def one_of(*values: object) -> Callable[[Any], bool]:
    return lambda value: any(value is one or (type(value) is type(one) and value == one) for one in values)


def code(value: Any) -> bool:
    return value in ("x", "1")


# Member: the doubt that a spoilt one raises, and which of the values above are none to doubt.
BODY: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "version": ("unreadable_version", one_of(1)),
    "check_in": ("unreadable_id", one_of()),
    "sequence": ("unreadable_sequence", number(1, 1)),
    "previous": ("unreadable_previous", one_of(None)),
    "direction": ("unreadable_direction", one_of()),
    "at": ("unreadable_time", one_of()),
    "carer": ("unreadable_carer", code),
    "client": ("unreadable_client", lambda value: value in (..., None) or code(value)),
    "visit": ("unreadable_visit", lambda value: value in (..., None) or code(value)),
    "evidence": ("no_evidence", one_of()),
}
EVIDENCE: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "_sd": ("unreadable_evidence", lambda value: value in (..., None, [])),
    "nfc": (
        "unreadable_evidence",
        lambda value: value in (..., None) or (isinstance(value, str) and value.strip() != ""),
    ),
    "qr": (
        "unreadable_evidence",
        lambda value: value in (..., None) or (isinstance(value, str) and value.strip() != ""),
    ),
    "manual": ("unreadable_reason", one_of(..., None)),
    "gps": ("location_in_clear", one_of(...)),
    "uwb": ("", lambda _: True),
}
MANUAL: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "reason": ("unreadable_reason", one_of()),
    "memo": (
        "unreadable_memo",
        lambda value: value in (..., None) or (isinstance(value, str) and not set(value) & {"\x00", "\ud800"}),
    ),
}
FIX: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "latitude": ("unreadable_fix", number(-90, 90)),
    "longitude": ("unreadable_fix", number(-180, 180)),
    "accuracy": ("unreadable_fix", lambda value: value in (..., None) or number(0, 1e8)(value)),
    "accuracy_basis": ("unreadable_accuracy_basis", one_of()),
    "fix_age": ("unreadable_fix_age", number(-math.inf, math.inf)),
    "mock": ("unreadable_mock", one_of(True, False)),
    "altitude": ("", lambda _: True),
}
NEEDED = {"unreadable_direction", "unreadable_time", "unreadable_client", "unreadable_body"}


@pytest.fixture
async def served(arranged: Arranged, tmp_path: Path) -> AsyncIterator[Round]:
    async with round_of(arranged, tmp_path) as running:
        yield running


def dropped(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not ...}


def messages(served: Round) -> list[tuple[str, str, bool, str]]:
    """Every spoilt check-in: what was spoilt, its doubt, whether that doubt is due, and the message."""
    found = []
    for value in SPOILT:
        for member, (doubt, fine) in BODY.items():
            found.append((member, doubt, not fine(value), served.sign(served.payload(**{member: value}))))
        for member, (doubt, fine) in EVIDENCE.items():
            evidence = dropped({"manual": {"reason": "NO_IN"}, member: value})
            found.append((member, doubt, not fine(value), served.sign(served.payload(evidence=evidence))))
        for member, (doubt, fine) in MANUAL.items():
            evidence = {"manual": dropped({"reason": "NO_IN", member: value})}
            found.append((member, doubt, not fine(value), served.sign(served.payload(evidence=evidence))))
        for member, (doubt, fine) in FIX.items():
            found.append((member, doubt, not fine(value), served.located(SALT, "gps", here(**{member: value}))))
        for place in range(3):
            elements: list[Any] = [SALT, "gps", here()]
            elements[place : place + 1] = [] if value is ... else [value]
            salted = isinstance(value, str) and len(value) >= 22
            doubt, due = ("unreadable_fix", True) if place > 0 or value is ... else ("short_salt", not salted)
            found.append((f"element {place}", doubt, due, served.located(*elements)))
    return found


def here(**changes: Any) -> dict[str, Any]:
    return fix(**{"latitude": LATITUDE, "longitude": LONGITUDE, **changes})


async def test_promise_3_whatever_part_is_spoilt_an_authentic_check_in_is_recorded_doubted_and_counted(served: Round):
    spoilt = messages(served)
    for start in range(0, len(spoilt), 500):
        some = spoilt[start : start + 500]
        answers = await served.post(*(message for *_, message in some))
        refused = [(member, answer) for (member, *_), answer in zip(some, answers, strict=True) if answer["reason"]]
        assert refused == []
        assert {answer["status"] for answer in answers} == {"recorded"}
    rows = {row["signed_part"]: row for row in await served.arranged.rows("check_ins")}
    assert len(rows) == len(spoilt)
    for member, doubt, due, message in spoilt:
        row = rows[message.partition("~")[0]]
        assert (doubt in row["doubts"]) == due, (member, doubt, row["doubts"], read_check_in(message).body)
    await served.fold()
    folded = " ".join(row["folded"] for row in await served.arranged.rows("visits"))
    for member, _, _, message in spoilt:
        row = rows[message.partition("~")[0]]
        counts = row["client"] == "C-1" and not NEEDED & set(row["doubts"])
        assert (f"{DEVICE}/{row['check_in_id']}" in folded) == counts, (member, row["doubts"])


@pytest.mark.parametrize(
    ("name", "doubts", "grade"),
    [
        ("accuracy −1 beside a genuine tap", {"unreadable_fix"}, "tagged"),
        ("a memo that ends in half a character", {"unreadable_memo", "manual_reason"}, "declared"),
        ("a memo of 501 characters", {"memo_cut", "manual_reason"}, "declared"),
        ("a fix 1.5 s old", set(), "located"),
        ("an accuracy of unknown meaning", {"unreadable_accuracy_basis"}, "located"),
        ("another reason without words", {"unreadable_memo", "manual_reason"}, "declared"),
        ("an unknown reason", {"unreadable_reason", "manual_reason"}, "declared"),
        ("a latitude of 91 beside a genuine tap", {"unreadable_fix"}, "tagged"),
        ("a location that was not signed", {"disclosure_not_signed", "location_withheld"}, "uncertain"),
        ("a member nobody knows", {"manual_reason"}, "declared"),
    ],
)
async def test_each_example_is_recorded_and_says_what_it_is_worth(
    served: Round, name: str, doubts: set[str], grade: str
):
    def tapped(**changes: Any) -> str:
        text = disclosure(SALT, "gps", here(**changes))
        return served.sign(served.payload(evidence={"_sd": [digest(text)], "nfc": {"link": served.link}}), text)

    def manual(**members: Any) -> str:
        return served.sign(served.payload(evidence={"manual": {"reason": "NO_IN", **members}}))

    text, other = (disclosure(salt, "gps", here()) for salt in (SALT, SALT[::-1]))
    message = {
        "accuracy −1 beside a genuine tap": lambda: tapped(accuracy=-1),
        "a memo that ends in half a character": lambda: manual(memo="no answer \ud83d"),
        "a memo of 501 characters": lambda: manual(memo="x" * 501),
        "a fix 1.5 s old": lambda: served.located(SALT, "gps", here(fix_age=1.5)),
        "an accuracy of unknown meaning": lambda: served.located(SALT, "gps", here(accuracy_basis="galileo")),
        "another reason without words": lambda: manual(reason="OTHER_WITH_MEMO", memo=" "),
        "an unknown reason": lambda: manual(reason="BORED"),
        "a latitude of 91 beside a genuine tap": lambda: tapped(latitude=91),
        "a location that was not signed": lambda: served.sign(served.payload(evidence={"_sd": [digest(text)]}), other),
        "a member nobody knows": lambda: served.sign(served.payload(weather="rain")),
    }[name]()
    assert [answer["status"] for answer in await served.post(message)] == ["recorded"]
    row = await served.stored(message)
    assert (set(row["doubts"]) - {"late_upload"}, row["grade"]) == (doubts, grade)
    await served.fold()
    assert str(row["check_in_id"]) in json.dumps((await served.visit())["stays"])
    assert [answer["status"] for answer in await served.post(message)] == ["duplicate"]


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("2026-11-20T08:01Z", at("08:01")),
        ("2026-11-20T08:01+00:00", at("08:01")),
        ("2026-11-20 08:01:00Z", at("08:01")),
        ("2026-11-20t08:01:00z", at("08:01")),
        (" 2026-11-20T08:01:00Z\n", at("08:01")),
        ("2026-11-20T07:59:60Z", at("08:00")),
        ("2026-11-20T07:59:60.25Z", at("08:00") + timedelta(milliseconds=250)),
        ("2026-11-20T08:59:60+01:00", at("08:00")),
    ],
)
async def test_a_time_as_phones_write_it_is_read(served: Round, told: str, read: Any):
    message = served.sign(served.payload(at=told))
    assert [answer["status"] for answer in await served.post(message)] == ["recorded"]
    row = await served.stored(message)
    assert (row["occurred_at"], "unreadable_time" in row["doubts"]) == (read, False)


@given(st.floats(-(2.0**31) + 2, 2.0**31 - 2))
def test_no_fix_gets_fresher_by_rounding_its_age(age: float):
    text = disclosure(SALT, "gps", here(fix_age=age))
    gps = read_check_in(_signer().sign(_signer().payload(evidence={"_sd": [digest(text)]}), text)).gps
    assert gps is not None
    assert abs(age) <= abs(gps.fix_age) <= abs(age) + 1


def test_a_leap_second_at_midnight_is_the_next_day():
    posted = _signer().sign(_signer().payload(at="2026-11-20T23:59:60Z"))
    assert read_check_in(posted).at == at("00:00", at("12:00").date() + timedelta(days=1))


def _signer() -> Round:
    """A phone alone, to sign without a service."""
    return Round(None, None, None, PrivateKey.from_seed(bytes(32)))  # type: ignore[arg-type]


async def test_a_number_or_carer_that_is_not_told_keeps_no_visit_from_its_arrival_and_departure(served: Round):
    arrival = served.sign(served.payload(sequence=..., carer=...))
    departure = served.sign(served.payload(sequence="?", direction="out", at=at("08:29").isoformat()))
    await served.post(departure, arrival)
    await served.fold()
    (stay,) = (await served.visit())["stays"]
    assert (stay["carer"], stay["delivered_seconds"]) == ("W-001", 28 * 60)


async def test_promise_10_a_location_that_the_phone_did_not_sign_for_is_kept_nowhere(served: Round):
    text, other = (disclosure(salt, "gps", here()) for salt in (SALT, SALT[::-1]))
    await served.post(served.sign(served.payload(evidence={"_sd": [digest(text)]}), other))
    assert await served.arranged.rows("check_in_locations") == []


async def test_a_body_that_is_nothing_at_all_is_kept_under_an_id_that_follows_from_it(served: Round):
    bodies = [b"", b"null", b"[]", b"{", b"\xff", b'{"x":' + b"[" * 5_000, json.dumps("\ud800").encode()]
    signed = [served.sign(body) for body in bodies]
    first = await served.post(*signed)
    assert {answer["status"] for answer in first} == {"recorded"}
    again = await served.post(*signed)
    assert [answer["check_in"] for answer in again] == [answer["check_in"] for answer in first]
    assert {answer["status"] for answer in again} == {"duplicate"}
    await served.fold()
    assert len(await served.arranged.rows("log_entries")) == len(bodies)


async def test_what_nobody_can_authenticate_is_refused_whatever_it_says(served: Round):
    good = served.sign(served.payload())
    other = Round(served.client, served.arranged, served.clock)
    other.key = type(served.key).generate()
    answers = await served.post(
        good[:-5] + "AAAA~", other.sign(served.payload()), other.sign(b"rubbish"), "rubbish", "é", "x" * 20_000
    )
    assert {answer["status"] for answer in answers} == {"refused"}
    assert await served.arranged.rows("check_ins") == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
MEMBERS = st.sampled_from([*BODY, "_sd_alg", "note"])
BODIES = st.one_of(
    JSON,
    st.dictionaries(MEMBERS, JSON),
    st.builds(lambda changes: ("changed", changes), st.dictionaries(MEMBERS, JSON, max_size=3)),
    st.builds(
        lambda evidence: ("changed", {"evidence": evidence}),
        st.dictionaries(st.sampled_from([*EVIDENCE]), JSON | st.dictionaries(st.sampled_from(["link", *MANUAL]), JSON)),
    ),
)


@given(BODIES, st.lists(st.text(st.characters(max_codepoint=126)), max_size=3))
def test_any_body_that_a_phone_signs_is_read_and_only_known_doubts_are_raised(content: Any, disclosures: list[str]):
    posted = _signer().sign(_content(_signer(), content), *disclosures)
    message = read_check_in(posted)
    assert set(message.doubts) <= set(READING_DOUBTS)
    assert message.signed_part == posted.partition("~")[0]


async def test_any_body_that_a_phone_signs_is_recorded(served: Round):
    drawn: list[str] = []

    @settings(max_examples=150, database=None, suppress_health_check=list(HealthCheck))
    @given(BODIES)
    def draw(content: Any) -> None:
        drawn.append(served.sign(_content(served, content)))

    draw()
    some = list(dict.fromkeys(drawn))[:500]
    answers = await served.post(*some)
    statuses = [(answer["status"], message) for answer, message in zip(answers, some, strict=True)]
    assert [message for status, message in statuses if status not in {"recorded", "conflict"}] == []
    await served.fold()


def _content(served: Round, content: Any) -> object:
    return served.payload(**content[1]) if isinstance(content, tuple) else content


def test_every_doubt_has_words_and_may_be_acknowledged():
    assert {doubt: HANDLING[doubt] for doubt in READING_DOUBTS} == dict.fromkeys(READING_DOUBTS, "acknowledge")
    assert set(READING_DOUBTS) <= set(DOUBTS)
    assert set(READING_DOUBTS) <= set(EXCEPTIONS)
