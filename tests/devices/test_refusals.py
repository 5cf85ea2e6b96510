"""What cannot be read is refused with a reason and a sentence, and never with another exception."""

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
        JWS,
        GOOD[:-1],
        GOOD + "~",
        GOOD + GOOD,
        f"{GOOD}{DISCLOSURE}~",
        f"{JWS}~{DISCLOSURE}",
        f"{JWS}~{DISCLOSURE}x~",
        f"{JWS}~{disclosure(SALT, 'gps', fix())}~",
        JWS.rpartition(".")[0] + "~",
        JWS.rpartition(".")[0] + ".~",
        JWS + "=~",
        JWS[:-1] + "~",
        JWS.replace(".", " .", 1) + "~",
        GOOD + "\n",
        " " + GOOD,
        GOOD + "é",
        GOOD + "\x00",
        GOOD + "\ud800",
        JWS.replace("_", "/").replace("-", "+") + "+~",
    ],
)
def test_a_broken_frame_is_unreadable(posted):
    assert refused(posted) == "unreadable"


def test_the_stray_bits_of_a_last_character_are_refused():
    last = {"A": "B", "Q": "R", "g": "h", "w": "x"}[JWS[-1]]
    assert refused(JWS[:-1] + last + "~") == "unreadable"


def test_sixteen_kibibytes_are_the_most():
    assert refused(GOOD[:-1] + "A" * (MAX_MESSAGE_BYTES - len(GOOD)) + "~") == "unreadable"
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
def test_a_payload_or_header_that_is_no_json_object_is_unreadable(content):
    assert refused(signed(content)) == "unreadable"
    assert refused(signed(payload(), header=content)) == "unreadable"


def test_invalid_utf_8_is_refused_even_in_a_member_nobody_reads():
    assert refused(signed(json.dumps(payload(note="?")).encode().replace(b"?", b"\xff"))) == "unreadable"


@pytest.mark.parametrize("escape", [r"\u0000", r"\ud800", r"\udc00", r"\ud800A"])
@pytest.mark.parametrize("member", ["carer", "client", "visit", "memo", "link"])
def test_nul_and_lone_surrogates_are_refused(escape, member):
    evidence = {"manual": {"reason": "NO_CALLS", "memo": "memo"}, "qr": {"link": "link"}}
    content = json.dumps(payload(evidence=evidence, carer="carer", client="client", visit="visit"))
    assert refused(signed(content.replace(f': "{member}"', f': "{escape}"').encode())) == "unreadable"
    read_check_in(signed(content.encode()))


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"version": ...},
        {"check_in": "1"},
        {"check_in": None},
        {"sequence": 0},
        {"sequence": 2**53 + 1},
        {"sequence": 1.5},
        {"sequence": True},
        {"sequence": 10**400},
        {"previous": ...},
        {"previous": ""},
        {"previous": "A" * 42},
        {"previous": "A" * 42 + "B"},
        {"previous": "A" * 43 + "="},
        {"previous": "A" * 86},
        {"previous": "é" * 43},
        {"direction": "IN"},
        {"at": "2026-11-20T08:01:12"},
        {"at": "1969-12-31T23:59:59Z"},
        {"at": "1970-01-01T00:00:00+00:01"},
        {"at": "9999-12-31T23:59:59-00:01"},
        {"at": "0001-01-01T00:00:00+23:00"},
        {"at": 1_795_000_000},
        {"carer": ""},
        {"carer": "W 1"},
        {"carer": "W-1\n"},
        {"carer": "W" * 41},
        {"carer": ...},
        {"client": "-C"},
        {"visit": "V:1"},
        {"visit": "unplanned:"},
        {"_sd_alg": "sha-512"},
        {"evidence": {}},
        {"evidence": ...},
        {"evidence": {"_sd": []}},
        {"evidence": {"_sd": [1]}},
        {"evidence": {"_sd": ["A", "A"]}},
        {"evidence": {"gps": fix()}},
        {"evidence": {"gps": None, "qr": {"link": "x"}}},
        {"evidence": {"nfc": {}}},
        {"evidence": {"nfc": {"link": ""}}},
        {"evidence": {"nfc": {"link": "x" * 2049}}},
        {"evidence": {"manual": {"reason": "BORED"}}},
        {"evidence": {"manual": {"reason": "\x00\ud800"}}},
        {"evidence": {"manual": {"reason": "\x00\x1b[31m\u202e"}}},
        {"evidence": {"manual": {"reason": "OTHER_WITH_MEMO"}}},
        {"evidence": {"manual": {"reason": "OTHER_WITH_MEMO", "memo": " "}}},
        {"evidence": {"manual": {"reason": "NO_IN", "memo": "x" * 501}}},
    ],
)
def test_a_body_of_another_shape_is_unreadable(changes):
    assert refused(signed(payload(**changes))) == "unreadable"


@pytest.mark.parametrize(
    "elements",
    [
        (),
        (SALT, "gps"),
        (SALT, fix()),
        (SALT, "gps", fix(), 1),
        (SALT, "location", fix()),
        (SALT, "_sd", fix()),
        (SALT[:21], "gps", fix()),
        (1, "gps", fix()),
        (SALT, "gps", None),
        (SALT, "gps", fix(latitude=...)),
        (SALT, "gps", fix(latitude="51.5")),
        (SALT, "gps", fix(latitude=True)),
        (SALT, "gps", fix(latitude=None)),
        (SALT, "gps", fix(latitude=float("nan"))),
        (SALT, "gps", fix(longitude=float("inf"))),
        (SALT, "gps", fix(latitude=10**400)),
        (SALT, "gps", fix(accuracy=...)),
        (SALT, "gps", fix(accuracy_basis="guess")),
        (SALT, "gps", fix(fix_age=1.5)),
        (SALT, "gps", fix(fix_age=2**31)),
        (SALT, "gps", fix(mock="no")),
        (SALT, "gps", fix(mock=...)),
    ],
)
def test_a_disclosure_of_another_shape_is_unreadable(elements):
    assert refused(located(*elements)) == "unreadable"


def test_a_disclosure_nothing_refers_to_is_refused():
    posted, other = (disclosure(salt, "gps", fix()) for salt in (SALT, SALT[::-1]))
    assert refused(signed(payload(), posted)) == "unreadable"
    assert refused(signed(payload(evidence={"_sd": [digest(other)]}), posted)) == "unreadable"


def test_two_disclosures_are_refused_though_both_are_referred_to():
    one, other = (disclosure(salt, "gps", fix()) for salt in (SALT, SALT[::-1]))
    assert refused(signed(payload(evidence={"_sd": [digest(one), digest(other)]}), one, other)) == "unreadable"


def test_a_disclosure_that_is_no_json_is_refused_though_it_is_referred_to():
    for text in ("!", "A", b64url_encode(b"\xff"), b64url_encode(b"[" * 9000)):
        assert refused(signed(payload(evidence={"_sd": [digest(text)]}), text)) == "unreadable"


@pytest.mark.parametrize(
    "changes",
    [
        {"latitude": 91},
        {"latitude": -90.000001},
        {"longitude": 180.5},
        {"longitude": -181},
        {"latitude": 1e300},
        {"accuracy": -0.1},
        {"accuracy": 1e12},
    ],
)
def test_promise_3_impossible_coordinates_are_refused_as_such(changes):
    assert refused(located(SALT, "gps", fix(**changes))) == "impossible_coordinates"


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
