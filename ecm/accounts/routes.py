"""Accounts over HTTP."""

from uuid import UUID

import msgspec
from aiohttp import web

from ecm.accounts.service import ACCOUNTS
from ecm.http.endpoints import Routes
from ecm.http.replies import reply
from ecm.http.requests import account_of, read_json
from ecm.words.codes import Council, Name
from ecm.words.problems import CONFLICT, INVALID
from ecm.words.roles import OPERATORS, Role

ROUTES = Routes("accounts")


class NewAccountMessage(msgspec.Struct, forbid_unknown_fields=True):
    """An account to make; office roles name their provider, council officers their council."""

    username: Name
    role: Role
    provider: UUID | None = None
    council: Council | None = None


class AccountMade(msgspec.Struct):
    """The new account; password and token are shown this once."""

    username: str
    role: Role
    password: str
    token: str


@ROUTES.route(
    "POST",
    "/v1/accounts",
    "Make an account",
    roles=OPERATORS,
    body=NewAccountMessage,
    replies={201: AccountMade},
    problems=(CONFLICT, INVALID),
)
async def post_account(request: web.Request) -> web.Response:
    """Make an account and show its password and token once."""
    wanted = await read_json(request, NewAccountMessage)
    created = await request.app[ACCOUNTS].create(
        wanted.username, wanted.role, wanted.provider, wanted.council, by=account_of(request).username
    )
    return reply(AccountMade(created.account.username, created.account.role, created.password, created.token), 201)
