"""How fast intake is, beside the limits of the machine at hand: `make bench-intake`.

Every row comes from one run. Rounds are interleaved and every second one goes backwards, so that whatever else the
machine does falls on all rows alike; a first round warms up and is not counted.
"""

import asyncio
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from statistics import median

import click

from ecm.process.parent import allow_open_files
from tests.benchmarks.bench import Bench, Options, Stand, running_bench, running_stand
from tests.benchmarks.report import Entry, Measure, Row, entries, entry, table, write
from tests.benchmarks.stored import store_beforehand

NOOP = "aiohttp no-op POST, 64 connections"
SINGLE = "single, 64 connections"
NOOP_UNLOADED = "aiohttp no-op POST, 1 connection"
UNLOADED = "single, 1 connection"
VERIFY = "signature verification, one core"
OVERLOAD = "single, 3 × overload, open loop"
NOOP_OVERLOAD = "aiohttp no-op POST at the rate of the overload"
PLAIN = "one-table insert, 500 a transaction"
BURST_CONNECTIONS = {50: 16, 500: 8}

Case = tuple[Row, Callable[[], Awaitable[Measure]]]


def bare_name(batch: int) -> str:
    """Return the name of the bare insert's row."""
    return f"bare insert, {batch} a transaction"


def burst_name(batch: int) -> str:
    """Return the name of an offline burst's row."""
    return f"burst, batches of {batch}"


def cases(bench: Bench) -> list[Case]:
    """Return the rows of the interleaved rounds, each with how it is measured."""
    found: list[Case] = [
        (Row(NOOP, "limit"), partial(bench.noop, 64)),
        (Row(SINGLE, "path", NOOP, 0.40), partial(bench.flat_out, SINGLE, 1, 64)),
        (Row(NOOP_UNLOADED, "limit"), partial(bench.noop, 1)),
        (Row(UNLOADED, "path", NOOP_UNLOADED), partial(bench.flat_out, UNLOADED, 1, 1)),
        (Row(VERIFY, "limit"), bench.signatures),
    ]
    for batch, connections in BURST_CONNECTIONS.items():
        bare, burst = bare_name(batch), burst_name(batch)
        found += [
            (Row(bare, "limit"), partial(bench.bare, bare, batch)),
            (Row(burst, "path", bare, 0.75), partial(bench.flat_out, burst, batch, connections)),
        ]
    found.append((Row(PLAIN, "limit"), partial(bench.plain, PLAIN, 500)))
    return found


async def measure_rounds(found: list[Case], rounds: int) -> list[Row]:
    """Measure every row in every round, and a round before that which is not counted."""
    for number in range(rounds + 1):
        for row, measure in reversed(found) if number % 2 else found:
            click.echo(f"round {number} of {rounds}: {row.name}", err=True)
            taken = await measure()
            if number:
                row.measures.append(taken)
    return [row for row, _ in found]


async def measure_overload(bench: Bench, rows: list[Row]) -> tuple[list[Row], list[Entry]]:
    """Offer three times what the service takes, and set what it still does against its peak.

    The server that does nothing is offered the same, to tell what of the waiting is the machine's.
    """
    rate, connections = 3 * _median(rows, SINGLE, "check_ins"), 2 * bench.options.crowd
    idle, row = Row(NOOP_OVERLOAD, "limit"), Row(OVERLOAD, "path", SINGLE, 0.90)
    before, after = [], []
    for number in range(bench.options.rounds):
        click.echo(f"overload {number + 1} of {bench.options.rounds}", err=True)
        idle.measures.append(await bench.noop(connections, rate))
        before.append(bench.resident())
        row.measures.append(await bench.open_loop(rate, connections))
        after.append(bench.resident())
    tails = [each.p99 or 0 for each in row.measures]
    accepted = f"{OVERLOAD}: p99 of the accepted"
    return [idle, row], [
        entry(f"{accepted} to unloaded", "ms", tails, _median(rows, UNLOADED, "p99")),
        entry(f"{accepted} to the no-op's at that rate", "ms", tails, _median([idle], NOOP_OVERLOAD, "p99")),
        entry(f"{OVERLOAD}: declined", "1/s", [each.declined for each in row.measures]),
        entry(f"{OVERLOAD}: memory after", "MB", after, round(median(before), 1)),
    ]


async def measure_crowd(bench: Bench) -> list[Entry]:
    """Fill the queue from many connections at once, and see what memory that takes."""
    crowd = bench.options.crowd
    name = f"batches of 50 from {crowd:,} connections a worker"
    taken = await bench.flat_out(name, 50, crowd * len(bench.workers))
    return [entry(f"{name}: peak memory of a worker", "MB", [taken.megabytes or 0], 200)]


async def measure_stored(stand: Stand) -> list[Row]:
    """Measure a service on new tables and one on tables that hold millions of check-ins, in turns."""
    options = stand.options
    found: list[Case] = []
    async with running_bench(stand, "few") as few, running_bench(stand, "many") as many:
        told = stand.line.counting("stored", options.stored)
        await store_beforehand(many.superuser, many.fleet, options.devices, options.stored, told)
        for name, batch, connections in ((SINGLE, 1, 64), (burst_name(500), 500, BURST_CONNECTIONS[500])):
            new, full = f"{name}, new tables", f"{name}, {options.stored:,} stored"
            found += [
                (Row(new, "path"), partial(few.flat_out, new, batch, connections)),
                (Row(full, "path", new, 0.90), partial(many.flat_out, full, batch, connections)),
            ]
        return await measure_rounds(found, options.rounds)


async def measure(options: Options, folder: Path) -> tuple[list[Row], list[Entry]]:
    """Measure everything; return the rows, and the numbers that are no rows."""
    async with running_stand(options, folder) as stand:
        async with running_bench(stand, "bench") as bench:
            rows = await measure_rounds(cases(bench), options.rounds)
            overload, numbers = await measure_overload(bench, rows)
            numbers += await measure_crowd(bench)
        stored = await measure_stored(stand) if options.stored else []
    return rows + overload + stored, numbers


async def run(options: Options, out: Path) -> None:
    """Measure everything, print the table and write the files. Ends in order when told to stop (SIGTERM)."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    folder = await asyncio.to_thread(_open_folder)
    try:
        rows, numbers = await measure(options, folder)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder)
    tail = _median(rows, SINGLE, "p99") / _median(rows, NOOP, "p99")
    found = [*entries(rows), *numbers]
    write(rows, found, out)
    click.echo(table(rows, options.rounds))
    click.echo()
    click.echo(f"- p99 of {SINGLE}: {tail:.1f} × that of the no-op (to be at most 5)")
    for number in numbers:
        ratio = "" if number.ratio is None else f", {number.ratio:.2f} × {number.limit:,.1f}"
        click.echo(f"- {number.name}: {number.median:,.1f} {number.unit}{ratio}")


def _open_folder() -> Path:
    """Make a folder for the database: short, for its socket's sake, and open to the account it runs as under root."""
    folder = Path(tempfile.mkdtemp(prefix="ecm-bench-"))
    folder.chmod(0o755)
    return folder


def _median(rows: list[Row], name: str, what: str) -> float:
    return float(median(getattr(each, what) for row in rows if row.name == name for each in row.measures))


@click.command()
@click.option("--quick", is_flag=True, help="One short round: shows that the benchmark works, and no more.")
@click.option("--rounds", type=click.IntRange(1), default=5, show_default=True)
@click.option("--seconds", type=click.FloatRange(min=0.2), default=3.0, show_default=True, help="Of each measurement.")
@click.option("--devices", type=click.IntRange(16), default=1000, show_default=True)
@click.option("--workers", type=click.IntRange(1), help="Workers of the service; without it the service's default.")
@click.option("--stored", type=click.IntRange(0), default=0, help="Measure again with so many check-ins stored.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("build/bench"), show_default=True)
def main(quick: bool, rounds: int, seconds: float, devices: int, workers: int | None, stored: int, out: Path) -> None:
    """Measure intake beside the limits of this machine."""
    allow_open_files()
    options = Options(rounds, seconds, devices, workers, stored, settle=120, crowd=1000)
    if quick:
        options = Options(1, 0.3, 32, workers, stored, settle=1, crowd=32)
    asyncio.run(run(options, out))


if __name__ == "__main__":
    main()
