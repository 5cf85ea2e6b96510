"""Connecting to whichever server takes writes, of the several that a URL may name."""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from ecm.db.errors import DatabaseUnavailable

_ONLY_SERVER_SECONDS = 10.0
_EACH_SERVER_SECONDS = 3.0
_REST_SECONDS = 0.2
_DEAD_PEER = {"TCP_KEEPIDLE": 5, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 10_000}
"""A machine that lost its power answers nothing: its connections end after some ten seconds (the last is in ms)."""

Address = tuple[str, int | None]


class _Connection(asyncpg.Connection):
    """A connection that the kernel ends when the other machine falls silent."""

    __slots__ = ()

    def __init__(self, protocol: Any, transport: Any, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        peer = transport.get_extra_info("socket")
        if peer is None or peer.family == socket.AF_UNIX:
            return
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _DEAD_PEER.items():
            option = getattr(socket, name, None)  # not every system has them all
            if option is not None:
                peer.setsockopt(socket.IPPROTO_TCP, option, value)


class Servers:
    """The servers of one URL. Connections are looked for from the server that gave the last one onwards.

    While none of several takes writes, they are asked five times a second and no more: whoever wants a connection
    in between learns at once what they last said, rather than queue to ask again.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._addresses = addresses(url)
        self._last = 0
        self._said = ""
        self._ask_again_at = 0.0

    async def connect(self, *_: object, **how: Any) -> asyncpg.Connection:
        """Connect to the first server that takes writes; `how` is what asyncpg.connect takes.

        A server in recovery (a standby), or one whose transactions are read-only by default, is passed over,
        whatever target_session_attrs says: this service writes. Raises DatabaseUnavailable with what every server
        answered. A pool may call this in place of asyncpg.connect.
        """
        clock = asyncio.get_running_loop().time
        if clock() < self._ask_again_at:
            raise DatabaseUnavailable(self._said)
        answers: list[str] = []
        last_error: Exception | None = None
        for number in self._in_turn():
            try:
                connection = await self._connect_to(number, how)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                answers.append(self._told(number, error))
                last_error = error
                continue
            self._last = number
            return connection
        self._said = f"no connection to the database: {'; '.join(answers)}"
        if len(self._addresses) > 1:
            self._ask_again_at = clock() + _REST_SECONDS
        raise DatabaseUnavailable(self._said) from last_error

    def _in_turn(self) -> Iterator[int]:
        count, first = max(1, len(self._addresses)), self._last
        return ((first + step) % count for step in range(count))

    async def _connect_to(self, number: int, how: dict[str, Any]) -> asyncpg.Connection:
        where: dict[str, Any] = {"timeout": _ONLY_SERVER_SECONDS}
        if len(self._addresses) > 1:
            host, port = self._addresses[number]
            where = {"host": host, "port": port, "timeout": _EACH_SERVER_SECONDS}
        wanted = {"connection_class": _Connection, "target_session_attrs": SessionAttribute.read_write}
        return await asyncpg.connect(self._url, **{**how, **where, **wanted})

    def _told(self, number: int, error: Exception) -> str:
        said = (
            "takes no writes"
            if isinstance(error, asyncpg.TargetServerAttributeNotMatched)
            else f"{type(error).__name__}: {error}"
        )
        if len(self._addresses) < 2:
            return said
        host, port = self._addresses[number]
        return f"{host}{'' if port is None else f':{port}'} {said}"


def addresses(url: str) -> tuple[Address, ...]:
    """The hosts and ports that `url` names, in order; None where it names no port.

    They may stand before the path (``//one:5432,two:5433/ecm``) or, as folders of Unix sockets do, in the query
    (``?host=one,two&port=5432,5433``); one port may serve all hosts. Raises DatabaseUnavailable where hosts and
    ports do not match.
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    hosts = parts.netloc.rpartition("@")[2] or query.get("host", [""])[-1]
    ports = [int(port) for port in query.get("port", [""])[-1].split(",") if port.isdecimal()]
    found = [_address(unquote(host)) for host in hosts.split(",") if host]
    if not ports:
        return tuple(found)
    if len(ports) == 1:
        ports *= len(found)
    if len(ports) != len(found):
        raise DatabaseUnavailable(f"the database URL names {len(found)} hosts and {len(ports)} ports")
    return tuple((host, port) for (host, _), port in zip(found, ports, strict=True))


def _address(text: str) -> Address:
    host, port = text, ""
    if text.startswith("["):
        host, _, port = text.removeprefix("[").partition("]")
        port = port.removeprefix(":")
    elif not text.startswith("/"):
        host, _, port = text.partition(":")
    return host, int(port) if port.isdecimal() else None
