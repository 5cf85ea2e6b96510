"""A phone for these tests: it signs good check-ins, and any nonsense its test asks for."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from devices.encoding import b64url_encode
from devices.keys import PrivateKey
from devices.messages import CheckInBody, Evidence, Gps, LinkRead

Json = dict[str, Any]

DEVICE = UUID("01936d5e-8f00-7000-8000-000000000001")
CHECK_IN = UUID("01936d5e-8f00-7000-8000-0000000000aa")
KEY = PrivateKey.from_seed(b"\x07" * 32)
GPS = Gps(latitude=51.75, longitude=0.47, accuracy=12.0, accuracy_basis="android", fix_age=3, mock=False)
SALT = "_26bc4LT-ac6q2KI6cBW5es"
HEADER = {"alg": "EdDSA", "kid": str(DEVICE), "typ": "check-in+sd-jwt"}


def body(**changes: Any) -> CheckInBody:
    members: dict[str, Any] = {
        "version": 1,
        "check_in": CHECK_IN,
        "sequence": 1,
        "previous": None,
        "direction": "in",
        "at": datetime(2026, 11, 20, 8, 1, 12, tzinfo=UTC),
        "carer": "W-001",
        "client": "C-0001",
        "evidence": Evidence(nfc=LinkRead("https://ecm.example/t/" + "A" * 43)),
    }
    return CheckInBody(**{**members, **changes})


def payload(**changes: Any) -> Json:
    """The payload as plain JSON; a change to `...` leaves the member out."""
    members: Json = {
        "version": 1,
        "check_in": str(CHECK_IN),
        "sequence": 1,
        "previous": None,
        "direction": "in",
        "at": "2026-11-20T08:01:12+00:00",
        "carer": "W-001",
        "client": "C-0001",
        "evidence": {"manual": {"reason": "NO_SIGNAL_OFFLINE"}},
        "_sd_alg": "sha-256",
        **changes,
    }
    return {name: value for name, value in members.items() if value is not ...}


def disclosure(*elements: object) -> str:
    return b64url_encode(json.dumps(elements).encode())


def digest(text: str) -> str:
    return b64url_encode(hashlib.sha256(text.encode()).digest())


def fix(**changes: Any) -> Json:
    members: Json = {
        "latitude": 51.75,
        "longitude": 0.47,
        "accuracy": 12,
        "accuracy_basis": "w3c",
        "fix_age": 0,
        "mock": False,
    }
    return {name: value for name, value in {**members, **changes}.items() if value is not ...}


def signed(content: object, *disclosures: str, header: object = HEADER, key: PrivateKey = KEY) -> str:
    """An SD-JWT over any content: bytes as they are, anything else as JSON."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    head = header if isinstance(header, bytes) else json.dumps(header).encode()
    signing_input = f"{b64url_encode(head)}.{b64url_encode(raw)}"
    jws = f"{signing_input}.{b64url_encode(key.sign(signing_input.encode()))}"
    return "~".join([jws, *disclosures, ""])


def located(*elements: object, **changes: Any) -> str:
    """A check-in whose one disclosure has these elements and is properly referred to."""
    text = disclosure(*elements)
    return signed(payload(evidence={"_sd": [digest(text)]}, **changes), text)
