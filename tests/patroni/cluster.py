"""A PostgreSQL cluster on loopback, in a folder of its own: three Patroni nodes and the etcd they agree by."""

import asyncio
import json
import os
import pwd
import secrets
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp
import asyncpg

import ecm.db.embedded.trampoline
from ecm.db.embedded.strays import kill_all, recorded_pid, stray_pids
from tests.patroni.packages import Programs

NODES = 3
TTL_SECONDS = 20
LOOP_WAIT_SECONDS = 2
RETRY_SECONDS = 5
DATABASE = "ecm"
_START_SECONDS = 120.0
_POLL_SECONDS = 0.1
_ACCOUNT = "postgres"

T = TypeVar("T")


@dataclass
class Node:
    """One Patroni and the PostgreSQL it keeps."""

    name: str
    folder: Path
    port: int
    rest_port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    async def kill(self) -> None:
        """kill -9 Patroni and its postmaster, by their ids."""
        assert self.process is not None
        self.process.kill()
        await asyncio.to_thread(self._kill_postmaster)
        await self.process.wait()

    async def clear_away(self) -> None:
        """kill -9 everything of this node that still runs."""
        if self.process is not None:
            await _ended(self.process)
        await asyncio.to_thread(lambda: kill_all(self.data, stray_pids(self.data)))

    def _kill_postmaster(self) -> None:
        postmaster = recorded_pid(self.data)
        if postmaster in stray_pids(self.data):
            os.kill(postmaster, signal.SIGKILL)


class Cluster:
    """``async with Cluster(folder, programs) as cluster`` builds it and gives it whole; leaving kills it.

    Synchronous mode is on. `folder` must be one that the account postgres can come to, if we are root.
    """

    def __init__(self, folder: Path, programs: Programs) -> None:
        ports = free_ports(2 + 2 * NODES)
        self._folder = folder.resolve()
        self._programs = programs
        self._etcd_port, self._etcd_peer_port = ports[:2]
        self._passwords = {name: secrets.token_hex(16) for name in ("postgres", "replicator", DATABASE)}
        self._etcd: asyncio.subprocess.Process | None = None
        self._session: aiohttp.ClientSession | None = None
        self.nodes = [
            Node(f"node{number}", self._folder / f"node{number}", port, rest_port)
            for number, (port, rest_port) in enumerate(zip(ports[2::2], ports[3::2], strict=True))
        ]

    @property
    def url(self) -> str:
        """What an operator writes into ECM_DATABASE_URL."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql://ecm:{self._passwords[DATABASE]}@{hosts}/{DATABASE}?target_session_attrs=read-write"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3))
        try:
            await self._start_etcd()
            for node in self.nodes:
                await self.start(node)
            await self.whole()
            await self._create_database()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for node in self.nodes:
            await node.clear_away()
        if self._etcd is not None:
            await _ended(self._etcd)
        if self._session is not None:
            await self._session.close()

    async def start(self, node: Node) -> None:
        """Start a node, for the first time or again after its death."""
        if node.process is not None:
            await node.process.wait()
        configuration = node.folder / "patroni.json"  # Patroni reads YAML, of which JSON is a part
        _own(node.folder)
        configuration.write_text(json.dumps(self._configuration(node), indent=1), encoding="utf-8")
        _own(configuration)
        log = node.folder / "patroni.log"
        node.process = await self._run(log, signal.SIGTERM, self._programs.patroni, str(configuration))

    async def leader(self) -> Node:
        """Wait until a node says that it is the leader, and return it."""

        async def find() -> Node | None:
            for node in self.nodes:
                if await self._ask(node, "primary") is not None:
                    return node
            return None

        return await _until(find, "there is no leader")

    async def whole(self) -> None:
        """Wait until every node runs, follows the leader, and one of them does so synchronously."""

        async def is_whole() -> bool | None:
            shown = await self._ask(self.nodes[0], "cluster") or await self._ask(self.nodes[1], "cluster")
            members = shown["members"] if shown else []
            running = [member for member in members if member["state"] in {"running", "streaming"}]
            roles = sorted(member["role"] for member in running)
            timelines = {member.get("timeline") for member in running}
            return True if roles == ["leader", "replica", "sync_standby"] and len(timelines) == 1 else None

        await _until(is_whole, "the cluster does not become whole")

    async def ask_database(self, node: Node, question: str, database: str = DATABASE) -> list[asyncpg.Record]:
        """Ask the PostgreSQL of one node, as its superuser."""
        connection = await asyncpg.connect(
            host="127.0.0.1",
            port=node.port,
            user="postgres",
            password=self._passwords["postgres"],
            database=database,
        )
        try:
            return await connection.fetch(question)
        finally:
            await connection.close()

    async def _create_database(self) -> None:
        leader = await self.leader()
        password = self._passwords[DATABASE]
        for statement in (
            f"CREATE ROLE ecm LOGIN CREATEROLE PASSWORD '{password}'",
            f"CREATE DATABASE {DATABASE} OWNER ecm",
        ):
            await self.ask_database(leader, statement, "postgres")

    async def _ask(self, node: Node, path: str) -> dict[str, Any] | None:
        assert self._session is not None
        try:
            async with self._session.get(f"http://127.0.0.1:{node.rest_port}/{path}") as reply:
                return await reply.json() if reply.status == 200 else None
        except (aiohttp.ClientError, TimeoutError):
            return None

    async def _start_etcd(self) -> None:
        folder = self._folder / "etcd"
        _own(folder)
        client, peer = (f"http://127.0.0.1:{port}" for port in (self._etcd_port, self._etcd_peer_port))
        options = {
            "name": "one",
            "data-dir": str(folder / "data"),
            "listen-client-urls": client,
            "advertise-client-urls": client,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"one={peer}",
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        self._etcd = await self._run(folder / "etcd.log", signal.SIGKILL, self._programs.etcd, *words)

    async def _run(
        self, log: Path, death_signal: signal.Signals, program: Path, *arguments: str
    ) -> asyncio.subprocess.Process:
        """Start a program as the account, tied to the life of this process."""
        account = _account()
        uid, gid = (-1, -1) if account is None else (account.pw_uid, account.pw_gid)
        words = [ecm.db.embedded.trampoline.__file__, str(os.getpid()), str(uid), str(gid), str(int(death_signal))]
        with log.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", *words, str(program), *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                cwd="/",
            )

    def _configuration(self, node: Node) -> dict[str, Any]:
        everyone = [
            "local all all trust",
            "host all all 127.0.0.1/32 scram-sha-256",
            "host replication replicator 127.0.0.1/32 scram-sha-256",
        ]
        return {
            "scope": "ecm",
            "name": node.name,
            "restapi": {
                "listen": f"127.0.0.1:{node.rest_port}",
                "connect_address": f"127.0.0.1:{node.rest_port}",
            },
            "etcd3": {"hosts": f"127.0.0.1:{self._etcd_port}"},
            "bootstrap": {
                "dcs": {
                    "ttl": TTL_SECONDS,
                    "loop_wait": LOOP_WAIT_SECONDS,
                    "retry_timeout": RETRY_SECONDS,
                    "synchronous_mode": True,
                    "postgresql": {"use_pg_rewind": True},
                },
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums"],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{node.port}",
                "connect_address": f"127.0.0.1:{node.port}",
                "data_dir": str(node.data),
                "bin_dir": str(self._programs.postgres),
                "pgpass": str(node.folder / "pgpass"),
                "pg_hba": everyone,
                "authentication": {
                    "superuser": {"username": "postgres", "password": self._passwords["postgres"]},
                    "replication": {"username": "replicator", "password": self._passwords["replicator"]},
                },
                "parameters": {"unix_socket_directories": str(node.folder), "max_connections": 60},
            },
        }


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nothing listens on."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]


def _account() -> pwd.struct_passwd | None:
    """PostgreSQL does not run as root: then Debian's account for it is taken."""
    return pwd.getpwnam(_ACCOUNT) if os.geteuid() == 0 else None


def _own(path: Path) -> None:
    """Make a folder, if there is no such path, and give it to the account."""
    if not path.exists():
        path.mkdir(parents=True)
    account = _account()
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid)
    path.chmod(0o700 if path.is_dir() else 0o600)


async def _until(look: Callable[[], Awaitable[T | None]], otherwise: str) -> T:
    try:
        async with asyncio.timeout(_START_SECONDS):
            while (found := await look()) is None:
                await asyncio.sleep(_POLL_SECONDS)
            return found
    except TimeoutError:
        raise TimeoutError(f"{otherwise} after {_START_SECONDS:.0f} s") from None


async def _ended(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()
