"""Sets calls against commissioned slots: one entry per slot and carer, and per call nobody commissioned."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime

import msgspec

from reports.contracts import Contract, ContractError, contract_key
from reports.periods import elapsed_seconds
from reports.rows import Call, FrameError, Slot

SlotKey = tuple[str, str, date, int]
DELIVERED = frozenset({"delivered", "delivered_short", "delivered_over"})
_LAST = datetime.max.replace(tzinfo=UTC)
_AFTER_EVERY_SLOT = 1 << 30


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What becomes one line: a slot's carer position with its call, if there was one, or a lone call.

    `contract` is None only for a call without a slot whose client has no contract, or several.
    `first_present` says that no earlier carer was there, so there is no overlap to ask for.
    `wrong_dates` says that the call names a commission that buys nothing on its day.
    """

    provider: str
    council: str
    client: str
    commission: str | None
    day: date
    slot: Slot | None
    call: Call | None
    position: int
    outcome: str
    contract: Contract | None
    first_present: bool = True
    wrong_dates: bool = False

    def order(self) -> tuple[object, ...]:
        """Day, client, commission, slot, position, visit; then whatever still tells two lines apart."""
        slot = self.slot.slot if self.slot else _AFTER_EVERY_SLOT
        place = (self.day, self.client, self.commission or "~", slot, self.position)
        call = self.call
        if call is None:
            return (*place, "", "", self.provider, self.council)
        ids = (call.visit or "", call.carer or "", self.provider, self.council)
        check_ins = (call.in_check_in or "", call.out_check_in or "")
        return (*place, *ids, call.in_at or _LAST, call.out_at or _LAST, *check_ins, call.outcome)


def delivered_seconds(call: Call) -> int | None:
    """Seconds delivered: as the caller folded them, else what elapsed from in to out; None if not known."""
    if call.delivered_seconds is not None:
        return call.delivered_seconds
    if call.in_at is None or call.out_at is None:
        return None
    return elapsed_seconds(call.in_at, call.out_at)


def entries(
    slots: Sequence[Slot], calls: Iterable[Call], contracts: Mapping[str, Contract], replay: Contract | None
) -> list[Entry]:
    """Every line to be, in line order. Raises ContractError for a slot whose contract is not known."""
    by_slot: dict[SlotKey, list[Call]] = defaultdict(list)
    for call in calls:
        by_slot[_call_key(call)].append(call)
    known = _Known(slots, contracts, replay)
    made: list[Entry] = []
    seen: set[SlotKey] = set()
    for slot in slots:
        key = (slot.provider, slot.commission, slot.day, slot.slot)
        if key in seen:
            raise FrameError(f"commission {slot.commission} has slot {slot.slot} twice on {slot.day}")
        seen.add(key)
        made += _of_slot(slot, by_slot.pop(key, []), known)
    for unmatched in by_slot.values():
        made += [_extra(call, known) for call in unmatched]
    return sorted(made, key=Entry.order)


def _call_key(call: Call) -> SlotKey:
    slot = -1 if call.slot is None else call.slot
    return (call.provider, call.commission or "", call.day, slot)


class _Known:
    """Which contract governs a slot, a commission and a client."""

    def __init__(self, slots: Sequence[Slot], contracts: Mapping[str, Contract], replay: Contract | None) -> None:
        self._contracts, self._replay = contracts, replay
        self.days = {(slot.provider, slot.commission, slot.day) for slot in slots}
        self._of_client: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
        self._of_commission: dict[tuple[str, str], set[tuple[str, int]]] = defaultdict(set)
        for slot in slots:
            version = (slot.contract, slot.contract_version)
            self._of_client[slot.provider, slot.client].add(version)
            self._of_commission[slot.provider, slot.commission].add(version)

    def of_slot(self, slot: Slot) -> Contract:
        return self._replay or self._version(slot.contract, slot.contract_version)

    def of_call(self, call: Call) -> Contract | None:
        if self._replay:
            return self._replay
        candidates = self._of_commission.get((call.provider, call.commission or ""), set())
        candidates = candidates or self._of_client.get((call.provider, call.client), set())
        return self._version(*next(iter(candidates))) if len(candidates) == 1 else None

    def _version(self, code: str, version: int) -> Contract:
        found = self._contracts.get(contract_key(code, version)) or self._contracts.get(code)
        if found is None:
            raise ContractError(f"contract {code} version {version} is not known")
        return found


def _of_slot(slot: Slot, calls: list[Call], known: _Known) -> list[Entry]:
    contract = known.of_slot(slot)
    placed: dict[int, Call] = {}
    extra: list[Call] = []
    for call in sorted(calls, key=_first_come):
        if call.position < slot.carers and call.position not in placed:
            placed[call.position] = call
        else:
            extra.append(call)
    came = [position for position, call in placed.items() if _came(call)]
    first = min(came, default=0)
    made = [
        Entry(
            provider=slot.provider,
            council=slot.council,
            client=slot.client,
            commission=slot.commission,
            day=slot.day,
            slot=slot,
            call=placed.get(position),
            position=position,
            outcome=_outcome(position, placed, bool(came)),
            contract=contract,
            first_present=position <= first,
        )
        for position in range(slot.carers)
    ]
    return made + [_extra(call, known) for call in extra]


def _first_come(call: Call) -> tuple[object, ...]:
    return (call.position, call.in_at or _LAST, call.out_at or _LAST, call.visit or "", call.carer or "")


def _came(call: Call) -> bool:
    known = (call.delivered_seconds, call.in_at, call.out_at)
    return call.outcome in DELIVERED and any(fact is not None for fact in known)


def _outcome(position: int, placed: Mapping[int, Call], somebody_came: bool) -> str:
    call = placed.get(position)
    if call and not (somebody_came and call.outcome == "missed_provider" and call.delivered_seconds is None):
        return call.outcome
    if not placed:
        return "not_rostered"
    others = placed[min(placed)].outcome
    return "second_carer_missing" if somebody_came or others in DELIVERED else others


def _extra(call: Call, known: _Known) -> Entry:
    wrong = call.commission is not None and (call.provider, call.commission, call.day) not in known.days
    return Entry(
        provider=call.provider,
        council=call.council,
        client=call.client,
        commission=call.commission,
        day=call.day,
        slot=None,
        call=call,
        position=call.position,
        outcome=call.outcome,
        contract=known.of_call(call),
        wrong_dates=wrong,
    )
