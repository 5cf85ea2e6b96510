"""The finished line, and what it takes from its entry and its worksheet."""

from collections.abc import Sequence
from datetime import date, datetime

import msgspec

from reports.entries import Entry, delivered_seconds
from reports.rows import Call
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
    """One carer's part of one commissioned visit, or one call nobody commissioned, with what it pays and why.

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


def line_of(entry: Entry, sheet: Worksheet) -> Line:
    """The line that an entry and its worksheet make together."""
    slot, contract = entry.slot, entry.contract
    call = entry.call or _NO_CALL
    seconds = delivered_seconds(call)
    exceptions = _exceptions(call.exceptions, sheet.flags)
    return Line(
        provider=entry.provider,
        council=entry.council,
        client=entry.client,
        commission=entry.commission,
        slot=slot.slot if slot else None,
        day=entry.day,
        visit=call.visit,
        carer=call.carer,
        position=entry.position,
        planned_start=call.planned_start or (slot.start if slot else None),
        planned_minutes=call.planned_minutes,
        commissioned_minutes=slot.minutes if slot else 0,
        in_at=call.in_at,
        out_at=call.out_at,
        delivered_seconds=seconds,
        delivered_minutes=max(0, seconds or 0) // 60,
        banded_minutes=sheet.banded,
        paid_minutes=sheet.minutes,
        excess_minutes=sheet.excess,
        amount_pence=sheet.amount_pence,
        outcome=entry.outcome,
        flags=_flags(sheet.flags, exceptions),
        exceptions=exceptions,
        amendments=call.amendments,
        in_grade=call.in_grade,
        out_grade=call.out_grade,
        in_distance_m=call.in_distance_m,
        out_distance_m=call.out_distance_m,
        in_check_in=call.in_check_in,
        out_check_in=call.out_check_in,
        contract=contract.code if contract else None,
        contract_version=contract.version if contract else None,
        trace=tuple(sheet.steps),
    )


_NO_CALL = Call(
    provider="",
    council="",
    client="",
    commission=None,
    slot=None,
    visit=None,
    day=date.min,
    planned_start=None,
    planned_minutes=None,
    carer=None,
    position=0,
    in_at=None,
    out_at=None,
    delivered_seconds=None,
    overlap_seconds=None,
    outcome="",
    in_check_in=None,
    out_check_in=None,
    in_grade=None,
    out_grade=None,
    in_distance_m=None,
    out_distance_m=None,
    amendments=(),
    exceptions=(),
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
