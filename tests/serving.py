"""The routes of visits, alerts, notifications and audit, served for a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

import ecm.alerts.routes
import ecm.audit.routes
import ecm.notifications.routes
import ecm.visits.routes
from ecm.accounts.asking import asking
from ecm.accounts.domain import NOBODYS_PASSWORD_HASH, secret_hash
from ecm.accounts.service import ACCOUNTS, Accounts
from ecm.accounts.store import insert_account
from ecm.alerts.service import ALERTS
from ecm.audit.service import AUDIT, Audit
from ecm.http.guard import WHO_ASKS, guarded
from ecm.http.public_address import PUBLIC_ADDRESS, PublicAddress
from ecm.http.replies import tell_problems
from ecm.http.requests import CLOCK
from ecm.notifications.service import NOTIFICATIONS
from ecm.process.wiring import visits_and_what_follows
from ecm.visits.service import VISITS
from ecm.words.roles import ROLES, Account, Role
from tests.arranging import COUNCIL, Arranged, HandClock

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def serving(arranged: Arranged, clock: HandClock) -> AsyncIterator[Client]:
    """A client of these routes, with an account for each role."""
    app = web.Application(middlewares=[tell_problems], client_max_size=0)
    database = arranged.database
    app[CLOCK], app[ACCOUNTS], app[AUDIT] = clock, Accounts(database, clock), Audit(database, clock)
    app[WHO_ASKS], app[PUBLIC_ADDRESS] = asking(app[ACCOUNTS]), PublicAddress(None)
    app[VISITS], app[ALERTS], app[NOTIFICATIONS] = visits_and_what_follows(database, clock)
    for subject in (ecm.visits.routes, ecm.alerts.routes, ecm.notifications.routes, ecm.audit.routes):
        for endpoint in subject.ROUTES.endpoints:
            app.router.add_route(endpoint.method, endpoint.path, guarded(endpoint))
    for number, role in enumerate(ROLES, start=1):
        await _account(arranged, UUID(int=number), role, clock)
    async with TestClient(TestServer(app)) as client:
        yield client


def bearer(role: Role) -> dict[str, str]:
    return {"Authorization": f"Bearer token of the {role}"}


async def _account(arranged: Arranged, account_id: UUID, role: Role, clock: HandClock) -> None:
    provider = arranged.provider if role in {"coordinator", "registered_manager"} else None
    account = Account(account_id, f"the {role}", role, provider, COUNCIL if role == "council_officer" else None)
    async with arranged.database.transaction("arrange_account") as connection:
        await insert_account(
            connection,
            account,
            password_hash=NOBODYS_PASSWORD_HASH,
            token_hash=secret_hash(f"token of the {role}"),
            at=clock.now(),
        )
