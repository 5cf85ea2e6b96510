"""Read and write check-ins as SD-JWTs (RFC 9901): a compact JWS with the location as its one disclosure."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Literal, NamedTuple
from uuid import UUID

import msgspec

from devices.encoding import Unreadable, as_ascii, b64url_decode, b64url_encode, decode_json
from devices.ids import uuid8
from devices.jws import read_jws, sign_jws, verify
from devices.keys import PrivateKey
from devices.lenient import EARLIEST, MAX_ACCURACY_M, Doubts, read_body, read_digest, read_gps, read_json
from devices.messages import CheckInBody, CheckInMessage, Evidence, Gps, ReadingDoubt

__all__ = ["disclosure_digest", "link_to", "read_check_in", "sign_check_in", "utc", "verify"]

_SALT_CHARACTERS = 22  # 128 bits: fewer would let purged coordinates be guessed back from their digest.

_Disclosure = tuple[Annotated[str, msgspec.Meta(min_length=_SALT_CHARACTERS)], Literal["gps"], Gps]
_BODY = msgspec.json.Decoder(CheckInBody)
_DISCLOSURE: msgspec.json.Decoder[_Disclosure] = msgspec.json.Decoder(_Disclosure)


def read_check_in(posted: bytes | str) -> CheckInMessage:
    """Read a posted check-in, checking everything but the signature.

    Refused is only what nobody could authenticate: raises Unreadable with the reason `too_large`, `wrong_type` or
    `unreadable` for what is no signed message, and no other exception, whatever is posted. Any part of a signed
    message that cannot be read is left out, and named in the message's doubts.
    """
    message = as_ascii(posted)
    signed_part, *disclosures = message.split(b"~")
    jws = read_jws(signed_part, "check-in+sd-jwt")
    link_digest = sha256(signed_part).digest()
    try:
        found = _as_it_should_be(jws.payload, disclosures)
    except Unreadable:
        found = _as_far_as_possible(jws.payload, disclosures, uuid8(link_digest))
    body, disclosure = found.body, found.disclosure
    return CheckInMessage(
        device_id=jws.device_id,
        algorithm=jws.algorithm,
        body=body,
        at=found.at,
        previous=found.previous,
        gps=found.gps,
        location_withheld=disclosure is None and bool(body.evidence.sd),
        signed_part=signed_part.decode("ascii"),
        disclosure=None if disclosure is None else disclosure.decode("ascii"),
        signing_input=jws.signing_input,
        signature=jws.signature,
        message_digest=sha256(message).digest(),
        link_digest=link_digest,
        doubts=found.doubts,
    )


class _Found(NamedTuple):
    """What a payload and the disclosures after it say; the one disclosure is that which the phone signed for."""

    body: CheckInBody
    at: datetime
    previous: bytes | None
    disclosure: bytes | None
    gps: Gps | None
    doubts: tuple[ReadingDoubt, ...] = ()


def _as_it_should_be(payload: bytes, disclosures: Sequence[bytes]) -> _Found:
    """Read a check-in in which everything is as it should be; raises Unreadable for any other."""
    body = decode_json(_BODY, payload, "check-in")
    _check(body)
    at, previous = utc(body.at), _previous(body)
    match disclosures:
        case [b""]:
            return _Found(body, at, previous, None, None)
        case [disclosure, b""]:
            return _Found(body, at, previous, disclosure, _read_gps(disclosure, body.evidence))
        case _:
            raise Unreadable("unreadable", "After the signed part stands a tilde, and one disclosure with another.")


def _as_far_as_possible(payload: bytes, disclosures: Sequence[bytes], id_if_unreadable: UUID) -> _Found:
    """Read what can be read of a check-in, and doubt the rest; what the phone did not sign for is dropped."""
    doubts = Doubts()
    body = read_body(payload, id_if_unreadable, doubts)
    given = [disclosure for disclosure in disclosures if disclosure]
    signed = [disclosure for disclosure in given if disclosure_digest(disclosure) in (body.evidence.sd or ())]
    if len(signed[:1]) != len(given):
        doubts.add("disclosure_not_signed")
    gps = read_gps(_disclosed(signed[0], doubts), doubts) if signed else None
    return _Found(body, body.at, _previous(body), signed[0] if signed else None, gps, tuple(sorted(doubts)))


def _previous(body: CheckInBody) -> bytes | None:
    return None if body.previous is None else read_digest(body.previous)


def _disclosed(disclosure: bytes, doubts: Doubts) -> object:
    """Return what a disclosure says under the name gps, whatever it is; None where it says nothing."""
    try:
        told = read_json(b64url_decode(disclosure, "disclosure"))
    except Unreadable:
        return None
    if not isinstance(told, list) or len(told) != 3 or told[1] != "gps":
        return None
    if not isinstance(told[0], str) or len(told[0]) < _SALT_CHARACTERS:
        doubts.add("short_salt")
    return told[2]


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
    if instant is None or instant < EARLIEST:
        raise Unreadable("unreadable", "The time lies outside the years 1970 to 9999.")
    return instant


def _check(body: CheckInBody) -> None:
    evidence = body.evidence
    if body.direction is None or body.carer is None:
        raise Unreadable("unreadable", "A check-in needs its direction and its carer.")
    if evidence.gps is not msgspec.UNSET:
        raise Unreadable("unreadable", "The location must be a disclosure, never in the signed part.")
    if not (evidence.sd or evidence.nfc or evidence.qr or evidence.manual):
        raise Unreadable("unreadable", "A check-in needs evidence: gps, nfc, qr or manual.")
    if evidence.sd and len(set(evidence.sd)) != len(evidence.sd):
        raise Unreadable("unreadable", "The same digest stands twice in _sd.")
    manual = evidence.manual
    if manual and manual.reason == "OTHER_WITH_MEMO" and not (manual.memo or "").strip():
        raise Unreadable("unreadable", "The reason OTHER_WITH_MEMO needs a memo.")


def _read_gps(disclosure: bytes, evidence: Evidence) -> Gps:
    if disclosure_digest(disclosure) not in (evidence.sd or ()):
        raise Unreadable("unreadable", "The disclosure's digest is not in the signed part.")
    _, _, gps = decode_json(_DISCLOSURE, b64url_decode(disclosure, "disclosure"), "disclosure")
    if not (-90 <= gps.latitude <= 90 and -180 <= gps.longitude <= 180):
        raise Unreadable("unreadable", "Latitude runs from -90 to 90, longitude from -180 to 180.")
    if gps.accuracy is not None and not 0 <= gps.accuracy <= MAX_ACCURACY_M:
        raise Unreadable("unreadable", f"Accuracy runs from 0 to {MAX_ACCURACY_M} metres.")
    return gps
