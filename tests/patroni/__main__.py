"""``python -m tests.patroni``: build the cluster, kill its leaders under load, print the counts."""

import asyncio
import sys
import tempfile
from pathlib import Path

import click

from tests.patroni.cluster import Cluster
from tests.patroni.failover import Counts, fail_over
from tests.patroni.packages import find_programs, missing_packages


@click.command()
@click.option("--kills", type=click.IntRange(1, 100), default=3, show_default=True, help="Leaders to kill.")
@click.option("--rate", type=click.FloatRange(min=1), default=100.0, show_default=True, help="Check-ins a second.")
def main(kills: int, rate: float) -> None:
    """Kill the leader of a Patroni cluster under the service, mid-burst, and count what became of each check-in."""
    missing = missing_packages()
    if missing:
        click.echo(f"skipped: these Debian packages are not installed: {', '.join(missing)}")
        return
    counts = asyncio.run(_run(kills, rate))
    click.echo(str(counts))
    sys.exit(0 if counts.holds else 1)


async def _run(kills: int, rate: float) -> Counts:
    with tempfile.TemporaryDirectory(prefix="ecm-patroni-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the account that PostgreSQL runs as has to pass through
        async with Cluster(folder / "cluster", find_programs()) as cluster:
            return await fail_over(cluster, folder, kills=kills, rate=rate)


if __name__ == "__main__":
    main()
