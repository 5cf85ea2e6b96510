"""A home with a tag, a visit at eight, and a phone that signs whatever a test asks for, sent over HTTP."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from devices.keys import PrivateKey
from devices.links import make_link
from ecm.process.settings import Settings
from ecm.process.wiring import make_app
from ecm.visits.service import VISITS
from geofences.fences import Circle, to_json
from tests.arranging import DEVICE, Arranged, HandClock, at, fold_what_waits
from tests.devices import phone
from tests.serving import Client

Json = dict[str, Any]
TAG, TAG_KEY = UUID(int=77), bytes(32)
LATITUDE, LONGITUDE = 51.75, 0.47


@dataclass
class Round:
    """A provider's service with C-1 (fenced, a tag in the home) and C-2, W-001 with a phone, and the visit V-1."""

    client: Client
    arranged: Arranged
    clock: HandClock
    key: PrivateKey = field(default_factory=lambda: PrivateKey.from_seed(2 * DEVICE.bytes))

    @property
    def link(self) -> str:
        """What stands on the tag in the home of C-1."""
        return make_link("https://ecm.example", "nfc", self.arranged.provider, TAG, TAG_KEY)

    def payload(self, **changes: Any) -> Json:
        """A check-in's payload with an id of its own; a change to `...` leaves the member out."""
        usual = {"check_in": str(uuid4()), "client": "C-1", "at": at("08:01").isoformat(), "visit": "V-1"}
        return phone.payload(**{**usual, **changes})

    def sign(self, content: object, *disclosures: str, device: UUID = DEVICE) -> str:
        """Sign anything as the phone does."""
        header = {**phone.HEADER, "kid": str(device)}
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        return phone.signed(raw, *disclosures, header=header, key=self.key)

    def located(self, *elements: object, **changes: Any) -> str:
        """Sign a check-in whose one disclosure has these elements."""
        text = phone.disclosure(*elements)
        return self.sign(self.payload(evidence={"_sd": [phone.digest(text)]}, **changes), text)

    async def post(self, *messages: str) -> list[Json]:
        """Send check-ins as a phone does, and return the answers."""
        body = {"sent_at": self.clock.now().isoformat(), "check_ins": messages}
        async with self.client.post("/v1/check-ins", json=body) as response:
            assert response.status == 200, await response.text()
            answers: list[Json] = (await response.json())["answers"]
            return answers

    async def fold(self) -> None:
        """Fold whatever is asked for."""
        await fold_what_waits(self.client.app[VISITS])

    async def stored(self, message: str) -> Json:
        """Return the row of a check-in."""
        (row,) = [
            row for row in await self.arranged.rows("check_ins") if row["signed_part"] == message.partition("~")[0]
        ]
        return dict(row)

    async def visit(self, visit: str = "V-1") -> Json:
        """Return a visit as it is folded."""
        (row,) = [row for row in await self.arranged.rows("visits") if row["visit"] == visit]
        folded: Json = json.loads(row["folded"])
        return folded


@asynccontextmanager
async def round_of(arranged: Arranged, folder: Path) -> AsyncIterator[Round]:
    """Serve a round at noon, without background loops."""
    clock = HandClock(at("12:00"))
    await arranged.phone("W-001")
    for code in ("C-1", "C-2"):
        await arranged.client(code)
    await arranged._own("fences", client="C-1", shape=to_json(Circle(LATITUDE, LONGITUDE, 200.0)))
    await arranged._own("provider_keys", tag_key=TAG_KEY)
    await arranged._own("tags", tag_id=TAG, kind="nfc", client="C-1", created_at=at("00:00"))
    await arranged.visit("V-1", "C-1", at("08:00"))
    server = TestServer(make_app(Settings(state_dir=folder), arranged.database, clock, chores=False))
    async with TestClient(server, cookie_jar=DummyCookieJar()) as client:
        yield Round(client, arranged, clock)
