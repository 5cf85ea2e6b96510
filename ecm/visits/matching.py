"""Which raw call belongs to which planned visit.

Greedy and deterministic: of all pairs of a call and a visit the best is taken first, by explicit hint,
rostered carer, nearness in time, ids. Arrivals choose by their planned start, lone departures after them by
their planned end. A hint to a visit of the same day that lies beyond the window counts last, for a call
that has found no visit near it: a carer who comes hours late is believed, one who picked the morning's
visit in the evening by mistake does no harm. A call that wins no visit is unplanned.

It runs in a fixed small number of rounds, each taking the pairs that are best from both sides, so that a
choice can only be swayed by what lies a bounded time away. With a window of two hours a round reaches four:
one round for hinted arrivals and two for the others reach ten hours into the visits of the day before,
whose edge is not seen in full; lone departures look back no more than twelve hours from the day itself; and
what a far hint decides stays within one day. So an error at the far edges of the neighbouring days never
reaches the day that is folded, and neighbouring days agree on every call.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from ecm.visits.model import PlannedVisit, Rules, distinct
from ecm.visits.pairing import RawCall
from ecm.words.civil_time import london_day

ARRIVAL_ROUNDS = 2
DEPARTURE_REACH = timedelta(hours=12)

_Rank = tuple[bool, bool, bool, timedelta, datetime, str, tuple[datetime, UUID, UUID]]
_Ranker = Callable[[RawCall, PlannedVisit], _Rank | None]
_Finder = Callable[[RawCall], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Matching:
    """Each planned visit with its calls, and the calls that belong to none. Every call is in it once."""

    planned: tuple[tuple[PlannedVisit, tuple[RawCall, ...]], ...]
    unplanned: tuple[RawCall, ...]


@dataclass(slots=True)
class _Seats:
    visit: PlannedVisit
    taken: list[RawCall] = field(default_factory=list)

    def offers(self, call: RawCall) -> bool:
        free = self.visit.capacity - len(self.taken)
        return free > 0 and all(taken.carer != call.carer for taken in self.taken)


class _Table:
    """The seats of a roster in order of its starts, so that a call looks only at those that can be near it."""

    def __init__(self, planned: Iterable[PlannedVisit]) -> None:
        roster = distinct(planned, lambda visit: visit.visit)
        self.seats = [_Seats(visit) for visit in sorted(roster, key=lambda visit: (visit.start, visit.visit))]
        self._starts = [seat.visit.start for seat in self.seats]
        self._numbers: dict[str | None, int] = {seat.visit.visit: number for number, seat in enumerate(self.seats)}

    def starting(self, first: datetime, last: datetime) -> range:
        """The seats of visits that start between two instants, both included."""
        return range(bisect_left(self._starts, first), bisect_right(self._starts, last))

    def hinted(self, call: RawCall) -> tuple[int, ...]:
        """The seat of the visit that the phone named, if there is one."""
        hint = call.opening.visit_hint
        return (self._numbers[hint],) if hint in self._numbers else ()


def match(calls: Sequence[RawCall], planned: Iterable[PlannedVisit], rules: Rules) -> Matching:
    """Match one client's raw calls (each given once) to its planned visits, in whatever order they come."""
    window = rules.match_window
    table = _Table(planned)
    arrivals = [call for call in calls if call.arrival is not None]
    departures = [call for call in calls if call.arrival is None]

    def near(call: RawCall) -> range:
        return table.starting(call.at - window, call.at + window)

    def before(call: RawCall) -> range:
        return table.starting(call.at - DEPARTURE_REACH, call.at + window)

    arrivals = _round(arrivals, table, table.hinted, lambda call, visit: _rank_arrival(call, visit, window))
    for _ in range(ARRIVAL_ROUNDS):
        arrivals = _round(arrivals, table, near, lambda call, visit: _rank_arrival(call, visit, window))
    departures = _round(departures, table, before, lambda call, visit: _rank_departure(call, visit, window))
    standing = sorted(arrivals + departures, key=lambda call: call.order)
    unplanned = _round(standing, table, table.hinted, lambda call, visit: _rank_far_hint(call, visit, window))
    return Matching(tuple((seat.visit, tuple(seat.taken)) for seat in table.seats), tuple(unplanned))


def _round(calls: list[RawCall], table: _Table, finder: _Finder, ranker: _Ranker) -> list[RawCall]:
    """Seat every call whose best visit also holds it for one of the best; return those still standing.

    `finder` says at which seats a call looks: at least at those that `ranker` would give it.
    """
    seats = table.seats
    best: list[tuple[_Rank, int] | None] = []
    suitors: dict[int, list[tuple[_Rank, RawCall]]] = {}
    for call in calls:
        ranked = [
            (rank, number)
            for number in finder(call)
            if (rank := ranker(call, seats[number].visit)) is not None and seats[number].offers(call)
        ]
        best.append(min(ranked, default=None))
        for rank, number in ranked:
            suitors.setdefault(number, []).append((rank, call))
    chosen = {number: _choose(seats[number], hopeful) for number, hopeful in suitors.items()}
    standing: list[RawCall] = []
    for call, choice in zip(calls, best, strict=True):
        if choice is not None and any(call is other for other in chosen[choice[1]]):
            seats[choice[1]].taken.append(call)
        else:
            standing.append(call)
    return standing


def _choose(seat: _Seats, suitors: list[tuple[_Rank, RawCall]]) -> list[RawCall]:
    """The best suitors, one a carer, as many as there are free places."""
    chosen: dict[str, RawCall] = {}
    for _, call in sorted(suitors, key=lambda suitor: suitor[0]):
        if len(seat.taken) + len(chosen) < seat.visit.capacity:
            chosen.setdefault(call.carer, call)
    return list(chosen.values())


def _rank_arrival(call: RawCall, visit: PlannedVisit, window: timedelta) -> _Rank | None:
    gap = abs(call.at - visit.start)
    return _rank(call, visit, gap) if gap <= window else None


def _rank_departure(call: RawCall, visit: PlannedVisit, window: timedelta) -> _Rank | None:
    gap = abs(call.at - visit.end)
    near = gap <= window and call.at - visit.start <= DEPARTURE_REACH
    return _rank(call, visit, gap) if near else None


def _rank_far_hint(call: RawCall, visit: PlannedVisit, window: timedelta) -> _Rank | None:
    held = call.at >= visit.start - window and _same_day(call, visit)
    return _rank(call, visit, abs(call.at - visit.start)) if held else None


def _same_day(call: RawCall, visit: PlannedVisit) -> bool:
    return london_day(call.at) == london_day(visit.start)


def _rank(call: RawCall, visit: PlannedVisit, gap: timedelta) -> _Rank:
    return (
        call.opening.visit_hint != visit.visit,
        visit.cancelled is not None,
        call.carer not in visit.carers,
        gap,
        visit.start,
        visit.visit,
        call.order,
    )
