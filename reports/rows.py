"""What a reconciliation is given: what one carer did at one visit, and one visit that the council bought."""

from datetime import date, datetime, timedelta

import msgspec

SlotKey = tuple[str, str | None, date, int | None]


class RowError(ValueError):
    """A row that no reconciliation can hold: less than nothing, an instant without a zone, a slot given twice."""


class Attendance(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What was done, or should have been, by one of the carers that a visit needs.

    Instants are aware UTC, `day` is the local day. `position` 0 is the visit's first slot; `overlap_seconds` is the
    time that a further one shared with the first. Where a slot was filled by several stays, `carer` is that of the
    first, `stays` says how many there were, and `inner_check_ins` names those between the first and the last.
    `delivered_seconds` None leaves it to what elapsed from in to out. `slot` is the number of the commission's
    slot of that day, None if there is none. `exceptions` holds `kind:handling`; `amendments` holds the ids of
    the amendments behind the times. Raises RowError if a number is below 0 or an instant has no zone.
    """

    provider: str
    council: str
    client: str
    day: date
    outcome: str
    commission: str | None = None
    slot: int | None = None
    visit: str | None = None
    planned_start: datetime | None = None
    planned_minutes: int | None = None
    carer: str | None = None
    position: int = 0
    in_at: datetime | None = None
    out_at: datetime | None = None
    delivered_seconds: int | None = None
    overlap_seconds: int | None = None
    in_check_in: str | None = None
    out_check_in: str | None = None
    inner_check_ins: tuple[str, ...] = ()
    stays: int = 1
    in_grade: str | None = None
    out_grade: str | None = None
    in_distance_m: float | None = None
    out_distance_m: float | None = None
    amendments: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _not_negative("position", self.position)
        _not_negative("planned_minutes", self.planned_minutes)
        _not_negative("delivered_seconds", self.delivered_seconds)
        _not_negative("overlap_seconds", self.overlap_seconds)
        _aware("planned_start", self.planned_start)
        _aware("in_at", self.in_at)
        _aware("out_at", self.out_at)

    @property
    def slot_key(self) -> SlotKey:
        """The key of the slot that this attendance fills, if there is such a slot."""
        return (self.provider, self.commission, self.day, self.slot)


class Slot(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One visit that the council bought on one local day: `minutes` long, for `carers` carers.

    `number` tells the slots of one commission and day apart. `contract_version` is None on a day on which no
    version of the contract is valid yet: such a slot can only be replayed under another contract.
    Raises RowError if a number is below 0 or `start` has no zone.
    """

    council: str
    provider: str
    client: str
    commission: str
    contract: str
    contract_version: int | None
    number: int
    day: date
    start: datetime
    minutes: int
    carers: int

    def __post_init__(self) -> None:
        _not_negative("minutes", self.minutes)
        _not_negative("carers", self.carers)
        _aware("start", self.start)

    @property
    def key(self) -> SlotKey:
        """What no other slot of the same reconciliation has."""
        return (self.provider, self.commission, self.day, self.number)

    @property
    def end(self) -> datetime:
        """When the slot is over, in elapsed minutes after its start."""
        return self.start + timedelta(minutes=self.minutes)

    def unattended(self, outcome: str, position: int = 0) -> Attendance:
        """Return the part of one carer of whom nothing is known but that the council bought it."""
        return Attendance(
            provider=self.provider,
            council=self.council,
            client=self.client,
            day=self.day,
            outcome=outcome,
            commission=self.commission,
            slot=self.number,
            position=position,
        )


def _not_negative(name: str, number: int | None) -> None:
    if number is not None and number < 0:
        raise RowError(f"{name}: {number} is below 0")


def _aware(name: str, instant: datetime | None) -> None:
    if instant is not None and instant.tzinfo is None:
        raise RowError(f"{name}: {instant} is not an aware instant")
