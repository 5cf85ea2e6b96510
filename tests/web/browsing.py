"""A person with a browser: keeps the cookie, sends forms from our own pages, and reads what is shown."""

import html
import re
from dataclasses import dataclass, field

from aiohttp import ClientResponse, FormData
from aiohttp.test_utils import TestClient

from ecm.accounts.service import ACCOUNTS
from tests.arranging import COUNCIL, Arranged

HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


@dataclass
class Page:
    """What an address answered."""

    status: int
    source: str
    headers: dict[str, str]

    @property
    def words(self) -> str:
        """The text that a person reads, in one line."""
        return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", self.source)).split())

    @property
    def location(self) -> str:
        return self.headers.get("Location", "")


@dataclass
class Browser:
    """One person at one browser."""

    client: TestClient
    arranged: Arranged
    cookie: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")

    async def sign_in(self, role: str, username: str | None = None) -> "Browser":
        """Make an account of this role, and sign in with its password."""
        provider = self.arranged.provider if role in {"coordinator", "registered_manager"} else None
        council = COUNCIL if role == "council_officer" else None
        accounts = self.client.server.app[ACCOUNTS]  # type: ignore[union-attr]
        made = await accounts.create(username or f"a.{role}", role, provider, council, by="service")
        page = await self.send("/sign-in", {"username": made.account.username, "password": made.password})
        assert page.status == 303, page.words
        return self

    async def see(self, path: str, **headers: str) -> Page:
        async with self.client.get(
            path, headers=HTML | headers, cookies=self.cookie, allow_redirects=False
        ) as response:
            return await self._page(response)

    async def send(
        self, path: str, fields: dict[str, str] | FormData | None = None, origin: str | None = "own"
    ) -> Page:
        """Send a form; `origin` None sends none, as no browser does."""
        headers = dict(HTML)
        if origin is not None:
            headers["Origin"] = self.origin if origin == "own" else origin
        data = {"nothing": ""} if fields is None else fields
        async with self.client.post(
            path, data=data, headers=headers, cookies=self.cookie, allow_redirects=False
        ) as response:
            return await self._page(response)

    async def _page(self, response: ClientResponse) -> Page:
        for name, morsel in response.cookies.items():
            self.cookie = {name: morsel.value} if morsel.value else {}
        return Page(response.status, await response.text(), dict(response.headers))
