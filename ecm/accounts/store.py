"""Accounts, tokens and sessions in the database."""

from datetime import datetime
from uuid import UUID

import asyncpg

from ecm.accounts.domain import username_key
from ecm.db.pool import Connection
from ecm.db.queries import load_queries
from ecm.words.roles import Account

_QUERIES = load_queries(__package__)


async def insert_account(
    connection: Connection, account: Account, *, password_hash: str, token_hash: bytes, at: datetime
) -> None:
    """Store a new account with its first token."""
    await connection.execute(
        _QUERIES["insert_account"],
        account.account_id,
        account.username,
        username_key(account.username),
        account.role,
        account.provider,
        account.council,
        password_hash,
        at,
    )
    await insert_token(connection, account.account_id, token_hash, at)


async def insert_token(connection: Connection, account_id: UUID, token_hash: bytes, at: datetime) -> None:
    """Give an account one more API token."""
    await connection.execute(_QUERIES["insert_token"], token_hash, account_id, at)


async def revoke_tokens(connection: Connection, account_id: UUID, at: datetime) -> int:
    """Make every token of an account useless; return how many counted until now."""
    return len(await connection.fetch(_QUERIES["revoke_tokens"], account_id, at))


async def account_by_token(connection: Connection, token_hash: bytes) -> Account | None:
    """Find whose token this is, if it still counts."""
    row = await connection.fetchrow(_QUERIES["account_by_token"], token_hash)
    return None if row is None else _account(row)


async def account_by_session(connection: Connection, session_hash: bytes, now: datetime) -> Account | None:
    """Find whose session this is, if it has not run out."""
    row = await connection.fetchrow(_QUERIES["account_by_session"], session_hash, now)
    return None if row is None else _account(row)


async def account_by_username(connection: Connection, username: str) -> tuple[Account, str] | None:
    """Find an account and its password hash, however the name was typed."""
    row = await connection.fetchrow(_QUERIES["account_by_username"], username, username_key(username))
    return None if row is None else (_account(row), row["password_hash"])


async def insert_session(
    connection: Connection, session_hash: bytes, account_id: UUID, at: datetime, expires_at: datetime
) -> None:
    """Store a session, and clear away those that have run out."""
    await connection.execute(_QUERIES["delete_expired_sessions"], at)
    await connection.execute(_QUERIES["insert_session"], session_hash, account_id, at, expires_at)


async def delete_session(connection: Connection, session_hash: bytes) -> None:
    """End a session."""
    await connection.execute(_QUERIES["delete_session"], session_hash)


def _account(row: asyncpg.Record) -> Account:
    return Account(row["account_id"], row["username"], row["role"], row["provider_id"], row["council_id"])
