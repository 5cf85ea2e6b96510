"""The types that visits are folded from and into. All instants are aware UTC, all values immutable."""

from collections.abc import Callable, Hashable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypeVar
from uuid import UUID

import msgspec

DECLARED = "declared"
# An outcome in the roster: the visit should never have been planned. It takes no stay, is not missed and pays nothing.
PLANNED_IN_ERROR = "planned_in_error"
# Outcomes of a visit that a carer came to and could not make: a tap at the door is what is expected.
AT_THE_DOOR = frozenset({"no_reply", "client_refused"})

Direction = Literal["in", "out"]
Handling = Literal["fix", "acknowledge"]
_Value = TypeVar("_Value")


class CheckIn(msgspec.Struct, frozen=True, gc=False):
    """One recorded check-in as the limits of visits see it.

    `occurred_at` is the estimate made at intake (device clock, or corrected for skew); `grade` and `doubts`
    are those of the evidence; `visit_hint` is the roster visit that the phone named, if any. Facts about
    the arrival of the message (when it was received) are left out on purpose: they must not change a visit.
    `sequence` 0 is one that could not be read.
    """

    device_id: UUID
    check_in_id: UUID
    carer: str
    client: str
    direction: Direction
    occurred_at: datetime
    grade: str
    doubts: tuple[str, ...] = ()
    distance_m: float | None = None
    visit_hint: str | None = None
    sequence: int = 0

    @property
    def ref(self) -> str:
        """`<device id>/<check-in id>`: the check-in's name in stays, lines and traces."""
        return f"{self.device_id}/{self.check_in_id}"

    @property
    def order(self) -> tuple[datetime, int, UUID, UUID]:
        """The order of taps by the clock: by time, ties by the phone's sequence, then by id."""
        return (self.occurred_at, self.sequence, self.check_in_id, self.device_id)


class PlannedVisit(msgspec.Struct, frozen=True, gc=False):
    """One visit of the provider's roster; `minutes` is its length, `cancelled` an outcome code or None."""

    visit: str
    client: str
    commission: str | None
    start: datetime
    minutes: int
    carers: tuple[str, ...]
    carers_needed: int = 1
    cancelled: str | None = None

    @property
    def end(self) -> datetime:
        """The planned end: elapsed minutes after the start, whatever the clocks do meanwhile."""
        return self.start + timedelta(minutes=self.minutes)

    @property
    def capacity(self) -> int:
        """How many slots it has: as many as carers are needed or rostered, whichever is more."""
        return max(self.carers_needed, len(self.carers), 1)


class Amendment(msgspec.Struct, frozen=True, rename={"amendment_id": "amendment"}):
    """An amendment with who made it; it stands beside the check-ins and never replaces one."""

    amendment_id: UUID
    visit: str
    carer: str
    # A time that is None stays as it was.
    in_at: datetime | None
    out_at: datetime | None
    made_at: datetime
    made_by: str
    reason: str
    memo: str | None


class Withdrawal(msgspec.Struct, frozen=True):
    """Who took an amendment back, when and why: it no longer counts, and stays as it was written."""

    amendment: UUID
    withdrawn_by: str
    withdrawn_at: datetime
    reason: str


class Stay(msgspec.Struct, frozen=True, gc=False):
    """One carer in one home without a break, as part of one visit.

    `slot` is the number of the slot that it fills, None for one who was looking on. `delivered_seconds` is elapsed time
    between arrival and departure, None while either is unknown or the departure lies before the arrival. Grades and
    distances are those of the check-ins, also where an amendment has changed the time; `amendments` are those in force.
    Where two visits were made in one stay, `shared_with` names the others, and the times are those of this one's part.
    """

    carer: str
    in_at: datetime | None
    out_at: datetime | None
    delivered_seconds: int | None
    in_check_in: str | None
    out_check_in: str | None
    in_grade: str | None
    out_grade: str | None
    in_distance_m: float | None
    out_distance_m: float | None
    slot: int | None = None
    repeat_check_ins: tuple[str, ...] = ()
    amendments: tuple[UUID, ...] = ()
    shared_with: tuple[str, ...] = ()

    @property
    def at(self) -> datetime:
        """The first sign of the stay: its arrival, or its departure when no arrival is known."""
        return first_sign(self.in_at, self.out_at)


class VisitException(msgspec.Struct, frozen=True, gc=False):
    """Something a person must fix or may acknowledge, about one carer's stay or (None) the whole visit.

    `between` names the facts that cannot all be true, where it is that: `check-in <device>/<id>`, `amendment <id>`,
    `visit <code>`, `outcome <code>`.
    """

    kind: str
    handling: Handling
    carer: str | None = None
    between: tuple[str, ...] = ()


class Visit(msgspec.Struct, frozen=True, gc=False):
    """A visit as everything known so far tells it; unplanned when `planned_start` is None."""

    visit: str
    client: str
    commission: str | None
    day: date
    planned_start: datetime | None
    planned_minutes: int | None
    carers_needed: int
    stays: tuple[Stay, ...]
    exceptions: tuple[VisitException, ...]
    cancelled: str | None = None
    rostered: tuple[str, ...] = ()

    @property
    def arrived_at(self) -> datetime | None:
        """The first sign of any carer, or None when nobody is known to have come."""
        return min((stay.at for stay in self.stays), default=None)

    @property
    def begun_at(self) -> datetime | None:
        """When somebody was there first, as far as it can be told: who only left had come the planned length before."""
        planned = timedelta(minutes=self.planned_minutes or 0)
        return min((stay.in_at or stay.at - planned for stay in self.stays), default=None)


def first_sign(in_at: datetime | None, out_at: datetime | None) -> datetime:
    """Return the arrival, or the departure where there is none; raises ValueError where there is neither."""
    sign = in_at or out_at
    if sign is None:
        raise ValueError("a stay has an arrival or a departure")
    return sign


def distinct(values: Iterable[_Value], key: Callable[[_Value], Hashable]) -> list[_Value]:
    """Return one value a key. Of several that differ the same one is returned, in whatever order they come."""
    chosen: dict[Hashable, _Value] = {}
    for value in values:
        name = key(value)
        known = chosen.setdefault(name, value)
        if known != value and repr(value) < repr(known):
            chosen[name] = value
    return list(chosen.values())


def seconds_between(start: datetime, end: datetime) -> int:
    """Elapsed whole seconds, also across a clock change; parts of a second are dropped."""
    return (end.astimezone(UTC) - start.astimezone(UTC)) // timedelta(seconds=1)
