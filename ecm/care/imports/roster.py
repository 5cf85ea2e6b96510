"""The roster: what the provider planned."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import msgspec

from ecm.care.domain import FoldPoint, RosterVisit
from ecm.care.imports import cells
from ecm.care.imports.csv_files import CellError, Columns, Row, shown
from ecm.care.imports.planner import Plan
from ecm.words.civil_time import london_day
from reports.contracts import Outcomes

CODE_COLUMN: Final = "visit"
COLUMNS: Final = Columns(
    required=("visit", "client", "start", "minutes", "carers"),
    optional=("commission", "carers_needed", "cancelled"),
)
# What a visit that was not delivered can be: those a contract has a rule for, and the two that are never paid.
OUTCOMES: Final[tuple[str, ...]] = (*msgspec.structs.asdict(Outcomes()), "missed_provider", "merged")
_MOST_CARERS: Final = 9


class RosterRow(msgspec.Struct, frozen=True):
    """A row of the roster; `carers_needed` None is left to the commission."""

    code: str
    client: str
    commission: str | None
    start_at: datetime
    minutes: int
    carers: tuple[str, ...]
    carers_needed: int | None
    cancelled: str | None


@dataclass(frozen=True, slots=True)
class KnownCommission:
    """What the roster needs to know of a commission."""

    client: str
    carers: int


@dataclass(frozen=True, slots=True)
class Known:
    """What a roster's row refers to."""

    clients: frozenset[str]
    carers: frozenset[str]
    commissions: dict[str, KnownCommission]


def read_row(row: Row) -> RosterRow:
    """Read one row; raises CellError. A visit's code has no colon, so it can never be that of an unplanned visit."""
    carers = cells.codes(row, "carers")
    if len(carers) > _MOST_CARERS:
        raise CellError("carers", f"{len(carers)} carers are listed; at most {_MOST_CARERS} can be.")
    wanted = row.cells.get("carers_needed")
    return RosterRow(
        code=cells.code(row, "visit"),
        client=cells.code(row, "client"),
        commission=cells.optional_code(row, "commission"),
        start_at=cells.local_instant(row, "start"),
        minutes=cells.whole(row, "minutes", 1, 1440),
        carers=carers,
        carers_needed=cells.whole(row, "carers_needed", 1, _MOST_CARERS) if wanted else None,
        cancelled=_outcome(row),
    )


def resolve(row: RosterRow, known: Known) -> RosterVisit:
    """Check what the row refers to and complete it; raises CellError.

    Without `carers_needed` a visit needs as many carers as its commission bought, or as are listed if that is more.
    """
    if row.client not in known.clients:
        raise CellError("client", f"There is no client {row.client}; import the clients first.")
    for carer in row.carers:
        if carer not in known.carers:
            raise CellError("carers", f"There is no carer {carer}; import the carers first.")
    bought = 1
    if row.commission is not None:
        commission = known.commissions.get(row.commission)
        if commission is None:
            raise CellError("commission", f"There is no commission {row.commission}; import the commissions first.")
        if commission.client != row.client:
            raise CellError("commission", f"The commission {row.commission} is not for the client {row.client}.")
        bought = commission.carers
    return RosterVisit(
        code=row.code,
        client=row.client,
        commission=row.commission,
        start_at=row.start_at,
        minutes=row.minutes,
        carers=row.carers,
        carers_needed=row.carers_needed or max(bought, len(row.carers)),
        cancelled=row.cancelled,
    )


def fold_points(plan: Plan[RosterVisit]) -> tuple[FoldPoint, ...]:
    """Return where visits must be folded again: each client and time in the roster that a visit takes or leaves.

    Folding a client's civil day in England once is enough, so the earliest point of each stands for it.
    """
    points = [FoldPoint(visit.client, visit.start_at) for visit in _touched(plan)]
    earliest: dict[tuple[str, date], FoldPoint] = {}
    for point in sorted(points, key=lambda each: (each.around, each.client)):
        earliest.setdefault((point.client, london_day(point.around)), point)
    return tuple(earliest.values())


def _touched(plan: Plan[RosterVisit]) -> Iterable[RosterVisit]:
    yield from plan.new
    for change in plan.changed:
        yield change.old
        yield change.new


def _outcome(row: Row) -> str | None:
    text = row.cells.get("cancelled", "")
    if text and text not in OUTCOMES:
        raise CellError("cancelled", f"{shown(text)} is not an outcome; they are: {', '.join(OUTCOMES)}.")
    return text or None
