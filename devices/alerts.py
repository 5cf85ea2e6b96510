"""Alerts a carer raises from the phone: a signed message of its own, without evidence of place."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from devices.encoding import as_ascii, decode_json
from devices.jws import read_jws, sign_jws
from devices.keys import Algorithm, PrivateKey
from devices.messages import Code, Instant, Memo, VisitHint
from devices.sd_jwt import utc

AlertKind = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$(?!\n)")]


class AlertBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The signed payload of an alert; which kinds exist is the service's to say."""

    alert: UUID
    kind: AlertKind
    client: Code
    carer: Code
    at: Instant
    visit: VisitHint | None = None
    memo: Memo | None = None


class AlertMessage(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as posted, read but not yet verified. `at` is in UTC, `signed_part` is all of it."""

    device_id: UUID
    algorithm: Algorithm
    body: AlertBody
    at: datetime
    signed_part: str
    signing_input: bytes
    signature: bytes


_BODY = msgspec.json.Decoder(AlertBody)


def read_alert(posted: bytes | str) -> AlertMessage:
    """Read a posted alert, checking everything but the signature; raises Unreadable and nothing else."""
    message = as_ascii(posted)
    jws = read_jws(message, "alert+jwt")
    body = decode_json(_BODY, jws.payload, "alert")
    return AlertMessage(
        device_id=jws.device_id,
        algorithm=jws.algorithm,
        body=body,
        at=utc(body.at),
        signed_part=message.decode("ascii"),
        signing_input=jws.signing_input,
        signature=jws.signature,
    )


def sign_alert(key: PrivateKey, device_id: UUID, body: AlertBody) -> str:
    """The alert as a phone posts it."""
    return sign_jws(key, device_id, "alert+jwt", msgspec.json.encode(body))
