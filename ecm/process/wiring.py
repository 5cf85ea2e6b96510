"""Wiring only: which parts there are, in what order they start and stop, and where their routes hang."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from functools import partial

from aiohttp import web
from prometheus_client import CollectorRegistry

import ecm.accounts.routes
import ecm.alerts.routes
import ecm.audit.routes
import ecm.care.routes
import ecm.intake.routes
import ecm.notifications.routes
import ecm.payments.routes
import ecm.phones.routes
import ecm.process.health
import ecm.process.rehearsal
import ecm.visits.routes
import ecm.web.pages
from ecm import __version__
from ecm.accounts.asking import asking
from ecm.accounts.service import ACCOUNTS, Accounts
from ecm.alerts.raising import Raising
from ecm.alerts.service import ALERTS, Alerts
from ecm.alerts.watcher import watching_loop
from ecm.audit.service import AUDIT, Audit
from ecm.care.service import CARE, Care
from ecm.db.pool import Database
from ecm.http import openapi
from ecm.http.endpoints import Endpoint, Routes
from ecm.http.guard import WHO_ASKS, guarded
from ecm.http.public_address import PUBLIC_ADDRESS, PublicAddress
from ecm.http.replies import tell_problems
from ecm.http.requests import CLOCK
from ecm.intake.fold_requests import FoldRequests
from ecm.intake.homes import HOMES, Homes
from ecm.intake.metrics import intake_metrics
from ecm.intake.purge import Purge, purging_loop
from ecm.intake.service import INTAKE, Intake
from ecm.notifications.service import NOTIFICATIONS, Notifications
from ecm.payments.hours_process import HoursProcess
from ecm.payments.service import PAYMENTS, Payments
from ecm.phones.service import PHONES, Phones
from ecm.process.health import DATABASE, DESCRIPTION, LOOPS, REGISTRY, STOPPING
from ecm.process.settings import Settings
from ecm.visits.backlog import backlog_loop
from ecm.visits.folding import folding_loop
from ecm.visits.metrics import backlog_metrics
from ecm.visits.service import VISITS, Visits
from ecm.words.clock import Clock

SUBJECTS: tuple[Routes, ...] = (
    ecm.process.health.ROUTES,
    ecm.intake.routes.ROUTES,
    ecm.accounts.routes.ROUTES,
    ecm.phones.routes.ROUTES,
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
    app[DATABASE] = database
    app[CLOCK] = clock
    app[REGISTRY] = registry or CollectorRegistry()
    app[LOOPS] = []
    app[STOPPING] = asyncio.Event()
    app[PUBLIC_ADDRESS] = PublicAddress(settings.public_url)
    database.observe(app[REGISTRY])
    _add_subjects(app, settings)
    _add_routes(app, settings)
    if chores:
        _add_chores(app, settings)
    return app


def _add_subjects(app: web.Application, settings: Settings) -> None:
    database, clock = app[DATABASE], app[CLOCK]
    app[AUDIT] = Audit(database, clock)
    app[ACCOUNTS] = Accounts(database, clock)
    app[WHO_ASKS] = asking(app[ACCOUNTS])
    app[PHONES] = Phones(database, clock)
    app[CARE] = Care(database, clock, FoldRequests())
    waiting_limit = settings.intake_waiting_megabytes * 1024 * 1024
    app[INTAKE] = Intake(database, clock, intake_metrics(app[REGISTRY]), waiting_limit)
    app[HOMES] = Homes(database, clock)
    app[VISITS], app[ALERTS], app[NOTIFICATIONS] = visits_and_what_follows(database, clock)
    hours = HoursProcess()
    app[PAYMENTS] = Payments(database, clock, hours.produce)
    app.cleanup_ctx.append(_while_running(app[INTAKE].running))
    app.cleanup_ctx.append(_while_running(hours.running))


def visits_and_what_follows(database: Database, clock: Clock) -> tuple[Visits, Alerts, Notifications]:
    """Tie together who tells whom: a fold tells the alerts, and these tell the candidates for notification."""
    notifications = Notifications(database, clock)
    raising = Raising(notifications)
    return Visits(database, clock, raising), Alerts(database, clock, raising), notifications


def _add_chores(app: web.Application, settings: Settings) -> None:
    metrics = backlog_metrics(app[REGISTRY])
    for loop in (
        partial(folding_loop, app[VISITS]),
        partial(backlog_loop, app[VISITS], metrics),
        partial(watching_loop, app[DATABASE], app[ALERTS], app[CLOCK]),
        partial(purging_loop, Purge(app[DATABASE], app[CLOCK]), timedelta(days=settings.location_days)),
    ):
        app.cleanup_ctx.append(_in_background(loop))


def endpoints(*, rehearsal: bool) -> list[Endpoint]:
    """Return every endpoint of the API, as served and as described."""
    subjects = [*SUBJECTS, ecm.process.rehearsal.ROUTES] if rehearsal else SUBJECTS
    return [endpoint for subject in subjects for endpoint in subject.endpoints]


def _add_routes(app: web.Application, settings: Settings) -> None:
    served = endpoints(rehearsal=settings.rehearsal)
    for endpoint in served:
        handler = guarded(endpoint)
        if endpoint.method == "GET":
            app.router.add_get(endpoint.path, handler)  # and HEAD with it (RFC 9110, 9.3.2)
        else:
            app.router.add_route(endpoint.method, endpoint.path, handler)
    app[DESCRIPTION] = openapi.describe(served, __version__)
    ecm.web.pages.add_pages(app)


def _while_running(
    running: Callable[[], AbstractAsyncContextManager[None]],
) -> Callable[[web.Application], AsyncIterator[None]]:
    async def context(_: web.Application) -> AsyncIterator[None]:
        async with running():
            yield

    return context


def _in_background(loop: Callable[[], Awaitable[None]]) -> Callable[[web.Application], AsyncIterator[None]]:
    async def context(app: web.Application) -> AsyncIterator[None]:
        task = asyncio.ensure_future(loop())
        app[LOOPS].append(task)
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    return context
