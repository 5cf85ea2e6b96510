"""A home with a fence, one phone for each carer, and the day's visits and money as the service tells them over HTTP."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from devices.keys import PrivateKey
from ecm.visits.service import VISITS
from ecm.words.civil_time import london_day
from geofences.fences import Circle, to_json
from reports.contracts import contract_to_json, example_contract
from tests.arranging import COUNCIL, Arranged, HandClock, at, fold_what_waits
from tests.devices import phone
from tests.kinds.watched_office import Office, office_of

CARERS = {f"W-00{number}": UUID(int=number) for number in (1, 2, 3)}


class Home:
    """The client C-1, the phones of three carers, and a contract that pays by the minutes there."""

    def __init__(self, office: Office) -> None:
        self.office, self._sequences = office, dict.fromkeys(CARERS, 0)

    async def plan(self, visit: str, start: datetime, minutes: int = 30, **fields: Any) -> None:
        await self.office.arranged.visit(visit, "C-1", start, minutes=minutes, commission="K-1", **fields)

    async def tap(self, direction: str, when: datetime, carer: str = "W-001", visit: str | None = None) -> None:
        """A signed tap at the door; the phone counts, whatever its clock shows."""
        self._sequences[carer] += 1
        text = phone.disclosure(phone.SALT, "gps", phone.fix())
        named = {} if visit is None else {"visit": visit}
        payload = phone.payload(
            check_in=str(uuid4()),
            sequence=self._sequences[carer],
            direction=direction,
            at=when.isoformat(),
            carer=carer,
            client="C-1",
            evidence={"_sd": [phone.digest(text)]},
            **named,
        )
        device = CARERS[carer]
        header, key = {**phone.HEADER, "kid": str(device)}, PrivateKey.from_seed(2 * device.bytes)
        message = phone.signed(payload, text, header=header, key=key)
        body = {"sent_at": self.office.clock.now().isoformat(), "check_ins": [message]}
        async with self.office.client.post("/v1/check-ins", json=body) as response:
            assert response.status == 200, await response.text()
            (answer,) = json.loads(await response.text())["answers"]
        assert answer["status"] == "recorded", answer

    async def visits(self, day: datetime) -> list[dict[str, Any]]:
        """Fold what waits, and return the visits of the day on which this instant lies."""
        await fold_what_waits(self.office.client.app[VISITS])
        told = await self.office.ask("GET", f"/v1/visits?day={london_day(day)}")
        found: list[dict[str, Any]] = told["visits"]
        return found

    async def paid(self, day: datetime) -> dict[tuple[str, int], int]:
        """The paid minutes of each line that names a visit, by visit and slot."""
        date = london_day(day)
        path = f"/v1/reconciliation?provider={self.office.arranged.provider}&from={date}&to={date}"
        told = await self.office.ask("GET", path, "council_officer")
        return {(line["visit"], line["slot"]): line["paid_minutes"] for line in told["lines"] if line["visit"]}


@asynccontextmanager
async def home_of(arranged: Arranged, now: datetime, folder: Path) -> AsyncIterator[Home]:
    """Serve the home at this instant, without background loops."""
    await arranged.client("C-1")
    await arranged._own("fences", client="C-1", shape=to_json(Circle(51.75, 0.47, 200.0)))
    await arranged.commission("K-1", "C-1")
    document = contract_to_json(example_contract("a")).decode()
    await arranged._put(
        "contracts", council_id=COUNCIL, contract="A", version=1, document=document, stored_at=at("00:00")
    )
    for carer, device in CARERS.items():
        await arranged.phone(carer, device)
    async with office_of(arranged, HandClock(now), folder) as office:
        yield Home(office)


def stays(visit: dict[str, Any]) -> list[int | None]:
    """How long each stay of a visit was, in minutes."""
    told = [stay["delivered_seconds"] for stay in visit["stays"]]
    return [None if seconds is None else seconds // 60 for seconds in told]


def kinds(visit: dict[str, Any]) -> set[str]:
    return {one["kind"] for one in visit["exceptions"]}


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
