"""The world of the payments' tests."""

import asyncpg
import pytest

from ecm.db.pool import Database
from tests.arranging import HandClock
from tests.payments.council import MIDNIGHT, World


@pytest.fixture
async def world(superuser: asyncpg.Connection, database: Database) -> World:
    """A council, a provider and a client, at the midnight after the day."""
    council = World(superuser, database, HandClock(MIDNIGHT))
    await council.arrange()
    return council
