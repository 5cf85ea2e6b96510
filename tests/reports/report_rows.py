"""Rows for the tests of reports: one client, one commission of 30 minutes; they differ where a test says."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from reports.contracts import Contract, example_contract
from reports.lines import Line
from reports.periods import Period
from reports.reconciliation import Reconciliation, reconcile
from reports.rows import Attendance, Slot

COUNCIL = "E10000015"
PROVIDER = "0b5f7a52-7b0e-4c38-9f2c-3d8f0a1c2e4d"
DAY = date(2026, 11, 18)
MONTH = Period(date(2026, 11, 1), date(2026, 11, 30))
LONDON = ZoneInfo("Europe/London")
A = example_contract("a")
B = example_contract("b")


def changed(contract: Contract, **changes: Any) -> Contract:
    """The contract with some fields changed, and checked again."""
    return msgspec.structs.replace(contract, **changes)


def start_of(day: date, slot: int = 0) -> datetime:
    return datetime.combine(day, time(8 + 2 * slot), LONDON).astimezone(UTC)


def slot(day: date = DAY, **changes: Any) -> Slot:
    number = changes.get("number", 0)
    assert isinstance(number, int)
    given: dict[str, Any] = {
        "council": COUNCIL,
        "provider": PROVIDER,
        "client": "C-0001",
        "commission": "K-0001",
        "contract": "A",
        "contract_version": 1,
        "number": number,
        "day": day,
        "start": start_of(day, number),
        "minutes": 30,
        "carers": 1,
    }
    return Slot(**given | changes)


def attendance(seconds: int | None = 1800, day: date = DAY, **changes: Any) -> Attendance:
    number = changes.get("slot", 0)
    start = start_of(day, number if isinstance(number, int) else 0)
    position = changes.get("position", 0)
    name = f"{day:%d}-{number}-{position}"
    came = seconds is not None
    given: dict[str, Any] = {
        "provider": PROVIDER,
        "council": COUNCIL,
        "client": "C-0001",
        "commission": "K-0001",
        "slot": number,
        "visit": f"V-{day:%d}-{number}",
        "day": day,
        "planned_start": start,
        "planned_minutes": 30,
        "carer": f"W-00{position}",
        "position": position,
        "in_at": start if came else None,
        "out_at": start + timedelta(seconds=seconds or 0) if came else None,
        "delivered_seconds": seconds,
        "overlap_seconds": 0,
        "outcome": "delivered" if came else "missed_provider",
        "in_check_in": f"phone/{name}-in" if came else None,
        "out_check_in": f"phone/{name}-out" if came else None,
        "in_grade": "located" if came else None,
        "out_grade": "located" if came else None,
        "in_distance_m": 12.0 if came else None,
        "out_distance_m": 14.0 if came else None,
    }
    return Attendance(**given | changes)


def reconciled(
    attendances: list[Attendance],
    slots: list[Slot],
    contract: Contract = A,
    period: Period = MONTH,
) -> Reconciliation:
    return reconcile(attendances, slots, {}, period, replay=contract)


def one_line(of: Attendance | None, contract: Contract = A, **slot_changes: Any) -> Line:
    """The only line of one attendance, or none, set against one slot."""
    (line,) = reconciled([of] if of else [], [slot(**slot_changes)], contract).lines
    return line


def because(line: Line, rule: str) -> str:
    """What the trace of a line says of one rule."""
    (text,) = [step.because for step in line.trace if step.rule == rule]
    return text
