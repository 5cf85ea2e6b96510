"""A town in a fresh database."""

import pytest_asyncio

from ecm.db.pool import Database
from tests.care.town import Town, build_town


@pytest_asyncio.fixture
async def town(database: Database) -> Town:
    """A council, a provider and its office, before any import."""
    return await build_town(database)
