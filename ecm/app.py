"""Wiring only: which parts there are, in what order they start and stop, and where their routes hang."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry

import ecm.phones.routes
import ecm.accounts.routes
import ecm.alerts.routes
import ecm.audit.routes
import ecm.care.routes
import ecm.process.health
import ecm.intake.routes
import ecm.notifications.routes
import ecm.payments.routes
import ecm.process.rehearsal
import ecm.visits.routes
import ecm.web.pages
from ecm import __version__
from ecm.http import openapi
from ecm.phones.service import Phones
from ecm.accounts.service import Accounts
from ecm.alerts.service import Alerts
from ecm.alerts.watcher import watching_loop
from ecm.audit.purge import purging_loop
from ecm.audit.service import Audit
from ecm.care.service import Care
from ecm.words.clock import Clock
from ecm.db.pool import Database
from ecm.process.health import DESCRIPTION, LOOPS, REGISTRY, STOPPING
from ecm.http.endpoints import Endpoint, Routes
from ecm.intake.metrics import intake_metrics
from ecm.intake.service import Intake
from ecm.accounts.service import ACCOUNTS
from ecm.alerts.service import ALERTS
from ecm.audit.service import AUDIT
from ecm.visits.metrics import BACKLOG
from ecm.care.service import CARE
from ecm.http.requests import CLOCK
from ecm.process.health import DATABASE
from ecm.keys import HOURS_PROCESS
from ecm.intake.service import INTAKE
from ecm.notifications.service import NOTIFICATIONS
from ecm.payments.service import PAYMENTS
from ecm.phones.service import PHONES
from ecm.process.settings import SETTINGS
from ecm.visits.service import VISITS
from ecm.http.guard import guarded
from ecm.http.replies import tell_problems
from ecm.notifications.service import Notifications
from ecm.payments.hours_process import HoursProcess
from ecm.payments.service import Payments
from ecm.process.settings import Settings
from ecm.visits.backlog import backlog_loop
from ecm.visits.folding import folding_loop
from ecm.visits.metrics import backlog_metrics
from ecm.visits.service import Visits

SUBJECTS: tuple[Routes, ...] = (
    ecm.health.ROUTES,
    ecm.intake.routes.ROUTES,
    ecm.accounts.routes.ROUTES,
    ecm.accounts.phone_routes.ROUTES,
    ecm.care.routes.ROUTES,
    ecm.visits.routes.ROUTES,
    ecm.alerts.routes.ROUTES,
    ecm.notifications.routes.ROUTES,
    ecm.payments.routes.ROUTES,
    ecm.audit.routes.ROUTES,
)


def make_app(
    settings: Settings,
    database: Database,
    clock: Clock,
    registry: CollectorRegistry | None = None,
    *,
    chores: bool = True,
) -> web.Application:
    """Build the application; its parts start and stop with it, the database outlives it.

    `chores` are the background loops: folding, measuring what waits for it, watching, purging. Copies in several
    processes share them.
    """
    app = web.Application(middlewares=[tell_problems], client_max_size=0)
    app[SETTINGS] = settings
    app[DATABASE] = database
    app[CLOCK] = clock
    app[REGISTRY] = registry or CollectorRegistry()
    app[LOOPS] = []
    app[STOPPING] = asyncio.Event()
    database.observe(app[REGISTRY])
    app[ACCOUNTS] = Accounts(database, clock)
    app[PHONES] = Phones(database, clock)
    app[CARE] = Care(database, clock)
    app[AUDIT] = Audit(database, clock)
    app[NOTIFICATIONS] = Notifications(database, clock)
    app[ALERTS] = Alerts(database, clock)
    app[VISITS] = Visits(database, clock)
    app[HOURS_PROCESS] = HoursProcess()
    app[PAYMENTS] = Payments(database, clock, app[HOURS_PROCESS].produce)
    waiting_limit = settings.intake_waiting_megabytes * 1024 * 1024
    app[INTAKE] = Intake(database, clock, intake_metrics(app[REGISTRY]), waiting_limit)
    _add_routes(app, settings)
    app.cleanup_ctx.append(_intake)
    app.cleanup_ctx.append(_hours_process)
    if chores:
        app[BACKLOG] = backlog_metrics(app[REGISTRY])
        for loop in (folding_loop, backlog_loop, watching_loop, purging_loop):
            app.cleanup_ctx.append(_in_background(loop))
    return app


def endpoints(*, rehearsal: bool) -> list[Endpoint]:
    """Return every endpoint of the API, as served and as described."""
    subjects = [*SUBJECTS, ecm.rehearsal.ROUTES] if rehearsal else SUBJECTS
    return [endpoint for subject in subjects for endpoint in subject.endpoints]


def _add_routes(app: web.Application, settings: Settings) -> None:
    served = endpoints(rehearsal=settings.rehearsal)
    for endpoint in served:
        app.router.add_route(endpoint.method, endpoint.path, guarded(endpoint))
    app[DESCRIPTION] = openapi.describe(served, __version__)
    ecm.web.pages.add_pages(app)


async def _intake(app: web.Application) -> AsyncIterator[None]:
    async with app[INTAKE].running():
        yield


async def _hours_process(app: web.Application) -> AsyncIterator[None]:
    async with app[HOURS_PROCESS].running():
        yield


def _in_background(
    loop: Callable[[web.Application], Awaitable[None]],
) -> Callable[[web.Application], AsyncIterator[None]]:
    async def context(app: web.Application) -> AsyncIterator[None]:
        task = asyncio.ensure_future(loop(app))
        app[LOOPS].append(task)
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return context
