"""The weekly cap: minutes that one visit left unused may pay for another of the same commission and week."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

from reports.contracts import Contract
from reports.entries import Entry
from reports.periods import week_of
from reports.rows import Slot
from reports.trace import minutes_text
from reports.worksheet import Worksheet

CommissionDay = tuple[str, str, date]


def apply_weekly_caps(entries: Sequence[Entry], sheets: Sequence[Worksheet], slots: Iterable[Slot]) -> None:
    """Pay each line, in line order, from what is left of its commission's week, if the contract caps it."""
    bought: dict[CommissionDay, int] = defaultdict(int)
    for slot in slots:
        bought[slot.provider, slot.commission, slot.day] += slot.minutes * slot.carers
    weekly: dict[str, dict[CommissionDay, int]] = {}
    used: dict[tuple[str, CommissionDay], int] = defaultdict(int)
    for entry, sheet in zip(entries, sheets, strict=True):
        contract = entry.contract
        if contract is None or entry.slot is None or contract.cap != "week" or sheet.minutes == 0:
            continue
        start = contract.week_starts
        if start not in weekly:
            weekly[start] = _by_week(bought, contract)
        key = (entry.slot.provider, entry.slot.commission, week_of(entry.slot.day, start))
        _pay_from_week(weekly[start][key], used[start, key], key[2], sheet)
        used[start, key] += sheet.minutes


def _by_week(bought: dict[CommissionDay, int], contract: Contract) -> dict[CommissionDay, int]:
    weeks: dict[CommissionDay, int] = defaultdict(int)
    for (provider, commission, day), minutes in bought.items():
        weeks[provider, commission, week_of(day, contract.week_starts)] += minutes
    return weeks


def _pay_from_week(bought: int, used: int, week: date, sheet: Worksheet) -> None:
    left, before = bought - used, sheet.minutes
    paid = min(before, left)
    of_the_week = f"of the {bought} commissioned minutes of the week from {week:%d/%m/%Y}"
    if paid == before:
        because = f"{left} {of_the_week} were left, so {minutes_text(before)} can be paid in full."
    else:
        sheet.flag("capped")
        sheet.excess = max(0, sheet.counted - paid)
        because = f"Only {left} {of_the_week} were left, so {before} became {paid}."
    sheet.apply("cap per week", paid, because)
