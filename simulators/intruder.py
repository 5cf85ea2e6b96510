"""Three posts that no honest phone makes: a stranger's, a forgery, and other words under a used id."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from devices.keys import PrivateKey
from devices.messages import CheckInBody, Evidence, Manual
from devices.sd_jwt import read_check_in, sign_check_in
from simulators.client import ServiceClient
from simulators.outbox import Outbox, Signed
from simulators.phones import Post, post_until_answered
from simulators.replies import AnswerStatus
from simulators.seeds import secret, timed_id
from simulators.truth import Truth

EXPECTED: dict[str, tuple[AnswerStatus, str | None]] = {
    "intruder/stranger": ("refused", "unknown_device"),
    "intruder/forgery": ("refused", "bad_signature"),
    "intruder/conflict": ("conflict", None),
}


@dataclass(slots=True)
class Intruder:
    """Posts each of the three once; the ledger keeps the answers beside those of the phones."""

    truth: Truth
    outbox: Outbox

    async def post(self, service: ServiceClient, now: datetime) -> None:
        """Post what has not been answered yet."""
        known = {entry.key for entry in self.outbox.answers}
        for key, message in self._messages(now).items():
            if key not in known:
                [answer] = await post_until_answered(service, Post(now, [message]))
                self.outbox.answered(Signed(key, "intruder", "check_in", 0, message), answer)

    def _messages(self, now: datetime) -> dict[str, str]:
        seed, provider = self.truth.world.seed, self.truth.world.providers[0]
        carer = provider.carers[0]
        body = CheckInBody(
            version=1,
            check_in=timed_id(now, seed, "intruder"),
            sequence=1,
            previous=None,
            direction="in",
            at=now,
            carer=carer.code,
            client=provider.clients[0].code,
            evidence=Evidence(manual=Manual("DEVICE_FAULT")),
        )
        stranger = PrivateKey.from_seed(secret(seed, "key", "stranger"))
        messages = {
            "intruder/stranger": sign_check_in(stranger, timed_id(now, seed, "stranger"), body, None),
            "intruder/forgery": sign_check_in(
                PrivateKey.from_seed(secret(seed, "key", "forger"), carer.algorithm), carer.device_id, body, None
            ),
        }
        first = self.outbox.first(carer.code)
        if first is not None:
            said = read_check_in(first.message).body
            evidence = Evidence(manual=Manual("DEVICE_FAULT"))
            other = replace(said, at=said.at + timedelta(minutes=1), evidence=evidence, sd_alg=None)
            key = PrivateKey.from_seed(carer.key, carer.algorithm)
            messages["intruder/conflict"] = sign_check_in(key, carer.device_id, other, None)
        return messages
