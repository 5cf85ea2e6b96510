"""Check-ins over HTTP."""

from typing import Final

from aiohttp import web

from ecm.errors import TOO_LARGE, TOO_MANY
from ecm.http import Routes, read_bytes, reply
from ecm.intake.domain import Receipt, Submission
from ecm.keys import INTAKE

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
