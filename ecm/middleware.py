"""What every request passes: problems told as RFC 9457, and the question of who asks."""

from urllib.parse import urlsplit

import structlog
from aiohttp import web

from ecm.accounts.domain import Account
from ecm.db.errors import DatabaseUnavailable, StatementTimedOut, TransactionConflicted
from ecm.errors import (
    INTERNAL,
    METHOD_NOT_ALLOWED,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_SIGNED_IN,
    REFUSED_BY_HTTP,
    TOO_LARGE,
    Problem,
    unavailable,
)
from ecm.http import ACCOUNT, Endpoint, Handler
from ecm.keys import ACCOUNTS

SESSION_COOKIE = "ecm_session"
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_BY_STATUS = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED, 413: TOO_LARGE}

_log = structlog.get_logger()


@web.middleware
async def tell_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong below into `application/problem+json`."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except (DatabaseUnavailable, TransactionConflicted, StatementTimedOut) as error:
        _log.warning("http.database.failed", error=type(error).__name__)
        return unavailable("The database cannot answer just now; please try again.").response()
    except web.HTTPException as error:
        if error.status < 400:
            raise
        kind = _BY_STATUS.get(error.status, REFUSED_BY_HTTP)
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return kind.because(f"{request.method} {request.path}: {error.reason}.", headers=headers).response()
    except Exception:  # noqa: BLE001 - the outermost edge: a bug becomes a logged 500 in the promised form
        _log.exception("http.request.failed", method=request.method, route=_route(request))
        return INTERNAL.because("Something went wrong here; it has been logged.").response()


def guarded(endpoint: Endpoint) -> Handler:
    """Return the endpoint's handler behind its role check."""
    roles = endpoint.roles
    if roles is None:
        return endpoint.handler

    async def guard(request: web.Request) -> web.StreamResponse:
        account = await who_asks(request)
        if account is None:
            raise NOT_SIGNED_IN.because("Send an API token, or sign in.", headers={"WWW-Authenticate": "Bearer"})
        if account.role not in roles:
            raise NOT_ALLOWED.because(f"This is not for the role {account.role.replace('_', ' ')}.")
        request[ACCOUNT] = account
        return await endpoint.handler(request)

    return guard


async def who_asks(request: web.Request) -> Account | None:
    """Find out who asks: by API token, or by the session cookie of our own pages."""
    accounts = request.app[ACCOUNTS]
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return await accounts.by_token(token.strip())
    session = request.cookies.get(SESSION_COOKIE)
    if session is None or not from_our_pages(request):
        return None
    return await accounts.by_session(session)


def from_our_pages(request: web.Request) -> bool:
    """Say whether a request that carries the cookie may act on it: other sites may lead here, not post here."""
    if request.method in _SAFE_METHODS:
        return True
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc == request.host


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "unknown" if resource is None else resource.canonical
