"""The service's routes of care and accounts, for a town."""

from uuid import uuid4

from aiohttp import web
from aiohttp.test_utils import TestClient

from ecm.accounts import routes as account_routes
from ecm.accounts.asking import asking
from ecm.accounts.domain import NOBODYS_PASSWORD_HASH, secret_hash
from ecm.accounts.service import ACCOUNTS, Accounts
from ecm.accounts.store import insert_account
from ecm.care import routes as care_routes
from ecm.care.service import CARE
from ecm.http.guard import WHO_ASKS, guarded
from ecm.http.public_address import PUBLIC_ADDRESS, PublicAddress
from ecm.http.replies import tell_problems
from ecm.phones import routes as phone_routes
from ecm.phones.service import PHONES
from ecm.words.roles import Account, Role
from tests.care.town import COUNCIL, NOW, Town

Client = TestClient[web.Request, web.Application]


def build_app(town: Town) -> web.Application:
    """The service with the routes of care and accounts only."""
    app = web.Application(middlewares=[tell_problems], client_max_size=0)
    app[PUBLIC_ADDRESS] = PublicAddress("https://ecm.example/")
    app[ACCOUNTS] = Accounts(town.database, town.clock)
    app[WHO_ASKS] = asking(app[ACCOUNTS])
    app[CARE], app[PHONES] = town.care, town.phones
    for routes in (account_routes.ROUTES, care_routes.ROUTES, phone_routes.ROUTES):
        for endpoint in routes.endpoints:
            app.router.add_route(endpoint.method, endpoint.path, guarded(endpoint))
    return app


async def bearer(town: Town, role: Role) -> dict[str, str]:
    """The header of somebody who signed in; without a password, since hashing one takes its time."""
    provider = town.provider if role in ("coordinator", "registered_manager") else None
    council = COUNCIL if role == "council_officer" else None
    account, token = Account(uuid4(), f"the {role}", role, provider, council), f"token of the {role}"
    async with town.database.transaction("test_account") as connection:
        await insert_account(
            connection, account, password_hash=NOBODYS_PASSWORD_HASH, token_hash=secret_hash(token), at=NOW
        )
    return {"Authorization": f"Bearer {token}"}
