"""The finished line, and what it takes from its entry and its worksheet."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from reports.entries import Entry, delivered_seconds
from reports.trace import Step
from reports.worksheet import Worksheet

SUMMED = (
    "commissioned_minutes",
    "planned_minutes",
    "delivered_seconds",
    "delivered_minutes",
    "paid_minutes",
    "excess_minutes",
    "amount_pence",
)


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One carer's part of one commissioned visit, or one attendance nobody commissioned, with what it pays and why.

    Instants are aware UTC, `day` is the local day; minutes and pence are whole. `banded_minutes` is None
    without bands, `amount_pence` None without a rate. `flags` come from the rules and from the exceptions.
    """

    provider: str
    council: str
    client: str
    commission: str | None
    slot: int | None
    day: date
    visit: str | None
    carer: str | None
    position: int
    planned_start: datetime | None
    planned_minutes: int | None
    commissioned_minutes: int
    in_at: datetime | None
    out_at: datetime | None
    delivered_seconds: int | None
    delivered_minutes: int
    banded_minutes: int | None
    paid_minutes: int
    excess_minutes: int
    amount_pence: int | None
    outcome: str
    flags: tuple[str, ...]
    exceptions: tuple[str, ...]
    amendments: tuple[str, ...]
    in_grade: str | None
    out_grade: str | None
    in_distance_m: float | None
    out_distance_m: float | None
    in_check_in: str | None
    out_check_in: str | None
    contract: str | None
    contract_version: int | None
    trace: tuple[Step, ...]


class Totals(msgspec.Struct, frozen=True):
    """The sums of the period: whole minutes, seconds and pence; a line that has no rate adds no pence."""

    lines: int
    commissioned_minutes: int
    planned_minutes: int
    delivered_seconds: int
    delivered_minutes: int
    paid_minutes: int
    excess_minutes: int
    amount_pence: int


def line_of(entry: Entry, sheet: Worksheet) -> Line:
    """The line that an entry and its worksheet make together."""
    whose, slot, attendance, contract = entry.whose, entry.slot, entry.attendance, entry.contract
    seconds = delivered_seconds(attendance)
    exceptions = _exceptions(attendance.exceptions, sheet.flags)
    return Line(
        provider=whose.provider,
        council=whose.council,
        client=whose.client,
        commission=whose.commission,
        slot=slot.number if slot else None,
        day=whose.day,
        visit=attendance.visit,
        carer=attendance.carer,
        position=attendance.position,
        planned_start=attendance.planned_start or (slot.start if slot else None),
        planned_minutes=attendance.planned_minutes,
        commissioned_minutes=slot.minutes if slot else 0,
        in_at=attendance.in_at,
        out_at=attendance.out_at,
        delivered_seconds=seconds,
        delivered_minutes=max(0, seconds or 0) // 60,
        banded_minutes=sheet.banded,
        paid_minutes=sheet.minutes,
        excess_minutes=sheet.excess,
        amount_pence=sheet.amount_pence,
        outcome=attendance.outcome,
        flags=_flags(sheet.flags, exceptions),
        exceptions=exceptions,
        amendments=tuple(sorted(attendance.amendments)),
        in_grade=attendance.in_grade,
        out_grade=attendance.out_grade,
        in_distance_m=attendance.in_distance_m,
        out_distance_m=attendance.out_distance_m,
        in_check_in=attendance.in_check_in,
        out_check_in=attendance.out_check_in,
        contract=contract.code if contract else None,
        contract_version=contract.version if contract else None,
        trace=tuple(sheet.steps),
    )


def _exceptions(given: tuple[str, ...], flags: Sequence[str]) -> tuple[str, ...]:
    kinds = {exception.partition(":")[0] for exception in given}
    to_fix = tuple(f"{flag}:fix" for flag in ("no_in", "no_out") if flag in flags and flag not in kinds)
    return tuple(sorted(given + to_fix))


def _flags(flags: Sequence[str], exceptions: tuple[str, ...]) -> tuple[str, ...]:
    kinds = [exception.partition(":")[0] for exception in exceptions]
    return tuple(dict.fromkeys([*flags, *kinds]))


def printed_flags(line: Line) -> str:
    """The flags for a cell, each exception with what a person is to do: `no_out:fix;under_half`."""
    handling = {exception.partition(":")[0]: exception for exception in line.exceptions}
    return ";".join(handling.get(flag, flag) for flag in line.flags)
