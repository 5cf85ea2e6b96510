"""Which carer fills which of the slots that a visit needs, worked out by itself from docs/visits.md."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulators.happenings import Grade
from simulators.roster import PlannedVisit

HAND_OVER = timedelta(minutes=10)

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class KnownStay:
    """One carer at one visit; None where an end is not known. `remarks` are what its evidence calls for."""

    carer: str
    in_at: datetime | None
    out_at: datetime | None
    in_grade: Grade | None
    out_grade: Grade | None
    remarks: frozenset[str] = frozenset()

    @property
    def seconds(self) -> int | None:
        """Delivered whole seconds, None when an end is not known."""
        if self.in_at is None or self.out_at is None:
            return None
        return round((self.out_at - self.in_at).total_seconds())

    @property
    def at(self) -> datetime:
        """The first that is known of it; ValueError when nothing is."""
        known = self.in_at or self.out_at
        if known is None:
            raise ValueError("a stay of which no end is known")
        return known


def slots_of(visit: PlannedVisit, stays: Iterable[KnownStay]) -> tuple[list[list[KnownStay]], list[KnownStay]]:
    """The stays of each of a visit's slots, in order of time, and those of carers who were looking on."""
    slots: list[list[KnownStay]] = [[] for _ in visit.carers]
    looking_on: list[KnownStay] = []
    for stay in sorted(
        stays, key=lambda stay: (stay.carer not in visit.carers, stay.seconds is None, stay.at, stay.carer)
    ):
        slot = _slot_for(visit, stay, slots)
        (looking_on if slot is None else slot).append(stay)
    return [sorted(slot, key=lambda stay: stay.at) for slot in slots], looking_on


def _slot_for(visit: PlannedVisit, stay: KnownStay, slots: Sequence[list[KnownStay]]) -> list[KnownStay] | None:
    own_first = sorted(slots, key=lambda slot: all(other.carer != stay.carer for other in slot))
    for allowed in (timedelta(), HAND_OVER):
        for slot in own_first:
            others = [other for other in slot if other.carer != stay.carer]
            if all(_overlap(_reckoned(visit, stay), _reckoned(visit, other)) <= allowed for other in others):
                return slot
    return None


def _reckoned(visit: PlannedVisit, stay: KnownStay) -> Span:
    """From when to when somebody was there; a stay without an end counts here as if it lasted as planned."""
    if stay.in_at is None:
        return stay.at - (visit.end - visit.start), stay.at
    return stay.in_at, stay.out_at or stay.in_at + (visit.end - visit.start)


def _overlap(one: Span, other: Span) -> timedelta:
    return min(one[1], other[1]) - max(one[0], other[0])


def present(slot: Iterable[KnownStay]) -> list[Span]:
    """When somebody of a slot was there, as spans that do not touch; stays of unknown length are left out."""
    spans: list[Span] = []
    for stay in slot:
        if stay.in_at is None or stay.out_at is None:
            continue
        if spans and stay.in_at <= spans[-1][1]:
            spans[-1] = spans[-1][0], max(spans[-1][1], stay.out_at)
        else:
            spans.append((stay.in_at, stay.out_at))
    return spans


def seconds_in(spans: Iterable[Span]) -> int:
    """Whole seconds of spans together."""
    return sum(round((last - first).total_seconds()) for first, last in spans)


def together(some: Iterable[Span], others: Sequence[Span]) -> list[Span]:
    """The time that is in both."""
    return [
        (max(one[0], other[0]), min(one[1], other[1]))
        for one in some
        for other in others
        if _overlap(one, other) > timedelta()
    ]
