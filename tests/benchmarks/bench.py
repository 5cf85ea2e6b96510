"""The service, its database and the limits' processes, set up once; and how each path is measured."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import quantiles

import asyncpg

from devices.keys import PrivateKey
from ecm.db.embedded.server import EmbeddedServer
from ecm.db.migrations import migrate
from ecm.db.pool import DatabaseUrls
from ecm.words.clock import SystemClock
from simulators.load.fan import Outcome, Share, send_all
from simulators.load.fleet import Fleet
from simulators.load.progress import ProgressLine
from simulators.load.run import Wish, enlist, remember
from simulators.load.sender import Plan
from simulators.load.signing import chains, sign_all
from simulators.load.tally import summarise
from simulators.load.wire import Parcel
from tests.benchmarks.limits import Inserted, Sample, bare_insert, in_a_process, plain_insert, sample, verify_signatures
from tests.benchmarks.processes import cpu_seconds, forget_peaks, on_duty, peak_megabytes, resident_megabytes
from tests.benchmarks.report import Measure
from tests.running import RunningService, running_service

SEED = 1


@dataclass(frozen=True, slots=True)
class Options:
    """How long and how much. `settle` is how many seconds a path may take to fold what it stored."""

    rounds: int
    seconds: float
    devices: int
    workers: int | None
    stored: int
    settle: float
    crowd: int


@dataclass(frozen=True, slots=True)
class Stand:
    """What every service measured has in common: its PostgreSQL, and the server that does nothing."""

    options: Options
    folder: Path
    server: EmbeddedServer
    noop_url: str
    noop_pid: int
    limit: DatabaseUrls
    line: ProgressLine


@dataclass(slots=True)
class Bench:
    """A service on a database of its own, and the people whose check-ins are sent to it."""

    stand: Stand
    service: RunningService
    superuser: asyncpg.Connection
    fleet: Fleet
    idle_parcels: list[Parcel]
    taken: Sample
    rates: dict[str, float]

    @property
    def options(self) -> Options:
        """How long and how much."""
        return self.stand.options

    @property
    def workers(self) -> list[int]:
        """The processes that answer phones now."""
        return on_duty(self.service.process.pid, "serve")

    async def noop(self, connections: int, rate: float | None = None) -> Measure:
        """Post single check-ins to the server that does nothing with them: flat out, or at a rate."""
        stand = self.stand
        plan = Plan((stand.noop_url,), connections, self.options.seconds, rate=rate, repeats=True)
        before: list[float] = []
        outcome = await self._share(plan, self.idle_parcels, lambda: before.append(cpu_seconds(stand.noop_pid)))
        cpu = cpu_seconds(stand.noop_pid) - before[0]
        summary = summarise(outcome.tally)
        return Measure(
            summary.requests_per_second,
            summary.check_ins_per_second,
            summary.latency.p50,
            summary.latency.p99,
            cpu / max(summary.latency.count, 1) * 1e6,
        )

    async def flat_out(self, name: str, batch: int, connections: int) -> Measure:
        """Post check-ins to the service as fast as some connections carry them."""
        plan = Plan((self.service.url,), connections, self.options.seconds, timeout=30)
        count = int(self.rates.get(name, 1_000 + 40 * batch) * self.options.seconds * 1.3)
        measure = await self._send(plan, await self.sign(max(count, 2 * batch * connections), batch))
        self.rates[name] = measure.check_ins
        return measure

    async def open_loop(self, rate: float, connections: int) -> Measure:
        """Post single check-ins at a rate, whatever becomes of them."""
        plan = Plan((self.service.url,), connections, self.options.seconds, rate=rate, seed=str(rate))
        return await self._send(plan, await self.sign(int(rate * plan.seconds * 1.05) + 100, 1))

    async def sign(self, check_ins: int, batch: int) -> list[Parcel]:
        """Sign what comes next in the phones' chains."""
        dealt = chains(self.fleet, range(self.options.devices), -(-check_ins // batch), batch)
        return await asyncio.to_thread(sign_all, dealt, SEED, self.stand.line.counting("signed", check_ins))

    async def _send(self, plan: Plan, parcels: list[Parcel]) -> Measure:
        service, postgres = self.service.process.pid, self.stand.server.pid
        forget_peaks(self.workers)
        before: list[float] = []
        outcome = await self._share(plan, parcels, lambda: before.extend((cpu_seconds(service), cpu_seconds(postgres))))
        answered = cpu_seconds(service), cpu_seconds(postgres)
        peak = peak_megabytes(self.workers)
        remember(self.fleet, [outcome])
        catch_up = await self._folded()
        folded = cpu_seconds(service) + cpu_seconds(postgres)
        summary = summarise(outcome.tally)
        each = 1e6 / max(sum(summary.answers.values()), 1)
        return Measure(
            summary.requests_per_second,
            summary.check_ins_per_second,
            summary.latency.p50,
            summary.latency.p99,
            (answered[0] - before[0]) * each,
            (answered[1] - before[1]) * each,
            (folded - sum(before)) * each,
            catch_up,
            peak,
            sum(count for status, count in summary.statuses.items() if status != "200") / summary.seconds,
        )

    async def _share(self, plan: Plan, parcels: list[Parcel], begun: Callable[[], None]) -> Outcome:
        share = Share(plan, parcels)
        return (await asyncio.to_thread(send_all, [share], self.stand.line.sending(), begun))[0]

    async def _folded(self) -> float:
        """Wait until everything stored is folded, so that one path does not pay for another; return the seconds."""
        clock = asyncio.get_running_loop().time
        began = clock()
        while clock() - began < self.options.settle:
            waiting = await self.superuser.fetchval("SELECT count(*) FROM fold_requests")
            if not waiting:
                return clock() - began
            self.stand.line.say(f"waiting for the folding of {waiting:,} check-ins")
            await asyncio.sleep(0.1)
        sys.stderr.write("still folding; what is measured next pays for it\n")
        return self.options.settle

    async def bare(self, name: str, batch: int) -> Measure:
        """Store check-ins by the bare statement."""
        administrator = await asyncpg.connect(self.stand.limit.migration)
        await administrator.execute("TRUNCATE check_ins, check_in_homes, check_in_locations, fold_requests")
        await administrator.close()
        count = int(self.rates.get(name, 5_000.0) * self.options.seconds) // batch * batch
        measure = await self._insert(bare_insert, self.stand.limit.intake, self.taken, batch, max(count, 4 * batch))
        self.rates[name] = measure.check_ins
        return measure

    async def plain(self, name: str, batch: int) -> Measure:
        """Store rows of check_ins alone, taken from what `bare` has left."""
        count = int(self.rates.get(name, 5_000.0) * self.options.seconds)
        measure = await self._insert(plain_insert, self.stand.limit.migration, batch, max(count, 4 * batch))
        self.rates[name] = measure.check_ins
        return measure

    async def _insert(self, insert: Callable[..., Inserted], *arguments: object) -> Measure:
        before = cpu_seconds(self.stand.server.pid)
        done = await asyncio.to_thread(lambda: in_a_process(insert, *arguments))
        cpu = cpu_seconds(self.stand.server.pid) - before
        batches = len(done.milliseconds)
        cuts = quantiles(done.milliseconds, n=100, method="inclusive")
        each = 1e6 / done.check_ins
        rate = done.check_ins_per_second
        return Measure(rate * batches / done.check_ins, rate, cuts[49], cuts[98], done.cpu_seconds * each, cpu * each)

    async def signatures(self) -> Measure:
        """Verify signatures and nothing else, on one core."""
        rate = await asyncio.to_thread(in_a_process, verify_signatures, self.taken, self.options.seconds)
        return Measure(rate, rate, service_us=1e6 / rate)

    def resident(self) -> float:
        """Return the megabytes of the largest worker now."""
        return resident_megabytes(self.workers)


@asynccontextmanager
async def running_stand(options: Options, folder: Path) -> AsyncIterator[Stand]:
    """Start a PostgreSQL and the server that does nothing."""
    async with EmbeddedServer(folder / "postgres") as server, _noop() as (noop_url, noop_pid):
        await server.ensure_database("limit")
        limit = server.urls("limit")
        await migrate(limit.migration, applied_at=SystemClock().now())
        with ProgressLine() as line:
            yield Stand(options, folder, server, noop_url, noop_pid, limit, line)


@asynccontextmanager
async def running_bench(stand: Stand, name: str) -> AsyncIterator[Bench]:
    """Start the service on a new database, and enrol the phones."""
    options, server, line = stand.options, stand.server, stand.line
    await server.ensure_database(name)
    urls = server.urls(name)
    environment = {
        "ECM_DATABASE_URL": urls.service,
        "ECM_INTAKE_DATABASE_URL": urls.intake,
        "ECM_MIGRATION_DATABASE_URL": urls.migration,
    }
    words = ["--workers", str(options.workers)] if options.workers is not None else []
    superuser = await asyncpg.connect(server.dsn(database=name))
    async with running_service(stand.folder / name, *words, **environment) as service:
        draining = asyncio.create_task(_drain(service.process))
        fleet = await enlist(_wish(service, options), line)
        dealt = chains(fleet, range(options.devices), 4 * options.devices, 1)
        parcels = await asyncio.to_thread(sign_all, dealt, SEED, line.counting("signed", 4 * options.devices))
        taken = sample(fleet, lambda number: PrivateKey.from_seed(fleet.key(number)).public_jwk(), parcels)
        yield Bench(stand, service, superuser, fleet, parcels, taken, {})
        draining.cancel()
    await superuser.close()


def _wish(service: RunningService, options: Options) -> Wish:
    plan = Plan((service.url,), 64, options.seconds)
    token = service.state / "operator-token"
    return Wish(replace(plan), token, service.state / "load.json", options.devices, 1, SEED)


@asynccontextmanager
async def _noop() -> AsyncIterator[tuple[str, int]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.noop", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield (await process.stdout.readline()).decode().split()[1], process.pid
    finally:
        process.stdin.close()
        await process.wait()


async def _drain(process: asyncio.subprocess.Process) -> None:
    """Read what the service writes, so that its pipe never fills."""
    assert process.stdout is not None
    while await process.stdout.read(65_536):
        pass
