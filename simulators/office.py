"""What people in the offices do during the morning: follow up, close, write down, amend times, plan again."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from simulators import sheets
from simulators.client import ServiceClient
from simulators.happenings import Amend, Close, Fact, OfficeAct, OfficeAlert, PlanAgain, Withdraw
from simulators.ids import alert_id, amendment_id, fact_id
from simulators.replies import Alert, Alerts


class NothingToFollowUp(Exception):
    """The office has to do with a missed visit, and the service has no alert of it."""


@dataclass(slots=True)
class Office:
    """One provider's office, with its coordinator's token. Ids follow from keys, so acting twice is acting once."""

    seed: int
    service: ServiceClient
    token: str

    async def act(self, act: OfficeAct, now: datetime) -> None:
        """Do one thing at a true instant; NothingToFollowUp when there is no alert to add to or to close."""
        if isinstance(act, Amend):
            await self._amend(act, now)
        elif isinstance(act, Fact):
            await self._add(act)
        elif isinstance(act, Withdraw):
            path = f"/v1/visits/{act.visit}/amendments/{amendment_id(self.seed, act.amendment)}/withdrawal"
            await self._post(path, {"reason": act.reason})
        elif isinstance(act, Close):
            await self._close(act)
        elif isinstance(act, PlanAgain):
            content = sheets.roster([act.plan])
            await self.service.send("POST", "/v1/imports/roster?dry_run=false", self.token, content, content="text/csv")
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
        missed = await self._missed(act.visit)
        body = {
            "fact": fact_id(self.seed, act.key),
            "kind": act.kind,
            "at": act.at,
            "memo": act.memo,
            "cause": act.cause,
        }
        await self._post(f"/v1/alerts/{missed.alert}/facts", body)

    async def _close(self, act: Close) -> None:
        missed = await self._missed(act.visit)
        if missed.state == "open":
            await self._post(f"/v1/alerts/{missed.alert}/closure", {"reason": act.reason})

    async def _missed(self, visit: str) -> Alert:
        pages = self.service.pages("/v1/alerts", self.token, Alerts, state="all")
        known = [alert async for page in pages for alert in page.alerts]
        missed = [alert for alert in known if alert.visit == visit and alert.kind == "missed_visit"]
        if not missed:
            raise NothingToFollowUp(f"no missed_visit alert for {visit}")
        return missed[0]

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
