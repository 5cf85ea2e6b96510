"""The roster: what the provider planned."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from ecm.care.domain import FoldPoint, RosterVisit
from ecm.care.imports import cells
from ecm.care.imports.alike import unknown
from ecm.care.imports.planner import Plan
from ecm.care.imports.tables import CellError, Column, Columns, Faults, Row, shown
from ecm.words.civil_time import LONDON, london_day
from reports.contracts import Outcomes

PLANNED_IN_ERROR: Final = "planned_in_error"
# What a visit that was not delivered can be: those a contract has a rule for, and those that are never paid.
OUTCOMES: Final[tuple[str, ...]] = (
    *msgspec.structs.asdict(Outcomes()),
    "missed_provider",
    "merged",
    PLANNED_IN_ERROR,
)
COLUMNS: Final = Columns(
    (
        Column(
            "visit",
            "The visit's code: the same in every file as long as it is the same call, and never used again.",
            "V-1",
            True,
            also=("call", "booking", "appointment", "roster", "shift", "id", "reference"),
        ),
        Column(
            "client",
            "The client's code, as in the file of clients.",
            "C-0001",
            True,
            also=("service user", "su", "customer", "person", "resident", "patient"),
        ),
        Column(
            "start",
            "Day and time at which the visit is to begin, on the clocks in England.",
            "20/11/2026 08:00",
            True,
            holds="instant",
            also=(
                "planned start",
                "scheduled start",
                "start date time",
                "start time",
                "date",
                "begins",
                "from",
                "time in",
            ),
        ),
        Column(
            "minutes",
            "How long the visit is to be, in minutes.",
            "30",
            True,
            also=("duration", "length", "planned duration", "planned minutes", "mins", "duration mins"),
        ),
        Column(
            "carers",
            "The codes of the carers who go, with semicolons between; empty while nobody is found.",
            "W-001;W-002",
            True,
            also=("employee", "staff", "worker", "care worker", "assigned to", "allocated to"),
        ),
        Column("commission", "The code of what the council bought, where the visit is part of it.", "K-0001"),
        Column("carers_needed", "How many carers are needed, where not as bought or listed.", "2", also=("staffing",)),
        Column(
            "cancelled",
            f"Why the visit was not or will not be made: {', '.join(OUTCOMES)}.",
            "",
            also=("cancel reason",),
        ),
        Column(
            "start_date",
            "Instead of start: its day, beside start_time.",
            "",
            instead_of="start",
            holds="day",
            also=("date", "visit date", "call date", "day", "planned date"),
        ),
        Column(
            "start_time",
            "Instead of start: its time of day, beside start_date.",
            "",
            instead_of="start",
            holds="time",
            also=("start", "planned start", "scheduled start", "time", "time in", "from", "begins"),
        ),
        Column(
            "end",
            "Instead of minutes: when the visit is to end, as a time of day or with its day.",
            "",
            instead_of="minutes",
            holds="instant",
            also=("end time", "finish", "finish time", "planned end", "scheduled end", "to", "time out", "until"),
        ),
    )
)
_MOST_CARERS: Final = 9
_LONGEST: Final = 1440
_NEVER: Final = datetime(1, 1, 1, tzinfo=UTC)  # the start of a row of which it cannot be read


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


def read_row(row: Row, faults: Faults) -> RosterRow:
    """Read one row, as far as it can be. A visit's code has no colon, so it is never that of an unplanned visit."""
    start_at = faults.take(lambda: _start(row), _NEVER)
    return RosterRow(
        code=faults.take(lambda: cells.code(row, "visit"), ""),
        client=faults.take(lambda: cells.code(row, "client"), ""),
        commission=faults.take(lambda: cells.optional_code(row, "commission"), None),
        start_at=start_at,
        minutes=faults.take(lambda: _minutes(row, start_at), 1),
        carers=faults.take(lambda: _carers(row), ()),
        carers_needed=faults.take(lambda: _needed(row), None),
        cancelled=faults.take(lambda: _outcome(row), None),
    )


def _start(row: Row) -> datetime:
    if row.cells.get("start") or "start_date" not in row.cells:
        return cells.local_instant(row, "start")
    day, time = cells.day(row, "start_date"), cells.local_time(row, "start_time")
    return cells.instant_of(datetime.combine(day, time), "start_time")


def _minutes(row: Row, start_at: datetime) -> int:
    if row.cells.get("minutes") or "end" not in row.cells:
        return cells.minutes(row, "minutes", 1, _LONGEST)
    if start_at == _NEVER:
        cells.needed(row, "end")
        return 1
    length = (_end(row, start_at) - start_at).total_seconds() / 60
    if not 1 <= length <= _LONGEST or not length.is_integer():
        raise CellError("end", f"The visit would last {length:,.0f} minutes; it must be from 1 to {_LONGEST}.")
    return int(length)


def _end(row: Row, start_at: datetime) -> datetime:
    """Return the end; a time of day is the first after the start."""
    try:
        time = cells.local_time(row, "end")
    except CellError:
        return cells.local_instant(row, "end")
    begins = start_at.astimezone(LONDON).replace(tzinfo=None)
    ends = datetime.combine(begins.date(), time)
    return cells.instant_of(ends if ends > begins else ends + timedelta(days=1), "end")


def _carers(row: Row) -> tuple[str, ...]:
    carers = cells.codes(row, "carers")
    if len(carers) > _MOST_CARERS:
        raise CellError("carers", f"{len(carers)} carers are listed; at most {_MOST_CARERS} can be.")
    return carers


def _needed(row: Row) -> int | None:
    return cells.whole(row, "carers_needed", 1, _MOST_CARERS) if row.cells.get("carers_needed") else None


def resolve(row: RosterRow, faults: Faults, known: Known) -> RosterVisit:
    """Check what the row refers to and complete it.

    Without `carers_needed` a visit needs as many carers as its commission bought, or as are listed if that is more.
    """
    if row.client not in known.clients:
        faults.add(CellError("client", unknown("client", row.client, known.clients, "import the clients first")))
    for carer in row.carers:
        if carer not in known.carers:
            faults.add(CellError("carers", unknown("carer", carer, known.carers, "import the carers first")))
    bought = 1
    if row.commission is not None:
        commission = known.commissions.get(row.commission)
        if commission is None:
            reason = unknown("commission", row.commission, known.commissions, "import the commissions first")
            faults.add(CellError("commission", reason))
        elif commission.client != row.client and not faults.has("client"):
            reason = f"The commission {row.commission} is not for the client {row.client}."
            faults.add(CellError("commission", reason))
        else:
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


def written(visit: RosterVisit) -> dict[str, str | None]:
    """Write a planned visit as the file does, its start on the clocks in England."""
    return {
        "client": visit.client,
        "commission": visit.commission,
        "start": f"{visit.start_at.astimezone(LONDON):%Y-%m-%d %H:%M}",
        "minutes": str(visit.minutes),
        "carers": ";".join(visit.carers),
        "carers_needed": str(visit.carers_needed),
        "cancelled": visit.cancelled,
    }


def forbid(old: RosterVisit, new: RosterVisit, begun: Mapping[str, str], now: datetime) -> CellError | None:
    """Say why a visit may not become that of another day or client, or None.

    `begun` names for visits that somebody came to, or whose times the office typed, which of the two it is.
    """
    moved, given = london_day(old.start_at) != london_day(new.start_at), old.client != new.client
    if not moved and not given:
        return None
    why = begun.get(old.code)
    if why is None and old.start_at <= now:
        why = "its start is past"
    if why is None:
        return None
    local = old.start_at.astimezone(LONDON)
    planned = f"client {old.client} on {local.day} {local:%B %Y, %H:%M}"
    return CellError(
        "client" if given else "start",
        f"The code {old.code} is that of a visit planned for {planned}, and {why}. "
        "This row is of another visit; give it a code of its own.",
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
    for change in (*plan.changed, *plan.taken_off):
        yield change.old
        yield change.new


def _outcome(row: Row) -> str | None:
    text = row.cells.get("cancelled", "").casefold().replace(" ", "_")
    if text and text not in OUTCOMES:
        raise CellError("cancelled", f"{shown(text)} is not an outcome; they are: {', '.join(OUTCOMES)}.")
    return text or None
