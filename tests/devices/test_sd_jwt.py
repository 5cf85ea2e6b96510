import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwcrypto.jwk import JWK
from sd_jwt.common import SDObj
from sd_jwt.issuer import SDJWTIssuer
from sd_jwt.verifier import SDJWTVerifier

from devices.encoding import b64url_decode, b64url_encode
from devices.keys import BadSignature, PrivateKey, PublicKey
from devices.messages import Evidence, Manual
from devices.sd_jwt import disclosure_digest, link_to, read_check_in, sign_check_in, verify
from tests.devices.phone import CHECK_IN, DEVICE, GPS, HEADER, KEY, body, fix, payload, signed

ALGORITHMS = ["EdDSA", "ES256"]


def test_the_disclosure_of_rfc_9901_section_4_2_has_its_published_digest():
    published = b"WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    assert disclosure_digest(published) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_a_phone_signs_is_read_back_and_verifies(algorithm):
    key = PrivateKey.generate(algorithm)
    posted = sign_check_in(key, DEVICE, body(), GPS)
    message = read_check_in(posted)
    verify(message, PublicKey.from_jwk(key.public_jwk()))
    assert (message.device_id, message.body.check_in, message.gps) == (DEVICE, CHECK_IN, GPS)
    assert message.at == datetime(2026, 11, 20, 8, 1, 12, tzinfo=UTC)
    assert posted == f"{message.signed_part}~{message.disclosure}~"
    assert not message.location_withheld
    with pytest.raises(BadSignature):
        verify(message, PrivateKey.generate(algorithm).public)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_sd_jwt_library_verifies_ours_and_finds_the_location(algorithm):
    key = PrivateKey.generate(algorithm)
    posted = sign_check_in(key, DEVICE, body(), GPS)
    public = JWK.from_json(json.dumps(key.public_jwk()))
    claims = SDJWTVerifier(posted, lambda _issuer, _header: public).get_verified_payload()
    assert claims["evidence"]["gps"] == fix(accuracy=12.0, accuracy_basis="android", fix_age=3)
    assert claims["check_in"] == str(CHECK_IN)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("decoys", [False, True])
def test_what_the_sd_jwt_library_issues_is_read_and_verified(algorithm, decoys):
    kind = {"kty": "OKP", "crv": "Ed25519"} if algorithm == "EdDSA" else {"kty": "EC", "crv": "P-256"}
    theirs = JWK.generate(**kind)
    claims = payload(evidence={SDObj("gps"): fix()}, _sd_alg=...)
    header = {"kid": str(DEVICE), "typ": "check-in+sd-jwt"}
    issued = SDJWTIssuer(claims, theirs, None, algorithm, decoys, extra_header_parameters=header).sd_jwt_issuance
    if decoys:
        assert len(json.loads(b64url_decode(issued.split(".")[1].encode(), "payload"))["evidence"]["_sd"]) > 1
    message = read_check_in(issued)
    verify(message, PublicKey.from_jwk(theirs.export_public()))
    assert message.gps is not None
    assert message.gps.latitude == 51.75


def test_promise_3_a_clock_a_year_out_is_still_read():
    for year in (1970, 2025, 2027, 9999):
        at = datetime(year, 6, 1, tzinfo=UTC)
        assert read_check_in(sign_check_in(KEY, DEVICE, body(at=at), GPS)).at == at


def test_promise_10_without_its_disclosure_a_check_in_still_verifies_and_keeps_its_place_in_the_chain():
    whole = sign_check_in(KEY, DEVICE, body(), GPS)
    purged = read_check_in(whole.partition("~")[0] + "~")
    verify(purged, KEY.public)
    assert purged.gps is None
    assert purged.location_withheld
    assert purged.link_digest == read_check_in(whole).link_digest
    assert purged.message_digest != read_check_in(whole).message_digest


def test_promise_10_the_signed_part_does_not_hold_the_coordinates():
    message = read_check_in(sign_check_in(KEY, DEVICE, body(), GPS))
    said = b64url_decode(message.signed_part.split(".")[1].encode(), "payload").decode()
    assert "51.75" not in said
    assert "latitude" not in said


def test_promise_10_two_fixes_at_the_same_place_have_different_digests():
    one, other = (read_check_in(sign_check_in(KEY, DEVICE, body(), GPS)).body.evidence.sd for _ in range(2))
    assert one != other


def test_withholding_the_location_sends_its_digest_only():
    message = read_check_in(sign_check_in(KEY, DEVICE, body(evidence=Evidence()), GPS, withhold=True))
    assert (message.gps, message.disclosure, message.location_withheld) == (None, None, True)


def test_a_check_in_by_hand_says_nothing_of_a_location():
    by_hand = body(evidence=Evidence(manual=Manual("OTHER_WITH_MEMO", "the tag fell off the door")))
    message = read_check_in(sign_check_in(KEY, DEVICE, by_hand, None))
    assert (message.gps, message.location_withheld) == (None, False)
    assert message.body.evidence.manual == Manual("OTHER_WITH_MEMO", "the tag fell off the door")


def test_each_check_in_links_to_the_one_before():
    first = sign_check_in(KEY, DEVICE, body(), GPS)
    second = read_check_in(sign_check_in(KEY, DEVICE, body(sequence=2, previous=link_to(first)), GPS))
    assert second.previous == read_check_in(first).link_digest
    assert second.previous == hashlib.sha256(first.split("~")[0].encode()).digest()


def test_the_message_digest_is_over_exactly_what_was_posted_as_text_or_bytes():
    posted = sign_check_in(KEY, DEVICE, body(), GPS)
    assert read_check_in(posted).message_digest == hashlib.sha256(posted.encode()).digest()
    assert read_check_in(posted) == read_check_in(posted.encode())


def test_the_same_seed_and_salt_sign_the_same_bytes():
    assert len({sign_check_in(KEY, DEVICE, body(), GPS, salt="s" * 22) for _ in range(3)}) == 1


def test_members_a_newer_phone_adds_are_ignored():
    newer = payload(app={"build": 7}, evidence={"manual": {"reason": "NO_CALLS", "x": 1}, "uwb": {}})
    message = read_check_in(signed(newer, header={**HEADER, "jku": "https://elsewhere.example"}))
    verify(message, KEY.public)
    assert message.body.evidence.manual == Manual("NO_CALLS")


def test_a_time_with_an_offset_is_the_same_instant():
    assert read_check_in(signed(payload(at="2026-11-20T09:01:12+01:00"))).at == datetime(
        2026, 11, 20, 8, 1, 12, tzinfo=UTC
    )


def test_an_unplanned_visit_can_be_named_by_its_opening_check_in():
    assert read_check_in(signed(payload(visit=f"unplanned:{CHECK_IN}"))).body.visit == f"unplanned:{CHECK_IN}"


@given(st.binary(max_size=100))
def test_base64url_has_one_spelling_for_each_value(data):
    text = b64url_encode(data).encode()
    assert b64url_decode(text, "text") == data
