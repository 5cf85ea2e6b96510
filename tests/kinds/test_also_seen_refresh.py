"""Also seen: the page of the day comes up to date by itself, and takes nothing from the person who reads it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from ecm.accounts.asking import SESSION_COOKIE
from ecm.db.pool import Database
from ecm.process.settings import Settings
from ecm.process.wiring import make_app
from ecm.visits.service import VISITS
from tests.arranging import Arranged, HandClock, at, fold_what_waits
from tests.web.browsing import Browser
from tests.web.chromium import Tab, tab

_HASTE = "{ const real = setInterval; window.setInterval = (what, pause) => real(what, pause / 100); }"
_FOCUSED = "[document.activeElement.cloneNode().outerHTML, scrollY]"


@pytest.fixture
async def office(database: Database, arranged: Arranged, tmp_path: Path) -> AsyncIterator[Browser]:
    """A coordinator, on a day with many visits of which nobody came to any."""
    await arranged.client("C-1")
    for number in range(40):
        await arranged.visit(f"V-{number:02}", "C-1", at("07:00"))
    app = make_app(Settings(tmp_path), database, HandClock(at("08:30")))
    async with TestClient(TestServer(app), cookie_jar=DummyCookieJar()) as client:
        await fold_what_waits(app[VISITS])
        yield await Browser(client, arranged).signed_in_as("coordinator")


async def test_without_a_script_the_page_is_whole_and_a_reload_brings_it_up_to_date(office: Browser) -> None:
    page = await office.see("/")
    assert "V-39" in page.words
    assert 'id="list"' in page.source
    assert "connect-src 'self'" in page.headers["Content-Security-Policy"]
    await office.arranged.visit("V-NEW", "C-1", at("08:00"))
    async with asyncio.timeout(60):
        while "V-NEW" not in (await office.see("/")).words:
            await asyncio.sleep(0.02)


async def opened(page: Tab, office: Browser, path: str) -> None:
    await page.call("Page.addScriptToEvaluateOnNewDocument", source=_HASTE)
    await page.call("Network.setCookie", name=SESSION_COOKIE, value=office.cookie[SESSION_COOKIE], url=office.origin)
    await page.go(f"{office.origin}{path}")


async def refreshed(page: Tab, office: Browser, visit: str) -> None:
    """Plan one more visit, and wait until the page shows it by itself."""
    await office.arranged.visit(visit, "C-1", at("06:30"))
    await page.until(f"document.body.textContent.includes({json.dumps(visit)})")


@pytest.mark.browser
async def test_a_refresh_takes_away_neither_focus_nor_scroll_nor_what_was_opened(
    office: Browser, tmp_path: Path
) -> None:
    async with tab(tmp_path / "browser") as page:
        await opened(page, office, "/")
        await page.run("document.getElementById('grades').open = true")
        for number, chosen in enumerate(
            (
                "a[href='/visits/V-30']",
                "#refresh",
                "[role=region]",
                "#grades summary",
                "nav.counts a, .counts a",
                "#day",
            )
        ):
            await page.run(f"document.querySelector({json.dumps(chosen)}).focus(); scrollTo(0, 700)")
            before = await page.run(_FOCUSED)
            assert before[1] == 700
            await page.run("document.marked = true")
            await refreshed(page, office, f"V-NEW-{number}")
            assert await page.run("document.marked") is True, "the page was loaded again"
            assert await page.run(_FOCUSED) == before
            assert await page.run("document.getElementById('grades').open") is True


@pytest.mark.browser
async def test_the_refresh_can_be_switched_off(office: Browser, tmp_path: Path) -> None:
    async with tab(tmp_path / "browser") as page:
        await opened(page, office, "/")
        await page.run("document.getElementById('refresh').click()")
        await office.arranged.visit("V-NEW", "C-1", at("06:30"))
        await page.run("new Promise((done) => setTimeout(done, 1500))")
        assert "V-NEW" not in await page.run("document.body.textContent")
        await page.run("document.getElementById('refresh').click()")
        await page.until("document.body.textContent.includes('V-NEW')")


@pytest.mark.browser
async def test_when_the_session_has_ended_the_page_leads_to_sign_in(office: Browser, tmp_path: Path) -> None:
    async with tab(tmp_path / "browser") as page:
        await opened(page, office, "/")
        await page.call("Network.deleteCookies", name=SESSION_COOKIE, url=office.origin)
        await page.until("location.pathname === '/sign-in'")
