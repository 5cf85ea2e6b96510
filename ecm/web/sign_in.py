"""Signing in and out."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from aiohttp import web

from ecm.accounts.asking import SESSION_COOKIE
from ecm.accounts.service import ACCOUNTS, SESSION_LENGTH
from ecm.http.guard import WHO_ASKS
from ecm.http.public_address import PUBLIC_ADDRESS
from ecm.http.requests import read_query
from ecm.web.rendering import Shell, render
from ecm.web.session import check_origin, local_path, read_form, see_other

_Short = Annotated[str, msgspec.Meta(max_length=300)]


class SignInQuery(msgspec.Struct):
    """The page that somebody wanted before they were asked to sign in."""

    next: str | None = None


class SignInForm(msgspec.Struct):
    """What the sign-in form sends; empty fields are simply wrong."""

    username: _Short = ""
    password: _Short = ""
    next: str | None = None


@dataclass(frozen=True, slots=True)
class SignInView:
    """The form as it stands: where it leads, what was typed, and what is wrong."""

    next: str
    username: str = ""
    mistake: str | None = None


async def get_sign_in(request: web.Request) -> web.StreamResponse:
    """Show the sign-in form, or lead on whoever is signed in."""
    wanted = local_path(read_query(request, SignInQuery).next)
    if await request.app[WHO_ASKS](request) is not None:
        return see_other(wanted)
    return await render(request, "sign_in.html", Shell("Sign in"), SignInView(wanted))


async def post_sign_in(request: web.Request) -> web.StreamResponse:
    """Sign in, and lead on to the page that was wanted."""
    check_origin(request)
    form = await read_form(request, SignInForm)
    wanted = local_path(form.next)
    session = await request.app[ACCOUNTS].sign_in(form.username.replace("\x00", ""), form.password)
    if session is None:
        mistake = "The username or the password is wrong. Check both, and try again."
        view = SignInView(wanted, form.username, mistake)
        return await render(request, "sign_in.html", Shell("Sign in"), view, 401)
    response = see_other(wanted)
    response.set_cookie(
        SESSION_COOKIE,
        session,
        max_age=int(SESSION_LENGTH.total_seconds()),
        path="/",
        secure=request.app[PUBLIC_ADDRESS].is_https(request),
        httponly=True,
        samesite="Lax",
    )
    return response


async def post_sign_out(request: web.Request) -> web.StreamResponse:
    """End the session, here and in the database."""
    check_origin(request)
    session = request.cookies.get(SESSION_COOKIE)
    if session is not None:
        await request.app[ACCOUNTS].sign_out(session)
    response = see_other("/sign-in")
    response.del_cookie(
        SESSION_COOKIE, path="/", secure=request.app[PUBLIC_ADDRESS].is_https(request), httponly=True, samesite="Lax"
    )
    return response
