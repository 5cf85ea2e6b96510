"""Which raw stay belongs to which planned visit.

Greedy and deterministic: of all pairs of a stay and a visit the best is taken first, by explicit hint,
rostered carer, nearness in time, ids. Arrivals choose by their planned start, lone departures after them by
their planned end. A hint to a visit of the same day that lies beyond the window counts last, for a stay
that has found no visit near it: a carer who comes hours late is believed, one who picked the morning's
visit in the evening by mistake does no harm. A stay that wins no visit is unplanned.

It runs in a fixed small number of rounds, each taking the pairs that are best from both sides, so that a
choice can only be swayed by what lies a bounded time away. With a window of two hours a round reaches four:
one round for hinted arrivals and two for the others reach ten hours into the visits of the day before,
whose edge is not seen in full; lone departures look back no more than twelve hours from the day itself; and
what a far hint decides stays within one day. So an error at the far edges of the neighbouring days never
reaches the day that is folded, and neighbouring days agree on every stay.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from ecm.visits.model import Limits, PlannedVisit, distinct
from ecm.visits.pairing import RawStay
from ecm.words.civil_time import london_day

ARRIVAL_ROUNDS = 2
DEPARTURE_REACH = timedelta(hours=12)

_Rank = tuple[bool, bool, bool, timedelta, datetime, str, tuple[datetime, UUID, UUID]]
_Ranker = Callable[[RawStay, PlannedVisit], _Rank | None]
_Finder = Callable[[RawStay], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Matching:
    """Each planned visit with its stays, and the stays that belong to none. Every stay is in it once."""

    planned: tuple[tuple[PlannedVisit, tuple[RawStay, ...]], ...]
    unplanned: tuple[RawStay, ...]


@dataclass(slots=True)
class _Seats:
    visit: PlannedVisit
    taken: list[RawStay] = field(default_factory=list)

    def offers(self, stay: RawStay) -> bool:
        free = self.visit.capacity - len(self.taken)
        return free > 0 and all(taken.carer != stay.carer for taken in self.taken)


class _Table:
    """The seats of a roster in order of its starts, so that a stay looks only at those that can be near it."""

    def __init__(self, planned: Iterable[PlannedVisit]) -> None:
        roster = distinct(planned, lambda visit: visit.visit)
        self.seats = [_Seats(visit) for visit in sorted(roster, key=lambda visit: (visit.start, visit.visit))]
        self._starts = [seat.visit.start for seat in self.seats]
        self._numbers: dict[str | None, int] = {seat.visit.visit: number for number, seat in enumerate(self.seats)}

    def starting(self, first: datetime, last: datetime) -> range:
        """The seats of visits that start between two instants, both included."""
        return range(bisect_left(self._starts, first), bisect_right(self._starts, last))

    def hinted(self, stay: RawStay) -> tuple[int, ...]:
        """The seat of the visit that the phone named, if there is one."""
        hint = stay.opening.visit_hint
        return (self._numbers[hint],) if hint in self._numbers else ()


def match(stays: Sequence[RawStay], planned: Iterable[PlannedVisit], limits: Limits) -> Matching:
    """Match one client's raw stays (each given once) to its planned visits, in whatever order they come."""
    window = limits.match_window
    table = _Table(planned)
    arrivals = [stay for stay in stays if stay.arrival is not None]
    departures = [stay for stay in stays if stay.arrival is None]

    def near(stay: RawStay) -> range:
        return table.starting(stay.at - window, stay.at + window)

    def before(stay: RawStay) -> range:
        return table.starting(stay.at - DEPARTURE_REACH, stay.at + window)

    arrivals = _round(arrivals, table, table.hinted, lambda stay, visit: _rank_arrival(stay, visit, window))
    for _ in range(ARRIVAL_ROUNDS):
        arrivals = _round(arrivals, table, near, lambda stay, visit: _rank_arrival(stay, visit, window))
    departures = _round(departures, table, before, lambda stay, visit: _rank_departure(stay, visit, window))
    standing = sorted(arrivals + departures, key=lambda stay: stay.order)
    unplanned = _round(standing, table, table.hinted, lambda stay, visit: _rank_far_hint(stay, visit, window))
    return Matching(tuple((seat.visit, tuple(seat.taken)) for seat in table.seats), tuple(unplanned))


def _round(stays: list[RawStay], table: _Table, finder: _Finder, ranker: _Ranker) -> list[RawStay]:
    """Seat every stay whose best visit also holds it for one of the best; return those still standing.

    `finder` says at which seats a stay looks: at least at those that `ranker` would give it.
    """
    seats = table.seats
    best: list[tuple[_Rank, int] | None] = []
    suitors: dict[int, list[tuple[_Rank, RawStay]]] = {}
    for stay in stays:
        ranked = [
            (rank, number)
            for number in finder(stay)
            if (rank := ranker(stay, seats[number].visit)) is not None and seats[number].offers(stay)
        ]
        best.append(min(ranked, default=None))
        for rank, number in ranked:
            suitors.setdefault(number, []).append((rank, stay))
    chosen = {number: _choose(seats[number], hopeful) for number, hopeful in suitors.items()}
    standing: list[RawStay] = []
    for stay, choice in zip(stays, best, strict=True):
        if choice is not None and any(stay is other for other in chosen[choice[1]]):
            seats[choice[1]].taken.append(stay)
        else:
            standing.append(stay)
    return standing


def _choose(seat: _Seats, suitors: list[tuple[_Rank, RawStay]]) -> list[RawStay]:
    """The best suitors, one a carer, as many as there are free seats."""
    chosen: dict[str, RawStay] = {}
    for _, stay in sorted(suitors, key=lambda suitor: suitor[0]):
        if len(seat.taken) + len(chosen) < seat.visit.capacity:
            chosen.setdefault(stay.carer, stay)
    return list(chosen.values())


def _rank_arrival(stay: RawStay, visit: PlannedVisit, window: timedelta) -> _Rank | None:
    gap = abs(stay.at - visit.start)
    return _rank(stay, visit, gap) if gap <= window else None


def _rank_departure(stay: RawStay, visit: PlannedVisit, window: timedelta) -> _Rank | None:
    gap = abs(stay.at - visit.end)
    near = gap <= window and stay.at - visit.start <= DEPARTURE_REACH
    return _rank(stay, visit, gap) if near else None


def _rank_far_hint(stay: RawStay, visit: PlannedVisit, window: timedelta) -> _Rank | None:
    held = stay.at >= visit.start - window and _same_day(stay, visit)
    return _rank(stay, visit, abs(stay.at - visit.start)) if held else None


def _same_day(stay: RawStay, visit: PlannedVisit) -> bool:
    return london_day(stay.at) == london_day(visit.start)


def _rank(stay: RawStay, visit: PlannedVisit, gap: timedelta) -> _Rank:
    return (
        stay.opening.visit_hint != visit.visit,
        visit.cancelled is not None,
        stay.carer not in visit.carers,
        gap,
        visit.start,
        visit.visit,
        stay.order,
    )
