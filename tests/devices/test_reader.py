"""The desk reader against a real nfcpy stack: a tag and a reader that speak over loopback UDP."""

import asyncio
import socket
import sys

import ndef
import pytest

from devices.reader import NfcpyReader, ReaderError, link_of
from tests.devices.type4_tag import presented_tag

FIRST = "https://www.my424dna.com/?picc_data=FD91EC264309878BE6345CBE53BADF40&enc=CEE9&cmac=ECC1E7F6C6C73BF6"
SECOND = "https://ecm.example/t/" + "A-_z" * 10 + "abc"


def message(*records: ndef.Record) -> bytes:
    return b"".join(ndef.message_encoder(list(records)))


async def test_the_desk_command_prints_the_link_of_a_tag_held_to_the_reader_character_for_character():
    with presented_tag([message(ndef.UriRecord(FIRST))]) as path:
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "devices", "read-tag", "--path", path, "--timeout", "60"),
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await command.communicate()
    assert command.returncode == 0
    assert printed.decode() == FIRST + "\n"


async def test_promise_12_reading_in_an_executor_gives_each_tap_its_own_link():
    with presented_tag([message(ndef.UriRecord(FIRST)), message(ndef.UriRecord(SECOND))]) as path:
        reader = NfcpyReader(path)
        assert await asyncio.to_thread(reader.read_link, 60) == FIRST
        assert await asyncio.to_thread(reader.read_link, 60) == SECOND


def test_a_tag_without_a_link_is_said_to_have_none():
    with (
        presented_tag([message(ndef.TextRecord("hello"))]) as path,
        pytest.raises(ReaderError, match="no link"),
    ):
        NfcpyReader(path).read_link(60)


@pytest.mark.heavy  # waits in real time
def test_no_tag_in_time_is_said_so():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(ReaderError, match="No tag was held"):
            NfcpyReader(f"udp:127.0.0.1:{silent.getsockname()[1]}").read_link(0.1)


def test_no_reader_is_said_so():
    with pytest.raises(ReaderError, match="No NFC reader"):
        NfcpyReader("tty:nowhere:pn532").read_link(0.1)


@pytest.mark.parametrize(
    "octets", [b"", b"\x00", b"\xd1\x01\x01U\xff", b"\xd1\x01\x05U\x00\xff\xfe\xfd\xfc", b"\xff" * 20]
)
def test_a_broken_message_on_a_tag_is_an_error_that_says_so(octets):
    with pytest.raises(ReaderError):
        link_of(octets)
