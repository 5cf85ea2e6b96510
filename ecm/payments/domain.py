"""What a reconciliation sets against each other: the slots that commissions buy day by day, and who attended. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final
from uuid import UUID

import msgspec

from ecm.care.domain import Commission
from ecm.visits.limits import Limits
from ecm.visits.model import Stay, Visit, VisitException
from ecm.visits.second_look import read_standing, with_contradictions
from ecm.visits.slots import SlotTime, slot_times
from ecm.visits.status import Status, exceptions_at, status
from ecm.words.civil_time import LONDON
from reports.contracts import Contract
from reports.periods import Period
from reports.rows import Attendance, Slot, SlotKey

_VISIT: Final = msgspec.json.Decoder(Visit)
# Nobody can buy this many carers for one visit, so who was looking on never fills what the council bought.
BEYOND_EVERY_SLOT: Final = 100


class Ungoverned(Exception):
    """A day of the period on which no version of a commission's contract is valid yet, in a sentence."""


@dataclass(frozen=True, slots=True)
class FoldedVisit:
    """A visit as JSON, not read yet because there are many, and when the client's next of that day begins.

    `contradictions` is what else contradicts it, as JSON.
    """

    folded: str
    next_start: datetime | None
    contradictions: str | None = None

    def visit(self) -> Visit:
        """Read the visit."""
        return with_contradictions(_VISIT.decode(self.folded), read_standing(self.contradictions))


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """All that the hours of a council, a provider and a period are made from. `replay` None means own contracts.

    `read` is the days that commissions and visits were read of: those about `period` count towards weekly caps.
    """

    council: str
    council_name: str
    provider: UUID
    provider_name: str
    period: Period
    read: Period
    contracts: list[Contract]
    commissions: list[Commission]
    visits: list[FoldedVisit]
    replay: Contract | None


def slot_start(day: date, at: time) -> datetime:
    """Return the UTC instant of a local time in England.

    A time that the clocks skip in spring moves forward by the gap; of one that they repeat in autumn it is the first.
    """
    return datetime.combine(day, at, LONDON).replace(fold=0).astimezone(UTC)


def valid_version(contracts: Iterable[Contract], code: str, day: date) -> Contract | None:
    """Return the version of a contract that is valid on a day: of those that began, the one that began last."""
    begun = [contract for contract in contracts if contract.code == code and contract.valid_from <= day]
    return max(begun, key=lambda contract: (contract.valid_from, contract.version), default=None)


def slots_bought(sources: Sources) -> list[Slot]:
    """Return the slots that the commissions buy on the days read, a day at a time.

    Without a replay, days about the period on which no version of the contract is valid yet are left out; such a day
    in the period raises Ungoverned.
    """
    slots: list[Slot] = []
    versions: dict[tuple[str, date], int | None] = {}
    for commission in sources.commissions:
        for day in _days_bought(commission, sources.read):
            named = (commission.contract, day)
            if named not in versions:
                valid = valid_version(sources.contracts, *named)
                versions[named] = valid.version if valid else None
            slots.append(_slot(sources.provider, commission, day, versions[named]))
    return slots if sources.replay else _governed(slots, sources)


def _days_bought(commission: Commission, period: Period) -> Iterator[date]:
    first = max(period.first, commission.start_date)
    last = min(period.last, commission.end_date or period.last)
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        if commission.days[day.weekday()] != "-":
            yield day


def _slot(provider: UUID, commission: Commission, day: date, contract_version: int | None) -> Slot:
    return Slot(
        council=commission.council,
        provider=str(provider),
        client=commission.client,
        commission=commission.code,
        contract=commission.contract,
        contract_version=contract_version,
        number=0,
        day=day,
        start=slot_start(day, commission.start_time),
        minutes=commission.minutes,
        carers=commission.carers,
    )


def _governed(slots: Sequence[Slot], sources: Sources) -> list[Slot]:
    for slot in slots:
        if slot.contract_version is None and slot.day in sources.period:
            raise Ungoverned(_no_contract(slot, sources.contracts))
    return [slot for slot in slots if slot.contract_version is not None]


def _no_contract(slot: Slot, contracts: Iterable[Contract]) -> str:
    first = min((contract.valid_from for contract in contracts if contract.code == slot.contract), default=None)
    since = f"its first version is valid from {first}" if first else "it is not known here"
    return f"The commission {slot.commission} is under the contract {slot.contract} on {slot.day}, but {since}."


def slots_of_visits(slots: Iterable[Slot], visits: Iterable[Visit]) -> Mapping[str, Slot]:
    """Return the slot of each visit that has one: of its commission and day, the nearest start first.

    A visit that stands goes before a cancelled one, so that a replacement takes the slot of what it replaces.
    """
    free: dict[tuple[str, date], list[Slot]] = defaultdict(list)
    for slot in slots:
        free[slot.commission, slot.day].append(slot)
    pairs = [
        (visit.cancelled is not None, abs(start - slot.start), visit.visit, slot.number, slot)
        for visit in visits
        if visit.commission is not None and (start := visit.planned_start) is not None
        for slot in free.get((visit.commission, visit.day), ())
    ]
    found: dict[str, Slot] = {}
    filled: set[SlotKey] = set()
    for _, _, visit, _, slot in sorted(pairs, key=lambda pair: pair[:4]):
        if visit not in found and slot.key not in filled:
            found[visit] = slot
            filled.add(slot.key)
    return found


def attendances(sources: Sources, slots: Sequence[Slot], now: datetime, limits: Limits) -> Iterator[Attendance]:
    """Yield what each carer did at each visit, and for slots that nobody planned yet that they are to come."""
    visits = [(each.visit(), each.next_start) for each in sources.visits]
    slot_of = slots_of_visits(slots, [visit for visit, _ in visits])
    for visit, next_start in visits:
        slot = slot_of.get(visit.visit)
        planned = _planned(sources, visit, slot)
        state = status(visit, now, limits, next_start)
        yield from _came(planned, visit, state, now, limits)
        if slot is not None and (not visit.stays or state == "in_progress" or _awaited(visit, now, limits)):
            yield from _to_come(planned, visit, state, slot.carers)
    filled = {slot.key for slot in slot_of.values()}
    for slot in slots:
        if slot.key not in filled and slot.end > now:
            yield slot.unattended("planned")


def _planned(sources: Sources, visit: Visit, slot: Slot | None) -> Attendance:
    """Return what is the same for every carer of a visit."""
    return Attendance(
        provider=str(sources.provider),
        council=sources.council,
        client=visit.client,
        day=visit.day,
        outcome="planned",
        commission=visit.commission,
        slot=slot.number if slot else None,
        visit=visit.visit,
        planned_start=visit.planned_start,
        planned_minutes=visit.planned_minutes,
    )


def _came(planned: Attendance, visit: Visit, state: Status, now: datetime, limits: Limits) -> Iterator[Attendance]:
    """Yield what was done in each slot that somebody filled, and by each carer who was looking on."""
    exceptions = exceptions_at(visit, now, limits) if visit.stays else ()
    for slot in slot_times(visit.stays):
        yield _attended(planned, visit, slot, state, exceptions)
    looking_on = [stay for stay in visit.stays if stay.slot is None]
    for number, stay in enumerate(looking_on):
        alone = SlotTime(BEYOND_EVERY_SLOT + number, (stay,), stay.delivered_seconds, 0)
        yield _attended(planned, visit, alone, state, exceptions)


def _attended(
    planned: Attendance, visit: Visit, slot: SlotTime, state: Status, exceptions: Sequence[VisitException]
) -> Attendance:
    carers = {stay.carer for stay in slot.stays}
    first, last = slot.stays[0], slot.stays[-1]
    named = [ref for stay in slot.stays for ref in (stay.in_check_in, stay.out_check_in)]
    return msgspec.structs.replace(
        planned,
        outcome=_outcome(visit, slot.stays, state),
        carer=first.carer,
        position=slot.slot,
        in_at=first.in_at,
        out_at=last.out_at,
        delivered_seconds=slot.seconds,
        overlap_seconds=slot.overlap_seconds,
        in_check_in=first.in_check_in,
        out_check_in=last.out_check_in,
        inner_check_ins=tuple(ref for ref in named[1:-1] if ref is not None),
        stays=len(slot.stays),
        in_grade=first.in_grade,
        out_grade=last.out_grade,
        in_distance_m=first.in_distance_m,
        out_distance_m=last.out_distance_m,
        amendments=tuple(sorted({str(amendment) for stay in slot.stays for amendment in stay.amendments})),
        exceptions=tuple(
            dict.fromkeys(
                f"{one.kind}:{one.handling}"
                for one in exceptions
                if one.carer in carers or (one.between and not one.carer)
            )
        ),
    )


def _to_come(planned: Attendance, visit: Visit, state: Status, carers: int) -> Iterator[Attendance]:
    outcome = _outcome(visit, (), state)
    there = {stay.carer for stay in visit.stays}
    awaited = [carer for carer in visit.rostered if carer not in there]
    filled = {stay.slot for stay in visit.stays}
    for position in range(carers):
        if position not in filled:
            carer = awaited.pop(0) if awaited else None
            yield msgspec.structs.replace(planned, outcome=outcome, carer=carer, position=position)


def _outcome(visit: Visit, stays: Sequence[Stay], state: Status) -> str:
    """Say what became of one slot; nothing is called missed before the visit is."""
    if visit.cancelled is not None:
        return visit.cancelled
    if state == "missed":
        return "missed_provider"
    if not stays:
        return "planned"
    if state == "in_progress" and any(stay.out_at is None for stay in stays):
        return "in_progress"
    return "delivered"


def _awaited(visit: Visit, now: datetime, limits: Limits) -> bool:
    return visit.planned_start is not None and now - visit.planned_start <= limits.late
