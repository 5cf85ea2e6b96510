"""Enrolment codes, and whose phone signed."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from devices.keys import PrivateKey
from devices.messages import CheckInMessage
from devices.sd_jwt import read_check_in, sign_check_in
from ecm.phones.domain import CODE_LENGTH, CODE_LETTERS, Phone, code_hash, new_code, signer
from tests.devices.phone import GPS, body

DEVICE = UUID(int=5)
NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
OURS, THEIRS = PrivateKey.from_seed(b"\x01" * 32), PrivateKey.from_seed(b"\x02" * 32)
OUR_PHONE = Phone(UUID(int=1), DEVICE, "W-1", OURS.public, NOW, None)
THEIR_PHONE = Phone(UUID(int=2), DEVICE, "W-1", THEIRS.public, NOW, None)


def signed(key: PrivateKey) -> CheckInMessage:
    return read_check_in(sign_check_in(key, DEVICE, body(), GPS))


@pytest.mark.parametrize("phones", [(OUR_PHONE, THEIR_PHONE), (THEIR_PHONE, OUR_PHONE)])
def test_of_two_phones_with_one_id_the_one_whose_key_signed_is_found(phones: tuple[Phone, ...]):
    assert signer(signed(OURS), phones) == OUR_PHONE
    assert signer(signed(THEIRS), phones) == THEIR_PHONE


def test_a_message_that_no_phone_signed_is_nobodys():
    assert signer(signed(OURS), [THEIR_PHONE]) is None
    assert signer(signed(OURS), []) is None


def test_a_revoked_phone_stays_on_record_and_says_so():
    revoked = replace(OUR_PHONE, revoked_at=NOW)
    assert (OUR_PHONE.revoked, revoked.revoked) == (False, True)
    assert signer(signed(OURS), [revoked]) == revoked


def test_a_code_is_three_groups_of_letters_that_are_not_taken_for_each_other():
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    for code in codes:
        assert [len(group) for group in code.split("-")] == [4, 4, 4]
    assert not set("IO01") & set("".join(codes))


def test_a_code_is_the_same_however_it_is_cased_and_grouped():
    code = new_code()
    letters = code.replace("-", "")
    spelt = {code, code.lower(), letters, f" {letters[:6]} {letters[6:]}\n"}
    assert len({code_hash(one) for one in spelt}) == 1
    assert code_hash(code) != code_hash(new_code())


def test_what_has_a_letter_too_many_too_few_or_a_wrong_one_can_be_no_code():
    letters = CODE_LETTERS[:CODE_LENGTH]
    assert code_hash(letters) is not None
    for other in (letters[:-1], letters + "A", letters[:-1] + "0", letters[:-1] + "É"):
        assert code_hash(other) is None
