from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from devices.alerts import AlertBody, read_alert, sign_alert
from devices.encoding import Unreadable
from devices.enrolment import check_proof, prove_key
from devices.jws import sign_jws, verify
from devices.keys import BadSignature, PrivateKey
from devices.sd_jwt import read_check_in, sign_check_in
from tests.devices.phone import DEVICE, GPS, HEADER, KEY, body, signed

OTHER_DEVICE = UUID(int=DEVICE.int + 1)
FALL = AlertBody(
    alert=UUID("01936d5e-8f00-7000-8000-0000000000bb"),
    kind="fall",
    client="C-0001",
    carer="W-001",
    at=datetime(2026, 11, 20, 8, 20, tzinfo=UTC),
    memo="found on the floor, says nothing hurts",
)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_an_alert_is_read_back_and_verifies(algorithm):
    key = PrivateKey.generate(algorithm)
    posted = sign_alert(key, DEVICE, FALL)
    message = read_alert(posted)
    verify(message, key.public)
    assert (message.device_id, message.body, message.at, message.signed_part) == (DEVICE, FALL, FALL.at, posted)
    with pytest.raises(BadSignature):
        verify(message, KEY.public)


@pytest.mark.parametrize(
    "changes",
    [{"kind": "Fall"}, {"kind": ""}, {"client": None}, {"at": "2026-11-20T08:20:00"}, {"memo": "\x00"}, {"alert": 1}],
)
def test_an_alert_of_another_shape_is_unreadable(changes):
    said = {
        "alert": str(FALL.alert),
        "kind": "fall",
        "client": "C-0001",
        "carer": "W-001",
        "at": "2026-11-20T08:20:00Z",
    }
    header = {**HEADER, "typ": "alert+jwt"}
    read_alert(signed(said, header=header).rstrip("~"))
    with pytest.raises(Unreadable):
        read_alert(signed({**said, **changes}, header=header).rstrip("~"))


def test_a_message_of_one_type_never_passes_for_another():
    check_in = sign_check_in(KEY, DEVICE, body(), GPS).split("~")[0]
    alert = sign_alert(KEY, DEVICE, FALL)
    proof = prove_key(KEY, DEVICE, "ABCD-EFGH-JKLM")
    for posted, reading in [
        (check_in, read_alert),
        (proof, read_alert),
        (alert + "~", read_check_in),
        (proof + "~", read_check_in),
        (alert, lambda posted: check_proof(posted, KEY.public, DEVICE, "ABCD-EFGH-JKLM")),
    ]:
        with pytest.raises(Unreadable) as refused:
            reading(posted)
        assert refused.value.reason == "wrong_type"


def test_a_new_phone_proves_that_it_holds_the_key_it_enrols():
    check_proof(prove_key(KEY, DEVICE, "ABCD-EFGH-JKLM"), KEY.public, DEVICE, "ABCD-EFGH-JKLM")


@pytest.mark.parametrize(
    ("public", "device", "code"),
    [
        (PrivateKey.from_seed(b"\x08" * 32).public, DEVICE, "ABCD-EFGH-JKLM"),
        (PrivateKey.from_seed(b"\x07" * 32, "ES256").public, DEVICE, "ABCD-EFGH-JKLM"),
        (KEY.public, OTHER_DEVICE, "ABCD-EFGH-JKLM"),
        (KEY.public, DEVICE, "ABCD-EFGH-JKLN"),
    ],
)
def test_a_proof_for_another_key_device_or_code_is_refused(public, device, code):
    with pytest.raises(BadSignature):
        check_proof(prove_key(KEY, DEVICE, "ABCD-EFGH-JKLM"), public, device, code)


def test_a_proof_that_names_two_phones_enrols_neither() -> None:
    for signed_for, said in ((DEVICE, OTHER_DEVICE), (OTHER_DEVICE, DEVICE)):
        claim = msgspec.json.encode({"code": "ABCD-EFGH-JKLM", "device": said})
        proof = sign_jws(KEY, signed_for, "enrolment+jwt", claim)
        with pytest.raises(BadSignature, match="another device"):
            check_proof(proof, KEY.public, DEVICE, "ABCD-EFGH-JKLM")
