"""Strict decoding of what a device sends: ASCII, base64url and JSON, with one error for all of it."""

import base64
import binascii
from typing import Literal, TypeVar

import msgspec

MAX_MESSAGE_BYTES = 16 * 1024
_MAX_DETAIL_CHARACTERS = 300
# What is no character of base64url becomes one of no base64.
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")
_PADDING = (b"", b"", b"==", b"=")
# The last characters that leave no stray bits, by the length's remainder on division by four.
_LAST = (b"", b"", b"AQgw", b"AEIMQUYcgkosw048")

Reason = Literal["unreadable", "too_large", "wrong_type"]
T = TypeVar("T")


class Unreadable(ValueError):
    """A message that cannot be read.

    `reason` is a stable code for programs; `detail` is a plain sentence for people, free of control
    characters and of lone surrogates whatever the sender wrote.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason: Reason = reason
        self.detail = detail[:_MAX_DETAIL_CHARACTERS]
        super().__init__(self.detail)


def as_ascii(posted: bytes | str) -> bytes:
    """The posted message as ASCII bytes; Unreadable if it is longer than 16 KiB or has another character."""
    if len(posted) > MAX_MESSAGE_BYTES:
        raise Unreadable("too_large", f"The message is longer than {MAX_MESSAGE_BYTES} characters.")
    if not posted.isascii():
        raise Unreadable("unreadable", "The message has characters outside ASCII.")
    return posted.encode("ascii") if isinstance(posted, str) else posted


def b64url_encode(data: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64url_decode(text: bytes, what: str) -> bytes:
    """Decode unpadded base64url, accepting only the one spelling an encoder would have written.

    Padding, other alphabets, blanks and stray trailing bits are refused, so that no two texts mean the same
    bytes. `what` names the part in the error.
    """
    over = len(text) % 4
    try:
        if not over or text[-1:] in _LAST[over]:
            return binascii.a2b_base64(text.translate(_FROM_URL) + _PADDING[over], strict_mode=True)
    except binascii.Error:
        pass
    raise Unreadable("unreadable", f"The {what} is not unpadded base64url.")


def decode_json(decoder: msgspec.json.Decoder[T], data: bytes, what: str) -> T:
    """Decode JSON by the decoder's type; whatever is wrong with it becomes Unreadable, naming `what`."""
    try:
        if not data.isascii():
            data.decode("utf-8")
        return decoder.decode(data)
    except UnicodeDecodeError as error:
        raise Unreadable("unreadable", f"The {what} is not UTF-8.") from error
    except msgspec.DecodeError as error:
        raise Unreadable("unreadable", f"The {what} cannot be read: {error}.") from error
    except RecursionError as error:
        raise Unreadable("unreadable", f"The {what} is nested too deeply.") from error
