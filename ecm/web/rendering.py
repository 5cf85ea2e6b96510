"""Turning a typed view into a page: templates, their filters, and the headers that keep a page to itself."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote, urlencode

import aiohttp_jinja2
import jinja2
from aiohttp import web

from ecm.http.requests import ACCOUNT
from ecm.web import plain_words
from ecm.web.notices import forget_notice, notice_of
from ecm.web.plain_words import words
from ecm.words.civil_time import LONDON

_STATIC_TYPES: Final[Mapping[str, str]] = {"style.css": "text/css", "page.js": "text/javascript"}
_FOLDER: Final = files(__package__)
# Read once at import, because a file read while serving would hold up every other request (promise 12).
_TEMPLATES: Final = {
    entry.name: entry.read_text(encoding="utf-8")
    for entry in _FOLDER.joinpath("templates").iterdir()
    if entry.name.endswith(".html")
}
STATIC: Final = {name: _FOLDER.joinpath("static", name).read_bytes() for name in _STATIC_TYPES}
_DIGESTS: Final = {name: hashlib.sha256(content).hexdigest()[:16] for name, content in STATIC.items()}

# With no-referrer a browser sends `Origin: null` with our own forms, and the check of the origin would refuse them.
PAGE_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
    "connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Shell:
    """What stands around every page: its title, and what just happened, if the page says so itself."""

    title: str
    notice: str | None = None


def set_up(app: web.Application) -> None:
    """Give the application its templates."""
    aiohttp_jinja2.setup(
        app,
        loader=jinja2.DictLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        filters=_FILTERS,
    ).globals.update(static_path=static_path, address=address)


async def render(
    request: web.Request, template: str, shell: Shell, view: object = None, status: int = 200
) -> web.Response:
    """Answer with a page, drawn in a thread for it may be long; the template sees `shell`, `view` and `account`.

    The page that is led to after a form says once what was done.
    """
    follows = request.method == "GET" and status == 200
    notice = shell.notice or (notice_of(request) if follows else None)
    context = {"shell": Shell(shell.title, notice), "view": view, "account": request.get(ACCOUNT), "path": request.path}
    text = await asyncio.to_thread(aiohttp_jinja2.render_string, template, request, context)
    response = web.Response(text=text, status=status, content_type="text/html", headers=PAGE_HEADERS)
    if follows:
        forget_notice(request, response)
    return response


async def serve_static(request: web.Request) -> web.Response:
    """Serve the style sheet or the script; the address holds a digest, so it may be kept for ever."""
    name = request.match_info["name"]
    if name not in STATIC:
        raise web.HTTPNotFound
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return web.Response(body=STATIC[name], content_type=_STATIC_TYPES[name], charset="utf-8", headers=headers)


def static_path(name: str) -> str:
    """Return the address of a static file as it is now."""
    return f"/static/{name}?{_DIGESTS[name]}"


def address(path: str, **parameters: object) -> str:
    """Return an address on this site; parameters that are None or empty are left out, a final underscore falls off."""
    given = {name.rstrip("_"): str(value) for name, value in parameters.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def clock_time(instant: datetime | None) -> str:
    """Show an instant as the clocks in England show it: 08:01."""
    return "" if instant is None else f"{instant.astimezone(LONDON):%H:%M}"


def clock_seconds(instant: datetime | None) -> str:
    """Show an instant to the second: 08:01:12."""
    return "" if instant is None else f"{instant.astimezone(LONDON):%H:%M:%S}"


def moment(instant: datetime | None) -> str:
    """Show an instant with its day: Fri 20 Nov 2026, 08:01."""
    if instant is None:
        return ""
    local = instant.astimezone(LONDON)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def day_words(day: date) -> str:
    """Show a day: Friday 20 November 2026."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def machine_time(instant: datetime) -> str:
    """Show an instant for a `datetime` attribute."""
    return instant.isoformat(timespec="seconds")


def elapsed(length: timedelta) -> str:
    """Show how long ago something was, in its two largest units."""
    minutes = max(0, int(length.total_seconds())) // 60
    hours, days = minutes // 60, minutes // 1440
    if days:
        return f"{_count(days, 'day')} {_count(hours % 24, 'hour')}"
    if hours:
        return f"{_count(hours, 'hour')} {_count(minutes % 60, 'minute')}"
    return _count(minutes, "minute")


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def minutes_seconds(seconds: int | None) -> str:
    """Show delivered seconds: 24 min 50 s."""
    if seconds is None:
        return ""
    whole, rest = divmod(seconds, 60)
    return f"{whole} min {rest} s" if rest else f"{whole} min"


def distance(distance_m: float | None, a95_m: float | None) -> str:
    """Say how far a phone was from the address; a fix inside a drawn fence, whose distance has a minus, was at it."""
    if distance_m is None:
        return ""
    accuracy = "" if a95_m is None else f", give or take {a95_m:.0f} m (95 %)"
    if distance_m > 0:
        return f"{distance_m:,.0f} m from the address{accuracy}"
    return f"At the address: {abs(distance_m):,.0f} m inside the edge of its fence{accuracy}"


def hours(minutes: int) -> str:
    """Show minutes as hours and minutes: 12 h 05 min."""
    whole, rest = divmod(minutes, 60)
    return f"{whole:,} h {rest:02d} min"


def pounds(pence: int | None) -> str:
    """Show pence as pounds: £12.05."""
    return "" if pence is None else f"£{pence // 100:,}.{pence % 100:02d}"


def segment(text: str) -> str:
    """Quote a code so that it is one segment of an address, whatever it holds."""
    return quote(text, safe="")


def _worded(names: Mapping[str, str]) -> Callable[[str | None], str]:
    return lambda code: words(code, names)


_FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "clock": clock_time,
    "clock_seconds": clock_seconds,
    "moment": moment,
    "day_words": day_words,
    "machine_time": machine_time,
    "elapsed": elapsed,
    "minutes_seconds": minutes_seconds,
    "hours": hours,
    "distance": distance,
    "pounds": pounds,
    "segment": segment,
    "readable": lambda code: words(code, {}),
    "status_words": _worded(plain_words.STATUSES),
    "grade_words": _worded(plain_words.GRADES),
    "doubt_words": _worded(plain_words.DOUBTS),
    "exception_words": _worded(plain_words.EXCEPTIONS),
    "exception_advice": lambda kind: plain_words.ADVICE.get(kind, ""),
    "reason_words": _worded(plain_words.REASONS),
    "outcome_words": _worded(plain_words.OUTCOMES),
    "candidate_words": _worded(plain_words.CANDIDATE_TYPES),
    "gate_words": _worded(plain_words.GATES),
    "source_words": _worded(plain_words.SOURCES),
    "evidence_words": _worded(plain_words.EVIDENCE),
    "homeless_words": _worded(plain_words.HOMELESS),
    "direction_words": _worded(plain_words.DIRECTIONS),
    "refusal_words": _worded(plain_words.REFUSALS),
    "remedy_words": _worded(plain_words.REMEDIES),
    "flag_words": plain_words.flag_words,
    "role_words": _worded(plain_words.ROLES),
}
