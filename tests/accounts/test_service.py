"""Tokens and sessions in the database: each counts until it ends, and not a moment longer."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from ecm.accounts.domain import NOBODYS_PASSWORD_HASH, secret_hash
from ecm.accounts.service import SESSION_LENGTH, Accounts
from ecm.accounts.store import insert_account, insert_session
from ecm.db.pool import Database
from ecm.words.problems import Problem
from ecm.words.roles import Account
from tests.arranging import HandClock, at

SIGNED_IN = at("08:00")


@pytest.fixture
def clock() -> HandClock:
    return HandClock(SIGNED_IN)


@pytest.fixture
def accounts(database: Database, clock: HandClock) -> Accounts:
    return Accounts(database, clock)


@pytest.fixture
async def operator(database: Database) -> Account:
    """An operator with the token `first` and the session `morning`, signed in at eight."""
    account = Account(uuid4(), "an operator", "operator", None, None)
    async with database.transaction("arrange_account") as connection:
        await insert_account(
            connection, account, password_hash=NOBODYS_PASSWORD_HASH, token_hash=secret_hash("first"), at=SIGNED_IN
        )
        ends = SIGNED_IN + SESSION_LENGTH
        await insert_session(connection, secret_hash("morning"), account.account_id, SIGNED_IN, ends)
    return account


async def test_a_session_counts_until_its_end_and_no_longer(accounts: Accounts, operator: Account, clock: HandClock):
    end = SIGNED_IN + SESSION_LENGTH
    clock.move_to(end - timedelta(microseconds=1))
    assert await accounts.by_session("morning") == operator
    clock.move_to(end)
    assert await accounts.by_session("morning") is None


async def test_a_session_that_was_signed_out_counts_no_longer_and_others_do(
    accounts: Accounts, operator: Account, database: Database
):
    async with database.transaction("arrange_session") as connection:
        ends = SIGNED_IN + SESSION_LENGTH
        await insert_session(connection, secret_hash("other"), operator.account_id, SIGNED_IN, ends)
    await accounts.sign_out("morning")
    assert await accounts.by_session("morning") is None
    assert await accounts.by_session("other") == operator


async def test_sessions_that_have_run_out_are_cleared_away_by_the_next_one(
    accounts: Accounts, operator: Account, database: Database, superuser: asyncpg.Connection
):
    later = SIGNED_IN + SESSION_LENGTH
    async with database.transaction("arrange_session") as connection:
        await insert_session(connection, secret_hash("next"), operator.account_id, later, later + SESSION_LENGTH)
    assert await superuser.fetchval("SELECT array_agg(session_hash) FROM sessions") == [secret_hash("next")]


async def test_a_fresh_operators_token_revokes_the_older_ones(accounts: Accounts, operator: Account):
    assert await accounts.by_token("first") == operator
    second = await accounts.ensure_operator(operator.username)
    assert await accounts.by_token(second) == operator
    with pytest.raises(Problem, match="unknown or was revoked") as refused:
        await accounts.by_token("first")
    assert refused.value.kind.slug == "not-signed-in"


async def test_revoking_one_accounts_tokens_leaves_those_of_others(accounts: Accounts, operator: Account):
    other = await accounts.ensure_operator("another operator")
    await accounts.ensure_operator(operator.username)
    assert (await accounts.by_token(other)).username == "another operator"


async def test_a_token_of_nobody_is_nobodys(accounts: Accounts, operator: Account):
    with pytest.raises(Problem, match="unknown or was revoked"):
        await accounts.by_token("second")
