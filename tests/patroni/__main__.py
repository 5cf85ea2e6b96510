"""``python -m tests.patroni``: build the cluster, kill its leaders under load, print the counts."""

import asyncio
import sys
import tempfile
from pathlib import Path

import click

from tests.patroni.cluster import Cluster
from tests.patroni.failover import LONG_BURST_SECONDS, Counts, fail_over
from tests.patroni.packages import find_programs, install_missing


@click.command()
@click.option("--kills", type=click.IntRange(1, 100), default=3, show_default=True, help="Leaders to kill.")
@click.option("--rate", type=click.FloatRange(min=1), default=100.0, show_default=True, help="Check-ins a second.")
@click.option("--burst", type=click.FloatRange(min=1), default=LONG_BURST_SECONDS, show_default=True, help="Seconds.")
def main(kills: int, rate: float, burst: float) -> None:
    """Kill the leader of a Patroni cluster under the service, mid-burst, and count what became of each check-in.

    What is missing of Debian's packages is installed first by root; anybody else is told what to install. Fails when a
    promise was not kept, a check-in was not answered in the end, or none met the failover.
    """
    install_missing()
    counts = asyncio.run(_run(kills, rate, burst))
    click.echo(str(counts))
    for sentence in _failures(counts):
        click.echo(sentence, err=True)
    sys.exit(1 if _failures(counts) else 0)


async def _run(kills: int, rate: float, burst: float) -> Counts:
    with tempfile.TemporaryDirectory(prefix="ecm-patroni-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the account that PostgreSQL runs as has to pass through
        async with Cluster(folder / "cluster", find_programs()) as cluster:
            return await fail_over(cluster, folder, kills=kills, rate=rate, burst_seconds=burst)


def _failures(counts: Counts) -> list[str]:
    failures = {
        "Promise 1 or 2 was not kept.": not counts.holds,
        "Not every check-in was answered in the end.": counts.answered != counts.posted,
        "No check-in met the failover: this run has shown nothing.": counts.answered_only_on_retry == 0,
    }
    return [sentence for sentence, failed in failures.items() if failed]


if __name__ == "__main__":
    main()
