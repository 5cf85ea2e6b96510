"""The process that works out hours: `hours_process.py` starts it and gives it jobs.

Only this process loads the libraries of frames and workbooks: they double what a worker needs.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import BinaryIO, Final

import msgspec

from ecm.payments.domain import Ungoverned, attendances, slots_bought
from ecm.payments.jobs import LENGTH_BYTES, Form, Job, Produced, Refused, Reply, length_of, packed, read_job
from ecm.payments.messages import GoverningContract, ReconciliationMessage, WeekMessage
from reports.files import Header, file_name, lines_csv, lines_xlsx
from reports.lines import SUMMED
from reports.reconciliation import Reconciliation, reconcile

# Whoever answers a phone should not wait for a report.
NICENESS: Final = 10


def produce(job: Job) -> Reply:
    """Set delivered against commissioned hours, and write them down in the form asked for."""
    sources = job.sources
    try:
        slots = slots_bought(sources)
    except Ungoverned as problem:
        return Refused(str(problem))
    reconciliation = reconcile(
        attendances(sources, slots, job.now, job.limits),
        slots,
        {contract.key: contract for contract in sources.contracts},
        sources.period,
        replay=sources.replay,
    )
    contract = sources.replay.key if sources.replay else "own-contracts"
    name = file_name(sources.council, sources.provider_name, sources.period, contract, job.form)
    return Produced(name, _WRITERS[job.form](reconciliation, job))


def _json(reconciliation: Reconciliation, job: Job) -> bytes:
    part, lines = job.part, reconciliation.lines
    return msgspec.json.encode(
        ReconciliationMessage(
            council=job.sources.council,
            provider=job.sources.provider,
            first=reconciliation.period.first,
            last=reconciliation.period.last,
            as_of=job.now,
            replayed=reconciliation.replayed,
            contracts=[GoverningContract(each.code, each.version, each.name) for each in reconciliation.contracts],
            totals=reconciliation.totals,
            weeks=_weeks(reconciliation),
            lines=lines if part is None else lines[part.first : part.first + part.most],
        )
    )


def _weeks(reconciliation: Reconciliation) -> list[WeekMessage]:
    names = ("week", "client", "lines", *SUMMED, "cut")
    columns = (reconciliation.weeks[name].tolist() for name in names)
    return [msgspec.convert(dict(zip(names, row, strict=True)), WeekMessage) for row in zip(*columns, strict=True)]


def _csv(reconciliation: Reconciliation, job: Job) -> bytes:
    return lines_csv(reconciliation, _header(job))


def _xlsx(reconciliation: Reconciliation, job: Job) -> bytes:
    return lines_xlsx(reconciliation, _header(job))


def _header(job: Job) -> Header:
    return Header(job.now, job.sources.council, str(job.sources.provider))


_WRITERS: Final[Mapping[Form, Callable[[Reconciliation, Job], bytes]]] = {"json": _json, "csv": _csv, "xlsx": _xlsx}


def _take_in(stream: BinaryIO, jobs: "SimpleQueue[bytes]") -> None:
    """Pass jobs on until the pipe closes: then the worker has ended, be it by kill -9, and nobody waits."""
    while len(length := stream.read(LENGTH_BYTES)) == LENGTH_BYTES:
        jobs.put(stream.read(int.from_bytes(length)))
    os._exit(0)


def main() -> None:
    """Do what comes in at standard input, and write each reply to standard output, until the input closes."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the worker is told to stop, and may still wait for a file
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    jobs: SimpleQueue[bytes] = SimpleQueue()
    # A stream of its own: a daemon thread must not hold the lock of sys.stdin when Python ends.
    threading.Thread(target=_take_in, args=(os.fdopen(0, "rb", closefd=False), jobs), daemon=True).start()
    while True:
        reply = packed(produce(read_job(jobs.get())))
        sys.stdout.buffer.write(length_of(reply) + reply)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
