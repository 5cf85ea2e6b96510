"""The whole service as its own process, the way an operator starts it, for tests that speak HTTP to it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp


@dataclass
class RunningService:
    """A service process that listens on loopback; `operator` is the token of its operator."""

    process: asyncio.subprocess.Process
    url: str
    operator: str
    state: Path

    def kill(self) -> None:
        """kill -9, by the id we started; its PostgreSQL goes with it."""
        self.process.send_signal(signal.SIGKILL)


async def start_service(
    state: Path,
    *options: str,
    port: int = 0,
    command: Sequence[str] = (sys.executable, "-m", "ecm"),
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> RunningService:
    """Start `ecm serve`, as it stands here or as `command`, in `folder`, and wait until it says where it listens."""
    process = await asyncio.create_subprocess_exec(
        *command,
        "serve",
        "--state",
        str(state),
        "--port",
        str(port),
        *options,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **(environment or {})},
        cwd=folder,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while line := (await process.stdout.readline()).decode():
            if line.startswith("service: "):
                break
    assert line, f"the service ended with {await process.wait()} before it listened"
    return RunningService(process, line.split()[1], (state / "operator-token").read_text().strip(), state)


async def stop_service(service: RunningService) -> int:
    """Ask the service to stop, as an operator does, and return its exit code."""
    with suppress(ProcessLookupError):
        service.process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(30):
        return await service.process.wait()


@asynccontextmanager
async def running_service(state: Path, *options: str, **environment: str) -> AsyncIterator[RunningService]:
    """A service for the length of a test."""
    service = await start_service(state, *options, environment=environment)
    try:
        yield service
    finally:
        await stop_service(service)


@asynccontextmanager
async def client(service: RunningService, token: str | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client of the service, as the holder of `token`."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession(service.url, headers=headers) as session:
        yield session
