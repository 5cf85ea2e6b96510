"""The process that draws hours: who loads its libraries, what it answers, and when it ends."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from ecm.care.domain import Commission
from ecm.payments.domain import FoldedVisit, View
from ecm.payments.drawing import Drawing, DrawingFailed
from ecm.payments.orders import Drawn, Order, Refused
from ecm.visits.service import RULES
from reports.contracts import example_contract
from reports.periods import Period
from tests.arranging import COUNCIL
from tests.payments.council import CLIENT, DAY, MIDNIGHT

HEAVY = ("pandas", "xlsxwriter")
WORKER = """
import asyncio
from ecm.payments.drawing import Drawing
from tests.payments.test_drawing import drawing_processes, order

async def work():
    drawing = Drawing()
    await drawing.draw(order())
    print(*drawing_processes(), flush=True)
    await asyncio.Event().wait()

asyncio.run(work())
"""


def order(**changes: object) -> Order:
    """A visit a day of a commission, and nobody came."""
    commission = Commission(
        code="K-1",
        client=CLIENT,
        council=COUNCIL,
        contract="A",
        service="personal care",
        start_date=DAY.replace(month=1),
        end_date=None,
        days="MTWTFSS",
        start_time=MIDNIGHT.time().replace(hour=8),
        minutes=30,
        carers=1,
        time_critical=False,
        short_visit_agreed=False,
    )
    given = {
        "form": "csv",
        "part": None,
        "provider_name": "Synthetic Care",
        "view": View(UUID(int=1), COUNCIL, MIDNIGHT, RULES),
        "period": Period(DAY, DAY),
        "read": Period(DAY, DAY),
        "contracts": [example_contract("a")],
        "commissions": [commission],
        "visits": [],
        "replay": None,
    }
    return Order(**given | changes)


@pytest.fixture
async def drawing() -> AsyncIterator[Drawing]:
    """A process that draws, once it is asked."""
    made = Drawing()
    async with made.running():
        yield made


def drawing_processes() -> set[int]:
    """The drawing processes of this one that live."""
    children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
    pids = {int(pid) for each in children for pid in each.read_text().split()}
    return {pid for pid in pids if b"ecm.payments.hours" in Path(f"/proc/{pid}/cmdline").read_bytes()}


async def gone(pid: int) -> None:
    """Wait until a process has ended."""
    async with asyncio.timeout(10):
        while Path(f"/proc/{pid}").exists():
            await asyncio.sleep(0.02)


def test_promise_12_a_worker_loads_no_library_of_frames_and_workbooks():
    told = "import ecm.process.worker, sys; print(*(name for name in sys.argv[1:] if name in sys.modules))"
    found = subprocess.run([sys.executable, "-c", told, *HEAVY], check=True, capture_output=True, text=True)
    assert found.stdout.split() == []


async def test_promise_12_frames_are_worked_on_off_the_loop(drawing: Drawing):
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0)
            ticks += 1

    ticking = asyncio.ensure_future(tick())
    drawn = await drawing.draw(order(form="xlsx", period=Period(DAY.replace(month=1), DAY)))
    ticking.cancel()
    assert isinstance(drawn, Drawn)
    assert drawn.content.startswith(b"PK")
    assert ticks > 100


async def test_orders_given_at_once_each_get_their_own_answer(drawing: Drawing):
    names = [f"Care {number}" for number in range(5)]
    answers = await asyncio.gather(*(drawing.draw(order(provider_name=name)) for name in names))
    assert [name.replace(" ", "-") in drawn.name for name, drawn in zip(names, answers, strict=True)] == [True] * 5
    assert len(drawing_processes()) == 1


async def test_a_period_before_its_contract_is_refused_and_the_process_goes_on(drawing: Drawing):
    refused = await drawing.draw(order(contracts=[]))
    assert refused == Refused(f"The commission K-1 is under the contract A on {DAY}, but it is not known here.")
    assert isinstance(await drawing.draw(order()), Drawn)


async def test_an_order_that_cannot_be_read_fails_alone(drawing: Drawing):
    with pytest.raises(DrawingFailed):
        await drawing.draw(order(visits=[FoldedVisit("not JSON", None)]))
    assert isinstance(await drawing.draw(order()), Drawn)


async def test_whoever_gives_up_leaves_no_answer_behind_for_the_next(drawing: Drawing):
    await drawing.draw(order())
    given_up = asyncio.ensure_future(drawing.draw(order(form="xlsx", period=Period(DAY.replace(month=1), DAY))))
    await asyncio.sleep(0.05)
    given_up.cancel()
    drawn = await drawing.draw(order(form="json"))
    assert isinstance(drawn, Drawn)
    assert msgspec.json.decode(drawn.content)["from"] == str(DAY)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the process in /proc")
class TestItsEnd:
    async def test_a_process_that_was_killed_at_rest_is_replaced(self, drawing: Drawing):
        await drawing.draw(order())
        (pid,) = drawing_processes()
        os.kill(pid, signal.SIGKILL)
        await gone(pid)
        assert isinstance(await drawing.draw(order()), Drawn)

    async def test_it_ends_after_a_rest_and_starts_again(self):
        drawing = Drawing(rest_seconds=0.05)
        async with drawing.running():
            await drawing.draw(order())
            (pid,) = drawing_processes()
            await gone(pid)
            assert isinstance(await drawing.draw(order()), Drawn)

    async def test_it_ends_with_the_service(self):
        drawing = Drawing()
        async with drawing.running():
            await drawing.draw(order())
            (pid,) = drawing_processes()
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
