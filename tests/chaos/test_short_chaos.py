"""A short chaos in the suite; `make chaos` is the long one."""

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from tests.chaos.__main__ import Report


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes to kill in /proc")
async def test_promises_1_2_and_5_hold_through_eight_faults_under_load(server_folder: Path) -> None:
    folder = server_folder / "chaos"
    run = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.chaos", "--quick", "--seed", "1668", "--folder", str(folder)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await run.communicate()
    finally:
        if run.returncode is None:
            run.terminate()
            await run.wait()
    assert run.returncode == 0, said.decode()
    report = msgspec.json.decode((folder / "1668.json").read_bytes(), type=Report)
    assert report.failures() == {}
    assert len(report.faults) == 8
    assert report.facts.recorded > 100
