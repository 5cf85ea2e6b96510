"""A Type 4 tag for nfcpy's udp driver, which has none of its own: SELECT and READ BINARY, on loopback."""

import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import nfc
import nfc.clf
import nfc.clf.udp

UID = bytes.fromhex("04DE5F1EACC040")
_NDEF_APPLICATION = bytes.fromhex("D2760000850101")
_CAPABILITIES = bytes.fromhex("000F20003B00340406E10401000000")
_ANSWER_TO_SELECT = bytes.fromhex("057880C002")  # the reader may wait 1.2 s for each answer
_OK = b"\x90\x00"
_NOT_FOUND = b"\x6a\x82"


def _loopback_device(port: int) -> nfc.clf.device.Device:
    """The driver; its tag side would bind every interface."""
    device = nfc.clf.udp.Device("127.0.0.1", port)

    def bind_socket(_time_to_return: float | None) -> bool:
        device.socket.bind(device.addr)
        return True

    device._bind_socket = bind_socket
    return device


@contextmanager
def presented_tag(messages: Iterable[bytes]) -> Iterator[str]:
    """Hold a tag to the reader, with the next of the NDEF messages at each tap; gives the reader's path."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    frontend = nfc.ContactlessFrontend()
    frontend.device = _loopback_device(port)
    stop = threading.Event()
    thread = threading.Thread(target=_serve, args=(frontend, iter(messages), stop))
    thread.start()
    try:
        yield f"udp:127.0.0.1:{port}"
    finally:
        stop.set()
        thread.join()
        frontend.close()


def _serve(frontend: nfc.ContactlessFrontend, messages: Iterator[bytes], stop: threading.Event) -> None:
    sensed = {"sens_res": bytearray(b"\x44\x03"), "sdd_res": bytearray(UID), "sel_res": bytearray(b"\x20")}
    while not stop.is_set():
        if frontend.listen(nfc.clf.LocalTarget("106A", **sensed), timeout=0.5) is not None:
            _answer(frontend, messages, stop)


def _answer(frontend: nfc.ContactlessFrontend, messages: Iterator[bytes], stop: threading.Event) -> None:
    files = {_NDEF_APPLICATION: b"", b"\xe1\x03": _CAPABILITIES}
    selected, answer = b"", _ANSWER_TO_SELECT
    while not stop.is_set():
        try:
            block = frontend.exchange(answer, timeout=0.5)
        except nfc.clf.CommunicationError:
            return
        if block is None or block[0] & 0xE2 != 0x02:
            return
        instruction, body = block[2], bytes(block[6 : 6 + block[5]])
        if instruction == 0xA4 and body == b"\xe1\x04":
            message = next(messages)
            files[body] = len(message).to_bytes(2, "big") + message
        if instruction == 0xA4:
            selected, reply = body, _OK if body in files else _NOT_FOUND
        else:
            offset = int.from_bytes(block[3:5], "big")
            reply = files[selected][offset : offset + block[5]] + _OK
        answer = bytes([block[0]]) + reply
