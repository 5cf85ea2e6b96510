"""Compact JWS (RFC 7515) as devices write it: `alg`, `kid` (the device) and `typ` in its header."""

from functools import lru_cache
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from devices.encoding import Unreadable, b64url_decode, b64url_encode, decode_json
from devices.keys import SIGNATURE_BYTES, Algorithm, PrivateKey, PublicKey

MessageType = Literal["check-in+sd-jwt", "alert+jwt", "enrolment+jwt"]


class _Header(msgspec.Struct, frozen=True):
    alg: Algorithm
    kid: UUID
    typ: str
    crit: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_HEADER = msgspec.json.Decoder(_Header)


class Jws(msgspec.Struct, frozen=True, gc=False):
    """A compact JWS taken apart and not yet verified. `signing_input` is exactly what was signed."""

    device_id: UUID
    algorithm: Algorithm
    payload: bytes
    signing_input: bytes
    signature: bytes


class Signed(Protocol):
    """Anything that carries a signature to verify."""

    @property
    def algorithm(self) -> Algorithm: ...
    @property
    def signing_input(self) -> bytes: ...
    @property
    def signature(self) -> bytes: ...


def read_jws(compact: bytes, message_type: MessageType) -> Jws:
    """Take a compact JWS apart.

    Raises Unreadable: `wrong_type` when `typ` is another than `message_type`, else `unreadable`. The
    algorithm `none`, other algorithms and critical extensions are refused here.
    """
    parts = compact.split(b".")
    if len(parts) != 3:
        raise Unreadable("unreadable", "A signed message has three parts with dots between them.")
    header = (_known_header if len(parts[0]) <= _USUAL_HEADER else _read_header)(parts[0], message_type)
    signature = b64url_decode(parts[2], "signature")
    if len(signature) != SIGNATURE_BYTES:
        raise Unreadable("unreadable", f"The signature must be {SIGNATURE_BYTES} bytes.")
    return Jws(
        device_id=header.kid,
        algorithm=header.alg,
        payload=b64url_decode(parts[1], "payload"),
        signing_input=compact[: -1 - len(parts[2])],
        signature=signature,
    )


def claimed_device(message: str) -> UUID | None:
    """The device that a text names which is no message of ours, or a broken one; None where it names none."""
    header = message[:_USUAL_HEADER].partition(".")[0]
    try:
        told = msgspec.json.decode(b64url_decode(header.encode("ascii"), "header"), type=dict[str, msgspec.Raw])
        return msgspec.json.decode(told["kid"], type=UUID)
    except (Unreadable, UnicodeEncodeError, msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError):
        return None


def _read_header(text: bytes, message_type: MessageType) -> _Header:
    header = decode_json(_HEADER, b64url_decode(text, "header"), "header")
    if header.typ != message_type:
        raise Unreadable("wrong_type", f"The message's typ must be {message_type}.")
    if header.crit is not msgspec.UNSET:
        raise Unreadable("unreadable", "The header names critical extensions; none is understood.")
    return header


# A device writes the same header every time; only headers of the usual length are remembered, so that nobody can
# fill the memory with long ones.
_USUAL_HEADER = 256
_known_header = lru_cache(maxsize=16_384)(_read_header)


def sign_jws(key: PrivateKey, device_id: UUID, message_type: MessageType, payload: bytes) -> str:
    """A compact JWS over `payload`, signed by the device."""
    header = b64url_encode(f'{{"alg":"{key.algorithm}","kid":"{device_id}","typ":"{message_type}"}}'.encode())
    signing_input = f"{header}.{b64url_encode(payload)}"
    return f"{signing_input}.{b64url_encode(key.sign(signing_input.encode('ascii')))}"


def verify(message: Signed, public_key: PublicKey) -> None:
    """Raise BadSignature unless the device's key signed exactly the bytes of this message."""
    public_key.verify(message.algorithm, message.signing_input, message.signature)
