"""Making accounts, and finding out who is asking."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from aiohttp import web

from ecm.accounts import domain, store
from ecm.audit.domain import SERVICE, EventTag, ServiceEvent
from ecm.audit.service import record_of_service
from ecm.db.errors import ConstraintViolated
from ecm.db.pool import Connection, Database
from ecm.words.clock import Clock
from ecm.words.problems import CONFLICT, INVALID, NOT_SIGNED_IN
from ecm.words.roles import Account, Role

SESSION_LENGTH: Final = timedelta(hours=12)
_USERNAME_TAKEN: Final = frozenset({"accounts_username_once", "accounts_username_key_once"})


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account just made: its password and token are shown once and stored only as hashes."""

    account: Account
    password: str
    token: str


class Accounts:
    """The steps of each use of accounts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def create(
        self, username: str, role: Role, provider: UUID | None, council: str | None, *, by: str
    ) -> NewAccount:
        """Make an account; `by` is the username of who asks for it, or `service`.

        Raises the `conflict` problem when the username is taken, `invalid` when the scope does not fit the role.
        """
        if not domain.scope_fits(role, provider, council):
            raise INVALID.because(
                "A coordinator or registered manager has a provider, a council officer a council, an operator neither."
            )
        account = Account(uuid4(), username, role, provider, council)
        password, token = domain.new_password(), domain.new_secret()
        hashed, now = await asyncio.to_thread(domain.password_hash, password), self._clock.now()
        try:
            async with self._database.transaction("create_account") as connection:
                await store.insert_account(
                    connection,
                    account,
                    password_hash=hashed,
                    token_hash=domain.secret_hash(token),
                    at=now,
                )
                await _account_created(connection, account, by, now)
        except ConstraintViolated as broken:
            if broken.name in _USERNAME_TAKEN:
                raise CONFLICT.because(
                    f"There is already an account called {username}, be it in other capitals."
                ) from None
            if broken.kind == "foreign_key":
                raise INVALID.because("The provider or council of the account is not known.") from None
            raise
        return NewAccount(account, password, token)

    async def ensure_operator(self, username: str) -> str:
        """Return a fresh token for the operator called `username`, made first if need be; older tokens end."""
        async with self._database.transaction("ensure_operator") as connection:
            found = await store.account_by_username(connection, username)
            if found is not None:
                token, now = domain.new_secret(), self._clock.now()
                ended = await store.revoke_tokens(connection, found[0].account_id, now)
                await store.insert_token(connection, found[0].account_id, domain.secret_hash(token), now)
                if ended:
                    await _tokens_changed(connection, EventTag.TOKENS_ENDED, SERVICE, username, (ended, 0), now)
                await _tokens_changed(connection, EventTag.TOKEN_CREATED, SERVICE, username, (0, 1), now)
                return token
        return (await self.create(username, "operator", None, None, by=SERVICE)).token

    async def by_token(self, token: str) -> Account:
        """Find whose API token this is; raises the `not-signed-in` problem when it counts for nobody."""
        async with self._database.transaction("account_by_token", read_only=True) as connection:
            account = await store.account_by_token(connection, domain.secret_hash(token))
        if account is None:
            raise NOT_SIGNED_IN.because("The token is unknown or was revoked.", headers={"WWW-Authenticate": "Bearer"})
        return account

    async def by_session(self, session: str) -> Account | None:
        """Find whose session cookie this is, if it still counts."""
        async with self._database.transaction("account_by_session", read_only=True) as connection:
            return await store.account_by_session(connection, domain.secret_hash(session), self._clock.now())

    async def sign_in(self, username: str, password: str) -> str | None:
        """Return a new session's secret for the right password, None for a wrong one or an unknown username."""
        async with self._database.transaction("account_by_username", read_only=True) as connection:
            found = await store.account_by_username(connection, username)
        stored = domain.NOBODYS_PASSWORD_HASH if found is None else found[1]
        matches = await asyncio.to_thread(domain.password_matches, password, stored)
        if found is None or not matches:
            return None
        session, now = domain.new_secret(), self._clock.now()
        async with self._database.transaction("sign_in") as connection:
            await store.insert_session(
                connection, domain.secret_hash(session), found[0].account_id, now, now + SESSION_LENGTH
            )
        return session

    async def sign_out(self, session: str) -> None:
        """End a session."""
        async with self._database.transaction("sign_out") as connection:
            await store.delete_session(connection, domain.secret_hash(session))


ACCOUNTS: Final = web.AppKey("accounts", Accounts)


async def _account_created(connection: Connection, account: Account, by: str, now: datetime) -> None:
    after = {
        "username": account.username,
        "role": account.role,
        "provider": None if account.provider is None else str(account.provider),
        "council": account.council,
    }
    await record_of_service(
        connection, ServiceEvent(EventTag.ACCOUNT_CREATED, by, account.username, now, before=None, after=after)
    )
    await _tokens_changed(connection, EventTag.TOKEN_CREATED, by, account.username, (0, 1), now)


async def _tokens_changed(
    connection: Connection, tag: EventTag, by: str, username: str, counting: tuple[int, int], now: datetime
) -> None:
    """Write down how many tokens of an account counted before and count after."""
    before, after = ({"tokens": count} for count in counting)
    await record_of_service(connection, ServiceEvent(tag, by, username, now, before, after))
