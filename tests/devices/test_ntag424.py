"""The published vectors of NXP AN12196 (tests/vectors)."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from devices.ntag424 import BadTap, Tap, decrypt_file, read_tap, verify_tap

Case = dict[str, Any]

CASES: list[Case] = json.loads((Path(__file__).parents[1] / "vectors" / "ntag424_sdm.json").read_text("utf-8"))["cases"]
GOOD = [case for case in CASES if case["ok"]]
BAD = [case for case in CASES if not case["ok"]]


def mac_input(case: Case) -> bytes:
    return f"{case['enc']}{case['mac_suffix']}".encode("ascii") if case["enc"] else b""


def tapped(case: Case) -> Tap:
    return read_tap(bytes.fromhex(case["meta_key"]), bytes.fromhex(case["picc_data"]))


def verify_case(case: Case, **changes: Any) -> None:
    tap = changes.pop("tap", tapped(case))
    key, mac, text = bytes.fromhex(case["file_key"]), bytes.fromhex(case["mac"]), mac_input(case)
    verify_tap(tap, changes.get("key", key), changes.get("mac", mac), changes.get("text", text))


def test_the_vectors_have_good_and_bad_cases():
    assert len(GOOD) >= 2
    assert BAD


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_uid_and_counter_of_each_vector_are_read(case):
    assert tapped(case) == Tap(bytes.fromhex(case["uid"]), case["ctr"])


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case["name"])
def test_each_good_vector_verifies(case):
    verify_case(case)


@pytest.mark.parametrize("case", BAD, ids=lambda case: case["name"])
def test_each_bad_vector_is_refused(case):
    with pytest.raises(BadTap):
        verify_case(case)


@pytest.mark.parametrize("case", [case for case in GOOD if case["enc"]], ids=lambda case: case["name"])
def test_the_encrypted_file_of_a_vector_is_read(case):
    plain = decrypt_file(tapped(case), bytes.fromhex(case["file_key"]), bytes.fromhex(case["enc"]))
    assert plain == bytes.fromhex(case["file_data"])


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case["name"])
def test_promise_7_a_code_is_good_for_its_own_counter_tag_key_and_text_only(case):
    tap = tapped(case)
    changes: list[dict[str, Any]] = [
        {"tap": Tap(tap.uid, tap.counter + 1)},
        {"tap": Tap(bytes(7), tap.counter)},
        {"key": b"\x01" * 16},
        {"text": mac_input(case) + b"x"},
        {"mac": b""},
        {"mac": bytes(8)},
        {"mac": bytes.fromhex(case["mac"]) + b"\x00"},
    ]
    verify_case(case)
    for change in changes:
        with pytest.raises(BadTap):
            verify_case(case, **change)


@pytest.mark.parametrize("picc_data", [b"", bytes(15), bytes(16), bytes(17), b"\xff" * 16])
def test_data_that_no_tag_of_ours_made_is_refused(picc_data):
    with pytest.raises(BadTap):
        read_tap(bytes(16), picc_data)


@pytest.mark.parametrize("mirrored", [0x87, 0x47, 0xC6], ids=["no counter", "no uid", "uid of another length"])
def test_promise_7_data_that_lacks_a_uid_or_a_counter_is_no_tap(mirrored: int) -> None:
    encryptor = Cipher(AES(bytes(16)), CBC(bytes(16))).encryptor()
    with pytest.raises(BadTap):
        read_tap(bytes(16), encryptor.update(bytes([mirrored]) + bytes(15)) + encryptor.finalize())


@pytest.mark.parametrize("encrypted", [b"", bytes(15), bytes(17)])
def test_a_file_that_is_not_whole_blocks_is_refused(encrypted):
    with pytest.raises(BadTap):
        decrypt_file(Tap(bytes(7), 1), bytes(16), encrypted)
