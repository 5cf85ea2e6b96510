"""The process that draws hours: `drawing.py` starts it as `python -m ecm.payments.hours` and gives it orders.

Only this process loads the libraries of frames and workbooks: they double what a worker needs.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from queue import SimpleQueue
from typing import BinaryIO, Final

import msgspec
import pandas as pd

from ecm.payments import domain
from ecm.payments.domain import SeenVisit, Slot, View
from ecm.payments.messages import GoverningContract, ReconciliationMessage, TotalsMessage, WeekMessage
from ecm.payments.orders import (
    LENGTH_BYTES,
    Drawn,
    Form,
    Order,
    Refused,
    Reply,
    length_of,
    packed,
    read_order,
)
from ecm.visits.model import Visit
from reports import rows
from reports.contracts import Contract
from reports.files import Header, file_name, lines_csv, lines_xlsx
from reports.lines import SUMMED
from reports.reconciliation import Reconciliation, reconcile

# Whoever answers a phone should not wait for a report.
NICENESS: Final = 10

_VISIT: Final = msgspec.json.Decoder(Visit)


class _Ungoverned(Exception):
    """A day of the period on which no version of the commission's contract is valid yet."""


def draw(order: Order) -> Reply:
    """Set delivered against commissioned hours, and write them down in the form asked for."""
    try:
        made = _reconcile(order)
    except _Ungoverned as problem:
        return Refused(str(problem))
    contract = order.replay.key if order.replay else "own-contracts"
    name = file_name(order.view.council, order.provider_name, order.period, contract, order.form)
    return Drawn(name, _WRITERS[order.form](made, order))


def _reconcile(order: Order) -> Reconciliation:
    slots = domain.expand(order.commissions, order.read, order.contracts)
    if order.replay is None:
        slots = _governed(slots, order)
    visits = [SeenVisit(_VISIT.decode(each.folded), each.next_start) for each in order.visits]
    return reconcile(
        _calls_frame(domain.calls_of(visits, slots, order.view)),
        _slots_frame(slots, order.view),
        {contract.key: contract for contract in order.contracts},
        order.period,
        replay=order.replay,
    )


def _governed(slots: list[Slot], order: Order) -> list[Slot]:
    """Leave out days around the period on which no contract was valid yet; in the period that is a problem."""
    for slot in slots:
        if slot.contract_version is None and slot.day in order.period:
            raise _Ungoverned(_no_contract(slot, order.contracts))
    return [slot for slot in slots if slot.contract_version is not None]


def _no_contract(slot: Slot, contracts: Sequence[Contract]) -> str:
    code = slot.commission.contract
    first = min((contract.valid_from for contract in contracts if contract.code == code), default=None)
    since = f"its first version is valid from {first}" if first else "it is not known here"
    return f"The commission {slot.commission.code} is under the contract {code} on {slot.day}, but {since}."


def _calls_frame(calls: Iterable[rows.Call]) -> pd.DataFrame:
    made = list(calls)
    return pd.DataFrame(
        {name: pd.Series([getattr(row, name) for row in made], dtype="object") for name in rows.Call.__struct_fields__}
    )


def _slots_frame(slots: Sequence[Slot], view: View) -> pd.DataFrame:
    columns: dict[str, list[object]] = {
        "council": [view.council for _ in slots],
        "provider": [str(view.provider) for _ in slots],
        "client": [row.commission.client for row in slots],
        "commission": [row.commission.code for row in slots],
        "contract": [row.commission.contract for row in slots],
        "contract_version": [row.contract_version or 0 for row in slots],
        "service": [row.commission.service for row in slots],
        "slot": [row.number for row in slots],
        "day": [row.day for row in slots],
        "start": [row.start for row in slots],
        "minutes": [row.commission.minutes for row in slots],
        "carers": [row.commission.carers for row in slots],
        "time_critical": [row.commission.time_critical for row in slots],
    }
    return pd.DataFrame({name: pd.Series(values, dtype="object") for name, values in columns.items()})


def _json(made: Reconciliation, order: Order) -> bytes:
    part = order.part
    lines = made.rows if part is None else made.rows[part.first : part.first + part.most]
    return msgspec.json.encode(
        ReconciliationMessage(
            council=order.view.council,
            provider=order.view.provider,
            first=made.period.first,
            last=made.period.last,
            as_of=order.view.now,
            replayed=made.replayed,
            contracts=[GoverningContract(each.code, each.version, each.name) for each in made.contracts],
            totals=msgspec.convert(made.totals, TotalsMessage, from_attributes=True),
            weeks=_weeks(made),
            lines=lines,
        )
    )


def _weeks(made: Reconciliation) -> list[WeekMessage]:
    names = ("week", "client", "lines", *SUMMED, "cut")
    columns = (made.weeks[name].tolist() for name in names)
    return [msgspec.convert(dict(zip(names, row, strict=True)), WeekMessage) for row in zip(*columns, strict=True)]


def _csv(made: Reconciliation, order: Order) -> bytes:
    return lines_csv(made, _header(order))


def _xlsx(made: Reconciliation, order: Order) -> bytes:
    return lines_xlsx(made, _header(order))


def _header(order: Order) -> Header:
    return Header(order.view.now, order.view.council, str(order.view.provider))


_WRITERS: Final[Mapping[Form, Callable[[Reconciliation, Order], bytes]]] = {"json": _json, "csv": _csv, "xlsx": _xlsx}


def _take_in(stream: BinaryIO, orders: "SimpleQueue[bytes]") -> None:
    """Pass orders on until the pipe closes: then the worker has ended, be it by kill -9, and nobody waits."""
    while len(length := stream.read(LENGTH_BYTES)) == LENGTH_BYTES:
        orders.put(stream.read(int.from_bytes(length)))
    os._exit(0)


def main() -> None:
    """Draw what comes in at standard input, and write each reply to standard output, until the input closes."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the worker is told to stop, and may still wait for a file
        signal.signal(number, signal.SIG_IGN)
    os.nice(NICENESS)
    orders: SimpleQueue[bytes] = SimpleQueue()
    # A stream of its own: a daemon thread must not hold the lock of sys.stdin when Python ends.
    threading.Thread(target=_take_in, args=(os.fdopen(0, "rb", closefd=False), orders), daemon=True).start()
    while True:
        reply = packed(draw(read_order(orders.get())))
        sys.stdout.buffer.write(length_of(reply) + reply)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
