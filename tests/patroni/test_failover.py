"""One leader killed in the middle of a burst, where Patroni, etcd and PostgreSQL are installed."""

from pathlib import Path

import pytest

from tests.patroni.cluster import Cluster
from tests.patroni.failover import fail_over
from tests.patroni.packages import find_programs, missing_packages

_MISSING = missing_packages()


@pytest.mark.skipif(bool(_MISSING), reason=f"Debian packages not installed: {', '.join(_MISSING)}")
async def test_promises_1_and_2_hold_while_a_patroni_cluster_changes_its_leader(server_folder: Path) -> None:
    folder = server_folder / "patroni"
    async with Cluster(folder / "cluster", find_programs()) as cluster:
        counts = await fail_over(cluster, folder, kills=1, rate=60, burst_seconds=10)
    assert counts.holds, str(counts)
    assert counts.answered == counts.posted
    assert counts.answered_only_on_retry > 0, "no check-in met the failover"
