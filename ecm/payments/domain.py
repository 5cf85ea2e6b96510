"""What a reconciliation sets against each other: the slots that commissions buy day by day, and visits' calls. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from ecm.care.domain import Commission
from ecm.visits.model import Call, Rules, Visit
from ecm.visits.status import Status, exceptions_at, status
from ecm.words.civil_time import LONDON
from reports import rows
from reports.contracts import Contract
from reports.periods import Period

SlotKey = tuple[str, date, int]


@dataclass(frozen=True, slots=True)
class Slot:
    """One visit that a commission buys on a local day, and the version of its contract that is valid then.

    `contract_version` is None before the contract's first version.
    """

    commission: Commission
    number: int
    day: date
    start: datetime
    contract_version: int | None

    @property
    def key(self) -> SlotKey:
        """What names the slot within a provider."""
        return (self.commission.code, self.day, self.number)

    @property
    def end(self) -> datetime:
        """When the slot is over, in elapsed minutes after its start."""
        return self.start + timedelta(minutes=self.commission.minutes)


@dataclass(frozen=True, slots=True)
class FoldedVisit:
    """A visit as JSON, not read yet because there are many, and when the client's next of that day begins."""

    folded: str
    next_start: datetime | None


@dataclass(frozen=True, slots=True)
class SeenVisit:
    """A folded visit, and when the client's next planned visit of that day begins."""

    visit: Visit
    next_start: datetime | None


@dataclass(frozen=True, slots=True)
class View:
    """From where the visits are looked at: whose they are, when, and by which rules of visits."""

    provider: UUID
    council: str
    now: datetime
    rules: Rules


def slot_start(day: date, at: time) -> datetime:
    """Return the UTC instant of a local time in England.

    A time that the clocks skip in spring moves forward by the gap; of one that they repeat in autumn it is the first.
    """
    return datetime.combine(day, at, LONDON).replace(fold=0).astimezone(UTC)


def valid_version(contracts: Iterable[Contract], code: str, day: date) -> Contract | None:
    """Return the version of a contract that is valid on a day: of those that began, the one that began last."""
    begun = [contract for contract in contracts if contract.code == code and contract.valid_from <= day]
    return max(begun, key=lambda contract: (contract.valid_from, contract.version), default=None)


def expand(commissions: Iterable[Commission], period: Period, contracts: Sequence[Contract]) -> list[Slot]:
    """Return the slots that the commissions buy in a period, a day at a time."""
    slots: list[Slot] = []
    versions: dict[tuple[str, date], int | None] = {}
    for commission in commissions:
        for day in _days_bought(commission, period):
            named = (commission.contract, day)
            if named not in versions:
                valid = valid_version(contracts, *named)
                versions[named] = valid.version if valid else None
            slots.append(Slot(commission, 0, day, slot_start(day, commission.start_time), versions[named]))
    return slots


def _days_bought(commission: Commission, period: Period) -> Iterator[date]:
    first = max(period.first, commission.start_date)
    last = min(period.last, commission.end_date or period.last)
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        if commission.days[day.weekday()] != "-":
            yield day


def match(slots: Iterable[Slot], visits: Iterable[SeenVisit]) -> Mapping[str, Slot]:
    """Return the slot of each visit that has one: of its commission and day, the nearest start first.

    A visit that stands goes before a cancelled one, so that a replacement takes the place of what it replaces.
    """
    free: dict[tuple[str, date], list[Slot]] = defaultdict(list)
    for slot in slots:
        free[slot.commission.code, slot.day].append(slot)
    pairs = [
        (seen.visit.cancelled is not None, abs(start - slot.start), seen.visit.visit, slot.number, slot)
        for seen in visits
        if seen.visit.commission is not None and (start := seen.visit.planned_start) is not None
        for slot in free.get((seen.visit.commission, seen.visit.day), ())
    ]
    matched: dict[str, Slot] = {}
    taken: set[SlotKey] = set()
    for _, _, visit, _, slot in sorted(pairs, key=lambda pair: pair[:4]):
        if visit not in matched and slot.key not in taken:
            matched[visit] = slot
            taken.add(slot.key)
    return matched


def calls_of(visits: Sequence[SeenVisit], slots: Sequence[Slot], view: View) -> Iterator[rows.Call]:
    """Yield what each carer did at each visit, and for slots that nobody planned yet that they are to come."""
    matched = match(slots, visits)
    for seen in visits:
        yield from _visit_calls(seen, matched.get(seen.visit.visit), view)
    taken = {slot.key for slot in matched.values()}
    for slot in slots:
        if slot.key not in taken and slot.end > view.now:
            yield _empty_call(slot, view)


def _visit_calls(seen: SeenVisit, slot: Slot | None, view: View) -> Iterator[rows.Call]:
    visit = seen.visit
    state = status(visit, view.now, view.rules, seen.next_start)
    for call in visit.calls:
        yield _call(visit, slot, view, call.position, call, _outcome(visit, call, state))
    if slot is None:
        return
    if not visit.calls or state == "in_progress" or _awaited(visit, view):
        for position in range(len(visit.calls), slot.commission.carers):
            yield _call(visit, slot, view, position, None, _outcome(visit, None, state))


def _outcome(visit: Visit, call: Call | None, state: Status) -> str:
    """Say what became of one carer's part; nothing is called missed before the visit is."""
    if visit.cancelled is not None:
        return visit.cancelled
    if state == "missed":
        return "missed_provider"
    if call is None:
        return "planned"
    if state == "in_progress" and call.out_at is None:
        return "in_progress"
    return "delivered"


def _awaited(visit: Visit, view: View) -> bool:
    return visit.planned_start is not None and view.now - visit.planned_start <= view.rules.late


def _call(visit: Visit, slot: Slot | None, view: View, position: int, call: Call | None, outcome: str) -> rows.Call:
    carer = visit.rostered[position] if call is None and position < len(visit.rostered) else None
    exceptions = exceptions_at(visit, view.now, view.rules) if call else ()
    return rows.Call(
        provider=str(view.provider),
        council=view.council,
        client=visit.client,
        commission=visit.commission,
        slot=slot.number if slot else None,
        visit=visit.visit,
        day=visit.day,
        planned_start=visit.planned_start,
        planned_minutes=visit.planned_minutes,
        carer=call.carer if call else carer,
        position=position,
        in_at=call.in_at if call else None,
        out_at=call.out_at if call else None,
        delivered_seconds=call.delivered_seconds if call else None,
        overlap_seconds=call.overlap_seconds if call else None,
        outcome=outcome,
        in_check_in=call.in_check_in if call else None,
        out_check_in=call.out_check_in if call else None,
        in_grade=call.in_grade if call else None,
        out_grade=call.out_grade if call else None,
        in_distance_m=call.in_distance_m if call else None,
        out_distance_m=call.out_distance_m if call else None,
        amendments=tuple(str(made) for made in call.amendments) if call else (),
        exceptions=tuple(f"{made.kind}:{made.handling}" for made in exceptions if call and made.carer == call.carer),
    )


def _empty_call(slot: Slot, view: View) -> rows.Call:
    return rows.Call(
        provider=str(view.provider),
        council=view.council,
        client=slot.commission.client,
        commission=slot.commission.code,
        slot=slot.number,
        visit=None,
        day=slot.day,
        planned_start=None,
        planned_minutes=None,
        carer=None,
        position=0,
        in_at=None,
        out_at=None,
        delivered_seconds=None,
        overlap_seconds=None,
        outcome="planned",
        in_check_in=None,
        out_check_in=None,
        in_grade=None,
        out_grade=None,
        in_distance_m=None,
        out_distance_m=None,
        amendments=(),
        exceptions=(),
    )
