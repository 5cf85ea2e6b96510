"""Which raw stay belongs to which planned visit, and which stays are too long to be one. docs/visits.md says how.

Most stays find their visit by themselves, whoever else is there: by the phone's hint, by lying in a visit's own time,
or as the end of a pause. Only those that lie outside of every visit's own time compete for free seats. That runs in a
fixed small number of rounds, each taking the pairs that are best from both sides, so that a choice can only be swayed
by what lies a bounded time away, and neighbouring days agree on every stay.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ecm.visits.limits import PAUSE, WINDOW, Limits, longest_stay
from ecm.visits.model import PLANNED_IN_ERROR, PlannedVisit, distinct
from ecm.visits.pairing import Order, RawStay
from ecm.words.civil_time import london_day

ARRIVAL_ROUNDS = 2

_Rank = tuple[bool, bool, timedelta, datetime, str, Order]
_Ranker = Callable[[RawStay, PlannedVisit], _Rank | None]
_Finder = Callable[[RawStay], Iterable[int]]


@dataclass(frozen=True, slots=True)
class Matching:
    """Each planned visit with its stays, and the stays that belong to none. Every check-in is in it once."""

    planned: tuple[tuple[PlannedVisit, tuple[RawStay, ...]], ...]
    unplanned: tuple[RawStay, ...]


@dataclass(slots=True)
class _Seats:
    visit: PlannedVisit
    taken: list[RawStay] = field(default_factory=list)
    carers: set[str] = field(default_factory=set)

    def take(self, stay: RawStay) -> None:
        self.taken.append(stay)
        self.carers.add(stay.carer)

    def give_up(self, stay: RawStay) -> None:
        self.taken.remove(stay)
        self.carers = {other.carer for other in self.taken}

    def offers(self, stay: RawStay) -> bool:
        return len(self.carers) < self.visit.capacity and stay.carer not in self.carers


class _Table:
    """The visits of a roster in order of their starts, so that a stay looks only at those that can be near it."""

    def __init__(self, planned: Iterable[PlannedVisit]) -> None:
        roster = [visit for visit in planned if visit.cancelled != PLANNED_IN_ERROR]
        self.seats = [_Seats(visit) for visit in sorted(roster, key=lambda visit: (visit.start, visit.visit))]
        self._starts = [seat.visit.start for seat in self.seats]
        self._numbers: dict[str | None, int] = {seat.visit.visit: number for number, seat in enumerate(self.seats)}
        self.longest = max((timedelta(minutes=seat.visit.minutes) for seat in self.seats), default=timedelta())

    def starting(self, first: datetime, last: datetime) -> range:
        """The visits that start between two instants, both included."""
        return range(bisect_left(self._starts, first), bisect_right(self._starts, last))

    def hinted(self, stay: RawStay) -> tuple[int, ...]:
        """The visit that the phone named, if there is one."""
        hint = stay.opening.visit_hint
        return (self._numbers[hint],) if hint in self._numbers else ()


def match(stays: Sequence[RawStay], planned: Iterable[PlannedVisit], limits: Limits) -> Matching:
    """Match one client's raw stays (each given once) to its planned visits, in whatever order they come."""
    roster = distinct(planned, lambda visit: visit.visit)
    table = _Table(roster)
    arrivals = sorted((stay for stay in stays if stay.arrival is not None), key=lambda stay: stay.order)
    homes = _Arrivals(table, limits).homes_of(arrivals)
    departures = [stay for stay in stays if stay.arrival is None]
    unplanned: list[RawStay] = []
    for stay, number in zip(arrivals, homes, strict=True):
        kept, cut = _within_longest(stay, None if number is None else table.seats[number].visit)
        if cut is not None:
            departures.append(cut)
        if number is None:
            unplanned.append(kept)
        else:
            taken = table.seats[number].taken
            taken[taken.index(stay)] = kept
    unplanned += _departures_home(table, sorted(departures, key=lambda stay: stay.order))
    taken_by = {seat.visit.visit: tuple(sorted(seat.taken, key=lambda stay: stay.order)) for seat in table.seats}
    return Matching(
        tuple(
            (visit, taken_by.get(visit.visit, ())) for visit in sorted(roster, key=lambda one: (one.start, one.visit))
        ),
        tuple(sorted(unplanned, key=lambda stay: stay.order)),
    )


def arrival_window(visit: PlannedVisit) -> tuple[datetime, datetime]:
    """Return between which instants, both included, an arrival may be of this visit."""
    return visit.start - WINDOW, max(visit.start + WINDOW, visit.end)


class _Arrivals:
    """Finds the visits of stays that have an arrival."""

    def __init__(self, table: _Table, limits: Limits) -> None:
        self._table = table
        self._limits = limits

    def homes_of(self, stays: list[RawStay]) -> list[int | None]:
        """Return the number of each stay's visit, or None; the stays come in order of time."""
        homes: dict[int, int] = {}
        own: set[int] = set()
        before = _stays_before(stays)
        for index, stay in enumerate(stays):
            number = self._named(stay)
            if number is None and (number := self._in_own_time(stay)) is not None:
                own.add(index)
            self._assign(homes, index, stay, self._resumed(stays, homes, before, index) if number is None else number)
        self._make_up(stays, homes, own)
        for _ in range(ARRIVAL_ROUNDS):
            self._round(stays, homes, self._near, _rank_arrival)
        for index, stay in enumerate(stays):
            if index not in homes:
                self._assign(homes, index, stay, self._resumed(stays, homes, before, index))
        self._round(stays, homes, self._table.hinted, _rank_far_hint)
        return [homes.get(index) for index in range(len(stays))]

    def _assign(self, homes: dict[int, int], index: int, stay: RawStay, number: int | None) -> None:
        if number is not None:
            homes[index] = number
            self._table.seats[number].take(stay)

    def _named(self, stay: RawStay) -> int | None:
        """The visit that the phone named, if the arrival lies in its window."""
        for number in self._table.hinted(stay):
            first, last = arrival_window(self._table.seats[number].visit)
            if first <= stay.at <= last:
                return number
        return None

    def _in_own_time(self, stay: RawStay) -> int | None:
        seats = self._table.seats
        own = [
            (_rank(stay, visit, abs(stay.at - visit.start)), number)
            for number in self._table.starting(stay.at - self._table.longest, stay.at + self._limits.early)
            if stay.at <= (visit := seats[number].visit).end
        ]
        return min(own)[1] if own else None

    def _make_up(self, stays: list[RawStay], homes: dict[int, int], own: set[int]) -> None:
        """Let each visit that nobody has come to yet take a stay that a later visit can spare."""
        seats = self._table.seats
        own = {index for index in own if len(seats[homes[index]].taken) > 1}
        for number, seat in enumerate(seats if own else ()):
            if seat.taken or seat.visit.cancelled is not None:
                continue
            first, last = arrival_window(seat.visit)
            spare = [
                (stays[index].carer not in seat.visit.carers, stays[index].order, index)
                for index in own
                if seat.visit.start < seats[homes[index]].visit.start
                and first <= stays[index].at <= last
                and self._spares(seats[homes[index]], stays[index])
            ]
            if spare:
                index = min(spare)[2]
                seats[homes[index]].give_up(stays[index])
                own.remove(index)
                self._assign(homes, index, stays[index], number)

    def _spares(self, seat: _Seats, stay: RawStay) -> bool:
        """Say whether a visit keeps another stay, and this one may just as well have been of an earlier visit."""
        if len(seat.taken) < 2:
            return False
        theirs = [other for other in seat.taken if other.carer == stay.carer]
        if len(theirs) == 1:
            return stay.carer not in seat.visit.carers
        together = sum(map(_length, theirs), timedelta())
        planned = timedelta(minutes=seat.visit.minutes + self._limits.too_long_minutes)
        left_before = stay.departure is not None and stay.departure.occurred_at <= seat.visit.start
        return left_before or together > planned

    def _resumed(self, stays: list[RawStay], homes: dict[int, int], before: list[int | None], index: int) -> int | None:
        """The visit of the carer's stay before, if this one comes after a pause in it."""
        stay, last = stays[index], before[index]
        if last is None or last not in homes or stays[last].departure is None:
            return None
        visit = self._table.seats[homes[last]].visit
        taken = self._table.seats[homes[last]].taken
        own = [other for other in taken if other.carer == stay.carer and other.order < stay.order]
        planned = timedelta(minutes=visit.minutes)
        left_at = stays[last].departure
        if left_at is None or not timedelta() <= stay.at - left_at.occurred_at <= PAUSE:
            return None
        if stay.at > max(visit.end, min(other.at for other in own) + planned) + PAUSE:
            return None
        return homes[last] if sum(map(_length, own), timedelta()) < planned else None

    def _round(self, stays: list[RawStay], homes: dict[int, int], finder: _Finder, ranker: _Ranker) -> None:
        standing = [index for index in range(len(stays)) if index not in homes]
        found = _round([stays[index] for index in standing], self._table, finder, ranker)
        homes.update({index: number for index, number in zip(standing, found, strict=True) if number is not None})

    def _near(self, stay: RawStay) -> range:
        return self._table.starting(stay.at - WINDOW, stay.at + WINDOW)


def _departures_home(table: _Table, stays: list[RawStay]) -> list[RawStay]:
    """Find the visits of lone departures; return those that have none."""
    standing: list[RawStay] = []
    for stay in stays:
        number = _departure_by_itself(table, stay)
        if number is None:
            standing.append(stay)
        else:
            table.seats[number].take(stay)

    def near(stay: RawStay) -> range:
        return table.starting(stay.at - table.longest - WINDOW, stay.at)

    for finder, ranker in ((near, _rank_departure), (table.hinted, _rank_far_hint)):
        found = _round(standing, table, finder, ranker)
        standing = [stay for stay, number in zip(standing, found, strict=True) if number is None]
    return standing


def _departure_by_itself(table: _Table, stay: RawStay) -> int | None:
    for number in table.hinted(stay):
        visit = table.seats[number].visit
        if visit.start <= stay.at <= visit.start + longest_stay(visit.minutes):
            return number
    own = [
        (_rank(stay, visit, abs(stay.at - visit.end)), number)
        for number in table.starting(stay.at - table.longest - PAUSE, stay.at)
        if stay.at <= (visit := table.seats[number].visit).end + PAUSE
    ]
    return min(own)[1] if own else None


def _stays_before(stays: list[RawStay]) -> list[int | None]:
    """Return for each stay which is the same carer's stay before it."""
    last: dict[str, int] = {}
    before: list[int | None] = []
    for index, stay in enumerate(stays):
        before.append(last.get(stay.carer))
        last[stay.carer] = index
    return before


def _length(stay: RawStay) -> timedelta:
    if stay.arrival is None or stay.departure is None:
        return timedelta()
    return max(stay.departure.occurred_at - stay.arrival.occurred_at, timedelta())


def _within_longest(stay: RawStay, visit: PlannedVisit | None) -> tuple[RawStay, RawStay | None]:
    """Take a stay apart that is longer than its visit allows."""
    if _length(stay) <= longest_stay(visit.minutes if visit else None):
        return stay, None
    return stay.taken_apart()


def _round(stays: list[RawStay], table: _Table, finder: _Finder, ranker: _Ranker) -> list[int | None]:
    """Seat every stay whose best visit also holds it for one of the best; return where each sits now, if anywhere.

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
    found: list[int | None] = []
    for stay, choice in zip(stays, best, strict=True):
        if choice is not None and any(stay is other for other in chosen[choice[1]]):
            seats[choice[1]].take(stay)
            found.append(choice[1])
        else:
            found.append(None)
    return found


def _choose(seat: _Seats, suitors: list[tuple[_Rank, RawStay]]) -> list[RawStay]:
    """The best suitors, one a carer, as many as there are free seats."""
    chosen: dict[str, RawStay] = {}
    for _, stay in sorted(suitors, key=lambda suitor: suitor[0]):
        if len(seat.carers) + len(chosen) < seat.visit.capacity:
            chosen.setdefault(stay.carer, stay)
    return list(chosen.values())


def _rank_arrival(stay: RawStay, visit: PlannedVisit) -> _Rank | None:
    gap = abs(stay.at - visit.start)
    return _rank(stay, visit, gap) if gap <= WINDOW else None


def _rank_departure(stay: RawStay, visit: PlannedVisit) -> _Rank | None:
    near = visit.start <= stay.at <= visit.end + WINDOW
    return _rank(stay, visit, abs(stay.at - visit.end)) if near else None


def _rank_far_hint(stay: RawStay, visit: PlannedVisit) -> _Rank | None:
    held = stay.at >= visit.start - WINDOW and london_day(stay.at) == london_day(visit.start)
    return _rank(stay, visit, abs(stay.at - visit.start)) if held else None


def _rank(stay: RawStay, visit: PlannedVisit, gap: timedelta) -> _Rank:
    return (visit.cancelled is not None, stay.carer not in visit.carers, gap, visit.start, visit.visit, stay.order)
