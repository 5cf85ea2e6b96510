"""What one request asks of the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from asyncpg.connection import LoggedQuery

from ecm.db.pool import Connection, Database


@dataclass
class Counted:
    """The transactions by name, and the statements in them; what begins, scopes and ends a transaction is left out."""

    transactions: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)

    @property
    def numbers(self) -> tuple[int, int]:
        return len(self.transactions), len(self.statements)

    def clear(self) -> None:
        self.transactions.clear()
        self.statements.clear()

    def watch(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        """Count every transaction that goes through this gate from now on."""
        gate = database.transaction

        def heed(query: LoggedQuery) -> None:
            self.statements.append(query.query)

        @asynccontextmanager
        async def transaction(name: str, **how: Any) -> AsyncIterator[Connection]:
            async with gate(name, **how) as connection:
                self.transactions.append(name)
                with connection.query_logger(heed):
                    yield connection

        monkeypatch.setattr(database, "transaction", transaction)
