"""The embedded server: nothing acknowledged is lost, nothing is left running, and every odd start still starts."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from ecm.db.embedded.housing import Housing
from ecm.db.embedded.server import EmbeddedServer, forget
from ecm.db.embedded.strays import recorded_pid, stray_pids
from ecm.db.errors import ServerFailed

_APPLICATION = Path(__file__).with_name("writing_application.py")
_ROOT = Path(__file__).parents[2]
_numbers = count(1)


@pytest.fixture
def state_dir(server_folder):
    folder = server_folder / f"own-{next(_numbers)}"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def _stored(server: EmbeddedServer) -> set[int]:
    connection = await asyncpg.connect(server.dsn())
    rows = await connection.fetch("SELECT id FROM kept")
    await connection.close()
    return {row["id"] for row in rows}


async def _stored_if_answering(server: EmbeddedServer) -> set[int] | None:
    with suppress(OSError, asyncpg.PostgresError):
        return await _stored(server)
    return None


async def _write(dsn: str, acknowledged: set[int], numbers: Iterator[int], enough: asyncio.Event) -> None:
    connection = await asyncpg.connect(dsn)
    with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
        while True:
            number = next(numbers)
            await connection.execute("INSERT INTO kept VALUES ($1)", number)
            acknowledged.add(number)
            if len(acknowledged) >= 200:
                enough.set()
    connection.terminate()


async def _make_table(server: EmbeddedServer) -> None:
    connection = await asyncpg.connect(server.dsn())
    await connection.execute("CREATE TABLE kept (id bigint PRIMARY KEY)")
    await connection.close()


def _places(server: EmbeddedServer) -> Housing:
    assert server._housing is not None
    return server._housing


def _gone(pid: int | None) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


async def test_promise_1_every_acknowledged_commit_survives_kill_9_of_all_server_processes(state_dir):
    async with EmbeddedServer(state_dir) as server:
        await _make_table(server)
        supervising = asyncio.create_task(server.supervise())
        acknowledged: set[int] = set()
        numbers, enough = count(), asyncio.Event()
        writers = [asyncio.create_task(_write(server.dsn(), acknowledged, numbers, enough)) for _ in range(4)]
        async with asyncio.timeout(60):
            await enough.wait()
        await server.kill()
        await asyncio.gather(*writers)
        async with asyncio.timeout(60):
            while (stored := await _stored_if_answering(server)) is None:
                await asyncio.sleep(0)  # a refusal comes at once: let the supervisor work
        assert acknowledged <= stored
        supervising.cancel()


async def test_promise_1_every_acknowledged_commit_survives_kill_9_of_the_application(state_dir):
    application = await asyncio.create_subprocess_exec(
        sys.executable, str(_APPLICATION), str(state_dir), stdout=subprocess.PIPE, cwd=_ROOT, env=_environment()
    )
    assert application.stdout is not None
    acknowledged = [int(await application.stdout.readline()) for _ in range(200)]
    postmaster = await asyncio.to_thread(recorded_pid, state_dir / "data")
    application.kill()
    rest, _ = await application.communicate()
    acknowledged += [int(line) for line in rest.split(b"\n")[:-1]]
    async with EmbeddedServer(state_dir) as server:
        assert await asyncio.to_thread(_gone, postmaster)
        assert set(acknowledged) <= await _stored(server)


async def test_a_server_does_not_outlive_an_application_that_was_killed(state_dir):
    application = await asyncio.create_subprocess_exec(
        sys.executable, str(_APPLICATION), str(state_dir), stdout=subprocess.PIPE, cwd=_ROOT, env=_environment()
    )
    assert application.stdout is not None
    assert await application.stdout.readline() == b"0\n"
    application.kill()
    await application.communicate()
    async with asyncio.timeout(60):
        while await asyncio.to_thread(stray_pids, state_dir / "data"):
            pass


async def test_an_orphaned_server_is_asked_to_stop_and_the_new_one_starts(state_dir):
    async with EmbeddedServer(state_dir) as server:
        await _make_table(server)
        places = _places(server)
        options = server._options(places)
    orphan = await asyncio.create_subprocess_exec(
        *places.command(signal.SIGINT, "postgres", "-D", str(places.data), *options),
        stderr=subprocess.DEVNULL,
        cwd="/",
    )
    await server._answering(orphan, places, 0)
    async with EmbeddedServer(state_dir) as server:
        assert await orphan.wait() == 0
        assert await _stored(server) == set()


async def test_a_pid_file_that_names_a_living_stranger_does_not_stop_the_start(state_dir):
    async with EmbeddedServer(state_dir) as server:
        await _make_table(server)
        places = _places(server)
        await server.kill()
        pid_file = places.data / "postmaster.pid"
        stranger = await asyncio.create_subprocess_exec(*places.command(signal.SIGKILL, "/bin/sleep", "1000"), cwd="/")
        text = await asyncio.to_thread(pid_file.read_text)
        await asyncio.to_thread(pid_file.write_text, f"{stranger.pid}\n{text.split(chr(10), 1)[1]}")
    async with EmbeddedServer(state_dir) as server:
        assert await _stored(server) == set()
    assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


async def test_the_postmaster_is_a_direct_child_that_no_network_reaches(state_dir):
    async with EmbeddedServer(state_dir) as server:
        stat = await asyncio.to_thread(Path(f"/proc/{server.pid}/stat").read_text)
        assert int(stat.rsplit(") ", 1)[1].split()[1]) == os.getpid()
        connection = await asyncpg.connect(server.dsn())
        assert await connection.fetchval("SHOW listen_addresses") == ""
        assert await connection.fetchval("SHOW fsync") == "on"
        await connection.close()
        sockets = await asyncio.to_thread(_places(server).sockets.stat)
        assert sockets.st_mode & 0o777 == 0o700


async def test_fault_tests_may_have_a_tcp_port_of_this_machine_only(state_dir, unused_tcp_port):
    async with EmbeddedServer(state_dir, tcp_port=unused_tcp_port) as server:
        connection = await asyncpg.connect(server.dsn(over_tcp=True))
        assert await connection.fetchval("SHOW listen_addresses") == "127.0.0.1"
        await connection.close()


async def test_a_second_process_is_told_who_runs_the_server(state_dir):
    async with EmbeddedServer(state_dir) as server:
        with pytest.raises(ServerFailed, match=f"pid {os.getpid()}"):
            await EmbeddedServer(state_dir).start()
        with pytest.raises(ServerFailed, match=f"pid {os.getpid()}"):
            await forget(state_dir)
        connection = await asyncpg.connect(server.dsn())
        await connection.close()


async def test_a_start_that_fails_tells_the_end_of_the_servers_log_and_leaves_nothing_locked(state_dir):
    with pytest.raises(ServerFailed, match=r'invalid value for parameter "shared_buffers"'):
        await EmbeddedServer(state_dir, settings={"shared_buffers": "much"}).start()
    async with EmbeddedServer(state_dir):
        pass


async def test_a_cluster_that_was_half_made_is_made_again(state_dir):
    async with EmbeddedServer(state_dir):
        pass
    await forget(state_dir)
    await asyncio.to_thread((state_dir / "data.unfinished").mkdir, parents=True)
    await asyncio.to_thread((state_dir / "data.unfinished" / "PG_VERSION").write_text, "18\n")
    async with EmbeddedServer(state_dir) as server:
        await _make_table(server)


async def test_a_state_folder_too_deep_for_a_socket_still_works(server_folder):
    deep = server_folder / ("deep" * 20) / f"own-{next(_numbers)}"
    async with EmbeddedServer(deep) as server:
        assert len(str(_places(server).sockets)) <= 85
        await _make_table(server)
    await forget(deep)
    assert not await asyncio.to_thread(_places(server).sockets.exists)


async def test_forgetting_leaves_nothing_and_may_be_done_twice(state_dir):
    async with EmbeddedServer(state_dir):
        pass
    for _ in range(2):
        await forget(state_dir)
        assert not await asyncio.to_thread(state_dir.exists)


async def test_stopping_leaves_no_process(state_dir):
    async with EmbeddedServer(state_dir) as server:
        assert server.pid in await asyncio.to_thread(stray_pids, state_dir / "data")
    assert await asyncio.to_thread(stray_pids, state_dir / "data") == frozenset()


async def test_a_server_that_was_not_started_has_no_pid(state_dir):
    with pytest.raises(ServerFailed, match="not been started"):
        _ = EmbeddedServer(state_dir).pid


@pytest.mark.parametrize("name", ["Ecm", 'a"b', "", "1a"])
async def test_a_database_name_that_would_need_quoting_is_refused(server, name):
    with pytest.raises(ValueError, match="not a database name"):
        await server.ensure_database(name)


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *sys.path])}
