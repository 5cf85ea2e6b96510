"""Delivered against commissioned hours: the lines, weeks and totals of a period under councils' contracts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from reports.contracts import Contract
from reports.entries import Entry, entries
from reports.frames import frame_of, read_calls, read_slots
from reports.lines import SUMMED, Line, line_of
from reports.periods import Period, week_of
from reports.rules import evaluate
from reports.snaps import apply_rate
from reports.weeks import apply_weekly_caps
from reports.worksheet import Worksheet

WEEK_KEY = ("council", "provider", "client", "week")


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums over all lines of a period: whole minutes, seconds, pence. A line without a rate adds 0."""

    lines: int
    commissioned_minutes: int
    planned_minutes: int
    delivered_seconds: int
    delivered_minutes: int
    paid_minutes: int
    excess_minutes: int
    amount_pence: int


@dataclass(frozen=True, eq=False)
class Reconciliation:
    """What a council reads about a period. `rows` are the lines as typed values, `lines` the same as a frame.

    `weeks` sums the lines of each client's week, which starts on the contract's weekday; `cut` says that the
    period holds only a part of that week. `contracts` are those that govern at least one line.
    """

    period: Period
    contracts: tuple[Contract, ...]
    replayed: bool
    rows: tuple[Line, ...]
    lines: pd.DataFrame
    weeks: pd.DataFrame
    totals: Totals


def reconcile(
    calls: pd.DataFrame,
    commissioned: pd.DataFrame,
    contracts: Mapping[str, Contract],
    period: Period,
    *,
    replay: Contract | None = None,
) -> Reconciliation:
    """Set calls against commissioned slots under each commission's contract, or all under `replay`.

    `contracts` is keyed by `code@version`, or by the code alone. Days outside the period make no lines, but
    count towards the weekly caps: read the days that `periods.whole_weeks` names. The order of the rows given
    makes no difference. Raises FrameError for a frame that cannot be read, ContractError for a contract that
    is not known.
    """
    slots = read_slots(commissioned)
    made = entries(slots, read_calls(calls), contracts, replay)
    sheets = [evaluate(entry) for entry in made]
    apply_weekly_caps(made, sheets, slots)
    inside = [(entry, sheet) for entry, sheet in zip(made, sheets, strict=True) if entry.day in period]
    rows = tuple(_finished(entry, sheet) for entry, sheet in inside)
    used = {entry.contract.key: entry.contract for entry, _ in inside if entry.contract}
    lines = frame_of(rows)
    return Reconciliation(
        period=period,
        contracts=tuple(used[key] for key in sorted(used)),
        replayed=replay is not None,
        rows=rows,
        lines=lines,
        weeks=_weeks(lines, [_week(entry) for entry, _ in inside], period),
        totals=_totals(lines),
    )


def _finished(entry: Entry, sheet: Worksheet) -> Line:
    if entry.contract is not None and entry.contract.rate_pence_per_hour is not None:
        apply_rate(entry.contract.rate_pence_per_hour, sheet)
    return line_of(entry, sheet)


def _week(entry: Entry) -> date:
    return week_of(entry.day, entry.contract.week_starts if entry.contract else "monday")


def _weeks(lines: pd.DataFrame, weeks: Sequence[date], period: Period) -> pd.DataFrame:
    keyed = lines[["council", "provider", "client", *SUMMED]].assign(
        week=pd.Series(list(weeks), dtype="object"), lines=1
    )
    summed = keyed.groupby(list(WEEK_KEY), as_index=False, sort=True)[["lines", *SUMMED]].sum()
    inside = [week in period and week + timedelta(days=6) in period for week in summed["week"]]
    return summed.assign(cut=[not whole for whole in inside])


def _totals(lines: pd.DataFrame) -> Totals:
    return Totals(len(lines), *(int(lines[name].sum()) for name in SUMMED))
