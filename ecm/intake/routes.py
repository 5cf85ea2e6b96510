"""Check-ins over HTTP."""

from typing import Final

from aiohttp import web

from ecm.http.endpoints import Routes
from ecm.http.replies import reply
from ecm.http.requests import read_bytes
from ecm.intake.domain import Receipt, Submission
from ecm.intake.service import INTAKE
from ecm.words.problems import TOO_LARGE, TOO_MANY

ROUTES = Routes("check-ins")

BODY_LIMIT: Final = 9 * 1024 * 1024


@ROUTES.route(
    "POST",
    "/v1/check-ins",
    "Send one check-in or a batch",
    body=Submission,
    replies={200: Receipt},
    problems=(TOO_LARGE, TOO_MANY),
)
async def post_check_ins(request: web.Request) -> web.Response:
    """Take check-ins in and answer each."""
    body = await read_bytes(request, BODY_LIMIT)
    return reply(await request.app[INTAKE].submit(body, request.remote or ""))
