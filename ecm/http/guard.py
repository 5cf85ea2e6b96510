"""Who may pass: the role check of an endpoint, and whether a request comes from our own pages."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from ecm.http.endpoints import Endpoint, Handler
from ecm.http.public_address import PUBLIC_ADDRESS
from ecm.http.requests import ACCOUNT
from ecm.words.problems import NOT_ALLOWED, NOT_SIGNED_IN
from ecm.words.roles import Account

WhoAsks = Callable[[web.Request], Awaitable[Account | None]]

# Handed over at wiring, since this room knows no accounts.
WHO_ASKS: Final[web.AppKey[WhoAsks]] = web.AppKey("who_asks")

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})


def guarded(endpoint: Endpoint) -> Handler:
    """Return the endpoint's handler behind its role check."""
    roles = endpoint.roles
    if roles is None:
        return endpoint.handler

    async def guard(request: web.Request) -> web.StreamResponse:
        account = await request.app[WHO_ASKS](request)
        if account is None:
            raise NOT_SIGNED_IN.because("Send an API token, or sign in.", headers={"WWW-Authenticate": "Bearer"})
        if account.role not in roles:
            raise NOT_ALLOWED.because(f"This is not for the role {account.role.replace('_', ' ')}.")
        request[ACCOUNT] = account
        return await endpoint.handler(request)

    return guard


def from_our_pages(request: web.Request) -> bool:
    """Say whether a request that carries the cookie may act on it: other sites may lead here, not post here."""
    if request.method in SAFE_METHODS:
        return True
    origin = request.headers.get("Origin")
    return origin is not None and request.app[PUBLIC_ADDRESS].is_origin(origin, request)
