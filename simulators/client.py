"""The service as seen over HTTP: every request the simulators make, patient with a service that is down or busy."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import aiohttp
import msgspec

from simulators.replies import Paged

Revive = Callable[[], Awaitable[None]]
Token = str | Callable[[], str]
"""A bearer token, or what reads it afresh: the operator's changes with every start of the service."""

_Reply = TypeVar("_Reply")
_Page = TypeVar("_Page", bound=Paged)

_MOST_A_PAGE = "500"
_BUSY = frozenset({429, 502, 503, 504})
_TIMEOUT = aiohttp.ClientTimeout(total=60)


class Refusal(Exception):
    """The service understood and said no."""

    def __init__(self, status: int, method: str, path: str, body: bytes) -> None:
        super().__init__(f"{method} {path} was answered {status}: {body[:600].decode(errors='replace')}")
        self.status = status
        self.body = body


class ServiceLost(Exception):
    """The service gave no answer for longer than the patience allows."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to go on trying, in seconds: waits double from `first` to `longest` until `total` has passed."""

    first: float = 0.05
    longest: float = 2.0
    total: float = 180.0

    def wait(self, attempt: int, rng: random.Random) -> float:
        """Seconds before the next attempt, with up to half of it left to chance."""
        doubled = self.first * float(2 ** min(attempt, 16))
        return min(self.longest, doubled) * rng.uniform(0.5, 1.0)


@dataclass(slots=True)
class ServiceClient:
    """Speaks to one service. `revive` is called whenever a request got no answer, before it is tried again."""

    session: aiohttp.ClientSession
    base: str
    patience: Patience = Patience()
    revive: Revive | None = None

    async def get(self, path: str, token: Token, answer: type[_Reply], **query: str) -> _Reply:
        """GET a JSON document."""
        return msgspec.json.decode(await self.send("GET", path, token, query=query), type=answer)

    async def pages(self, path: str, token: Token, answer: type[_Page], **query: str) -> AsyncIterator[_Page]:
        """GET a list, page after page to its end."""
        query = {"limit": _MOST_A_PAGE, **query}
        while True:
            page = await self.get(path, token, answer, **query)
            yield page
            if page.next is None:
                return
            query["after"] = page.next

    async def post(self, path: str, token: Token | None, body: object, answer: type[_Reply]) -> _Reply:
        """POST a JSON document and read the JSON answer."""
        return msgspec.json.decode(await self.send("POST", path, token, msgspec.json.encode(body)), type=answer)

    async def send(
        self,
        method: str,
        path: str,
        token: Token | None,
        body: bytes | None = None,
        *,
        content: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> bytes:
        """Send until there is an answer; every request made here may safely be sent twice.

        Raises Refusal for an answer of 4xx (429 apart) or 500, ServiceLost when patience ends.
        """
        headers = {"Content-Type": content} if body is not None else {}
        rng = random.Random()
        loop = asyncio.get_running_loop()
        until = loop.time() + self.patience.total
        attempt = 0
        while True:
            if token is not None:
                headers["Authorization"] = f"Bearer {token if isinstance(token, str) else token()}"
            answered = await self._once(method, path, body, headers, query or {})
            if answered is not None and answered.status not in _BUSY:
                if answered.status >= 400:
                    raise Refusal(answered.status, method, path, answered.body)
                return answered.body
            if loop.time() > until:
                raise ServiceLost(f"{method} {path} got no answer in {timedelta(seconds=self.patience.total)}")
            if answered is None and self.revive is not None:
                await self.revive()
            pause = answered.retry_after if answered is not None else None
            await asyncio.sleep(self.patience.wait(attempt, rng) if pause is None else pause)
            attempt += 1

    async def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], query: Mapping[str, str]
    ) -> "_Answered | None":
        try:
            async with self.session.request(
                method, self.base + path, data=body, headers=headers, params=query, timeout=_TIMEOUT
            ) as reply:
                return _Answered(reply.status, await reply.read(), self._pause(reply))
        except (aiohttp.ClientError, TimeoutError, ConnectionError):
            return None

    def _pause(self, reply: aiohttp.ClientResponse) -> float | None:
        said = reply.headers.get("Retry-After", "")
        return min(float(said), self.patience.longest) if said.isdecimal() else None


@dataclass(frozen=True, slots=True)
class _Answered:
    status: int
    body: bytes
    retry_after: float | None
