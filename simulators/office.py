"""What people in the offices do during the morning: write alerts down, follow missed visits up, amend times."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from simulators.client import ServiceClient
from simulators.happenings import Amend, Fact, OfficeAct, OfficeAlert
from simulators.ids import alert_id, amendment_id, fact_id
from simulators.replies import Alerts


class NothingToFollowUp(Exception):
    """The office has news of a missed visit, and the service has no alert to add it to."""


@dataclass(slots=True)
class Office:
    """One provider's office, with its coordinator's token. Ids follow from keys, so acting twice is acting once."""

    seed: int
    service: ServiceClient
    token: str

    async def act(self, act: OfficeAct, now: datetime) -> None:
        """Do one thing at a true instant; NothingToFollowUp when a fact finds no alert."""
        if isinstance(act, Amend):
            await self._amend(act, now)
        elif isinstance(act, Fact):
            await self._add(act)
        else:
            await self._alert(act)

    async def _amend(self, act: Amend, now: datetime) -> None:
        body = {
            "amendment": amendment_id(self.seed, act.key),
            "carer": act.carer,
            "in_at": act.in_at,
            "out_at": act.out_at,
            "made_at": now,
            "reason": act.reason,
            "memo": act.memo,
        }
        await self._post(f"/v1/visits/{act.visit}/amendments", body)

    async def _add(self, act: Fact) -> None:
        pages = self.service.pages("/v1/alerts", self.token, Alerts, state="all")
        known = [alert async for page in pages for alert in page.alerts]
        missed = [alert.alert for alert in known if alert.visit == act.visit and alert.kind == "missed_visit"]
        if not missed:
            raise NothingToFollowUp(f"no missed_visit alert for {act.visit}")
        body = {
            "fact": fact_id(self.seed, act.key),
            "kind": act.kind,
            "at": act.at,
            "memo": act.memo,
            "cause": act.cause,
        }
        await self._post(f"/v1/alerts/{missed[0]}/facts", body)

    async def _alert(self, act: OfficeAlert) -> None:
        body = {
            "alert": alert_id(self.seed, act.key),
            "kind": act.kind,
            "client": act.client,
            "visit": act.visit,
            "occurred_at": act.at,
            "memo": act.memo,
        }
        await self._post("/v1/alerts", body)

    async def _post(self, path: str, body: object) -> None:
        await self.service.send("POST", path, self.token, msgspec.json.encode(body))
