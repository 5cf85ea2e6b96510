"""Delivered against commissioned hours: the lines, weeks and totals of a period under councils' contracts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from reports.contracts import Contract
from reports.entries import Entry, entries
from reports.lines import SUMMED, Line, Totals, line_of
from reports.periods import Period, week_of
from reports.rows import Attendance, Slot
from reports.rules import evaluate
from reports.snaps import apply_rate
from reports.weeks import apply_weekly_caps
from reports.worksheet import Worksheet

WHOSE = ("council", "provider", "client")


@dataclass(frozen=True, eq=False)
class Reconciliation:
    """What a council reads about a period, its lines in order.

    `weeks` sums the lines of each client's week, which starts on the contract's weekday; `cut` says that the
    period holds only a part of that week. `contracts` are those that govern at least one line.
    """

    period: Period
    contracts: tuple[Contract, ...]
    replayed: bool
    lines: tuple[Line, ...]
    weeks: pd.DataFrame
    totals: Totals


def reconcile(
    attendances: Iterable[Attendance],
    slots: Sequence[Slot],
    contracts: Mapping[str, Contract],
    period: Period,
    *,
    replay: Contract | None = None,
) -> Reconciliation:
    """Set attendances against commissioned slots under each commission's contract, or all under `replay`.

    `contracts` is keyed by `code@version`, or by the code alone. Days outside the period make no lines, but
    count towards the weekly caps: read the days that `periods.whole_weeks` names. The order of the rows given
    makes no difference. Raises RowError for a slot given twice, ContractError for a contract that is not known.
    """
    every = entries(slots, attendances, contracts, replay)
    sheets = [evaluate(entry) for entry in every]
    apply_weekly_caps(every, sheets, slots)
    inside = [(entry, sheet) for entry, sheet in zip(every, sheets, strict=True) if entry.whose.day in period]
    lines = tuple(_finished(entry, sheet) for entry, sheet in inside)
    used = {entry.contract.key: entry.contract for entry, _ in inside if entry.contract}
    summable = _summable(lines, [_week(entry) for entry, _ in inside])
    return Reconciliation(
        period=period,
        contracts=tuple(used[key] for key in sorted(used)),
        replayed=replay is not None,
        lines=lines,
        weeks=_weeks(summable, period),
        totals=Totals(len(lines), *(int(summable[name].sum()) for name in SUMMED)),
    )


def _finished(entry: Entry, sheet: Worksheet) -> Line:
    if entry.contract is not None and entry.contract.rate_pence_per_hour is not None:
        apply_rate(entry.contract.rate_pence_per_hour, sheet)
    return line_of(entry, sheet)


def _week(entry: Entry) -> date:
    return week_of(entry.whose.day, entry.contract.week_starts if entry.contract else "monday")


def _summable(lines: Sequence[Line], weeks: Sequence[date]) -> pd.DataFrame:
    """What is summed of the lines, with the week of each: nullable whole numbers."""
    names = [pd.Series([getattr(line, name) for line in lines], dtype="str", name=name) for name in WHOSE]
    numbers = [pd.Series([getattr(line, name) for line in lines], dtype="Int64", name=name) for name in SUMMED]
    week = pd.Series(list(weeks), dtype="object", name="week")
    return pd.concat([*names, week, *numbers], axis="columns").assign(lines=1)


def _weeks(summable: pd.DataFrame, period: Period) -> pd.DataFrame:
    summed = summable.groupby([*WHOSE, "week"], as_index=False, sort=True)[["lines", *SUMMED]].sum()
    inside = [week in period and week + timedelta(days=6) in period for week in summed["week"]]
    return summed.assign(cut=[not whole for whole in inside])
