"""Who sends a request: found by API token, or by the session cookie of our own pages."""

from typing import Final

from aiohttp import web

from ecm.accounts.service import Accounts
from ecm.http.guard import WhoAsks, from_our_pages
from ecm.words.roles import Account

SESSION_COOKIE: Final = "ecm_session"


def asking(accounts: Accounts) -> WhoAsks:
    """Return the function that finds out who sends a request; it raises `not-signed-in` for a token of nobody."""

    async def who_asks(request: web.Request) -> Account | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            return await accounts.by_token(token.strip())
        session = request.cookies.get(SESSION_COOKIE)
        if session is None or not from_our_pages(request):
            return None
        return await accounts.by_session(session)

    return who_asks
