import uuid
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from devices.encoding import b64url_encode
from devices.keys import PrivateKey
from devices.sd_jwt import link_to, read_check_in, verify
from simulators.__main__ import main
from simulators.handset import Handset
from simulators.phones import Post

SEED = bytes(range(32))


@pytest.fixture
def keep(tmp_path):
    path = tmp_path / "phone.json"
    Handset("http://invalid", uuid.uuid4(), "W-1", b64url_encode(SEED)).save(path)
    return path


def sign(keep: Path, *said: str) -> str:
    result = CliRunner().invoke(main, ["phone", "sign", "--keep", str(keep), "--client", "C-1", *said])
    assert result.exit_code == 0, result.output
    message: str
    [message] = msgspec.json.decode(result.output, type=Post).check_ins
    return message


def test_a_phone_driven_by_hand_signs_a_chain_that_verifies(keep):
    fix = ("--latitude", "51.75", "--longitude", "-0.34", "--accuracy", "8")
    first = sign(keep, "--direction", "in", *fix)
    second = sign(keep, "--direction", "out", "--nfc", "http://invalid/t/x")
    public = PrivateKey.from_seed(SEED).public
    for message in (first, second):
        verify(read_check_in(message), public)
    gps = read_check_in(first).gps
    assert gps is not None
    assert gps.latitude == 51.75
    assert read_check_in(second).body.previous == link_to(first)
    assert [read_check_in(m).body.sequence for m in (first, second)] == [1, 2]


@pytest.mark.parametrize("said", [(), ("--latitude", "51.75")])
def test_a_check_in_that_shows_nothing_is_not_signed(keep, said):
    before = keep.read_bytes()
    result = CliRunner().invoke(main, ["phone", "sign", "--keep", str(keep), "--direction", "in", *said])
    assert result.exit_code == 2
    assert keep.read_bytes() == before


def test_the_phones_file_is_its_owners_only(keep):
    assert keep.stat().st_mode & 0o077 == 0


def test_a_phone_enrolled_already_is_not_overwritten(keep):
    result = CliRunner().invoke(
        main, ["phone", "enrol", "--service", "http://invalid", "--code", "A", "--keep", str(keep)]
    )
    assert result.exit_code == 1
    assert "holds an enrolled phone" in result.output
