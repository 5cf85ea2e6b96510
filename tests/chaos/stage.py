"""What chaos acts on: a PostgreSQL, replicas of the service as an operator starts them, proxies between them all."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
import asyncpg
import msgspec

from ecm.db.embedded.server import EmbeddedServer
from ecm.db.embedded.strays import stray_pids
from tests.chaos.proxy import FAIR, Proxy

DATABASE: Final = "ecm"
DISK_MEGABYTES: Final = 1_024
_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 45.0
_READY_SECONDS: Final = 60.0
_TIMES_READY: Final = 6
_POSTGRES: Final = {"max_connections": "100", "max_wal_size": "128MB", "min_wal_size": "32MB"}


class NeverReady(Exception):
    """A replica or the database did not come back by itself."""


class _Died(msgspec.Struct):
    code: int


@dataclass(slots=True)
class Replica:
    """One service with `workers` processes that serve, between its two proxies.

    `crew` is how many processes it has below the first, once it has been up; `died` counts the times it ended when
    nobody had asked it to.
    """

    number: int
    folder: Path
    workers: int
    phones: Proxy
    database: Proxy
    process: asyncio.subprocess.Process | None = None
    crew: int = 0
    failed_starts: int = 0
    died: int = 0

    @property
    def state(self) -> Path:
        """Its state folder."""
        return self.folder / f"replica-{self.number}"

    @property
    def log(self) -> Path:
        """What it wrote to standard error, over all its lives."""
        return self.folder / f"replica-{self.number}.log"

    def workers_that_died(self) -> int:
        """How many of its workers ended although nobody had killed them."""
        lines = [line for line in self.log.read_bytes().splitlines() if b'"process.worker.died"' in line]
        return sum(msgspec.json.decode(line, type=_Died).code != -signal.SIGKILL for line in lines)

    @property
    def url(self) -> str:
        """Its address, past the proxy."""
        return f"http://127.0.0.1:{self.phones.target_port}"

    def pids(self) -> list[int]:
        """The service's processes, the one that was started first."""
        return [] if self.process is None or self.process.returncode is not None else tree(self.process.pid)

    def workers_pids(self) -> list[int]:
        """The processes that work, below the one that was started."""
        return [pid for pid in self.pids()[1:] if _is_worker(pid)]

    def complete(self) -> bool:
        """Whether it has as many processes as at first."""
        return len(self.workers_pids()) == self.crew

    async def start(self) -> None:
        """Start it on the port it always had, again if it cannot start yet, as a supervisor of services would."""
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while not await self._try_start():
            self.failed_starts += 1
            if asyncio.get_running_loop().time() > deadline:
                raise NeverReady(f"replica {self.number} does not start; see {self.log}")
            await asyncio.sleep(0.3)

    async def _try_start(self) -> bool:
        url = f"postgresql://postgres@127.0.0.1:{self.database.port}/{DATABASE}"
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "ecm", "serve"),
                *("--state", str(self.state)),
                *("--port", str(self.phones.target_port)),
                *("--workers", str(self.workers)),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, "ECM_DATABASE_URL": url},
            )
        stdout = self.process.stdout
        assert stdout is not None
        try:
            async with asyncio.timeout(_START_SECONDS):
                while line := await stdout.readline():
                    if line.startswith(b"service: "):
                        return True
        except TimeoutError:
            await self.kill()
            return False
        await self.kill()
        return False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process that was started, as an operator does."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    async def kill(self) -> None:
        """kill -9 every process of it and wait until the first is gone."""
        if self.process is None:
            return
        self.signal(signal.SIGSTOP)
        send(self.pids(), signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int | None:
        """Ask it to stop; return its exit code, None when it had to be killed."""
        if self.process is None:
            return 0
        self.signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self.process.wait(), _STOP_SECONDS)
        except TimeoutError:
            await self.kill()
            return None


@dataclass(slots=True)
class Stage:
    """Everything that runs. `disk` is the small file system the database lives on, None where none could be made."""

    postgres: EmbeddedServer
    data: Path
    disk: Path | None
    replicas: list[Replica]
    unclean_stops: int = 0
    late: int = 0
    notes: list[str] = field(default_factory=list)

    def postgres_pids(self) -> list[int]:
        """The postmaster first, then its children."""
        postmaster = self.postgres.pid
        return [postmaster, *sorted(stray_pids(self.data) - {postmaster})]

    async def answering(self) -> None:
        """Wait until PostgreSQL takes connections."""
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        while True:
            try:
                connection = await asyncpg.connect(self.postgres.dsn(), timeout=5)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if asyncio.get_running_loop().time() > deadline:
                    raise NeverReady(f"PostgreSQL does not come back: {error}") from error
                await asyncio.sleep(0.05)
            else:
                await connection.close()
                return

    async def ready(self) -> float:
        """Fair weather, and wait until every replica says that it can serve; return the seconds it took.

        A replica that ended by itself is counted and started; one that does not come back in time is counted,
        killed and started, so that the run goes on.
        """
        began = asyncio.get_running_loop().time()
        for replica in self.replicas:
            replica.phones.weather = replica.database.weather = FAIR
        await self.answering()
        for replica in self.replicas:
            await self._ready(replica)
        return asyncio.get_running_loop().time() - began

    async def _ready(self, replica: Replica) -> None:
        deadline = asyncio.get_running_loop().time() + _READY_SECONDS
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            while not (replica.complete() and await _says_ready(session, replica.url)):
                if replica.process is not None and replica.process.returncode is not None:
                    replica.died += 1
                    self.notes.append(f"replica {replica.number} ended by itself: {replica.process.returncode}")
                    await replica.start()
                elif asyncio.get_running_loop().time() > deadline:
                    self.late += 1
                    self.notes.append(f"replica {replica.number} was not ready {_READY_SECONDS:.0f} s after the fault")
                    await replica.kill()
                    await replica.start()
                    deadline = asyncio.get_running_loop().time() + _READY_SECONDS
                await asyncio.sleep(0.05)


@asynccontextmanager
async def staged(folder: Path, replicas: int, workers: int, *, own_disk: bool) -> AsyncIterator[Stage]:
    """Set everything up in `folder`, which the account that PostgreSQL runs as must be able to enter."""
    async with AsyncExitStack() as stack:
        disk = folder / "disk"
        disk.mkdir(mode=0o755)
        mounted = own_disk and await asyncio.to_thread(_mount, disk)
        if mounted:
            stack.push_async_callback(asyncio.to_thread, _unmount, disk)
        port = free_port()
        postgres = EmbeddedServer(disk / "postgres", tcp_port=port, settings=_POSTGRES)
        await stack.enter_async_context(postgres)
        supervisor = asyncio.create_task(postgres.supervise())
        stack.push_async_callback(_end, supervisor)
        await postgres.ensure_database(DATABASE)
        stage = Stage(postgres, await _data_folder(postgres), disk if mounted else None, [])
        for number in range(1, replicas + 1):
            replica = Replica(number, folder, workers, Proxy(free_port()), Proxy(port))
            for proxy in (replica.phones, replica.database):
                await proxy.start()
                stack.push_async_callback(proxy.stop)
            stack.push_async_callback(replica.kill)
            await replica.start()
            replica.crew = len(replica.workers_pids())
            stage.replicas.append(replica)
        yield stage


def tree(pid: int) -> list[int]:
    """A process and everything below it that still runs."""
    found = [pid]
    for parent in found:
        with suppress(FileNotFoundError, ProcessLookupError):
            for task in Path(f"/proc/{parent}/task").iterdir():
                found.extend(int(child) for child in (task / "children").read_text().split())
    return found


def alive(pid: int) -> bool:
    """Whether a process still runs; one that only waits to be buried does not."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def send(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to processes of ours, of which some may be gone."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_worker(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return b"ecm.process.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


async def _says_ready(session: aiohttp.ClientSession, url: str) -> bool:
    """Whether each of several new connections, whichever worker takes it, hears that the service can serve."""
    try:
        for _ in range(_TIMES_READY):
            async with session.get(f"{url}/readyz", headers={"Connection": "close"}) as reply:
                if reply.status != 200:
                    return False
    except (aiohttp.ClientError, OSError):
        return False
    return True


async def _data_folder(postgres: EmbeddedServer) -> Path:
    """Where PostgreSQL writes: its server may have settled elsewhere than in the folder it was given."""
    connection = await asyncpg.connect(postgres.dsn())
    try:
        return Path(await connection.fetchval("SHOW data_directory"))
    finally:
        await connection.close()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _mount(folder: Path) -> bool:
    """Mount a small file system in memory; false where that is not allowed."""
    if os.geteuid() != 0 or sys.platform != "linux":
        return False
    options = f"size={DISK_MEGABYTES}m,mode=755"
    return subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False).returncode == 0


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=False)
