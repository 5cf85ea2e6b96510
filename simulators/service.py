"""The service as a process of its own, started, watched and stopped from outside."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

_STARTED = "service: "
_PATIENCE_SECONDS = 180
_STOPPING_SECONDS = 60


class ServiceFailed(Exception):
    """The service did not come up; the message ends with the last lines it wrote."""


class OwnService:
    """`python -m ecm serve --rehearsal` in its own process group, so that Ctrl-C stops it in order."""

    def __init__(self, state: Path, port: int) -> None:
        self._state = state
        self._port = port
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._log = state / "service.log"
        self._starting = asyncio.Lock()
        self.url = ""
        self.starts = 0

    @property
    def token_file(self) -> Path:
        """Where the service leaves its operator's token."""
        return self._state / "operator-token"

    async def start(self) -> None:
        """Start the service and wait until it says where it is; on the same port again after a first time.

        Raises ServiceFailed when it ends, or stays silent for three minutes.
        """
        command = ["-m", "ecm", "serve", "--rehearsal", "--state", str(self._state), "--port", str(self._port)]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        self.starts += 1
        said: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._reading = asyncio.create_task(self._read(self._process, said))
        try:
            self.url = await asyncio.wait_for(said, _PATIENCE_SECONDS)
        except TimeoutError as error:
            await self.stop()
            raise ServiceFailed(f"the service said nothing for {_PATIENCE_SECONDS} s; see {self._log}") from error
        self._port = urlsplit(self.url).port or self._port

    async def _read(self, process: asyncio.subprocess.Process, said: asyncio.Future[str]) -> None:
        """Copy what the service writes to its log file, so that its pipe never fills."""
        if process.stdout is None:
            raise ServiceFailed("the service has no standard output")
        last: list[str] = []
        with self._log.open("ab", buffering=0) as log:
            async for raw in process.stdout:
                os.write(log.fileno(), raw)
                line = raw.decode(errors="replace").rstrip()
                last = [*last, line][-20:]
                if line.startswith(_STARTED) and not said.done():
                    said.set_result(line.removeprefix(_STARTED))
        code = await process.wait()
        if not said.done():
            said.set_exception(ServiceFailed("\n".join([f"the service ended with {code}:", *last])))

    async def revive(self) -> None:
        """Start the service again when it has died; nothing when it runs."""
        async with self._starting:
            if self._process is not None and self._process.returncode is not None:
                await self._finish_reading()
                await self.start()

    async def stop(self) -> None:
        """Stop the service in order (SIGTERM, by its pid), and only when a minute has not been enough, at once."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), _STOPPING_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        await self._finish_reading()
        self._process = None

    async def _finish_reading(self) -> None:
        if self._reading is not None:
            await asyncio.wait({self._reading})
            self._reading = None


@asynccontextmanager
async def own_service(state: Path, port: int) -> AsyncIterator[OwnService]:
    """A running service of our own, stopped at the end whatever happens."""
    service = OwnService(state, port)
    try:
        await service.start()
        yield service
    finally:
        await service.stop()
