"""Numbered plain SQL migrations, each applied once, in order, in a transaction of its own, and never edited.

The files ``migrations/NNNN_name.sql`` run as the role ecm_owner, which thereby owns every object.
"""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg
import structlog

from ecm.db.errors import MigrationRefused
from ecm.db.queries import load_queries
from ecm.db.servers import Servers

_QUERIES = load_queries(__package__)
_FILE_NAME = re.compile(r"(?P<version>[0-9]{4})_(?P<name>[a-z0-9_]+)\.sql")
_TRANSACTION_CONTROL = re.compile(
    r"^\s*(?:(?:BEGIN|COMMIT|ROLLBACK)(?:\s+(?:WORK|TRANSACTION))?|START\s+TRANSACTION)\s*;",
    re.IGNORECASE | re.MULTILINE,
)
_LOCK_TIMEOUT = "SET LOCAL lock_timeout = '5s'"
_AS_OWNER = "SET LOCAL ROLE ecm_owner"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration file. `sha256` is of its bytes, in hexadecimal."""

    version: int
    name: str
    sql: str
    sha256: str


def read_migrations(folder: Traversable | None = None) -> tuple[Migration, ...]:
    """Read the migrations of `folder` (the service's own by default), in order.

    Raises MigrationRefused for a file that is not named ``NNNN_name.sql``, for versions that do not count up
    from 1, and for a file that begins or ends transactions itself.
    """
    folder = files(__package__).joinpath("migrations") if folder is None else folder
    entries = sorted((entry for entry in folder.iterdir() if entry.is_file()), key=lambda entry: entry.name)
    migrations = tuple(_read(entry) for entry in entries)
    for expected, migration in enumerate(migrations, start=1):
        if migration.version != expected:
            raise MigrationRefused(f"migration {expected:04d} is missing or there twice")
    return migrations


async def migrate(
    url: str, *, applied_at: datetime, migrations: Sequence[Migration] | None = None
) -> tuple[Migration, ...]:
    """Bring the database at `url` up to date; return the migrations newly applied, in order.

    Makes the roles ecm_owner, ecm_service and ecm_intake (LOGIN, no password: a DBA may set one) where they
    are missing, and makes the login of `url` a member of each. Several starters at once are safe: all but one
    wait and then find nothing to do. A migration waits at most 5 s for a lock.
    Raises MigrationRefused when the history in the database is not the beginning of `migrations` (a file was
    edited, renamed or removed, or the database is newer than this service), DatabaseUnavailable when it
    cannot connect, and the driver's error when a migration fails; those before it stay applied.
    """
    wanted = await asyncio.to_thread(read_migrations) if migrations is None else migrations
    async with _locked(url) as connection:
        await _prepare(connection)
        pending = wanted[await _verified_history(connection, wanted) :]
        for migration in pending:
            await _apply(connection, migration, applied_at)
        return tuple(pending)


@asynccontextmanager
async def _locked(url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that holds the migrators' lock: a session lock, so it falls with the connection."""
    settings = {"application_name": "ecm migrations", "timezone": "UTC"}
    connection = await Servers(url).connect(server_settings=settings)
    try:
        await connection.execute(_QUERIES["lock_migrations"])
        yield connection
    finally:
        await connection.close()


async def _prepare(connection: asyncpg.Connection) -> None:
    await connection.execute(_QUERIES["create_roles"])
    if not await connection.fetchval(_QUERIES["history_exists"]):
        async with connection.transaction():
            await connection.execute(_AS_OWNER)
            await connection.execute(_QUERIES["create_history"])
            await connection.execute(_QUERIES["grant_history"])


async def _verified_history(connection: asyncpg.Connection, wanted: Sequence[Migration]) -> int:
    """How many of `wanted` are applied already, after checking that they are the same."""
    history = await connection.fetch(_QUERIES["applied_migrations"])
    for position, row in enumerate(history):
        if position >= len(wanted):
            raise MigrationRefused(
                f"the database has migration {row['version']:04d}_{row['name']}, which this service does not"
            )
        known = wanted[position]
        if (row["version"], row["name"], row["sha256"]) != (known.version, known.name, known.sha256):
            raise MigrationRefused(
                f"migration {known.version:04d}_{known.name} is not what was applied as "
                f"{row['version']:04d}_{row['name']}: applied migrations are never edited, add another"
            )
    return len(history)


async def _apply(connection: asyncpg.Connection, migration: Migration, applied_at: datetime) -> None:
    async with connection.transaction():
        await connection.execute(_LOCK_TIMEOUT)
        await connection.execute(_AS_OWNER)
        await connection.execute(migration.sql)
        await connection.execute(
            _QUERIES["record_migration"], migration.version, migration.name, migration.sha256, applied_at
        )
    log.info("db.migration.applied", version=migration.version, migration=migration.name)


def _read(entry: Traversable) -> Migration:
    named = _FILE_NAME.fullmatch(entry.name)
    if named is None:
        raise MigrationRefused(f"{entry.name} is not named NNNN_name.sql")
    content = entry.read_bytes()
    sql = content.decode("utf-8")
    if _TRANSACTION_CONTROL.search(sql):
        raise MigrationRefused(f"{entry.name} begins or ends a transaction; each file is one already")
    return Migration(int(named["version"]), named["name"], sql, hashlib.sha256(content).hexdigest())
