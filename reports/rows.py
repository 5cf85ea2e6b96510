"""The typed rows that frames are read into: what one carer did at one visit, and one visit that was bought."""

from datetime import date, datetime

import msgspec


class FrameError(ValueError):
    """A frame without a column it needs, or with a value that column cannot hold."""


class Call(msgspec.Struct, frozen=True, gc=False):
    """What one carer did, or should have done, at one visit. Instants are aware UTC, `day` is the local day.

    `overlap_seconds` is the time a second or later carer shared with the first.
    `exceptions` holds `kind:handling`; `amendments` holds the ids of the amendments behind the times.
    """

    provider: str
    council: str
    client: str
    commission: str | None
    slot: int | None
    visit: str | None
    day: date
    planned_start: datetime | None
    planned_minutes: int | None
    carer: str | None
    position: int
    in_at: datetime | None
    out_at: datetime | None
    delivered_seconds: int | None
    overlap_seconds: int | None
    outcome: str
    in_check_in: str | None
    out_check_in: str | None
    in_grade: str | None
    out_grade: str | None
    in_distance_m: float | None
    out_distance_m: float | None
    amendments: tuple[str, ...]
    exceptions: tuple[str, ...]


class Slot(msgspec.Struct, frozen=True, gc=False):
    """One visit that the council bought on one local day: `minutes` long, for `carers` carers."""

    council: str
    provider: str
    client: str
    commission: str
    contract: str
    contract_version: int
    slot: int
    day: date
    start: datetime | None
    minutes: int
    carers: int
