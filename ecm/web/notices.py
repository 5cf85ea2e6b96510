"""What was just done, told once: on the page that follows a form, and not again when that page is refreshed.

The cookie holds a word out of a fixed list, so there is nothing in it to keep secret, and nothing to be made up.
"""

from collections.abc import Mapping
from typing import Final, Literal

from aiohttp import web

from ecm.http.public_address import PUBLIC_ADDRESS
from ecm.web.session import see_other

Done = Literal[
    "amended", "withdrawn", "acknowledged", "dismissed", "revoked", "planned_in_error", "attached", "nobodys"
]
COOKIE: Final = "ecm_notice"
_WORDS: Final[Mapping[str, str]] = {
    "amended": "The amendment is stored beside the check-ins, and the visit now follows it.",
    "withdrawn": "The amendment is withdrawn. It stays listed, and the visit no longer follows it.",
    "acknowledged": "The exception is acknowledged.",
    "dismissed": "The candidate is dismissed. It stays in the list with your reason.",
    "planned_in_error": "The visit is taken off as planned in error. It is kept, and neither missed nor paid.",
    "attached": "The check-in is attached, and its visit follows it. What the phone sent stays as it was.",
    "nobodys": "The check-in is off the list. It is kept as it was sent.",
    "revoked": "The phone is revoked: whatever it signs from now on is refused.",
}
_SECONDS: Final = 60


def done(request: web.Request, address: str, what: Done) -> web.Response:
    """Lead on to a page after a form was taken, and have that page say once what was done."""
    response = see_other(address)
    response.set_cookie(
        COOKIE,
        what,
        max_age=_SECONDS,
        path="/",
        secure=request.app[PUBLIC_ADDRESS].is_https(request),
        httponly=True,
        samesite="Lax",
    )
    return response


def notice_of(request: web.Request) -> str | None:
    """Return what the page that is asked for should say was done, None for nothing."""
    return _WORDS.get(request.cookies.get(COOKIE, ""))


def forget_notice(request: web.Request, response: web.Response) -> None:
    """Have the browser drop what has been told."""
    if COOKIE in request.cookies:
        response.del_cookie(
            COOKIE, path="/", secure=request.app[PUBLIC_ADDRESS].is_https(request), httponly=True, samesite="Lax"
        )
