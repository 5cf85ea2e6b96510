"""Read and write check-ins as SD-JWTs (RFC 9901): a compact JWS with the location as its one disclosure."""

import secrets
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from devices.encoding import Unreadable, as_ascii, b64url_decode, b64url_encode, decode_json
from devices.jws import read_jws, sign_jws, verify
from devices.keys import PrivateKey
from devices.messages import CheckInBody, CheckInMessage, Evidence, Gps

__all__ = ["disclosure_digest", "link_to", "read_check_in", "sign_check_in", "utc", "verify"]

MAX_ACCURACY_M = 100_000_000
_SALT_CHARACTERS = 22  # 128 bits: fewer would let purged coordinates be guessed back from their digest.
_DIGEST_BYTES = 32

_Disclosure = tuple[Annotated[str, msgspec.Meta(min_length=_SALT_CHARACTERS)], Literal["gps"], Gps]
_BODY = msgspec.json.Decoder(CheckInBody)
_DISCLOSURE: msgspec.json.Decoder[_Disclosure] = msgspec.json.Decoder(_Disclosure)
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


def read_check_in(posted: bytes | str) -> CheckInMessage:
    """Read a posted check-in, checking everything but the signature.

    Raises Unreadable with the reason `too_large`, `wrong_type`, `impossible_coordinates` or `unreadable`, and
    no other exception, whatever is posted.
    """
    message = as_ascii(posted)
    parts = message.split(b"~")
    if len(parts) not in {2, 3} or parts[-1]:
        raise Unreadable("unreadable", "A check-in is a signed part, a tilde, and at most one disclosure with a tilde.")
    signed_part = parts[0]
    disclosure = parts[1] if len(parts) == 3 else None
    jws = read_jws(signed_part, "check-in+sd-jwt")
    body = decode_json(_BODY, jws.payload, "check-in")
    _check_evidence(body.evidence)
    return CheckInMessage(
        device_id=jws.device_id,
        algorithm=jws.algorithm,
        body=body,
        at=utc(body.at),
        previous=None if body.previous is None else _read_digest(body.previous),
        gps=None if disclosure is None else _read_gps(disclosure, body.evidence),
        location_withheld=disclosure is None and bool(body.evidence.sd),
        signed_part=signed_part.decode("ascii"),
        disclosure=None if disclosure is None else disclosure.decode("ascii"),
        signing_input=jws.signing_input,
        signature=jws.signature,
        message_digest=sha256(message).digest(),
        link_digest=sha256(signed_part).digest(),
    )


def sign_check_in(
    key: PrivateKey,
    device_id: UUID,
    body: CheckInBody,
    gps: Gps | None,
    *,
    salt: str | None = None,
    withhold: bool = False,
) -> str:
    """The check-in as a phone posts it.

    With `gps` the body's evidence gets the location's digest, and the disclosure follows the signature unless
    `withhold` is set. `salt` (22 base64url characters or more) is random unless given. Nothing is checked: a
    test must be able to sign nonsense.
    """
    disclosure = ""
    if gps is not None:
        salted = msgspec.json.encode((salt or secrets.token_urlsafe(16), "gps", gps))
        disclosure = b64url_encode(salted)
        evidence = msgspec.structs.replace(body.evidence, sd=[disclosure_digest(disclosure.encode("ascii"))])
        body = msgspec.structs.replace(body, evidence=evidence, sd_alg="sha-256")
    signed_part = sign_jws(key, device_id, "check-in+sd-jwt", msgspec.json.encode(body))
    return f"{signed_part}~{disclosure}~" if disclosure and not withhold else f"{signed_part}~"


def disclosure_digest(disclosure: bytes) -> str:
    """The digest by which a signed part refers to a disclosure (RFC 9901, section 4.2.3)."""
    return b64url_encode(sha256(disclosure).digest())


def link_to(posted: str) -> str:
    """What the next check-in of the device names as `previous`: base64url SHA-256 of the signed part."""
    return b64url_encode(sha256(posted.partition("~")[0].encode("ascii")).digest())


def utc(at: datetime) -> datetime:
    """The instant in UTC; Unreadable when it lies outside the years 1970 to 9999."""
    try:
        instant = at if at.tzinfo is UTC else at.astimezone(UTC)
    except OverflowError:
        instant = None
    if instant is None or instant < _EARLIEST:
        raise Unreadable("unreadable", "The time lies outside the years 1970 to 9999.")
    return instant


def _check_evidence(evidence: Evidence) -> None:
    if evidence.gps is not msgspec.UNSET:
        raise Unreadable("unreadable", "The location must be a disclosure, never in the signed part.")
    if not (evidence.sd or evidence.nfc or evidence.qr or evidence.manual):
        raise Unreadable("unreadable", "A check-in needs evidence: gps, nfc, qr or manual.")
    if evidence.sd and len(set(evidence.sd)) != len(evidence.sd):
        raise Unreadable("unreadable", "The same digest stands twice in _sd.")
    manual = evidence.manual
    if manual and manual.reason == "OTHER_WITH_MEMO" and not (manual.memo or "").strip():
        raise Unreadable("unreadable", "The reason OTHER_WITH_MEMO needs a memo.")


def _read_digest(text: str) -> bytes:
    if not text.isascii():
        raise Unreadable("unreadable", "The link to the previous check-in is not unpadded base64url.")
    digest = b64url_decode(text.encode("ascii"), "link to the previous check-in")
    if len(digest) != _DIGEST_BYTES:
        raise Unreadable("unreadable", "The link to the previous check-in must be 32 bytes.")
    return digest


def _read_gps(disclosure: bytes, evidence: Evidence) -> Gps:
    if disclosure_digest(disclosure) not in (evidence.sd or ()):
        raise Unreadable("unreadable", "The disclosure's digest is not in the signed part.")
    _, _, gps = decode_json(_DISCLOSURE, b64url_decode(disclosure, "disclosure"), "disclosure")
    if not (-90 <= gps.latitude <= 90 and -180 <= gps.longitude <= 180):
        raise Unreadable("impossible_coordinates", "Latitude runs from -90 to 90, longitude from -180 to 180.")
    if gps.accuracy is not None and not 0 <= gps.accuracy <= MAX_ACCURACY_M:
        raise Unreadable("impossible_coordinates", f"Accuracy runs from 0 to {MAX_ACCURACY_M} metres.")
    return gps
