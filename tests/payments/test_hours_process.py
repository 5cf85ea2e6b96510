"""The process that works out hours: who loads its libraries, what it answers, and when it ends."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from ecm.payments.domain import FoldedVisit
from ecm.payments.hours_process import HoursProcess, JobFailed
from ecm.payments.jobs import Form, Job, Part, Produced, Refused
from ecm.visits.service import LIMITS
from reports.periods import Period
from tests.payments.council import DAY, MIDNIGHT, sources

pytestmark = pytest.mark.heavy  # each starts a process that loads them
HEAVY = ("pandas", "xlsxwriter")
WORKER = """
import asyncio
from ecm.payments.hours_process import HoursProcess
from tests.payments.test_hours_process import job, processes

async def work():
    await HoursProcess().produce(job())
    print(*processes(), flush=True)
    await asyncio.Event().wait()

asyncio.run(work())
"""


def job(form: Form = "csv", part: Part | None = None, **changes: object) -> Job:
    """A visit a day of a commission, and nobody came."""
    return Job(form=form, part=part, now=MIDNIGHT, limits=LIMITS, sources=sources(**changes))


@pytest.fixture
async def process() -> AsyncIterator[HoursProcess]:
    """The process, which starts once it is asked."""
    process = HoursProcess()
    async with process.running():
        yield process


def processes() -> set[int]:
    """The processes for hours of this one that live."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    pids = {int(pid) for each in children for pid in each.read_text().split()}
    return {pid for pid in pids if b"ecm.payments.hours_worker" in Path(f"/proc/{pid}/cmdline").read_bytes()}


async def gone(pid: int) -> None:
    """Wait until a process has ended."""
    async with asyncio.timeout(10):
        while Path(f"/proc/{pid}").exists():
            await asyncio.sleep(0.02)


def test_promise_12_a_worker_loads_no_library_of_frames_and_workbooks():
    listing = "import ecm.process.worker, sys; print(*(name for name in sys.argv[1:] if name in sys.modules))"
    found = subprocess.run([sys.executable, "-c", listing, *HEAVY], check=True, capture_output=True, text=True)
    assert found.stdout.split() == []


async def test_promise_12_hours_are_worked_out_off_the_loop(process: HoursProcess):
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.ensure_future(tick())
    produced = await process.produce(job(form="xlsx", period=Period(DAY.replace(month=1), DAY)))
    ticking.cancel()
    assert isinstance(produced, Produced)
    assert produced.content.startswith(b"PK")
    assert ticks > 100


async def test_jobs_given_at_once_each_get_their_own_answer(process: HoursProcess):
    names = [f"Care {number}" for number in range(5)]
    answers = await asyncio.gather(*(process.produce(job(provider_name=name)) for name in names))
    produced = [answer for answer in answers if isinstance(answer, Produced)]
    assert [name.replace(" ", "-") in one.name for name, one in zip(names, produced, strict=True)] == [True] * 5
    assert len(processes()) == 1


async def test_a_period_before_its_contract_is_refused_and_the_process_goes_on(process: HoursProcess):
    refused = await process.produce(job(contracts=[]))
    assert refused == Refused(f"The commission K-1 is under the contract A on {DAY}, but it is not known here.")
    assert isinstance(await process.produce(job()), Produced)


async def test_a_job_that_cannot_be_read_fails_alone(process: HoursProcess):
    with pytest.raises(JobFailed):
        await process.produce(job(visits=[FoldedVisit("not JSON", None)]))
    assert isinstance(await process.produce(job()), Produced)


async def test_whoever_gives_up_leaves_no_answer_behind_for_the_next(process: HoursProcess):
    await process.produce(job())
    given_up = asyncio.ensure_future(process.produce(job(form="xlsx", period=Period(DAY.replace(month=1), DAY))))
    await asyncio.sleep(0.05)
    given_up.cancel()
    produced = await process.produce(job(form="json"))
    assert isinstance(produced, Produced)
    assert msgspec.json.decode(produced.content)["from"] == str(DAY)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the process in /proc")
class TestItsEnd:
    async def test_a_process_that_was_killed_at_rest_is_replaced(self, process: HoursProcess):
        await process.produce(job())
        (pid,) = processes()
        os.kill(pid, signal.SIGKILL)
        await gone(pid)
        assert isinstance(await process.produce(job()), Produced)

    async def test_it_ends_after_a_rest_and_starts_again(self):
        process = HoursProcess(rest_seconds=0.05)
        async with process.running():
            await process.produce(job())
            (pid,) = processes()
            await gone(pid)
            assert isinstance(await process.produce(job()), Produced)

    async def test_it_ends_with_the_service(self):
        process = HoursProcess()
        async with process.running():
            await process.produce(job())
            (pid,) = processes()
        assert not Path(f"/proc/{pid}").exists()

    async def test_a_signal_to_all_does_not_end_it_but_the_death_of_its_worker_does(self):
        worker = await asyncio.create_subprocess_exec(sys.executable, "-c", WORKER, stdout=asyncio.subprocess.PIPE)
        assert worker.stdout is not None
        pid = int(await worker.stdout.readline())
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGINT)
        await asyncio.sleep(0.2)
        assert Path(f"/proc/{pid}").exists()
        worker.kill()
        await worker.wait()
        await gone(pid)
