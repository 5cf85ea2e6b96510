"""The desk reader: reads the link off an NFC tag, to enrol a tag or to see which one it is.

It blocks while it waits for a tag, so a caller on an event loop runs it in an executor.
"""

import time
from dataclasses import dataclass

try:
    import ndef
    import nfc
    import nfc.clf
    import nfc.tag
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        "The desk reader is not installed; install it with electronic-call-monitoring[reader].", name=missing.name
    ) from missing

_NEXT_LOOK_SECONDS = 0.1


class ReaderError(Exception):
    """No reader, no tag in time, or nothing on the tag that is a link; the message says which."""


@dataclass(frozen=True, slots=True)
class NfcpyReader:
    """A reader that nfcpy knows, by its path: `usb`, `tty:AMA0`, or `udp:HOST:PORT` for a simulated tag."""

    path: str

    def read_link(self, timeout_seconds: float) -> str:
        """The link of the first tag seen within the time; raises ReaderError."""
        try:
            frontend = nfc.ContactlessFrontend(self.path)
        except OSError as error:
            raise ReaderError(f"No NFC reader answers at {self.path}.") from error
        try:
            return _read_first_tag(frontend, timeout_seconds)
        finally:
            frontend.close()


def _read_first_tag(frontend: nfc.ContactlessFrontend, timeout_seconds: float) -> str:
    give_up = time.monotonic() + timeout_seconds
    while time.monotonic() < give_up:
        octets = _look_once(frontend)
        if octets is not None:
            return link_of(octets)
    raise ReaderError(f"No tag was held to the reader within {timeout_seconds:g} seconds.")


def _look_once(frontend: nfc.ContactlessFrontend) -> bytes | None:
    try:
        target = frontend.sense(nfc.clf.RemoteTarget("106A"), iterations=1, interval=_NEXT_LOOK_SECONDS)
        tag = nfc.tag.activate(frontend, target) if target is not None else None
        if tag is None:
            return None
        message = tag.ndef
    except (nfc.clf.CommunicationError, nfc.tag.TagCommandError):
        return None  # The tag was moved away too soon: look again.
    if message is None:
        raise ReaderError("The tag holds no NDEF message.")
    return bytes(message.octets)


def link_of(octets: bytes) -> str:
    """The link in a tag's NDEF message (NFC Forum URI RTD), character for character as written.

    `UriRecord.uri` percent-encodes `=` and `&`, which breaks signed links; `iri` is what stood on the tag.
    Raises ReaderError when the message is broken or holds no link.
    """
    try:
        records = list(ndef.message_decoder(octets))
    except ndef.DecodeError as error:
        raise ReaderError("The tag's NDEF message is broken.") from error
    for record in records:
        if isinstance(record, ndef.UriRecord):
            return str(record.iri)
    raise ReaderError("The tag holds no link.")
