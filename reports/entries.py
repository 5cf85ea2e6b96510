"""Sets attendances against commissioned slots: an entry for each slot and carer, and each attendance nobody bought."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from reports.contracts import Contract, ContractError, contract_key
from reports.periods import elapsed_seconds
from reports.rows import Attendance, RowError, Slot, SlotKey

DELIVERED = frozenset({"delivered", "delivered_short", "delivered_over"})
_LAST = datetime.max.replace(tzinfo=UTC)
_AFTER_EVERY_SLOT = 1 << 30

Version = tuple[str, int | None]


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What becomes one line: a slot with one carer's attendance, or an attendance without a slot.

    `contract` is None only for an attendance without a slot whose client has no contract, or several.
    `known` is False if no attendance was given for this carer, so that this one says only what was bought.
    `first_present` says that no earlier carer was there, so there is no overlap to ask for.
    `wrong_dates` says that the attendance names a commission that buys nothing on its day.
    """

    slot: Slot | None
    attendance: Attendance
    contract: Contract | None
    known: bool = True
    first_present: bool = True
    wrong_dates: bool = False

    @property
    def whose(self) -> Slot | Attendance:
        """What says whose line it is, and of which day: the slot, where there is one."""
        return self.slot or self.attendance

    def order(self) -> tuple[object, ...]:
        """Day, client, commission, slot, position, visit; then whatever still tells two lines apart."""
        whose, attendance = self.whose, self.attendance
        number = self.slot.number if self.slot else _AFTER_EVERY_SLOT
        return (
            whose.day,
            whose.client,
            whose.commission or "~",
            number,
            attendance.position,
            attendance.visit or "",
            attendance.carer or "",
            whose.provider,
            whose.council,
            attendance.in_at or _LAST,
            attendance.out_at or _LAST,
            attendance.in_check_in or "",
            attendance.out_check_in or "",
            attendance.outcome,
        )


def delivered_seconds(attendance: Attendance) -> int | None:
    """Seconds delivered: as the caller folded them, else what elapsed from in to out; None if not known."""
    if attendance.delivered_seconds is not None:
        return attendance.delivered_seconds
    if attendance.in_at is None or attendance.out_at is None:
        return None
    return elapsed_seconds(attendance.in_at, attendance.out_at)


def entries(
    slots: Sequence[Slot],
    attendances: Iterable[Attendance],
    contracts: Mapping[str, Contract],
    replay: Contract | None,
) -> list[Entry]:
    """Every line to be, in line order.

    Raises ContractError for a slot whose contract is not known, RowError for a slot given twice.
    """
    by_slot: dict[SlotKey, list[Attendance]] = defaultdict(list)
    for attendance in attendances:
        by_slot[attendance.slot_key].append(attendance)
    governing = _Governing(slots, contracts, replay)
    found: list[Entry] = []
    seen: set[SlotKey] = set()
    for slot in slots:
        if slot.key in seen:
            raise RowError(f"commission {slot.commission} has slot {slot.number} twice on {slot.day}")
        seen.add(slot.key)
        found += _of_slot(slot, by_slot.pop(slot.key, []), governing)
    for unbought in by_slot.values():
        found += [_extra(attendance, governing) for attendance in unbought]
    return sorted(found, key=Entry.order)


class _Governing:
    """Which contract governs a slot, a commission and a client."""

    def __init__(self, slots: Sequence[Slot], contracts: Mapping[str, Contract], replay: Contract | None) -> None:
        self._contracts, self._replay = contracts, replay
        self.days = {(slot.provider, slot.commission, slot.day) for slot in slots}
        self._of_client: dict[tuple[str, str], set[Version]] = defaultdict(set)
        self._of_commission: dict[tuple[str, str | None], set[Version]] = defaultdict(set)
        for slot in slots:
            version = (slot.contract, slot.contract_version)
            self._of_client[slot.provider, slot.client].add(version)
            self._of_commission[slot.provider, slot.commission].add(version)

    def of_slot(self, slot: Slot) -> Contract:
        return self._replay or self._version(slot.contract, slot.contract_version)

    def of_attendance(self, attendance: Attendance) -> Contract | None:
        if self._replay:
            return self._replay
        candidates = self._of_commission.get((attendance.provider, attendance.commission), set())
        candidates = candidates or self._of_client.get((attendance.provider, attendance.client), set())
        return self._version(*next(iter(candidates))) if len(candidates) == 1 else None

    def _version(self, code: str, version: int | None) -> Contract:
        if version is None:
            raise ContractError(f"contract {code} has no version that is valid yet")
        found = self._contracts.get(contract_key(code, version)) or self._contracts.get(code)
        if found is None:
            raise ContractError(f"contract {code} version {version} is not known")
        return found


def _of_slot(slot: Slot, attendances: list[Attendance], governing: _Governing) -> list[Entry]:
    contract = governing.of_slot(slot)
    chosen: dict[int, Attendance] = {}
    extra: list[Attendance] = []
    for attendance in sorted(attendances, key=_first_come):
        if attendance.position < slot.carers and attendance.position not in chosen:
            chosen[attendance.position] = attendance
        else:
            extra.append(attendance)
    came = [position for position, attendance in chosen.items() if _came(attendance)]
    first = min(came, default=0)
    bought = [
        Entry(
            slot=slot,
            attendance=_attendance(slot, position, chosen, bool(came)),
            contract=contract,
            known=position in chosen,
            first_present=position <= first,
        )
        for position in range(slot.carers)
    ]
    return bought + [_extra(attendance, governing) for attendance in extra]


def _first_come(attendance: Attendance) -> tuple[object, ...]:
    return (
        attendance.position,
        attendance.in_at or _LAST,
        attendance.out_at or _LAST,
        attendance.visit or "",
        attendance.carer or "",
    )


def _came(attendance: Attendance) -> bool:
    signs = (attendance.delivered_seconds, attendance.in_at, attendance.out_at)
    return attendance.outcome in DELIVERED and any(sign is not None for sign in signs)


def _attendance(slot: Slot, position: int, chosen: Mapping[int, Attendance], somebody_came: bool) -> Attendance:
    """What a carer did here; of one who is missing beside another who came, that the carer is missing."""
    own = chosen.get(position)
    if own is None:
        return slot.unattended(_outcome_without(chosen, somebody_came), position)
    if somebody_came and own.outcome == "missed_provider" and own.delivered_seconds is None:
        return msgspec.structs.replace(own, outcome="second_carer_missing")
    return own


def _outcome_without(chosen: Mapping[int, Attendance], somebody_came: bool) -> str:
    """What became of a carer of whom nothing was given, by what was given of the others."""
    if not chosen:
        return "not_rostered"
    others = chosen[min(chosen)].outcome
    return "second_carer_missing" if somebody_came or others in DELIVERED else others


def _extra(attendance: Attendance, governing: _Governing) -> Entry:
    named = (attendance.provider, attendance.commission, attendance.day)
    return Entry(
        slot=None,
        attendance=attendance,
        contract=governing.of_attendance(attendance),
        wrong_dates=attendance.commission is not None and named not in governing.days,
    )
