"""A TCP proxy on loopback that misbehaves on demand, between phones and service or service and database."""

import asyncio
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

_READ_BYTES: Final = 65_536
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True)
class Weather:
    """How the proxy carries what passes. `delay` (seconds) holds back each piece; `trickle` is bytes a hundredth
    of a second. `refusing` closes new connections at once; `swallowing` resets a connection when its reply comes,
    so that what was asked was done and nobody was told.
    """

    delay: float = 0.0
    trickle: int | None = None
    refusing: bool = False
    swallowing: bool = False


FAIR: Final = Weather()


class _Link:
    """One connection and its continuation. Once `silent` nothing passes any more, not even its end."""

    def __init__(self, near: tuple[asyncio.StreamReader, asyncio.StreamWriter]) -> None:
        self.near = near
        self.far: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self.silent = False

    def close(self) -> None:
        for _, writer in filter(None, (self.near, self.far)):
            writer.close()

    def reset(self) -> None:
        """Close both sides so that each gets an RST."""
        for _, writer in filter(None, (self.near, self.far)):
            with suppress(OSError):
                connection: socket.socket = writer.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            writer.transport.abort()


class Proxy:
    """Listens on a port of 127.0.0.1 and carries every connection to `target_port`, in whatever `weather` it is."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.weather = FAIR
        self.port = 0
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """How many connections it carries that still live."""
        return sum(not link.silent for link in self._links)

    async def start(self) -> None:
        """Listen; `port` is known from here on."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and drop everything."""
        if self._server is not None:
            self._server.close()
        self.reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """End every connection in order."""
        for link in self._links:
            if not link.silent:
                link.close()

    def reset(self) -> None:
        """End every connection with an RST on both sides."""
        for link in list(self._links):
            link.reset()

    def silence(self) -> int:
        """Leave every connection half-open for ever: nothing passes, nobody hears of its end. Return how many."""
        silenced = [link for link in self._links if not link.silent]
        for link in silenced:
            link.silent = True
        return len(silenced)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link((reader, writer))
        if self.weather.refusing:
            link.reset()
            return
        self._links.add(link)
        try:
            link.far = await asyncio.open_connection("127.0.0.1", self.target_port)
            there = self._pump(link, reader, link.far[1], reply=False)
            back = self._pump(link, link.far[0], writer, reply=True)
            async with asyncio.TaskGroup() as both:
                both.create_task(there)
                both.create_task(back)
        except* OSError:
            link.reset()
        finally:
            self._links.discard(link)
            link.close()

    async def _pump(
        self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, reply: bool
    ) -> None:
        while True:
            try:
                data = await reader.read(_READ_BYTES)
            except OSError:
                if not link.silent:
                    raise
                data = b""
            if link.silent:
                if not data:
                    await asyncio.Event().wait()
                continue
            if not data:
                break
            if reply and self.weather.swallowing:
                raise ConnectionResetError
            await self._forward(link, data, writer)
        with suppress(OSError):
            if writer.can_write_eof():
                writer.write_eof()

    async def _forward(self, link: _Link, data: bytes, writer: asyncio.StreamWriter) -> None:
        weather = self.weather
        if weather.delay:
            await asyncio.sleep(weather.delay)
        step = weather.trickle or len(data)
        for start in range(0, len(data), step):
            if link.silent:
                return
            writer.write(data[start : start + step])
            await writer.drain()
            if self.weather.trickle is not None:
                await asyncio.sleep(0.01)
