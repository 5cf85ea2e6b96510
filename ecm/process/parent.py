"""Running the service: a parent that holds the database and the port, and the workers that serve.

The parent reserves the port and the workers listen on it side by side; one more process, less urgent, does the chores
(folding, watching, purging). A worker that dies is started again; when the parent dies, its workers end at once, so
that nobody serves unwatched.
"""

import asyncio
import errno
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Final

import structlog
from prometheus_client.multiprocess import mark_process_dead

from ecm.accounts.service import Accounts
from ecm.db.embedded.housing import mark
from ecm.db.embedded.server import EmbeddedServer
from ecm.db.migrations import migrate
from ecm.db.pool import DatabaseUrls, open_database
from ecm.process.settings import Settings, database_urls
from ecm.words.clock import SystemClock
from ecm.words.system_errors import in_plain_words

DATABASE_NAME: Final = "ecm"
OPERATOR_TOKEN_FILE: Final = "operator-token"  # noqa: S105 - a file's name, not a token
READY: Final = b"ready\n"
BACKLOG: Final = 2_048
START_SECONDS: Final = 60
STOP_SECONDS: Final = 30
# Every phone that is connected is an open file of its worker.
OPEN_FILES: Final = 65_536
_FEW_OPEN_FILES: Final = 4_096

_log = structlog.get_logger()


class WorkerFailed(Exception):
    """A worker did not come up; it has said why on standard error."""


class CannotListen(Exception):
    """Nobody can listen at the host and port that were asked for; the message says why and what to do."""


@asynccontextmanager
async def serving(settings: Settings, workers: int) -> AsyncIterator[str]:
    """Bring everything up, give the service's address once it serves, and take all down at the end."""
    allow_open_files()
    async with AsyncExitStack() as stack:
        # Before there is any database: who cannot listen need not begin.
        reserved = stack.enter_context(_reserve(settings))
        urls = await stack.enter_async_context(_database_urls(settings))
        await migrate(urls.migration, applied_at=SystemClock().now())
        await _leave_operator_token(settings, urls)
        crew = _Crew(settings, urls, reserved.getsockname()[1])
        await stack.enter_async_context(crew.working(workers))
        yield web_address(*reserved.getsockname()[:2])


def web_address(host: str, port: int) -> str:
    """Return the address under which this machine reaches the service; an IPv6 address stands in brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def allow_open_files() -> None:
    """Let this process and those it starts hold as many files open as they may, for shells begin with some 1,000."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < _FEW_OPEN_FILES:
        _log.warning("process.files.few", allowed=allowed)


class _Crew:
    """The workers of one parent."""

    def __init__(self, settings: Settings, urls: DatabaseUrls, port: int) -> None:
        self._settings = settings
        self._urls = urls
        self._port = port
        self._stopping = False

    @asynccontextmanager
    async def working(self, workers: int) -> AsyncIterator[None]:
        """Run that many workers, and one for the chores, and replace those that die; at the end each finishes."""
        metrics = Path(tempfile.mkdtemp(prefix="ecm-metrics-"))
        alive_end, ours = os.pipe()
        environment = {**os.environ, **_handed_down(self._urls), "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
        keepers: list[asyncio.Task[None]] = []
        try:
            # A rehearsal has one clock, so one process does everything.
            duties = ["all"] if self._settings.rehearsal else ["serve"] * workers + ["chores"]
            started = await asyncio.gather(
                *(self._start(environment, alive_end, duty) for duty in duties), return_exceptions=True
            )
            keepers = [
                asyncio.create_task(self._keep(process, environment, alive_end, duty))
                for process, duty in zip(started, duties, strict=True)
                if isinstance(process, asyncio.subprocess.Process)
            ]
            if len(keepers) < len(duties):
                raise WorkerFailed("A worker did not start; the lines above say why.")
            yield
        finally:
            self._stopping = True
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            for end in (alive_end, ours):
                os.close(end)
            await asyncio.to_thread(shutil.rmtree, metrics, ignore_errors=True)

    async def _start(self, environment: Mapping[str, str], alive_end: int, duty: str) -> asyncio.subprocess.Process:
        settings = self._settings
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ecm.process.worker",
            f"--host={settings.host}",
            f"--port={self._port}",
            f"--parent={alive_end}",
            f"--state={settings.state_dir}",
            f"--duty={duty}",
            *(["--rehearsal"] if settings.rehearsal else []),
            stdout=asyncio.subprocess.PIPE,
            pass_fds=(alive_end,),
            env=environment,
        )
        assert process.stdout is not None  # noqa: S101 - asked for just above
        try:
            said = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
        except TimeoutError:
            said = b""
        if said != READY:
            await _end(process, signal.SIGKILL)
            raise WorkerFailed(f"worker {process.pid} did not come up")
        return process

    async def _keep(
        self, process: asyncio.subprocess.Process, environment: Mapping[str, str], alive_end: int, duty: str
    ) -> None:
        """Replace a worker whenever it dies; when cancelled, stop it in order."""
        pause = 0.1
        try:
            while True:
                code = await process.wait()
                mark_process_dead(process.pid, environment["PROMETHEUS_MULTIPROC_DIR"])  # type: ignore[no-untyped-call]
                _log.error("process.worker.died", pid=process.pid, duty=duty, code=code)
                try:
                    process = await self._start(environment, alive_end, duty)
                    pause = 0.1
                except (WorkerFailed, OSError) as error:
                    _log.error("process.worker.not_replaced", duty=duty, error=type(error).__name__)
                    await asyncio.sleep(pause)
                    pause = min(2 * pause, 5.0)
        finally:
            await _end(process, signal.SIGTERM)


@asynccontextmanager
async def _database_urls(settings: Settings) -> AsyncIterator[DatabaseUrls]:
    """Give the URLs of the operator's own database, else of an embedded server that runs meanwhile."""
    if settings.database_url is not None:
        yield database_urls(settings)
        return
    async with EmbeddedServer(settings.state_dir) as server:
        await server.ensure_database(DATABASE_NAME)
        supervisor = asyncio.create_task(server.supervise())
        try:
            yield server.urls(DATABASE_NAME)
        finally:
            supervisor.cancel()
            await asyncio.gather(supervisor, return_exceptions=True)


def _handed_down(urls: DatabaseUrls) -> dict[str, str]:
    return {
        "ECM_DATABASE_URL": urls.service,
        "ECM_INTAKE_DATABASE_URL": urls.intake,
        "ECM_MIGRATION_DATABASE_URL": urls.migration,
    }


async def _leave_operator_token(settings: Settings, urls: DatabaseUrls) -> None:
    async with open_database(urls, service_connections=1, intake_connections=1) as database:
        token = await Accounts(database, SystemClock()).ensure_operator("operator")
    await asyncio.to_thread(_keep_private, settings.state_dir / OPERATOR_TOKEN_FILE, token)


def _keep_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    mark(path.parent)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{text}\n")


def _reserve(settings: Settings) -> socket.socket:
    """Take the port for this service; its workers then listen on it side by side. Raises CannotListen.

    The kernel deals connections out among sockets that share a port, and would do so among two services too: so the
    port is first asked for alone, which fails where somebody listens already.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.create_server((settings.host, settings.port), family=family) as alone:
            port = alone.getsockname()[1]
    except (OSError, UnicodeError) as error:
        raise CannotListen(_why_not_listening(error, settings)) from None
    reserved = socket.socket(family, socket.SOCK_STREAM)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind((settings.host, port))
    return reserved


def _why_not_listening(error: OSError | UnicodeError, settings: Settings) -> str:
    if isinstance(error, socket.gaierror | UnicodeError) or error.errno == errno.EADDRNOTAVAIL:
        return f"{settings.host} is no address of this machine. Give one of its own with --host, such as 127.0.0.1."
    if error.errno == errno.EADDRINUSE:
        return f"Port {settings.port} is in use already. Stop what listens there, or give another port with --port."
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"This user may not listen on port {settings.port}. Give a port above 1023 with --port."
    return in_plain_words(error, f"{settings.host}, port {settings.port}")


async def _end(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
