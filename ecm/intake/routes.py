"""Check-ins over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web

from ecm.errors import TOO_LARGE, TOO_MANY
from ecm.http import Routes, decode_json, read_bytes, reply
from ecm.intake.domain import Answer
from ecm.keys import INTAKE
from ecm.words import Instant

ROUTES = Routes("check-ins")

BODY_LIMIT: Final = 9 * 1024 * 1024


class Submission(msgspec.Struct):
    """Check-ins as a phone sends them; `sent_at` is the phone's clock at sending."""

    sent_at: Instant
    check_ins: Annotated[
        list[Any],
        msgspec.Meta(
            min_length=1,
            max_length=500,
            description="Signed check-ins (SD-JWT, compact). Anything else in the list is answered `refused`.",
        ),
    ]


class Receipt(msgspec.Struct):
    """The answers, in the order of the items; it leaves only after everything recorded is on disk."""

    received_at: datetime
    answers: list[Answer]


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
    intake = request.app[INTAKE]
    body = await read_bytes(request, BODY_LIMIT)
    await intake.gate.enter(len(body))
    try:
        submission = decode_json(body, Submission)
        received_at, answers = await intake.submit(submission.sent_at, submission.check_ins, request.remote or "")
        return reply(Receipt(received_at, answers))
    finally:
        intake.gate.leave(len(body))
