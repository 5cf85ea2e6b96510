"""The whole application on a fresh database, and people at browsers before it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from ecm.db.pool import Database
from ecm.process.settings import Settings
from ecm.process.wiring import make_app
from tests.arranging import Arranged, HandClock, at
from tests.serving import Client
from tests.web.browsing import Browser

NewBrowser = Callable[[], Browser]


@pytest.fixture
def clock() -> HandClock:
    """A clock that says noon of the day."""
    return HandClock(at("12:00"))


@pytest.fixture
async def client(database: Database, clock: HandClock, tmp_path: Path) -> AsyncIterator[Client]:
    """The application behind HTTP; cookies are the browsers' own."""
    server = TestServer(make_app(Settings(state_dir=tmp_path), database, clock))
    async with TestClient(server, cookie_jar=DummyCookieJar()) as opened:
        yield opened


@pytest.fixture
def browser(client: Client, arranged: Arranged) -> Browser:
    """A browser in which nobody is signed in."""
    return Browser(client, arranged)


@pytest.fixture
async def office(browser: Browser) -> Browser:
    """A registered manager at a browser."""
    return await browser.signed_in_as("registered_manager")


@pytest.fixture
async def officer(client: Client, arranged: Arranged) -> Browser:
    """A council officer at a browser of their own."""
    return await Browser(client, arranged).signed_in_as("council_officer")
