"""Answers: a message as JSON, and problems as RFC 9457 tells them."""

from collections.abc import Mapping

import msgspec
import structlog
from aiohttp import web

from ecm.db.errors import DatabaseUnavailable, StatementTimedOut, TransactionConflicted
from ecm.http.endpoints import Handler
from ecm.words.problems import (
    INTERNAL,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    REFUSED_BY_HTTP,
    TOO_LARGE,
    Problem,
    unavailable,
)

_BY_STATUS = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED, 413: TOO_LARGE}

_log = structlog.get_logger()


def reply(message: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with a message type as JSON."""
    return web.Response(
        status=status, body=msgspec.json.encode(message), content_type="application/json", headers=headers
    )


def problem_reply(problem: Problem) -> web.Response:
    """Answer with a problem as `application/problem+json`."""
    body = {
        "type": f"/problems/{problem.kind.slug}",
        "title": problem.kind.title,
        "status": problem.kind.status,
        "detail": problem.detail,
        **problem.members,
    }
    return web.Response(
        status=problem.kind.status,
        body=msgspec.json.encode(body),
        content_type="application/problem+json",
        headers=dict(problem.headers),
    )


@web.middleware
async def tell_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong below into `application/problem+json`."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem_reply(problem)
    except (DatabaseUnavailable, TransactionConflicted, StatementTimedOut) as error:
        _log.warning("http.database.failed", error=type(error).__name__)
        return problem_reply(unavailable("The database cannot answer just now; please try again."))
    except web.HTTPException as error:
        if error.status < 400:
            raise
        kind = _BY_STATUS.get(error.status, REFUSED_BY_HTTP)
        headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return problem_reply(kind.because(f"{request.method} {request.path}: {error.reason}.", headers=headers))
    except Exception:  # noqa: BLE001 - the outermost edge: a bug becomes a logged 500 in the promised form
        _log.exception("http.request.failed", method=request.method, route=_route(request))
        return problem_reply(INTERNAL.because("Something went wrong here; it has been logged."))


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return "unknown" if resource is None else resource.canonical
