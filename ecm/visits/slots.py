"""Which stay fills which slot of a visit, and how long somebody was there in each."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from ecm.visits.amended import Attended
from ecm.visits.limits import HAND_OVER
from ecm.visits.model import Stay, seconds_between

Interval = tuple[datetime, datetime]
_Filled = tuple[str, Interval]


class SlotTime(msgspec.Struct, frozen=True):
    """One slot of a visit: its stays in order of time, how long somebody was there, and how much of that with slot 0.

    `seconds` is None while no stay of the slot is of known length.
    """

    slot: int
    stays: tuple[Stay, ...]
    seconds: int | None
    overlap_seconds: int


def slots_filled(
    stays: Sequence[Attended], rostered: Sequence[str], capacity: int, planned_minutes: int | None
) -> list[int | None]:
    """Return the slot of each stay, None for one who was looking on."""
    if len(stays) < 2:
        return [0] * len(stays)
    planned = timedelta(minutes=planned_minutes or 0)
    spans = [_span(stay, planned) for stay in stays]
    filled: list[list[_Filled]] = [[] for _ in range(capacity)]
    slots: list[int | None] = [None] * len(stays)
    ordered = sorted(
        range(len(stays)),
        key=lambda index: (
            stays[index].carer not in rostered,
            stays[index].seconds is None,
            stays[index].order,
            index,
        ),
    )
    for index in ordered:
        slot = _slot(stays[index].carer, spans[index], filled)
        if slot is not None:
            filled[slot].append((stays[index].carer, spans[index]))
        slots[index] = slot
    return slots


def slot_times(stays: Iterable[Stay]) -> tuple[SlotTime, ...]:
    """Return the slots of a visit that somebody filled, in order."""
    stays = tuple(stays)
    if len(stays) == 1 and stays[0].slot == 0:
        return (SlotTime(0, stays, stays[0].delivered_seconds, 0),)
    by_slot: dict[int, list[Stay]] = {}
    for stay in stays:
        if stay.slot is not None:
            by_slot.setdefault(stay.slot, []).append(stay)
    unions = {slot: _union(_known(own)) for slot, own in by_slot.items()}
    first = unions.get(0, [])
    return tuple(
        SlotTime(
            slot=slot,
            stays=tuple(by_slot[slot]),
            seconds=_total(unions[slot]) if unions[slot] or _known(by_slot[slot]) else None,
            overlap_seconds=_total(_shared(first, unions[slot])) if slot else 0,
        )
        for slot in sorted(by_slot)
    )


def _slot(carer: str, span: Interval, filled: Sequence[Sequence[_Filled]]) -> int | None:
    """Find the slot of a stay: the carer's own before others; only other carers are in the way."""
    own_first = sorted(range(len(filled)), key=lambda slot: (all(carer != other for other, _ in filled[slot]), slot))
    for allowed in (timedelta(), HAND_OVER):
        for slot in own_first:
            if all(other == carer or _overlap(span, taken) <= allowed for other, taken in filled[slot]):
                return slot
    return None


def _span(stay: Attended, planned: timedelta) -> Interval:
    """When a stay was, for the sake of slots: one of unknown length counts as if it lasted as planned."""
    if stay.in_at is None:
        return stay.at - planned, stay.at
    if stay.out_at is None or stay.out_at < stay.in_at:
        return stay.in_at, stay.in_at + planned
    return stay.in_at, stay.out_at


def _overlap(one: Interval, other: Interval) -> timedelta:
    return min(one[1], other[1]) - max(one[0], other[0])


def _known(stays: Iterable[Stay]) -> list[Interval]:
    return sorted(
        (stay.in_at, stay.out_at)
        for stay in stays
        if stay.in_at is not None and stay.out_at is not None and stay.delivered_seconds is not None
    )


def _union(intervals: Iterable[Interval]) -> list[Interval]:
    joined: list[Interval] = []
    for first, last in intervals:
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined


def _shared(some: Iterable[Interval], others: Sequence[Interval]) -> list[Interval]:
    return [
        (max(one[0], other[0]), min(one[1], other[1]))
        for one in some
        for other in others
        if _overlap(one, other) > timedelta()
    ]


def _total(intervals: Iterable[Interval]) -> int:
    return sum(seconds_between(first, last) for first, last in intervals)
