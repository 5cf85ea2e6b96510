"""Rehearsal: an operator runs the service through an invented day faster than the real one."""

from datetime import datetime

import msgspec
from aiohttp import web

from ecm.alerts.service import ALERTS
from ecm.db.pool import Database
from ecm.db.queries import load_queries
from ecm.http.endpoints import Routes
from ecm.http.replies import reply
from ecm.http.requests import CLOCK, read_json
from ecm.process.health import DATABASE
from ecm.visits.service import VISITS
from ecm.words.clock import RehearsalClock
from ecm.words.codes import Instant, as_utc
from ecm.words.problems import INVALID
from ecm.words.roles import OPERATORS

ROUTES = Routes("rehearsal")
_QUERIES = load_queries(__package__, "rehearsal.sql")
_FOLDED_AT_A_TIME = 500


class ClockMessage(msgspec.Struct):
    """The rehearsed instant."""

    now: Instant


async def rehearsal_start(database: Database, default: datetime) -> datetime:
    """Return the instant at which an earlier rehearsal stopped, else `default`."""
    async with database.transaction("rehearsal_start", read_only=True) as connection:
        found: datetime | None = await connection.fetchval(_QUERIES["rehearsed_until"])
    return found or default


@ROUTES.route(
    "POST",
    "/v1/rehearsal/clock",
    "Move the rehearsal forward",
    roles=OPERATORS,
    body=ClockMessage,
    replies={200: ClockMessage},
    problems=(INVALID,),
)
async def post_clock(request: web.Request) -> web.Response:
    """Set the clock, then fold what is pending and let the watcher look, so that the answer shows the new hour."""
    wanted = await read_json(request, ClockMessage)
    clock = request.app[CLOCK]
    if not isinstance(clock, RehearsalClock):
        raise INVALID.because("This service keeps real time.")
    now = as_utc(wanted.now, "now")
    visits, alerts = request.app[VISITS], request.app[ALERTS]
    while await visits.fold_pending(_FOLDED_AT_A_TIME):
        pass
    try:
        clock.move_to(now)
    except ValueError as error:
        raise INVALID.because(f"{str(error).capitalize()}.") from None
    async with request.app[DATABASE].transaction("rehearsal_clock") as connection:
        await connection.execute(_QUERIES["keep_rehearsed"], now)
    await alerts.watch_once(now)
    return reply(ClockMessage(clock.now()))


@ROUTES.route(
    "GET", "/v1/rehearsal/clock", "What time is it in the rehearsal?", roles=OPERATORS, replies={200: ClockMessage}
)
async def get_clock(request: web.Request) -> web.Response:
    """Tell the rehearsed instant."""
    return reply(ClockMessage(request.app[CLOCK].now()))
