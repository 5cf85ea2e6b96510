"""One keep-alive connection with at most one request on its way."""

import asyncio
import time
from typing import Protocol, cast

from simulators.load.wire import BrokenReply, Reply, ReplyReader, Target


class Listener(Protocol):
    """What a connection tells its sender."""

    def free(self, connection: "Connection") -> None:
        """A connection was made, or made again."""

    def replied(self, connection: "Connection", reply: Reply) -> None:
        """The request on its way was answered."""

    def lost(self, connection: "Connection", why: str) -> None:
        """The connection is gone, and with it the request on its way, if any."""


class Connection(asyncio.Protocol):
    """Sends one request and hands its reply on.

    `busy_since` (nanoseconds of the monotonic clock) is 0 while nothing is on its way; `gone` is set once lost.
    """

    def __init__(self, target: Target, listener: Listener) -> None:
        self.target = target
        self.busy_since = 0
        self._listener = listener
        self._reader = ReplyReader()
        self._transport: asyncio.Transport | None = None
        self._why = "connection lost"
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of asyncio's
        self._listener.free(self)

    def send(self, request: tuple[bytes, bytes]) -> None:
        """Send a request; the reply, or the loss of the connection, comes to the listener."""
        if self._transport is None:
            raise RuntimeError("not connected")
        self.busy_since = time.monotonic_ns()
        self._transport.writelines(request)

    def data_received(self, data: bytes) -> None:
        """Read what came; what is no reply, or a reply to nothing, ends the connection."""
        try:
            replies = self._reader.feed(data)
        except BrokenReply:
            self.abort("broken reply")
            return
        if not replies:
            return
        if len(replies) > 1 or not self.busy_since:
            self.abort("reply to nothing")
            return
        self.busy_since = 0
        if not replies[0].keeps:
            self._why = "closed"
            if self._transport is not None:
                self._transport.close()
        self._listener.replied(self, replies[0])

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 – any loss counts alike
        """Tell the sender."""
        self._transport = None
        self._listener.lost(self, self._why)
        self.gone.set()

    @property
    def usable(self) -> bool:
        """Whether a request can be sent now."""
        return self._transport is not None and not self._transport.is_closing() and not self.busy_since

    def abort(self, why: str) -> None:
        """Drop the connection and whatever is on its way."""
        self._why = why
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """Close in order; nothing may be on its way."""
        self._why = "closed"
        if self._transport is not None:
            self._transport.close()
