"""The sender against a small server that stalls, declines and breaks off on demand."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import UUID

import msgspec
import pytest

from simulators.load.ledger import read_ledger
from simulators.load.sender import Plan, Sender
from simulators.load.wire import Parcel, parcel_body

Behaviour = Callable[[int, asyncio.StreamWriter], Awaitable[bytes | None]]

DEVICES = (UUID(int=1), UUID(int=2))


def reply(status: str, body: bytes, *fields: str) -> bytes:
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields])
    return head.encode() + b"\r\n\r\n" + body


def receipt(bodies: bytes, status: str = "recorded") -> bytes:
    count = len(msgspec.json.decode(bodies)["check_ins"])
    answers = [{"status": status, "check_in": None} for _ in range(count)]
    return msgspec.json.encode({"received_at": "2026-11-20T08:00:00Z", "answers": answers})


class Server:
    """Answers as `behave` says: bytes to reply with, None to answer `recorded`."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self.bodies: list[bytes] = []
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Server"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server:
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                body = await reader.readexactly(length)
                self.bodies.append(body)
                answer = await self._behave(len(self.bodies), writer)
                writer.write(reply("200 OK", receipt(body)) if answer is None else answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def parcels(count: int, batch: int = 1) -> list[Parcel]:
    made = []
    for number in range(count):
        ids = tuple(str(UUID(int=1000 * number + place)) for place in range(batch))
        sequence = (number // 2 + 1) * batch
        made.append(Parcel(number % 2, sequence, f"link{number}", ids, parcel_body([f"{each}~" for each in ids])))
    return made


async def sent(server: Server, plan: Plan, load: list[Parcel]) -> Sender:
    sender = Sender(replace(plan, services=(server.url,)), load, lambda _: None)
    await sender.run(lambda: None)
    return sender


async def recorded(_number: int, _writer: asyncio.StreamWriter) -> None:
    return None


PLAN = Plan(services=(), connections=4, seconds=0.6, devices=DEVICES)


async def test_a_stall_shows_in_every_request_that_fell_due_meanwhile() -> None:
    """Four connections stall once for 0.3 s: four requests of 300 met it, but half the others waited behind them."""
    stalled = asyncio.Event()

    async def stall(number: int, _writer: asyncio.StreamWriter) -> None:
        if number == 50:
            asyncio.get_running_loop().call_later(0.3, stalled.set)
        if number >= 50:
            await stalled.wait()

    async with Server(stall).running() as server:
        sender = await sent(server, replace(PLAN, rate=500, arrivals="even"), parcels(400))
    accepted = sender.tally.accepted
    assert accepted.count + sender.tally.not_sent == pytest.approx(300, abs=2)
    assert accepted.milliseconds(0.99) > 250
    assert accepted.milliseconds(0.7) > 50


async def test_flat_out_ends_when_everything_was_sent_and_counts_the_time_to_the_last_answer() -> None:
    async with Server(recorded).running() as server:
        sender = await sent(server, replace(PLAN, seconds=60), parcels(40, batch=3))
    tally = sender.tally
    assert (tally.sent, tally.requests_on_time, tally.on_time) == (40, 40, 120)
    assert tally.answers["recorded"] == 120
    assert tally.nanoseconds < 30e9
    assert sender.heads == {0: (60, "link38"), 1: (60, "link39")}


async def test_declined_requests_are_counted_apart_and_not_sent_again_without_a_ledger() -> None:
    async def decline(number: int, _writer: asyncio.StreamWriter) -> bytes | None:
        return reply("503 Service Unavailable", b"{}", "Retry-After: 0") if number % 2 else None

    async with Server(decline).running() as server:
        sender = await sent(server, PLAN, parcels(20))
    tally = sender.tally
    assert tally.statuses == {503: 10, 200: 10}
    assert (tally.accepted.count, tally.declined.count, tally.retries) == (10, 10, 0)


@pytest.mark.heavy  # waits in real time
async def test_with_a_ledger_the_same_bytes_go_again_until_everything_is_answered(tmp_path) -> None:
    async def trouble(number: int, writer: asyncio.StreamWriter) -> bytes | None:
        if number % 5 == 1:
            return reply("503 Service Unavailable", b"{}", "Retry-After: 0")
        if number % 5 == 2:
            return reply("200 OK", b'{"received_at":"2026-11-20T08:00:00Z","answers":[]}')
        if number % 5 == 3:
            writer.transport.abort()
        return None

    load = parcels(20, batch=2)
    async with Server(trouble).running() as server:
        sender = await sent(server, replace(PLAN, ledger=tmp_path / "ledger"), load)
    entries = read_ledger(tmp_path / "ledger")
    assert sorted(str(entry.check_in) for entry in entries) == sorted(each for one in load for each in one.check_ins)
    assert {entry.status for entry in entries} == {"recorded"}
    assert {(entry.device, entry.sequence) for entry in entries} == {
        (device, sequence) for device in DEVICES for sequence in range(1, 21)
    }
    assert max(entry.attempts for entry in entries) > 1
    assert sender.tally.unanswered == 0
    assert set(sender.tally.errors) == {"unaccounted", "connection lost"}
    items = {body.partition(b'","check_ins"')[2] for body in server.bodies}
    assert items == {parcel.body.partition(b'","check_ins"')[2] for parcel in load}


async def test_what_is_never_answered_stands_in_the_ledger_as_unanswered(tmp_path) -> None:
    never = asyncio.Event()

    async def hang(number: int, _writer: asyncio.StreamWriter) -> None:
        if number > 3:
            await never.wait()

    async with Server(hang).running() as server:
        plan = replace(PLAN, seconds=0.2, ledger=tmp_path / "ledger", give_up=0.2, connections=1)
        sender = await sent(server, plan, parcels(10))
        never.set()
    statuses = [entry.status for entry in read_ledger(tmp_path / "ledger")]
    assert statuses == ["recorded"] * 3 + [None]
    assert sender.tally.unanswered == 1


@pytest.mark.heavy  # waits in real time
async def test_a_reply_that_does_not_come_in_time_counts_as_an_error_and_frees_the_connection() -> None:
    never = asyncio.Event()

    async def hang_once(number: int, _writer: asyncio.StreamWriter) -> None:
        if number == 1:
            await never.wait()

    async with Server(hang_once).running() as server:
        sender = await sent(server, replace(PLAN, seconds=30, connections=1, timeout=0.1), parcels(5))
        never.set()
    assert sender.tally.errors["timeout"] == 1
    assert sender.tally.accepted.count == 4


async def test_each_request_goes_twice_when_asked() -> None:
    async with Server(recorded).running() as server:
        await sent(server, replace(PLAN, twice=True), parcels(5))
    items = sorted(body.partition(b'","check_ins"')[2] for body in server.bodies)
    assert items[::2] == items[1::2]
    assert len(items) == 10


async def test_a_service_that_is_not_there_is_said_so() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    plan = replace(PLAN, services=(f"http://127.0.0.1:{port}",), connect_seconds=0.2)
    with pytest.raises(OSError, match="cannot be reached"):
        await Sender(plan, parcels(1), lambda _: None).run(lambda: None)
