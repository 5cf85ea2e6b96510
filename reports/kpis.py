"""Key figures of a period. No national definition exists, so every figure carries the rule it was counted by.

Punctual: Essex counts ±30 minutes of the planned start, both ends included. Missed: NICE QS123, missed ÷ planned.
Logging: visits with an electronic check-in at both ends ÷ visits delivered.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from reports.contracts import Contract, contract_key
from reports.entries import DELIVERED
from reports.lines import Line
from reports.reconciliation import Reconciliation

SHORT_VISIT_MINUTES = 15
MISSED = frozenset({"missed_provider", "merged"})
EXPECTED = DELIVERED | MISSED | {"no_reply", "client_refused", "second_carer_missing"}
VisitKey = tuple[str, str, str, object, object]


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, both counted, with the rule they were counted by."""

    name: str
    part: int
    whole: int
    rule: str

    @property
    def percent(self) -> Decimal | None:
        """The share in per cent to one decimal place, halves up; None of nothing."""
        if not self.whole:
            return None
        return (Decimal(100 * self.part) / self.whole).quantize(Decimal("0.1"), ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """Key figures of one reconciliation; minutes are whole carer-minutes."""

    commissioned_minutes: int
    planned_minutes: int
    delivered_minutes: int
    paid_minutes: int
    missed: Share
    punctual: Share
    logged: Share
    short_visit_clients: tuple[str, ...]

    def shares(self) -> tuple[Share, ...]:
        """The shares in the order in which they are printed."""
        return (self.missed, self.punctual, self.logged)


def key_figures(reconciliation: Reconciliation) -> KeyFigures:
    """Count the key figures over the lines of a reconciliation."""
    lines, totals = reconciliation.lines, reconciliation.totals
    contracts = {contract.key: contract for contract in reconciliation.contracts}
    short = {line.client for line in lines if 0 < line.commissioned_minutes <= SHORT_VISIT_MINUTES}
    return KeyFigures(
        commissioned_minutes=totals.commissioned_minutes,
        planned_minutes=totals.planned_minutes,
        delivered_minutes=totals.delivered_seconds // 60,
        paid_minutes=totals.paid_minutes,
        missed=_missed(lines),
        punctual=_punctual(lines, contracts),
        logged=_logged(lines),
        short_visit_clients=tuple(sorted(short)),
    )


def _missed(lines: tuple[Line, ...]) -> Share:
    outcomes: dict[VisitKey, set[str]] = defaultdict(set)
    for line in lines:
        if line.slot is not None and line.outcome in EXPECTED:
            outcomes[line.provider, line.client, line.commission or "", line.day, line.slot].add(line.outcome)
    missed = sum(1 for found in outcomes.values() if found <= MISSED)
    rule = "commissioned visits missed or merged by the provider ÷ those due; cancelled and absent clients left out"
    return Share("Visits missed", missed, len(outcomes), rule)


def _punctual(lines: tuple[Line, ...], contracts: dict[str, Contract]) -> Share:
    punctual = whole = 0
    windows: set[str] = set()
    for line in lines:
        if line.contract is None or line.contract_version is None or line.outcome not in DELIVERED:
            continue
        if line.in_at is None or line.planned_start is None or line.slot is None:
            continue
        window = contracts[contract_key(line.contract, line.contract_version)].punctual
        early, late = timedelta(minutes=window.early_minutes), timedelta(minutes=window.late_minutes)
        windows.add(f"{window.early_minutes} minutes before to {window.late_minutes} minutes after")
        whole += 1
        punctual += line.planned_start - early <= line.in_at <= line.planned_start + late
    rule = f"arrivals from {' or '.join(sorted(windows)) or 'any time'} the planned start, both included"
    return Share("Arrivals punctual", punctual, whole, rule)


def _logged(lines: tuple[Line, ...]) -> Share:
    delivered = [line for line in lines if line.outcome in DELIVERED]
    both = sum(1 for line in delivered if _electronic(line))
    return Share("Logged electronically", both, len(delivered), "an electronic check-in at both ends ÷ delivered")


def _electronic(line: Line) -> bool:
    ends = ((line.in_check_in, line.in_grade), (line.out_check_in, line.out_grade))
    return all(check_in is not None and grade != "declared" for check_in, grade in ends)
