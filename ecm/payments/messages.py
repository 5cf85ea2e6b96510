"""The messages of reconciliation."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from ecm.payments.service import Run
from ecm.words import Code, Council
from reports.lines import SUMMED, Line


class ReconciliationQuery(msgspec.Struct):
    """A period of local days, both included; `contract` replays it under that contract of the same council.

    A council officer names the provider, an office the council. `version` None takes the one valid on the last day.
    """

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    provider: UUID | None = None
    council: Council | None = None
    contract: Code | None = None
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None
    format: Literal["json", "csv", "xlsx"] = "json"


class GoverningContract(msgspec.Struct):
    """A version of a contract that governs at least one line."""

    contract: str
    version: int
    name: str


class WeekMessage(msgspec.Struct):
    """The sums of one client's week; `cut` says that the period holds only a part of it."""

    week: date
    client: str
    lines: int
    commissioned_minutes: int
    planned_minutes: int
    delivered_seconds: int
    delivered_minutes: int
    paid_minutes: int
    excess_minutes: int
    amount_pence: int
    cut: bool


class TotalsMessage(msgspec.Struct):
    """The sums of the period: whole minutes, seconds and pence; a line that has no rate adds no pence."""

    lines: int
    commissioned_minutes: int
    planned_minutes: int
    delivered_seconds: int
    delivered_minutes: int
    paid_minutes: int
    excess_minutes: int
    amount_pence: int


class ReconciliationMessage(msgspec.Struct):
    """Delivered against commissioned hours as known at `as_of`, each line with the trace of every rule."""

    council: str
    provider: UUID
    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    as_of: datetime
    replayed: bool
    contracts: list[GoverningContract]
    totals: TotalsMessage
    weeks: list[WeekMessage]
    lines: tuple[Line, ...]


def reconciliation_message(run: Run) -> ReconciliationMessage:
    """Shape a reconciliation for an answer. Takes milliseconds for each thousand lines: call it off the loop."""
    made = run.reconciliation
    return ReconciliationMessage(
        council=run.council,
        provider=run.provider,
        first=made.period.first,
        last=made.period.last,
        as_of=run.as_of,
        replayed=made.replayed,
        contracts=[GoverningContract(each.code, each.version, each.name) for each in made.contracts],
        totals=msgspec.convert(made.totals, TotalsMessage, from_attributes=True),
        weeks=week_messages(run),
        lines=made.rows,
    )


def week_messages(run: Run) -> list[WeekMessage]:
    """Read the weeks of a reconciliation out of their frame."""
    weeks = run.reconciliation.weeks
    names = ("week", "client", "lines", *SUMMED, "cut")
    columns = (weeks[name].tolist() for name in names)
    return [msgspec.convert(dict(zip(names, row, strict=True)), WeekMessage) for row in zip(*columns, strict=True)]
