"""A phone that wants to be enrolled."""

from uuid import UUID, uuid4

from devices.enrolment import prove_key
from devices.keys import Algorithm, PrivateKey
from ecm.phones.service import Enrolled
from tests.care.town import Town


class NewPhone:
    """A phone with its key and id."""

    def __init__(self, algorithm: Algorithm = "EdDSA") -> None:
        self.key = PrivateKey.generate(algorithm)
        self.device = uuid4()

    async def enrol(self, town: Town, code: str, *, device: UUID | None = None, proof: str | None = None) -> Enrolled:
        device = device or self.device
        return await town.phones.enrol(code, device, self.key.public_jwk(), proof or prove_key(self.key, device, code))
