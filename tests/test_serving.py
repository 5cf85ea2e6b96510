"""Parent and workers, as an operator runs them."""

import asyncio
import os
import resource
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from tests.benchmarks.processes import on_duty
from tests.running import RunningService, client, running_service, start_service, stop_service

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds the workers in /proc")


def workers(service: RunningService, duty: str = "serve") -> set[int]:
    """The workers of a service that do one duty."""
    return set(on_duty(service.process.pid, duty))


async def healthy(service: RunningService) -> bool:
    """Whether the service answers a new connection."""
    try:
        async with client(service) as session, session.get("/healthz") as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


@pytest.fixture
async def service(tmp_path_factory: pytest.TempPathFactory, server_folder: Path):
    """A service with two workers."""
    async with running_service(server_folder / tmp_path_factory.mktemp("serving").name, "--workers", "2") as running:
        yield running


@pytest.mark.parametrize(("duty", "many"), [("serve", 2), ("chores", 1)])
async def test_a_worker_that_dies_is_replaced(service: RunningService, duty: str, many: int) -> None:
    before = workers(service, duty)
    assert len(before) == many
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    async with asyncio.timeout(60):
        while len(workers(service, duty) - {victim}) < many:
            await asyncio.sleep(0.05)
        while not await healthy(service):
            await asyncio.sleep(0.05)


async def test_the_workers_end_with_their_parent_and_the_port_is_free_again(service: RunningService) -> None:
    left = workers(service) | workers(service, "chores")
    port = int(service.url.rpartition(":")[2])
    service.kill()
    await service.process.wait()
    async with asyncio.timeout(10):
        while any(Path(f"/proc/{pid}").exists() for pid in left):
            await asyncio.sleep(0.02)
    again = await start_service(service.state, "--workers", "1", port=port)
    assert await healthy(again)
    assert await stop_service(again) == 0


async def test_more_phones_may_be_connected_than_the_shell_lets_a_program_open_files(server_folder: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = 512
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
    try:
        service = await start_service(server_folder / "crowded", "--workers", "1")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    try:
        async with AsyncExitStack() as stack:
            for _ in range(few + 50):
                session = await stack.enter_async_context(client(service))
                answer = await stack.enter_async_context(session.get("/healthz"))
                assert answer.status == 200
                await answer.read()
    finally:
        await stop_service(service)


async def test_one_worker_tells_what_all_have_counted(service: RunningService) -> None:
    async def send_rubbish() -> None:
        body = {"sent_at": "2026-11-20T08:00:00Z", "check_ins": ["rubbish"]}
        async with client(service) as session, session.post("/v1/check-ins", json=body) as answer:
            assert answer.status == 200

    await asyncio.gather(*(send_rubbish() for _ in range(40)))
    async with client(service) as session, session.get("/metrics") as answer:
        told = await answer.text()
    assert 'ecm_check_in_refusals_total{reason="unreadable"} 40.0' in told


async def test_a_stopping_service_says_that_it_is_not_ready_before_it_closes(server_folder: Path) -> None:
    async with running_service(server_folder / "draining", "--workers", "1", ECM_DRAIN_SECONDS="30") as service:
        async with client(service) as session:
            async with session.get("/readyz") as answer:
                assert answer.status == 200
            service.process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(10):
                while True:
                    async with session.get("/readyz") as answer:
                        if answer.status == 503:
                            break
                    await asyncio.sleep(0.02)
            async with session.get("/healthz") as answer:
                assert answer.status == 200
        service.kill()


async def test_a_second_service_on_the_same_port_says_so_and_takes_no_connections(
    service: RunningService, server_folder: Path
) -> None:
    port = int(service.url.rpartition(":")[2])
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ecm", "serve", "--state", str(server_folder / "second"), "--port", str(port)),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"in use" in said
