"""The one gate to the database: pools by role, and named transactions that say whose rows they may see."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from prometheus_client import CollectorRegistry

T = TypeVar("T")
Role = Literal["service", "intake"]
Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """Where to connect, one URL a role; the same server behind all three.

    The login of each URL must be (a member of) ecm_service, ecm_intake and a role that may migrate, in this
    order.
    """

    service: str
    intake: str
    migration: str


class Database:
    """The pools of one process. Make it with `open_database`."""

    @asynccontextmanager
    async def transaction(
        self,
        name: str,
        *,
        role: Role = "service",
        provider: UUID | None = None,
        council: str | None = None,
        read_only: bool = False,
        isolation: Literal["read_committed", "repeatable_read", "serializable"] = "read_committed",
        timeout_seconds: float | None = None,
    ) -> AsyncIterator[Connection]:
        """One transaction; COMMIT has been acknowledged when the block is left without an error."""
        raise NotImplementedError
        yield

    async def retrying(self, work: Callable[[], Awaitable[T]], *, within_seconds: float = 10.0) -> T:
        """Run `work`, again while it raises TransactionConflicted or DatabaseUnavailable, until time is up."""
        raise NotImplementedError

    @asynccontextmanager
    async def direct(self, name: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the service role outside the pool, for advisory locks and LISTEN."""
        raise NotImplementedError
        yield


@asynccontextmanager
async def open_database(
    urls: DatabaseUrls,
    *,
    service_connections: int = 8,
    intake_connections: int = 2,
    application_name: str = "ecm",
    registry: CollectorRegistry | None = None,
) -> AsyncIterator[Database]:
    """Open the pools, check them with `check_durability`, give them, and close them at the end."""
    raise NotImplementedError
    yield


async def check_durability(connection: Connection) -> None:
    """Raise UnsafeDatabase unless a COMMIT survives a crash and the row policies bind the role."""
    raise NotImplementedError
