"""An office before the whole application, as the tests of visits' pages need it: it amends, imports and looks."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from tests.web.browsing import Browser, Page, fold


@dataclass(frozen=True)
class Answer:
    """What the API answered."""

    status: int
    told: Any

    @property
    def member(self) -> str | None:
        """The member that a problem names."""
        return self.told.get("member") if isinstance(self.told, dict) else None


async def ask(browser: Browser, method: str, path: str, body: object = None) -> Answer:
    """Ask the API in the name of whoever is signed in."""
    headers = {"Origin": browser.origin}
    async with browser.client.request(method, path, json=body, headers=headers, cookies=browser.cookie) as answer:
        return Answer(answer.status, await answer.json())


def an_amendment(in_at: datetime | None = None, out_at: datetime | None = None, **changes: object) -> dict[str, object]:
    """The message of an amendment."""
    return {
        "amendment": str(uuid4()),
        "carer": "W-001",
        "in_at": None if in_at is None else in_at.isoformat(),
        "out_at": None if out_at is None else out_at.isoformat(),
        "made_at": "2026-11-20T08:00:00+00:00",
        "reason": "NO_OUT",
    } | changes


async def amend(browser: Browser, visit: str, message: Mapping[str, object]) -> Answer:
    """Send an amendment to the API, and fold."""
    answer = await ask(browser, "POST", f"/v1/visits/{visit}/amendments", message)
    await fold(browser)
    return answer


async def withdraw(browser: Browser, visit: str, amendment: object, reason: str = "The wrong visit.") -> Answer:
    """Withdraw an amendment through the API, and fold."""
    answer = await ask(browser, "POST", f"/v1/visits/{visit}/amendments/{amendment}/withdrawal", {"reason": reason})
    await fold(browser)
    return answer


async def visit_told(browser: Browser, visit: str) -> Any:
    """The detail of a visit."""
    answer = await ask(browser, "GET", f"/v1/visits/{visit}")
    assert answer.status == 200, answer.told
    return answer.told


async def import_roster(browser: Browser, *rows: str) -> None:
    """Import roster rows `visit,client,start,minutes,carers`, as the office does, and fold."""
    text = "visit,client,start,minutes,carers\n" + "".join(f"{row}\n" for row in rows)
    async with browser.client.post(
        "/v1/imports/roster",
        data=text.encode(),
        headers={"Origin": browser.origin, "Content-Type": "text/csv"},
        cookies=browser.cookie,
    ) as answer:
        told = await answer.text()
        assert answer.status == 200, told
        assert json.loads(told)["rejected"] == [], told
    await fold(browser)


def form_on(page: Page, action: str) -> dict[str, str]:
    """The hidden fields of the form that goes to an address ending in `action`."""
    found = re.search(rf'<form[^>]*action="[^"]*{re.escape(action)}"[^>]*>(.*?)</form>', page.source, re.DOTALL)
    assert found is not None, f"no form for {action}"
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', found[1]))
