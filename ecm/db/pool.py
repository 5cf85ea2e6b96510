"""The one gate to the database: pools by role, and named transactions that say whose rows they may see."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias, TypeVar
from uuid import UUID

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from prometheus_client import CollectorRegistry, Histogram

from ecm.db.errors import DatabaseUnavailable, TransactionConflicted, UnsafeDatabase, translated
from ecm.db.queries import load_queries
from ecm.db.servers import Servers

_DURABILITY = load_queries(__package__)["durability"]
_COUNCIL = re.compile(r"[A-Z][0-9]{8}")
_CLOSE_SECONDS = 10.0
_CONNECT_SECONDS = 10.0
_WARNING = "01000"

T = TypeVar("T")
Role = Literal["service", "intake"]
Isolation = Literal["read_committed", "repeatable_read", "serializable"]
Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy

# How long a server may say nothing to one command: a phone is not kept waiting, and any other command the server ends
# by itself after two minutes at most. To begin a transaction takes it no time, however long the rest may take.
_SILENCE_SECONDS: Final[dict[Role, float]] = {"intake": 10.0, "service": 150.0}
_BEGIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """Where to connect, one URL a role; the same server behind all three.

    A URL may name several servers (``//one:5432,two:5432/ecm``): the one that takes writes is used (Servers).

    The login of each URL must be, or be a member of, ecm_service, ecm_intake and a role that may migrate, in
    this order. `same` serves where one login is a member of all.
    """

    service: str
    intake: str
    migration: str

    @classmethod
    def same(cls, url: str) -> "DatabaseUrls":
        """All three roles through one login."""
        return cls(service=url, intake=url, migration=url)


class Database:
    """The pools of one process. Made by `open_database`; safe to share between tasks of one event loop."""

    def __init__(self, pools: dict[Role, asyncpg.Pool], servers: Servers, application_name: str) -> None:
        self._pools = pools
        self._servers = servers
        self._application_name = application_name
        self._seconds: Histogram | None = None

    def observe(self, registry: CollectorRegistry) -> None:
        """Measure every transaction from now on: ``ecm_transaction_seconds{name, outcome}`` in `registry`.

        The time runs from asking for a connection to the acknowledged COMMIT or ROLLBACK.
        """
        self._seconds = Histogram(
            "ecm_transaction_seconds",
            "Time from asking for a connection to the end of the named transaction.",
            ("name", "outcome"),
            registry=registry,
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
        )

    @asynccontextmanager
    async def transaction(
        self,
        name: str,
        *,
        role: Role = "service",
        provider: UUID | None = None,
        council: str | None = None,
        read_only: bool = False,
        isolation: Isolation = "read_committed",
        timeout_seconds: float | None = None,
    ) -> AsyncIterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        COMMIT has been acknowledged when the ``async with`` is left without an error (promise 1), by the
        synchronous standbys too where the server has some.
        `name` is a literal that names the use (``record_check_ins``): it labels the measurements.
        `provider` or `council` says whose rows the row policies show (promise 11); with neither, both
        settings are empty and the policies show nothing that belongs to anybody. Giving both is a ValueError.
        `timeout_seconds` bounds each statement, and not the whole block; the default is 30 s.
        Inside, use plain asyncpg; never SET without LOCAL and no session locks (see `direct`), since the
        connection goes back to the pool as it is. Raises the errors of ecm.db.errors; others pass.
        """
        scope = _scope(provider, council, timeout_seconds)
        started = time.perf_counter()
        outcome = "rolled_back"
        try:
            async with (
                self._acquired(role) as connection,
                _translating(connection, read_only=read_only) as block,
                asyncio.timeout(_BEGIN_SECONDS) as beginning,
                connection.transaction(isolation=isolation, readonly=read_only),
                _dropping_the_silent(connection),
            ):
                await connection.execute(scope)
                beginning.reschedule(None)
                yield connection
                block.committing = True
            outcome = "committed"
        finally:
            if self._seconds is not None:
                self._seconds.labels(name, outcome).observe(time.perf_counter() - started)

    @asynccontextmanager
    async def statement(self, name: str, *, role: Role) -> AsyncIterator[Connection]:
        """A connection for single statements, each its own transaction: the fast way for work of one statement.

        A statement that has returned is committed, as by `transaction`. No provider or council is set, so this is
        for the roles that the row policies let through by themselves. `name`, errors and limits as there.
        """
        started = time.perf_counter()
        outcome = "rolled_back"
        try:
            async with (
                self._acquired(role) as connection,
                _translating(connection) as block,
                _dropping_the_silent(connection),
            ):
                # Whenever the connection breaks now, the statement under way may have been committed.
                block.committing = True
                yield connection
            outcome = "committed"
        finally:
            if self._seconds is not None:
                self._seconds.labels(name, outcome).observe(time.perf_counter() - started)

    async def retrying(self, work: Callable[[], Awaitable[T]], *, within_seconds: float = 10.0) -> T:
        """Run `work`, and again while it raises TransactionConflicted or DatabaseUnavailable.

        Only for work that may be done twice: after a connection broke in COMMIT nobody knows whether it was
        done. Waits 20 ms and then doubles, up to 1 s; raises the last error when `within_seconds` would pass.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + within_seconds
        pause = 0.02
        while True:
            try:
                return await work()
            except (TransactionConflicted, DatabaseUnavailable):
                if clock() + pause > deadline:
                    raise
            await asyncio.sleep(pause)
            pause = min(2 * pause, 1.0)

    @asynccontextmanager
    async def direct(self, name: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the service role outside the pool, for session advisory locks and LISTEN.

        Raises DatabaseUnavailable when it cannot be opened. The driver's errors pass untranslated inside.
        """
        settings = _server_settings("service", f"{self._application_name} {name}")
        connection = await self._servers.connect(server_settings=settings)
        try:
            await check_durability(connection)
            yield connection
        finally:
            if not connection.is_closed():
                await connection.close(timeout=_CLOSE_SECONDS)

    @asynccontextmanager
    async def _acquired(self, role: Role) -> AsyncIterator[PoolConnectionProxy]:
        pool = self._pools[role]
        try:
            connection = await pool.acquire(timeout=_CONNECT_SECONDS)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise _unreachable(error) from error
        try:
            yield connection
        except DatabaseUnavailable as error:
            if isinstance(error.__cause__, TimeoutError):
                # What silenced this one has silenced its neighbours: nobody shall find that out one by one.
                await pool.expire_connections()
            raise
        finally:
            await pool.release(connection)


@asynccontextmanager
async def open_database(
    urls: DatabaseUrls,
    *,
    service_connections: int = 8,
    intake_connections: int = 3,
    application_name: str = "ecm",
) -> AsyncIterator[Database]:
    """Open the pools, give the database, and close the pools at the end.

    Every connection, now and after any reconnection, passes `check_durability` before it is used. Raises
    UnsafeDatabase, or DatabaseUnavailable when the server cannot be reached or the roles do not exist yet.
    """
    service = Servers(urls.service)
    sizes: tuple[tuple[Role, Servers, int], ...] = (
        ("service", service, service_connections),
        ("intake", Servers(urls.intake), intake_connections),
    )
    async with AsyncExitStack() as stack:
        pools: dict[Role, asyncpg.Pool] = {}
        for role, servers, size in sizes:
            pools[role] = await stack.enter_async_context(_pool(role, servers, size, application_name))
        yield Database(pools, service, application_name)


async def check_durability(connection: Connection) -> None:
    """Raise UnsafeDatabase unless a COMMIT survives a crash and the row policies bind the role.

    fsync and full_page_writes must be on; synchronous_commit on, or remote_apply, which waits for more. The
    role must be no superuser, must not bypass row-level security, and must own nothing, itself or through a
    membership (promises 1 and 11 of ARCHITECTURE.md).
    """
    found = await connection.fetchrow(_DURABILITY)
    if found is None:
        raise UnsafeDatabase(("The server does not know the role of this connection.",))
    reasons = [
        f"{setting} is {found[setting]}: an answered check-in could be lost; turn it on."
        for setting, safe in (
            ("fsync", {"on"}),
            ("full_page_writes", {"on"}),
            ("synchronous_commit", {"on", "remote_apply"}),
        )
        if found[setting] not in safe
    ]
    role = found["role"]
    if found["superuser"]:
        reasons.append(f"The role {role} is a superuser, whom row-level security does not bind.")
    if found["bypasses_row_security"]:
        reasons.append(f"The role {role} may bypass row-level security.")
    if found["owns_something"] and not found["superuser"]:
        reasons.append(f"The role {role} owns objects, and row-level security does not bind an owner.")
    if reasons:
        raise UnsafeDatabase(tuple(reasons))


@dataclass(slots=True)
class _Block:
    committing: bool = False
    unconfirmed: bool = False

    def heed(self, _: object, notice: asyncpg.PostgresLogMessage) -> None:
        """A COMMIT warns of one thing: its wait for the standbys was cancelled, so a failover may undo it."""
        self.unconfirmed = self.unconfirmed or (self.committing and notice.sqlstate == _WARNING)


@asynccontextmanager
async def _translating(connection: Connection, *, read_only: bool = False) -> AsyncIterator[_Block]:
    block = _Block()
    try:
        connection.add_log_listener(block.heed)
        yield block
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as error:
        if read_only and isinstance(error, asyncpg.ReadOnlySQLTransactionError):
            raise
        known = translated(error, outcome_unknown=block.committing, connection_lost=_is_lost(connection))
        if known is None:
            raise
        if isinstance(known, DatabaseUnavailable):
            _terminate(connection)
        raise known from error
    else:
        if block.unconfirmed:
            _terminate(connection)
            raise DatabaseUnavailable("no standby has confirmed the commit", outcome_unknown=True)
    finally:
        with suppress(asyncpg.InterfaceError):
            connection.remove_log_listener(block.heed)


@asynccontextmanager
async def _dropping_the_silent(connection: Connection) -> AsyncIterator[None]:
    """Close a connection that did not answer in time, before anybody waits for it to roll back."""
    try:
        yield
    except TimeoutError:
        _terminate(connection)
        raise


@asynccontextmanager
async def _pool(role: Role, servers: Servers, size: int, application_name: str) -> AsyncIterator[asyncpg.Pool]:
    try:
        pool = await asyncpg.create_pool(
            connect=servers.connect,
            init_size=1,
            min_size=0,  # the driver's own upkeep of a minimum prints a traceback a second while the server is away
            max_size=size,
            init=check_durability,
            reset=_leave_as_is,
            command_timeout=_SILENCE_SECONDS[role],
            server_settings=_server_settings(role, application_name),
        )
    except (OSError, asyncpg.PostgresError) as error:
        raise _unreachable(error) from error
    try:
        yield pool
    finally:
        try:
            await asyncio.wait_for(pool.close(), _CLOSE_SECONDS)
        except TimeoutError:
            pool.terminate()


async def _leave_as_is(connection: Any) -> None:
    """Replace the pool's RESET ALL: transactions leave no session state, so its round trip buys nothing."""


def _server_settings(role: Role, application_name: str) -> dict[str, str]:
    return {
        "role": f"ecm_{role}",
        "application_name": application_name,
        "timezone": "UTC",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "60s",
    }


def _scope(provider: UUID | None, council: str | None, timeout_seconds: float | None) -> str:
    """Literals, because set_config() does not travel to the shards of a cluster; so they are checked here."""
    if provider is not None and council is not None:
        raise ValueError("a transaction sees the rows of a provider or of a council, not of both")
    if council is not None and _COUNCIL.fullmatch(council) is None:
        raise ValueError(f"the council must be an ONS code such as E10000015, not {council!r}")
    statements = [
        f"SET LOCAL ecm.provider_id = '{'' if provider is None else UUID(str(provider))}'",
        f"SET LOCAL ecm.council_id = '{council or ''}'",
    ]
    if timeout_seconds is not None:
        statements.append(f"SET LOCAL statement_timeout = {max(1, round(timeout_seconds * 1000)):d}")
    return "; ".join(statements)


def _terminate(connection: Connection) -> None:
    """Close a broken connection at once, so that the pool cannot lend it out again."""
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


def _is_lost(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:
        return True  # the pool has already taken the broken connection away


def _unreachable(error: Exception) -> DatabaseUnavailable:
    return DatabaseUnavailable(f"no connection to the database: {type(error).__name__}: {error}")
