"""Problems told to people: what went wrong with a page, and what to do now."""

from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from ecm.http.endpoints import Handler
from ecm.web.rendering import Shell, render

_ADVICE: Final = {
    400: "Go back, check what you entered, and send it again.",
    401: "Sign in, and do it again.",
    403: "Sign in with an account whose role allows it, or ask whoever runs this service.",
    404: "Check the address, or start from the first page.",
    405: "Go back to the page you came from and use its buttons.",
    409: "Go back and reload the page, to see what is stored now.",
    413: "Send a smaller file, or send it in parts.",
    422: "Go back, change what is named above, and send it again.",
    500: "Try again. If it happens again, tell whoever runs this service when it happened.",
    503: "Wait a few seconds, and try again.",
}


class ProblemTold(msgspec.Struct):
    """What a page needs of a problem."""

    title: str
    status: int
    detail: str


@dataclass(frozen=True, slots=True)
class ProblemView:
    """A problem with what to do about it."""

    detail: str
    advice: str
    status: int


@web.middleware
async def show_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn a problem into a page when a browser asked for a page; it stands around everything else."""
    response = await handler(request)
    if response.content_type != "application/problem+json" or not _wants_page(request):
        return response
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return response
    told = msgspec.json.decode(response.body, type=ProblemTold)
    if told.status == 404 and request.match_info.http_exception is not None:
        told.detail = "There is no page at this address."
    advice = _ADVICE.get(told.status, _ADVICE[400 if told.status < 500 else 500])
    shown = await render(
        request, "problem.html", Shell(told.title), ProblemView(told.detail, advice, told.status), told.status
    )
    for name in ("Allow", "Retry-After"):
        if name in response.headers:
            shown.headers[name] = response.headers[name]
    return shown


def _wants_page(request: web.Request) -> bool:
    return not request.path.startswith("/v1/") and "text/html" in request.headers.get("Accept", "")
