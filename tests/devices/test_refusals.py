"""What is no signed message is refused with a reason; what is one is read, with a doubt for each loss."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devices.alerts import read_alert
from devices.encoding import MAX_MESSAGE_BYTES, Unreadable, b64url_encode
from devices.enrolment import check_proof
from devices.sd_jwt import read_check_in, sign_check_in
from tests.devices.phone import (
    DEVICE,
    GPS,
    HEADER,
    KEY,
    SALT,
    body,
    digest,
    disclosure,
    fix,
    located,
    payload,
    signed,
)

GOOD = sign_check_in(KEY, DEVICE, body(), GPS)
JWS = GOOD.split("~")[0]
DISCLOSURE = GOOD.split("~")[1]


def refused(posted: Any, reading: Callable[[Any], object] = read_check_in) -> str:
    with pytest.raises(Unreadable) as error:
        reading(posted)
    assert str(error.value) == error.value.detail
    assert error.value.detail.isprintable()
    assert error.value.detail.endswith(".") or len(error.value.detail) == 300
    error.value.detail.encode("utf-8")
    return error.value.reason


def doubts(posted: str) -> set[str]:
    return set(read_check_in(posted).doubts)


def test_the_good_neighbours_of_all_these_are_read():
    read_check_in(GOOD)
    read_check_in(signed(payload()))
    read_check_in(located(SALT, "gps", fix()))


@pytest.mark.parametrize(
    "posted",
    [
        "",
        "~",
        "~~",
        JWS.rpartition(".")[0] + "~",
        JWS.rpartition(".")[0] + ".~",
        JWS + "=~",
        JWS[:-1] + "~",
        JWS.replace(".", " .", 1) + "~",
        " " + GOOD,
        GOOD + "é",
        GOOD + "\ud800",
        JWS.replace("_", "/").replace("-", "+") + "+~",
    ],
)
def test_a_broken_frame_is_unreadable(posted):
    assert refused(posted) == "unreadable"


@pytest.mark.parametrize(
    ("posted", "found"),
    [
        (JWS, set()),
        (GOOD[:-1], set()),
        (GOOD + "~", set()),
        (GOOD + GOOD, {"disclosure_not_signed"}),
        (f"{GOOD}{DISCLOSURE}~", {"disclosure_not_signed"}),
        (f"{JWS}~{DISCLOSURE}", set()),
        (f"{JWS}~{DISCLOSURE}x~", {"disclosure_not_signed"}),
        (f"{JWS}~{disclosure(SALT, 'gps', fix())}~", {"disclosure_not_signed"}),
        (GOOD + "\n", {"disclosure_not_signed"}),
        (GOOD + "\x00", {"disclosure_not_signed"}),
    ],
)
def test_what_follows_the_signed_part_costs_no_check_in(posted, found):
    message = read_check_in(posted)
    assert message.signed_part == JWS
    assert message.disclosure in {DISCLOSURE, None}
    assert message.location_withheld == (message.disclosure is None)
    assert set(message.doubts) == found


def test_the_stray_bits_of_a_last_character_are_refused():
    last = {"A": "B", "Q": "R", "g": "h", "w": "x"}[JWS[-1]]
    assert refused(JWS[:-1] + last + "~") == "unreadable"


def test_sixteen_kibibytes_are_the_most():
    assert doubts(GOOD[:-1] + "A" * (MAX_MESSAGE_BYTES - len(GOOD)) + "~") == {"disclosure_not_signed"}
    assert refused("A" * (MAX_MESSAGE_BYTES + 1)) == "too_large"
    assert refused(b"A" * 10_000_000) == "too_large"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"alg": "none"}, "unreadable"),
        ({"alg": "HS256"}, "unreadable"),
        ({"alg": None}, "unreadable"),
        ({"kid": "phone"}, "unreadable"),
        ({"kid": None}, "unreadable"),
        ({"crit": ["b64"], "b64": False}, "unreadable"),
        ({"crit": None}, "unreadable"),
        ({"typ": 1}, "unreadable"),
        ({"typ": "alert+jwt"}, "wrong_type"),
        ({"typ": "JWT"}, "wrong_type"),
    ],
)
def test_a_header_that_promises_something_else_is_refused(changes, reason):
    assert refused(signed(payload(), header={**HEADER, **changes})) == reason


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"{", b"\xff", b"\xef\xbb\xbf{}", b'{"x":' + b"[" * 9000])
def test_a_header_that_is_no_json_object_is_unreadable_and_a_payload_is_doubted(content):
    assert refused(signed(payload(), header=content)) == "unreadable"
    message = read_check_in(signed(content))
    assert "unreadable_time" in message.doubts
    assert message.body.check_in == read_check_in(signed(content)).body.check_in
    assert message.body.check_in.version == 8


def test_invalid_utf_8_costs_the_member_that_it_stands_in_and_no_other():
    assert doubts(signed(json.dumps(payload(note="?")).encode().replace(b"?", b"\xff"))) == set()
    assert doubts(signed(json.dumps(payload(client="?")).encode().replace(b"?", b"\xff"))) == {"unreadable_client"}


@pytest.mark.parametrize("escape", [r"\u0000", r"\ud800", r"\udc00", r"\ud800A"])
@pytest.mark.parametrize("member", ["carer", "client", "visit", "memo", "link"])
def test_nul_and_lone_surrogates_cost_the_member_that_they_stand_in(escape, member):
    evidence = {"manual": {"reason": "NO_CALLS", "memo": "memo"}, "qr": {"link": "link"}}
    content = json.dumps(payload(evidence=evidence, carer="carer", client="client", visit="visit"))
    expected = {"unreadable_" + ("evidence" if member == "link" else member)}
    if member == "link":
        expected = set()  # a link of U+FFFD is a link like any other that is not ours
    assert doubts(signed(content.replace(f': "{member}"', f': "{escape}"').encode())) == expected
    read_check_in(signed(content.encode()))


@pytest.mark.parametrize(
    "changes",
    [
        {"latitude": 90, "longitude": -180},
        {"latitude": -90, "longitude": 180},
        {"accuracy": 0},
        {"accuracy": None},
        {"fix_age": -5},
        {"fix_age": 86_400},
        {"mock": True},
        {"note": "newer"},
    ],
)
def test_promise_3_a_doubtful_but_possible_fix_is_read(changes):
    gps = read_check_in(located(SALT, "gps", fix(**changes))).gps
    assert {name: getattr(gps, name) for name in changes if name != "note"} == {
        name: value for name, value in changes.items() if name != "note"
    }


def reads_or_is_refused(posted: Any, reading: Callable[[Any], object] = read_check_in) -> None:
    try:
        reading(posted)
    except Unreadable as error:
        detail = error.detail
    else:
        detail = ""
    assert detail.isprintable()
    detail.encode("utf-8")


@given(st.one_of(st.binary(), st.text(), st.text("~.=AZ_-é\x00")))
def test_any_bytes_and_any_text_are_read_or_refused(posted):
    reads_or_is_refused(posted)
    reads_or_is_refused(posted, read_alert)
    reads_or_is_refused(posted, lambda proof: check_proof(proof, KEY.public, DEVICE, "code"))


@given(st.integers(0, len(GOOD) - 1), st.characters(max_codepoint=0x1FF), st.integers(0, 3))
@example(0, "~", 0)
def test_a_good_message_with_a_character_changed_put_in_or_lost_is_read_or_refused(place, character, lost):
    reads_or_is_refused(GOOD[:place] + character + GOOD[place + lost :])


@given(st.integers(0, 400), st.binary(max_size=4), st.integers(0, 4))
def test_any_change_inside_payload_header_or_disclosure_is_read_or_refused(place, put, lost):
    def spoil(text: bytes) -> bytes:
        return b"".join((text[:place], put, text[place + lost :]))

    told = json.dumps([SALT, "gps", fix()]).encode()
    text = b64url_encode(spoil(told))
    reads_or_is_refused(signed(spoil(json.dumps(payload()).encode())))
    reads_or_is_refused(signed(payload(), header=spoil(json.dumps(HEADER).encode())))
    reads_or_is_refused(signed(payload(evidence={"_sd": [digest(text)]}), text))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([*payload(), "visit"]), JSON)
def test_any_json_in_any_member_is_read_or_refused(member, value):
    reads_or_is_refused(signed(payload(**{member: value})))


@given(st.sampled_from(["_sd", "nfc", "qr", "manual", "gps"]), JSON)
def test_any_json_in_any_evidence_is_read_or_refused(member, value):
    reads_or_is_refused(signed(payload(evidence={"qr": {"link": "x"}, member: value})))


@given(st.sampled_from([*fix()]), JSON)
def test_any_json_in_any_member_of_the_location_is_read_or_refused(member, value):
    reads_or_is_refused(located(SALT, "gps", fix(**{member: value})))
