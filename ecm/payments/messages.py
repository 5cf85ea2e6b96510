"""A reconciliation as JSON, where it differs from that of `reports/`."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from reports.lines import Line, Totals


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


class ReconciliationMessage(msgspec.Struct):
    """Delivered against commissioned hours as known at `as_of`, each line with the trace of every rule."""

    council: str
    provider: UUID
    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    as_of: datetime
    replayed: bool
    contracts: list[GoverningContract]
    totals: Totals
    weeks: list[WeekMessage]
    lines: tuple[Line, ...]
