"""Several senders at once, each in a process of its own, starting together."""

import asyncio
import gc
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from contextlib import suppress
from dataclasses import astuple, dataclass
from multiprocessing.sharedctypes import SynchronizedArray
from multiprocessing.synchronize import Barrier
from threading import BrokenBarrierError
from typing import Final

from simulators.load.sender import Plan, Progress, Sender
from simulators.load.tally import Tally
from simulators.load.wire import Parcel

try:
    import uvloop
except ImportError:  # there is none for Windows
    uvloop = None  # type: ignore[assignment]
if sys.platform != "win32":
    import resource

_START_SECONDS: Final = 120.0
_FIELDS: Final = 5
_OTHER_FILES: Final = 64


@dataclass(frozen=True, slots=True)
class Share:
    """What one process sends."""

    plan: Plan
    parcels: Sequence[Parcel]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one process counted, and the sequence and link of the last parcel it sent for each device."""

    tally: Tally
    heads: dict[int, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class _Common:
    barrier: Barrier
    progress: "SynchronizedArray[int]"


_common: _Common | None = None


def send_all(
    shares: Sequence[Share], told: Callable[[list[Progress]], None], begun: Callable[[], None] = lambda: None
) -> list[Outcome]:
    """Send all shares at once and return their outcomes.

    `begun` is called when every process is connected and sending begins; `told` gets every share's progress each
    second. Raises what a sender raises: OSError when its service cannot be reached.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(shares) + 1)
    progress = context.Array("q", len(shares) * _FIELDS)
    with ProcessPoolExecutor(len(shares), context, _begin, (barrier, progress)) as processes:
        running = [processes.submit(_send, number, share) for number, share in enumerate(shares)]
        with suppress(BrokenBarrierError):  # the sender that failed tells why
            barrier.wait(_START_SECONDS)
            begun()
        waiting = set(running)
        while waiting:
            waiting = wait(waiting, timeout=1).not_done
            flat = progress[:]
            told([Progress(*flat[start : start + _FIELDS]) for start in range(0, len(flat), _FIELDS)])
        return [each.result() for each in running]


def _begin(barrier: Barrier, progress: "SynchronizedArray[int]") -> None:
    global _common  # noqa: PLW0603 – what a process is given when it starts has no other place to be
    _common = _Common(barrier, progress)


def _send(number: int, share: Share) -> Outcome:
    common = _common
    if common is None:
        raise RuntimeError("started outside of send_all")

    def told(progress: Progress) -> None:
        common.progress[number * _FIELDS : (number + 1) * _FIELDS] = astuple(progress)

    def begin() -> None:
        # What was prepared stays: looking through it for rubbish would be counted as the service's latency.
        gc.collect()
        gc.freeze()
        common.barrier.wait(_START_SECONDS)

    async def run() -> Outcome:
        _allow_connections(share.plan.connections)
        sender = Sender(share.plan, share.parcels, told)
        await sender.run(begin)
        return Outcome(sender.tally, sender.heads)

    try:
        return asyncio.run(run()) if uvloop is None else uvloop.run(run())
    except BaseException:
        common.barrier.abort()
        raise


def _allow_connections(connections: int) -> None:
    """Let this process hold so many connections open; raises OSError where the system does not."""
    if sys.platform == "win32":
        return
    wanted = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise OSError(f"this system lets a process open {hard:,} files; ask for fewer connections or more processes")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
