"""The types that visits are folded from and into. All instants are aware UTC, all values immutable."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, TypeVar
from uuid import UUID

import msgspec

DECLARED = "declared"

Direction = Literal["in", "out"]
Handling = Literal["fix", "acknowledge"]
_Value = TypeVar("_Value")


class CheckIn(msgspec.Struct, frozen=True, gc=False):
    """One recorded check-in as the limits of visits see it.

    `occurred_at` is the estimate made at intake (device clock, or corrected for skew); `grade` and `doubts`
    are those of the evidence; `visit_hint` is the roster visit that the phone named, if any. Facts about
    the arrival of the message (when it was received) are left out on purpose: they must not change a visit.
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
    def order(self) -> tuple[datetime, UUID, UUID]:
        """The order of taps: by time, ties by id (ids made by one phone rise)."""
        return (self.occurred_at, self.check_in_id, self.device_id)


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
        """How many stays can be part of this visit."""
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


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers that visits are folded by; every window includes its boundary.

    The last three may be lowered but not raised above their defaults: the fold of a day rests on them to
    need no more than the day before and the day after (see `ecm.visits.domain.window`). 30 minutes each way
    is Essex's time-critical window; 23:00 is its hour at which a visit counts as missed.
    """

    early_minutes: int = 30
    late_minutes: int = 30
    missed_after_minutes: int = 60
    missed_at_hour: int = 23
    too_short_percent: int = 50
    too_long_minutes: int = 15
    out_overdue_minutes: int = 60
    match_window_minutes: int = 120
    longest_visit_hours: int = 16
    repeat_tap_minutes: int = 5

    def __post_init__(self) -> None:
        if not 0 <= self.match_window_minutes <= 120:
            raise ValueError("match_window_minutes must lie between 0 and 120")
        if not 1 <= self.longest_visit_hours <= 16:
            raise ValueError("longest_visit_hours must lie between 1 and 16")
        if not 0 <= self.repeat_tap_minutes <= 5:
            raise ValueError("repeat_tap_minutes must lie between 0 and 5")

    @property
    def late(self) -> timedelta:
        return timedelta(minutes=self.late_minutes)

    @property
    def early(self) -> timedelta:
        return timedelta(minutes=self.early_minutes)

    @property
    def missed_after(self) -> timedelta:
        return timedelta(minutes=self.missed_after_minutes)

    @property
    def match_window(self) -> timedelta:
        return timedelta(minutes=self.match_window_minutes)

    @property
    def longest_visit(self) -> timedelta:
        return timedelta(hours=self.longest_visit_hours)

    @property
    def repeat_tap(self) -> timedelta:
        return timedelta(minutes=self.repeat_tap_minutes)


class Stay(msgspec.Struct, frozen=True, gc=False):
    """One carer's part in a visit. `position` 0 is the carer who came first.

    `delivered_seconds` is elapsed time between arrival and departure, None while either is unknown;
    `overlap_seconds` is the time shared with the stay in position 0 (0 for that stay itself). Grades and
    distances are those of the check-ins, also where an amendment has changed the time; `amendments` are
    those in force.
    """

    carer: str
    position: int
    in_at: datetime | None
    out_at: datetime | None
    delivered_seconds: int | None
    overlap_seconds: int
    in_check_in: str | None
    out_check_in: str | None
    in_grade: str | None
    out_grade: str | None
    in_distance_m: float | None
    out_distance_m: float | None
    repeat_check_ins: tuple[str, ...] = ()
    amendments: tuple[UUID, ...] = ()

    @property
    def at(self) -> datetime:
        """The first sign of the stay: its arrival, or its departure when no arrival is known."""
        known = self.in_at or self.out_at
        if known is None:
            raise ValueError("a stay has an arrival or a departure")
        return known


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
