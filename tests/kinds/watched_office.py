"""An office before the whole service: rosters, amendments, alerts and candidates over HTTP, and time that passes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from ecm.accounts.domain import NOBODYS_PASSWORD_HASH, secret_hash
from ecm.accounts.store import insert_account
from ecm.alerts.service import ALERTS
from ecm.process.settings import Settings
from ecm.process.wiring import make_app
from ecm.visits.service import VISITS
from ecm.words.roles import ROLES, Account, Role
from tests.arranging import COUNCIL, Arranged, HandClock, fold_what_waits
from tests.serving import Client, bearer
from tests.web.browsing import Browser, Page

Row = tuple[str, str, datetime, str]  # visit, client, start, outcome or nothing


class Office:
    """One provider's office; every word it has with the service goes over HTTP."""

    def __init__(self, client: Client, arranged: Arranged, clock: HandClock) -> None:
        self.client, self.arranged, self.clock = client, arranged, clock

    async def import_roster(self, *rows: Row, minutes: int = 30) -> None:
        lines = [
            f"{visit},{client},{start.isoformat()},{minutes},W-001,{outcome}" for visit, client, start, outcome in rows
        ]
        await self.ask(
            "POST", "/v1/imports/roster", text="\n".join(["visit,client,start,minutes,carers,cancelled", *lines])
        )

    async def amend(self, visit: str, in_at: datetime | None, out_at: datetime | None) -> None:
        times = {"in_at": in_at and in_at.isoformat(), "out_at": out_at and out_at.isoformat()}
        amendment = {
            "amendment": str(uuid4()),
            "carer": "W-001",
            "made_at": self.clock.now().isoformat(),
            "reason": "NO_CALLS",
        }
        await self.ask("POST", f"/v1/visits/{visit}/amendments", json={**amendment, **times})

    async def pass_time(self, until: datetime) -> None:
        """Let it be so late: what waits is folded and the watcher looks."""
        self.clock.move_to(until)
        await fold_what_waits(self.client.app[VISITS])
        await self.client.app[ALERTS].watch_once(until)

    async def alerts(self, visit: str | None = None) -> list[dict[str, Any]]:
        """All alerts, or those of a visit, by start and kind."""
        told = await self.ask("GET", "/v1/alerts?state=all&limit=500")
        found = [one for one in told["alerts"] if visit in {None, one["visit"]}]
        return sorted(found, key=lambda one: (one["occurred_at"], one["kind"]))

    async def states(self, visit: str) -> list[tuple[str, str]]:
        return [(one["kind"].removesuffix("_visit"), one["state"]) for one in await self.alerts(visit)]

    async def candidates(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.ask("GET", "/v1/candidates?limit=500"))["candidates"]
        return found

    async def close_all(self, visit: str) -> None:
        for one in await self.alerts(visit):
            if one["state"] == "open":
                await self.ask("POST", f"/v1/alerts/{one['alert']}/closure", json={"reason": "Seen to."})

    async def set_live_date(self, live_on: date | None) -> None:
        told = {"provider": str(self.arranged.provider), "name": "Invented Care"}
        when = None if live_on is None else live_on.isoformat()
        await self.ask("POST", "/v1/providers", "operator", json={**told, "live_on": when})

    async def read(self, path: str, role: Role = "registered_manager") -> str:
        """The words on a page, as somebody of the role reads them."""
        return (await self.see(path, role)).words

    async def see(self, path: str, role: Role = "registered_manager") -> Page:
        return await (await Browser(self.client, self.arranged).signed_in_as(role, f"reader {uuid4()}")).see(path)

    async def source(self, path: str) -> str:
        """What the office gets at an address, page or data."""
        return (
            await (await Browser(self.client, self.arranged).signed_in_as("coordinator", str(uuid4()))).see(path)
        ).source

    async def ask(self, method: str, path: str, role: Role = "registered_manager", **sent: Any) -> Any:
        body = {"json": sent["json"]} if "json" in sent else {"data": sent["text"].encode()} if "text" in sent else {}
        headers = bearer(role) | ({"Content-Type": "text/csv"} if "text" in sent else {})
        async with self.client.request(method, path, headers=headers, **body) as answer:
            assert answer.status < 300, (path, await answer.text())
            return await answer.json()


@asynccontextmanager
async def office_of(arranged: Arranged, clock: HandClock, folder: Path) -> AsyncIterator[Office]:
    """The whole service without its loops, and somebody of each role who signed in."""
    server = TestServer(make_app(Settings(state_dir=folder), arranged.database, clock, chores=False))
    for number, role in enumerate(ROLES, start=1):
        provider = arranged.provider if role in {"coordinator", "registered_manager"} else None
        account = Account(
            UUID(int=number), f"the {role}", role, provider, COUNCIL if role == "council_officer" else None
        )
        async with arranged.database.transaction("arrange_account") as connection:
            await insert_account(
                connection,
                account,
                password_hash=NOBODYS_PASSWORD_HASH,
                token_hash=secret_hash(f"token of the {role}"),
                at=clock.now() - timedelta(hours=1),
            )
    async with TestClient(server, cookie_jar=DummyCookieJar()) as client:
        await arranged.phone()
        yield Office(client, arranged, clock)
