"""What goes wrong: each fault is begun and ended by one function, which returns what it did in a few words."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import asyncpg

from tests.chaos.proxy import FAIR, Proxy, Weather
from tests.chaos.stage import Replica, Stage, alive, send
from tests.chaos.traffic import Post

_MOST_CONNECTIONS: Final = 500
_OF_THE_SERVICE: Final = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'ecm%'"


@dataclass(frozen=True, slots=True)
class Scene:
    """What a fault may touch, and the chance it draws from."""

    stage: Stage
    post: Post
    rng: random.Random

    @property
    def replica(self) -> Replica:
        """One of the replicas."""
        return self.rng.choice(self.stage.replicas)


@dataclass(frozen=True, slots=True)
class Fault:
    """`name` as it is printed; `hindrance` says why it cannot be done here, None when it can."""

    name: str
    inject: Callable[[Scene], Awaitable[str]]
    hindrance: Callable[[Stage], str | None] = lambda stage: None


async def kill_worker(scene: Scene) -> str:
    pid = scene.rng.choice(scene.replica.workers_pids())
    send([pid], signal.SIGKILL)
    return f"pid {pid}"


async def kill_service(scene: Scene) -> str:
    replica = scene.replica
    await replica.kill()
    return await _started_again(scene, replica)


async def kill_first_process(scene: Scene) -> str:
    """Its workers may live on for a moment; whatever is left of them is killed before the next start."""
    replica = scene.replica
    below = replica.pids()[1:]
    replica.signal(signal.SIGKILL)
    await asyncio.sleep(scene.rng.uniform(0, 1))
    left = [pid for pid in below if alive(pid)]
    send(left, signal.SIGKILL)
    return f"{len(left)} of {len(below)} processes below it lived on; " + await _started_again(scene, replica)


async def kill_postgres(scene: Scene) -> str:
    await scene.stage.postgres.kill()
    return "the postmaster and its children"


async def kill_backend(scene: Scene) -> str:
    pid = scene.rng.choice(scene.stage.postgres_pids()[1:])
    send([pid], signal.SIGKILL)
    return f"pid {pid}"


async def restart(scene: Scene) -> str:
    replica = scene.replica
    code = await replica.stop()
    scene.stage.unclean_stops += code != 0
    return f"exit code {code}; " + await _started_again(scene, replica)


async def kill_in_drain(scene: Scene) -> str:
    replica = scene.replica
    replica.signal(signal.SIGTERM)
    seconds = scene.rng.uniform(0, 0.3)
    await asyncio.sleep(seconds)
    await replica.kill()
    return f"after {seconds:.2f} s; " + await _started_again(scene, replica)


async def freeze_service(scene: Scene) -> str:
    return await _frozen(scene, scene.replica.pids())


async def freeze_worker(scene: Scene) -> str:
    return await _frozen(scene, [scene.rng.choice(scene.replica.workers_pids())])


async def freeze_backend(scene: Scene) -> str:
    return await _frozen(scene, [scene.rng.choice(scene.stage.postgres_pids()[1:])])


async def freeze_postgres(scene: Scene) -> str:
    return await _frozen(scene, scene.stage.postgres_pids())


async def fill_disk(scene: Scene) -> str:
    disk = scene.stage.disk
    assert disk is not None
    filler = disk / "filler"
    try:
        size = await asyncio.to_thread(_fill, filler)
        seconds = scene.rng.uniform(1.0, 3.0)
        await asyncio.sleep(seconds)
    finally:
        await asyncio.to_thread(filler.unlink, missing_ok=True)
    return f"{size // 2**20} MiB for {seconds:.1f} s"


async def exhaust_connections(scene: Scene) -> str:
    """Take every connection there is, end those of the service, and take theirs too, as far as it is faster."""
    held: list[asyncpg.Connection] = []
    try:
        await _take_all(scene.stage, held)
        before = len(held)
        await held[0].execute(_OF_THE_SERVICE)
        await _take_all(scene.stage, held)
        seconds = scene.rng.uniform(1.0, 3.0)
        await asyncio.sleep(seconds)
    finally:
        for connection in held:
            connection.terminate()
    return f"{before} and {len(held) - before} of the service's own, for {seconds:.1f} s"


async def send_twice(scene: Scene) -> str:
    seconds = scene.rng.uniform(2.0, 4.0)
    scene.post.twice = True
    await asyncio.sleep(seconds)
    scene.post.twice = False
    return f"for {seconds:.1f} s"


async def _cut(scene: Scene, proxy: Proxy) -> str:
    seconds = scene.rng.uniform(0.2, 3.0)
    proxy.weather = replace(FAIR, refusing=True)
    proxy.cut()
    await asyncio.sleep(seconds)
    return f"for {seconds:.1f} s"


async def _reset(scene: Scene, proxy: Proxy) -> str:
    times = scene.rng.randint(1, 6)
    for _ in range(times):
        proxy.reset()
        await asyncio.sleep(scene.rng.uniform(0.05, 0.5))
    return f"{times} times"


async def _delay(scene: Scene, proxy: Proxy) -> str:
    return await _weather(scene, proxy, Weather(delay=scene.rng.uniform(0.05, 0.6)))


async def _trickle(scene: Scene, proxy: Proxy) -> str:
    return await _weather(scene, proxy, Weather(trickle=scene.rng.choice((50, 200, 800))))


async def _swallow(scene: Scene, proxy: Proxy) -> str:
    return await _weather(scene, proxy, Weather(swallowing=True))


async def _silence(scene: Scene, proxy: Proxy) -> str:
    count = proxy.silence()
    await asyncio.sleep(scene.rng.uniform(0.5, 2.0))
    return f"{count} connections, for ever"


async def _weather(scene: Scene, proxy: Proxy, weather: Weather) -> str:
    seconds = scene.rng.uniform(1.0, 3.5)
    proxy.weather = weather
    await asyncio.sleep(seconds)
    proxy.weather = FAIR
    how = (
        f"{weather.delay * 1000:.0f} ms, "
        if weather.delay
        else f"{weather.trickle} B/10 ms, "
        if weather.trickle
        else ""
    )
    return f"{how}for {seconds:.1f} s"


async def _started_again(scene: Scene, replica: Replica) -> str:
    await asyncio.sleep(scene.rng.uniform(0, 1))
    failed = replica.failed_starts
    await replica.start()
    return f"replica {replica.number} started again" + (
        f" after {replica.failed_starts - failed} failed starts" if replica.failed_starts > failed else ""
    )


async def _frozen(scene: Scene, pids: list[int]) -> str:
    seconds = scene.rng.uniform(0.5, 4.0)
    send(pids, signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        send(pids, signal.SIGCONT)
    return f"{len(pids)} processes for {seconds:.1f} s"


async def _take_all(stage: Stage, held: list[asyncpg.Connection]) -> None:
    with suppress(asyncpg.TooManyConnectionsError):
        while len(held) < _MOST_CONNECTIONS:
            held.append(await asyncpg.connect(stage.postgres.dsn(), timeout=5))


def _fill(path: Path) -> int:
    """Fill the file system to the last page; return how many bytes that took."""
    size = 0
    with path.open("wb", buffering=0) as filler:
        for piece in (2**24, 2**20, 4_096):
            with suppress(OSError):
                while True:
                    os.posix_fallocate(filler.fileno(), size, piece)
                    size += piece
    return size


def _no_disk(stage: Stage) -> str | None:
    return None if stage.disk is not None else "its file system is not ours to fill"


def _of_connections() -> list[Fault]:
    kinds = {
        "cut": _cut,
        "reset": _reset,
        "delay": _delay,
        "trickle": _trickle,
        "half-open": _silence,
        "answers lost": _swallow,
    }

    def fault(name: str, kind: Callable[[Scene, Proxy], Awaitable[str]], side: str) -> Fault:
        async def inject(scene: Scene) -> str:
            proxies = [getattr(replica, side) for replica in scene.stage.replicas]
            return await kind(scene, scene.rng.choice([proxy for proxy in proxies if proxy.connections] or proxies))

        between = "phones and service" if side == "phones" else "service and database"
        return Fault(f"{name} between {between}", inject)

    return [fault(name, kind, side) for side in ("phones", "database") for name, kind in kinds.items()]


CATALOGUE: Final[tuple[Fault, ...]] = (
    Fault("kill -9 a worker", kill_worker),
    Fault("kill -9 the service", kill_service),
    Fault("kill -9 the service's first process only", kill_first_process),
    Fault("kill -9 PostgreSQL", kill_postgres),
    Fault("kill -9 one process of PostgreSQL", kill_backend),
    Fault("clean restart", restart),
    Fault("kill -9 in the middle of the drain", kill_in_drain),
    Fault("freeze the service", freeze_service),
    Fault("freeze a worker", freeze_worker),
    Fault("freeze one process of PostgreSQL", freeze_backend),
    Fault("freeze PostgreSQL", freeze_postgres),
    Fault("fill the database's disk", fill_disk, _no_disk),
    Fault("exhaust the database's connections", exhaust_connections),
    Fault("send every request twice", send_twice),
    *_of_connections(),
)


def deck(stage: Stage, count: int, rng: random.Random) -> list[Fault]:
    """`count` faults in an order that only `rng` decides: all that are possible here, then all again."""
    possible = [fault for fault in CATALOGUE if fault.hindrance(stage) is None]
    dealt: list[Fault] = []
    while len(dealt) < count:
        dealt += rng.sample(possible, len(possible))
    return dealt[:count]
