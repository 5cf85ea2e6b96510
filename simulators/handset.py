"""A phone in a file, for people: enrol it, let it sign a check-in, post that by hand or have it posted."""

import os
import secrets
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import aiohttp
import msgspec

from devices.encoding import b64url_decode, b64url_encode
from devices.enrolment import prove_key
from devices.ids import RANDOM_BITS, uuid7
from devices.keys import PrivateKey
from devices.messages import CheckInBody, Direction, Evidence, Gps
from devices.sd_jwt import link_to, sign_check_in
from simulators.client import Patience, ServiceClient
from simulators.phones import Post, post_until_answered
from simulators.replies import Answer, Device

_PATIENCE = Patience(total=20)


class Handset(msgspec.Struct):
    """All that the phone remembers. `key` is the seed of its private key."""

    service: str
    device: uuid.UUID
    carer: str
    key: str
    sequence: int = 0
    previous: str | None = None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a handset's file; FileNotFoundError when it was never enrolled."""
        return msgspec.json.decode(path.read_bytes(), type=cls)

    def save(self, path: Path) -> None:
        """Keep the handset, readable by its owner only."""
        draft = path.with_suffix(".part")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self), indent=1))
        draft.replace(path)

    def sign(
        self, direction: Direction, client: str | None, visit: str | None, evidence: Evidence, gps: Gps | None
    ) -> Post:
        """Sign a check-in made now and return the body to post; the chain goes on from it."""
        now = datetime.now(UTC).replace(microsecond=0)
        body = CheckInBody(
            version=1,
            check_in=uuid7(now, secrets.randbits(RANDOM_BITS)),
            sequence=self.sequence + 1,
            previous=self.previous,
            direction=direction,
            at=now,
            carer=self.carer,
            client=client,
            visit=visit,
            evidence=evidence,
        )
        message = sign_check_in(_private(self.key), self.device, body, gps)
        self.sequence += 1
        self.previous = link_to(message)
        return Post(now, [message])


async def enrol(service: str, code: str) -> Handset:
    """Make a key and enrol it with a one-time code; Refusal when the service will not have the code."""
    seed = secrets.token_bytes(32)
    device = uuid7(datetime.now(UTC), secrets.randbits(RANDOM_BITS))
    key = PrivateKey.from_seed(seed)
    body = {
        "code": code,
        "device": device,
        "public_key": key.public_jwk(),
        "proof": prove_key(key, device, code),
    }
    async with aiohttp.ClientSession() as session:
        client = ServiceClient(session, service.rstrip("/"), _PATIENCE)
        enrolled = await client.post("/v1/devices", None, body, Device)
    return Handset(service.rstrip("/"), enrolled.device, enrolled.carer, b64url_encode(seed))


async def post(handset: Handset, body: Post) -> list[Answer]:
    """Post what was signed until it is answered."""
    async with aiohttp.ClientSession() as session:
        return await post_until_answered(ServiceClient(session, handset.service, _PATIENCE), body)


def _private(key: str) -> PrivateKey:
    return PrivateKey.from_seed(b64url_decode(key.encode("ascii"), "key"))
