"""Pages behind sign-in: who may open which, where the signed-out are led, and how a form is read."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec
from aiohttp import web

from ecm.http.endpoints import Handler
from ecm.http.guard import SAFE_METHODS, WHO_ASKS, from_our_pages
from ecm.http.requests import ACCOUNT, read_bytes
from ecm.words.problems import MALFORMED, NOT_ALLOWED, NOT_SIGNED_IN
from ecm.words.roles import Role

S = TypeVar("S")
_FORM_LIMIT: Final = 64 * 1024
_MOST_FIELDS: Final = 50


def page(roles: frozenset[Role], handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Handler:
    """Return a page's handler behind sign-in and its role check."""

    async def guard(request: web.Request) -> web.StreamResponse:
        check_origin(request)
        account = await request.app[WHO_ASKS](request)
        if account is None and request.method in SAFE_METHODS:
            return see_other(f"/sign-in?next={quote(request.path_qs, safe='')}")
        if account is None:
            raise NOT_SIGNED_IN.because("Your session has ended. Sign in, and do it again.")
        request[ACCOUNT] = account
        if account.role not in roles:
            raise NOT_ALLOWED.because(f"This page is not for the role {account.role.replace('_', ' ')}.")
        return await handler(request)

    return guard


def check_origin(request: web.Request) -> None:
    """Raise the `not-allowed` problem for a form that another site sends in somebody's name."""
    if not from_our_pages(request):
        raise NOT_ALLOWED.because("This form was not sent from a page of this service, so nothing was done.")


def local_path(given: str | None) -> str:
    """Return where to go after signing in: the page that was asked for if it is on this site, else the first page."""
    if given is None or not given.startswith("/") or given.startswith(("//", "/\\")):
        return "/"
    if any(character < " " or character in "\\\x7f" for character in given):
        return "/"
    try:
        parts = urlsplit(given)
    except ValueError:
        return "/"
    return given if not parts.scheme and not parts.netloc else "/"


async def read_form(request: web.Request, shape: type[S]) -> S:
    """Read a form as the Struct `shape`; empty fields count as absent. Raises the `malformed` problem."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise MALFORMED.because("This address takes a form of one of our pages.")
    body = await read_bytes(request, _FORM_LIMIT)
    try:
        fields = parse_qsl(body.decode("utf-8"), encoding="utf-8", errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise MALFORMED.because("The form cannot be read.") from None
    stripped = {name: value.strip() for name, value in fields if value.strip()}
    return convert_form(stripped, shape)


def convert_form(fields: dict[str, str], shape: type[S]) -> S:
    """Read the fields of a form as the Struct `shape`; raises the `malformed` problem."""
    try:
        return msgspec.convert(fields, shape, strict=False)
    except msgspec.ValidationError as error:
        raise MALFORMED.because(f"A field of the form cannot be used: {error}.") from None


def see_other(address: str) -> web.Response:
    """Lead on to a page after a form was taken, so that reloading does not send it again."""
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})
