"""Which exceptions a visit should show, worked out by themselves from docs/visits.md."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from simulators.outcomes import LATE_AFTER, still_there
from simulators.roster import PlannedVisit
from simulators.slots import KnownStay, present, seconds_in, slots_of

EARLY_BEFORE = timedelta(minutes=30)
TOO_LONG_BY = timedelta(minutes=15)


def remarks_on(visit: PlannedVisit, stays: Sequence[KnownStay], now: datetime) -> frozenset[str]:
    """The kinds of exception of a planned visit at an instant."""
    if not stays:
        return frozenset()
    slots, looking_on = slots_of(visit, stays)
    found = {remark for stay in stays for remark in _of_stay(stay)}
    if looking_on:
        found.add("looking_on")
    if max(Counter(stay.carer for stay in stays).values()) > 1:
        found.add("paused")
    if not all(slots) and now > visit.start + LATE_AFTER:
        found.add("second_carer_missing")
    for slot in filter(None, slots):
        found.update(_of_slot(visit, slot))
    if any(still_there(visit, stay, now) for stay in stays):
        found.discard("no_out")
    return frozenset(found)


def remarks_without_plan(stays: Sequence[KnownStay]) -> frozenset[str]:
    """The kinds of exception of stays that belong to no planned visit."""
    return frozenset({"unscheduled", *(remark for stay in stays for remark in _of_stay(stay))})


def same_minute(one: datetime | None, other: datetime | None) -> bool:
    """Whether two instants are known and within one minute of the clock."""
    if one is None or other is None:
        return False
    return one.replace(second=0, microsecond=0) == other.replace(second=0, microsecond=0)


def _of_stay(stay: KnownStay) -> Iterator[str]:
    yield from stay.remarks
    if stay.in_at is None:
        yield "no_in"
    if stay.out_at is None:
        yield "no_out"


def _of_slot(visit: PlannedVisit, slot: Sequence[KnownStay]) -> Iterator[str]:
    carers = {stay.carer for stay in slot}
    if len(carers) > 1:
        yield "handed_over"
    if not carers <= set(visit.carers):
        yield "carer_replaced"
    came = min((stay.in_at for stay in slot if stay.in_at is not None), default=None)
    if came is not None and came - visit.start > LATE_AFTER:
        yield "late"
    if came is not None and visit.start - came > EARLY_BEFORE:
        yield "early"
    if all(stay.seconds is not None for stay in slot):
        there = timedelta(seconds=seconds_in(present(slot)))
        if there * 2 < visit.end - visit.start:
            yield "too_short"
        if there - (visit.end - visit.start) > TOO_LONG_BY:
            yield "too_long"
