"""A phone: it signs what its carer does, keeps it, and posts it until it is answered."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from devices.alerts import AlertBody, sign_alert
from devices.encoding import b64url_encode
from devices.keys import PrivateKey
from devices.messages import CheckInBody, Evidence, Gps, LinkRead, Manual, ManualReason
from devices.sd_jwt import link_to, sign_check_in
from simulators.client import Refusal, ServiceClient, ServiceLost
from simulators.happenings import Habits, PhoneAlert, Tap
from simulators.ids import alert_id, check_in_id
from simulators.outbox import Outbox, Signed
from simulators.replies import Answer, Answers
from simulators.seeds import secret
from simulators.world import Carer

_BATCH = 20


class Post(msgspec.Struct, frozen=True):
    """The body of POST /v1/check-ins; `sent_at` is the phone's clock."""

    sent_at: datetime
    check_ins: list[str]


class AlertPost(msgspec.Struct, frozen=True):
    """The body of POST /v1/device-alerts."""

    message: str


@dataclass(slots=True)
class Phone:
    """One carer's phone. `links` holds the link of each client's tag and card, as it would read them."""

    seed: int
    carer: Carer
    habits: Habits
    outbox: Outbox
    links: Mapping[tuple[str, str], str]
    key: PrivateKey = field(init=False)

    def __post_init__(self) -> None:
        self.key = PrivateKey.from_seed(self.carer.key, self.carer.algorithm)

    def tap(self, taps: Sequence[Tap]) -> None:
        """Sign taps in the order made and put them in the outbox; taps already signed are left alone."""
        new: list[Signed] = []
        last = self.outbox.last(self.carer.code)
        for tap in taps:
            if self.outbox.signed(tap.key) is None:
                last = self._sign(tap, last)
                new.append(last)
        if new:
            self.outbox.put(new)

    def report(self, alerts: Sequence[PhoneAlert]) -> None:
        """Sign alerts and put them in the outbox."""
        new = [
            Signed(alert.key, self.carer.code, "alert", 0, self._sign_alert(alert))
            for alert in alerts
            if self.outbox.signed(alert.key) is None
        ]
        if new:
            self.outbox.put(new)

    def _sign(self, tap: Tap, last: Signed | None) -> Signed:
        sequence = 1 if last is None else last.sequence + 1
        shown = self.habits.shown(tap.at)
        body = CheckInBody(
            version=1,
            check_in=check_in_id(self.seed, shown, tap.key),
            sequence=sequence,
            previous=None if last is None else link_to(last.message),
            direction=tap.direction,
            at=shown,
            carer=tap.carer,
            client=tap.said_client,
            visit=tap.visit,
            evidence=self._evidence(tap),
        )
        message = sign_check_in(
            self.key,
            self.carer.device_id,
            body,
            _gps(tap),
            salt=b64url_encode(secret(self.seed, "salt", tap.key)[:16]),
            withhold=tap.fix is not None and tap.fix.withheld,
        )
        return Signed(tap.key, self.carer.code, "check_in", sequence, message)

    def _evidence(self, tap: Tap) -> Evidence:
        link = LinkRead(self.links[tap.client, tap.tag]) if tap.tag is not None else None
        reason = msgspec.convert(tap.manual, ManualReason) if tap.manual is not None else None
        return Evidence(
            nfc=link if tap.tag == "nfc" else None,
            qr=link if tap.tag == "qr" else None,
            manual=Manual(reason) if reason is not None else None,
        )

    def _sign_alert(self, alert: PhoneAlert) -> str:
        body = AlertBody(
            alert=alert_id(self.seed, alert.key),
            kind=alert.kind,
            client=alert.client,
            carer=alert.carer,
            at=self.habits.shown(alert.at),
            visit=alert.visit,
            memo=alert.memo,
        )
        return sign_alert(self.key, self.carer.device_id, body)

    async def post(self, service: ServiceClient, now: datetime) -> None:
        """Post everything that waits until all of it is answered; `now` is the true instant.

        As its habits have it the phone posts one by one or in batches, shuffles them, and posts again what was
        already answered, as a phone does whose answer was lost. Raises ServiceLost when patience ends, with what
        is unanswered still in the outbox.
        """
        items = self.outbox.waiting(self.carer.code)
        if not items:
            return
        rng = random.Random(f"{self.seed}/{self.carer.code}/{now.isoformat()}")
        for item in items:
            if item.kind == "alert":
                await self._post_alert(service, item)
        waiting = [item for item in items if item.kind == "check_in"]
        if self.habits.shuffles:
            rng.shuffle(waiting)
        size = 1 if self.habits.singly else _BATCH
        for start in range(0, len(waiting), size):
            batch = waiting[start : start + size]
            await self._post_batch(service, batch, now)
            if rng.random() < self.habits.repeats:
                await self._post_batch(service, batch, now)

    async def _post_batch(self, service: ServiceClient, batch: Sequence[Signed], now: datetime) -> None:
        body = Post(self.habits.shown(now), [item.message for item in batch])
        for item, answer in zip(batch, await post_until_answered(service, body), strict=True):
            self.outbox.answered(item, answer)

    async def _post_alert(self, service: ServiceClient, item: Signed) -> None:
        body = msgspec.json.encode(AlertPost(item.message))
        await service.send("POST", "/v1/device-alerts", None, body)
        self.outbox.answered(item, Answer("recorded"))


async def post_until_answered(service: ServiceClient, body: Post) -> list[Answer]:
    """Post check-ins until the service answers each of them.

    An answer that is broken, of another length, or of an unknown status is no answer, and neither is a 500.
    Raises ServiceLost when patience ends and Refusal when the post as a whole is refused as a client's mistake.
    """
    encoded = msgspec.json.encode(body)
    loop = asyncio.get_running_loop()
    until = loop.time() + service.patience.total
    rng = random.Random()
    attempt = 0
    while loop.time() < until:
        answers = await _try(service, encoded)
        if answers is not None and len(answers) == len(body.check_ins):
            return answers
        await asyncio.sleep(service.patience.wait(attempt, rng))
        attempt += 1
    raise ServiceLost("check-ins got no answer that accounts for each of them")


async def _try(service: ServiceClient, encoded: bytes) -> list[Answer] | None:
    try:
        return msgspec.json.decode(await service.send("POST", "/v1/check-ins", None, encoded), type=Answers).answers
    except msgspec.DecodeError:
        return None
    except Refusal as refusal:
        if refusal.status < 500:
            raise
        return None


def _gps(tap: Tap) -> Gps | None:
    if tap.fix is None:
        return None
    return Gps(
        latitude=tap.fix.latitude,
        longitude=tap.fix.longitude,
        accuracy=tap.fix.accuracy,
        accuracy_basis=tap.fix.basis,
        fix_age=tap.fix.age,
        mock=False,
    )
