"""What the tests share: a real PostgreSQL, a fresh migrated database for each test, and a guard of the loop."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from blockbuster import blockbuster_ctx
from hypothesis import settings

from ecm.db.embedded.server import EmbeddedServer
from ecm.db.migrations import migrate
from ecm.db.pool import Database, DatabaseUrls, open_database
from tests.arranging import Arranged

# A shared machine is no place for a stopwatch: tests keep promises, benchmarks measure speed.
settings.register_profile("ecm", deadline=None)
# `make quick` tries each property with few examples, whatever it asks for itself; `make test` tries them all.
settings.register_profile("quick", deadline=None, max_examples=15)
settings.load_profile("ecm")

_TEMPLATE = "ecm_template"
_MEMORY = Path("/dev/shm")  # noqa: S108 – the folder made in it is our own
_PLENTY_BYTES = 4_000_000_000
_numbers = count(1)
# Servers stand in this folder; the database of a test stands on a server.
_OF_A_SERVER = frozenset({"server_folder", "server"})
# What builds a package, and what reads the whole code and is therefore run by `make check`.
_HEAVY_ROOMS = tuple(Path(__file__).parent / room for room in ("packaging", "house"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to `make test` what an edit loop need not wait for.

    Heavy is what needs a database server or a built package, reads the whole code (`make check` runs that), or takes
    more than about a second of a slow processor: the last say so themselves.
    """
    quick = settings.get_current_profile_name() == "quick"
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if fixtures & _OF_A_SERVER or any(item.path.is_relative_to(room) for room in _HEAVY_ROOMS):
            item.add_marker("heavy")
        if quick and isinstance(item, pytest.Function):
            _try_few_examples(item.function)


def _try_few_examples(function: object) -> None:
    """Let a property that asks for more examples than the profile be content with those; hypothesis has no such way."""
    wanted = getattr(function, "_hypothesis_internal_use_settings", None)
    few = settings.get_profile("quick").max_examples
    if isinstance(wanted, settings) and wanted.max_examples > few:
        function._hypothesis_internal_use_settings = settings(wanted, max_examples=few)  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """With TESTS_MAY_NOT_SKIP set, as .ci/run sets it, a skipped test is a failure: what cannot run must say so."""
    if os.environ.get("TESTS_MAY_NOT_SKIP") and terminalreporter.stats.get("skipped"):
        terminalreporter.write_line("Tests were skipped, and nothing is to be.", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """See `pytest_terminal_summary`."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("TESTS_MAY_NOT_SKIP") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def nothing_blocks_the_loop() -> Iterator[None]:
    """Promise 12: whatever test runs it, code of ecm/ that blocks the event loop fails."""
    with blockbuster_ctx("ecm") as guard:
        # Starting a program reads one byte from the new process, which says that it began.
        guard.functions["os.read"].can_block_in("subprocess.py", {"_execute_child"})
        for function in guard.functions.values():
            # To connect, asyncpg looks whether there is a password file, and reads certificates.
            function.can_block_in("asyncpg/connect_utils.py", {"_parse_connect_dsn_and_args"})
        yield


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """A folder for servers: short, for the sockets' sake, and open to the account they run as under root.

    In memory where there is plenty: the tests end processes, not machines, and sync nothing slow this way.
    """
    in_memory = _MEMORY.exists() and shutil.disk_usage(_MEMORY).free > _PLENTY_BYTES
    folder = Path(tempfile.mkdtemp(prefix="ecm-tests-", dir=_MEMORY if in_memory else None))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def server(server_folder: Path) -> AsyncIterator[EmbeddedServer]:
    """One server for each worker, with a migrated template database. Faults want a server of their own."""
    async with EmbeddedServer(server_folder / "shared") as running:
        await running.ensure_database(_TEMPLATE)
        await migrate(running.urls(_TEMPLATE).migration, applied_at=datetime(2026, 1, 1, tzinfo=UTC))
        yield running
        await running.kill()  # nobody needs what a clean shutdown would write


@pytest_asyncio.fixture
async def database_urls(server: EmbeddedServer) -> AsyncIterator[DatabaseUrls]:
    """A fresh, migrated database: the URLs of its three roles."""
    name = f"test_{next(_numbers)}"
    administrator = await asyncpg.connect(server.dsn())
    await administrator.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
    yield server.urls(name)
    await administrator.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await administrator.close()


@pytest_asyncio.fixture
async def database(database_urls: DatabaseUrls) -> AsyncIterator[Database]:
    """The gate to a fresh, migrated database."""
    async with open_database(database_urls) as opened:
        yield opened


@pytest_asyncio.fixture
async def superuser(database_urls: DatabaseUrls) -> AsyncIterator[asyncpg.Connection]:
    """A connection that no row policy binds, to arrange rows and to look behind the scenes."""
    connection = await asyncpg.connect(database_urls.migration)
    yield connection
    await connection.close()


@pytest_asyncio.fixture
async def arranged(database: Database, superuser: asyncpg.Connection) -> Arranged:
    """A provider with one branch, and ways to add to it."""
    return await Arranged(database, superuser).begin()
