"""The process that works out hours, seen from its worker: started when first asked, ended after a rest.

It is a process because frames and workbooks are large: their libraries would double a worker, the lines of a long
period more so, and neither would ever be given back. It ends when its standard input closes, so it outlives nobody.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from ecm.payments.jobs import LENGTH_BYTES, Job, Reply, length_of, packed, read_reply

REST_SECONDS: Final = 300

Produce = Callable[[Job], Awaitable[Reply]]


class JobFailed(Exception):
    """The process ended over a job; it has said why on standard error."""


class HoursProcess:
    """Does one job at a time."""

    def __init__(self, rest_seconds: float = REST_SECONDS) -> None:
        self._rest_seconds = rest_seconds
        self._turn = asyncio.Lock()
        self._process: Process | None = None
        self._resting: asyncio.TimerHandle | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Do jobs while in this context; on leaving, the process ends."""
        try:
            yield
        finally:
            process = self._process
            self._dismiss()
            if process is not None:
                await process.wait()

    async def produce(self, job: Job) -> Reply:
        """Have a job done. Raises JobFailed when the process ends over it."""
        message = await asyncio.to_thread(packed, job)
        async with self._turn:
            reply = await self._exchange(message)
        return await asyncio.to_thread(read_reply, reply)

    async def _exchange(self, message: bytes) -> bytes:
        process = await self._ready()
        try:
            reply = await _answer(process, message)
        except BaseException:
            self._dismiss()  # a reply that nobody waits for must not meet the next job
            raise
        self._resting = asyncio.get_running_loop().call_later(self._rest_seconds, self._dismiss)
        return reply

    async def _ready(self) -> Process:
        if self._resting is not None:
            self._resting.cancel()
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "ecm.payments.hours_worker"), stdin=PIPE, stdout=PIPE
            )
        return self._process

    def _dismiss(self) -> None:
        process, self._process = self._process, None
        if self._resting is not None:
            self._resting.cancel()
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()


async def _answer(process: Process, message: bytes) -> bytes:
    assert process.stdin is not None  # noqa: S101 - piped since it was started
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.writelines((length_of(message), message))
        await process.stdin.drain()
        length = int.from_bytes(await process.stdout.readexactly(LENGTH_BYTES))
        return await process.stdout.readexactly(length)
    except (OSError, asyncio.IncompleteReadError) as error:
        raise JobFailed from error
