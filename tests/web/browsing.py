"""A person with a browser: keeps the cookie, sends forms from our own pages, and reads what is shown."""

import html
import re
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import uuid4

from aiohttp import ClientResponse, FormData

from ecm.accounts.asking import SESSION_COOKIE
from ecm.accounts.domain import NOBODYS_PASSWORD_HASH as NO_PASSWORD
from ecm.accounts.domain import secret_hash
from ecm.accounts.store import insert_account, insert_session
from ecm.visits.service import VISITS
from ecm.words.roles import OFFICE, READERS, Account, Role
from tests.arranging import COUNCIL, Arranged, at, fold_what_waits
from tests.serving import Client

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

    client: Client
    arranged: Arranged
    cookie: dict[str, str] = field(default_factory=dict)

    @property
    def origin(self) -> str:
        return str(self.client.make_url("/")).rstrip("/")

    async def signed_in_as(self, role: Role, username: str | None = None) -> "Browser":
        """Somebody of this role with a session; stored, since to hash a password and check it takes its time."""
        provider = self.arranged.provider if role in OFFICE else None
        council = COUNCIL if role in READERS - OFFICE else None
        account, session, now = (
            Account(uuid4(), username or f"a.{role}", role, provider, council),
            uuid4().hex,
            at("00:00"),
        )
        async with self.arranged.database.transaction("arrange_session") as connection:
            await insert_account(connection, account, password_hash=NO_PASSWORD, token_hash=uuid4().bytes * 2, at=now)
            ends = now + timedelta(days=1)
            await insert_session(connection, secret_hash(session), account.account_id, now, ends)
        self.cookie = {SESSION_COOKIE: session}
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
            self.cookie = {kept: value for kept, value in self.cookie.items() if kept != name}
            self.cookie |= {name: morsel.value} if morsel.value else {}
        return Page(response.status, await response.text(), dict(response.headers))


async def fold(browser: Browser) -> None:
    """Fold whatever waits in the service that the browser looks at."""
    await fold_what_waits(browser.client.app[VISITS])
