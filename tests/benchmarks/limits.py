"""The limits that the machine sets: the bare insert of the same rows, and the signatures alone.

The bare insert is the very statement that the service sends for a group of check-ins, with arguments built before the
clock starts: a check-in, its location and its request to be folded, one transaction a batch, two connections as the
service has lanes. Both limits run in a process of their own, which has nothing else to do.
"""

import asyncio
import multiprocessing
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

import asyncpg
import msgspec
import uvloop

from devices.jws import verify
from devices.keys import PublicKey
from devices.messages import CheckInMessage
from devices.sd_jwt import read_check_in
from ecm.intake import store
from ecm.intake.domain import AcceptedCheckIn
from geofences.verdict import Judgement
from simulators.load.fleet import Fleet
from simulators.load.wire import Parcel

LANES = 2
_SAMPLE = 500

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Sample:
    """Signed check-ins of a fleet, to take the limits with; keys as JWK by device, providers by device."""

    messages: tuple[str, ...]
    keys: dict[UUID, dict[str, str]]
    providers: dict[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Inserted:
    """Check-ins a second; the time each transaction took, in milliseconds; the processor time of the process."""

    check_ins_per_second: float
    milliseconds: tuple[float, ...]
    check_ins: int
    cpu_seconds: float


@dataclass
class Recorder:
    """Stands where a connection would, and keeps what was to be sent."""

    sent: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)

    async def fetch(self, statement: str, *arguments: Any) -> list[asyncpg.Record]:
        self.sent.append((statement, arguments))
        return []


def sample(fleet: Fleet, keys: Callable[[int], dict[str, str]], parcels: Sequence[Parcel]) -> Sample:
    """Take the first check-ins of some parcels; `keys` gives a phone's public key by its number."""
    numbers = {parcel.device for parcel in parcels[:_SAMPLE]}
    messages: list[str] = []
    for parcel in parcels[:_SAMPLE]:
        messages += msgspec.json.decode(b'{"sent_at":"' + parcel.body)["check_ins"]
    phones = {fleet.phones[number].device: number for number in numbers}
    return Sample(
        tuple(messages[:_SAMPLE]),
        {device: keys(number) for device, number in phones.items()},
        {device: fleet.provider(fleet.phones[number].provider) for device, number in phones.items()},
    )


def accepted(taken: Sample, count: int) -> list[AcceptedCheckIn]:
    """Return check-ins as intake would hand them to its writer, each with an id of its own."""
    read = [read_check_in(message) for message in taken.messages]
    return [_accept(taken, read[number % len(read)]) for number in range(count)]


def _accept(taken: Sample, message: CheckInMessage) -> AcceptedCheckIn:
    body = msgspec.structs.replace(message.body, check_in=uuid4())
    renewed = msgspec.structs.replace(message, body=body, message_digest=secrets.token_bytes(32))
    return AcceptedCheckIn(
        provider=taken.providers[message.device_id],
        message=renewed,
        received_at=datetime.now(UTC),
        skew_seconds=0,
        occurred_at=message.at,
        carer=body.carer or "",
        client=body.client,
        fold_client=body.client,
        tag_id=None,
        judgement=Judgement("inside", 12.3, 9.0, 0.999),
        grade="located",
        doubts=(),
        signature_checked=True,
    )


async def statements(check_ins: Sequence[AcceptedCheckIn], batch: int) -> list[tuple[str, tuple[Any, ...]]]:
    """Return what the service would send to store check-ins in batches."""
    recorder = Recorder()
    for start in range(0, len(check_ins), batch):
        await store.store_check_ins(recorder, check_ins[start : start + batch])  # type: ignore[arg-type]
    return recorder.sent


def in_a_process(work: Callable[..., R], *arguments: Any) -> R:
    """Run a function in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *arguments).result()


def bare_insert(url: str, taken: Sample, batch: int, check_ins: int) -> Inserted:
    """Store check-ins with the service's own statement, as fast as two connections can."""
    return uvloop.run(insert_bare(url, taken, batch, check_ins))


async def insert_bare(url: str, taken: Sample, batch: int, check_ins: int) -> Inserted:
    """Prepare the statements, then send them."""
    sent = await statements(accepted(taken, check_ins), batch)

    async def execute(connection: asyncpg.Connection, number: int) -> None:
        statement, arguments = sent[number]
        await connection.fetch(statement, *arguments)

    return await _insert(url, execute, len(sent), check_ins)


def plain_insert(url: str, batch: int, check_ins: int) -> Inserted:
    """Insert rows of one table and nothing beside them, copied from those in check_ins: for information."""
    return uvloop.run(insert_plain(url, batch, check_ins))


async def insert_plain(url: str, batch: int, check_ins: int) -> Inserted:
    """Make the table anew and take rows to insert, then insert them."""
    connection = await asyncpg.connect(url)
    await connection.execute("DROP TABLE IF EXISTS plain_check_ins")
    rows = [tuple(row) for row in await connection.fetch("SELECT * FROM check_ins LIMIT $1", check_ins)]
    await connection.execute("CREATE TABLE plain_check_ins (LIKE check_ins INCLUDING ALL)")
    await connection.close()
    values = ", ".join(f"${number}" for number in range(1, len(rows[0]) + 1))

    async def execute(connection: asyncpg.Connection, number: int) -> None:
        some = rows[number * batch : (number + 1) * batch]
        await connection.executemany(f"INSERT INTO plain_check_ins VALUES ({values})", some)

    return await _insert(url, execute, -(-len(rows) // batch), len(rows))


async def _insert(
    url: str, execute: Callable[[asyncpg.Connection, int], Awaitable[None]], batches: int, check_ins: int
) -> Inserted:
    connections = [await asyncpg.connect(url) for _ in range(LANES)]
    numbers = iter(range(batches))
    milliseconds: list[float] = []

    async def lane(connection: asyncpg.Connection) -> None:
        for number in numbers:
            began = time.perf_counter()
            async with connection.transaction():
                await execute(connection, number)
            milliseconds.append((time.perf_counter() - began) * 1e3)

    began, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as lanes:
        for connection in connections:
            lanes.create_task(lane(connection))
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    for connection in connections:
        await connection.close()
    return Inserted(check_ins / seconds, tuple(milliseconds), check_ins, cpu)


def verify_signatures(taken: Sample, seconds: float) -> float:
    """Return how many signatures a second one core verifies, the messages read before."""
    keys = {device: PublicKey.from_jwk(key) for device, key in taken.keys.items()}
    read = [read_check_in(message) for message in taken.messages]
    signed = [(message, keys[message.device_id]) for message in read]
    began = time.perf_counter()
    count = 0
    while time.perf_counter() - began < seconds:
        for message, key in signed:
            verify(message, key)
        count += len(signed)
    return count / (time.perf_counter() - began)
