"""From single taps to raw stays: repeated taps merge, an arrival and the departure after it pair.

Whether a tap is kept depends only on its neighbours within 5 minutes, its place in the order only on taps of its phone
within 2 hours, and whether two kept taps pair only on there being nothing kept between them within 25 hours. Which
visit a pair belongs to is settled afterwards, and only then whether it is too long to be one stay.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

import msgspec

from ecm.visits.limits import CLOCK_ORDER, FARTHEST_PAIR, REPEATED_TAP
from ecm.visits.model import CheckIn, distinct

Order = tuple[datetime, int, UUID, UUID]


class RawStay(msgspec.Struct, frozen=True, gc=False):
    """An arrival, a departure, or both, of one carer at one client, with repeated taps merged in.

    `turned_in` and `turned_out` say that the phone's own sequence has moved the arrival, or the departure.
    """

    arrival: CheckIn | None
    departure: CheckIn | None
    repeats: tuple[CheckIn, ...] = ()
    turned_in: bool = False
    turned_out: bool = False

    @property
    def opening(self) -> CheckIn:
        """The check-in that the stay is known by: its arrival, or its departure when there is no arrival."""
        opening = self.arrival or self.departure
        if opening is None:
            raise ValueError("a raw stay has an arrival or a departure")
        return opening

    @property
    def carer(self) -> str:
        return self.opening.carer

    @property
    def at(self) -> datetime:
        return self.opening.occurred_at

    @property
    def order(self) -> Order:
        return self.opening.order

    @property
    def check_ins(self) -> tuple[CheckIn, ...]:
        """Every check-in of the stay, the merged ones included."""
        kept = tuple(tap for tap in (self.arrival, self.departure) if tap is not None)
        return kept + self.repeats

    def taken_apart(self) -> tuple["RawStay", "RawStay"]:
        """Return the arrival and the departure each by itself, with its own repeats."""
        ins = tuple(tap for tap in self.repeats if tap.direction == "in")
        outs = tuple(tap for tap in self.repeats if tap.direction == "out")
        return _arrival(self.arrival, ins, self.turned_in), _departure(self.departure, outs, self.turned_out)


def _arrival(tap: CheckIn | None, repeats: tuple[CheckIn, ...], turned: bool) -> RawStay:
    return RawStay(tap, None, repeats, turned_in=turned)


def _departure(tap: CheckIn | None, repeats: tuple[CheckIn, ...], turned: bool) -> RawStay:
    return RawStay(None, tap, repeats, turned_out=turned)


@dataclass(frozen=True, slots=True)
class _Tap:
    kept: CheckIn
    repeats: tuple[CheckIn, ...]
    turned: bool


def pair(check_ins: Iterable[CheckIn]) -> tuple[RawStay, ...]:
    """Pair one client's check-ins into raw stays, in order of time.

    The answer depends only on the set of check-ins: the same one given twice counts once. An arrival with
    no departure directly after it within 25 hours, or a departure with no arrival, stands alone.
    """
    known = distinct(check_ins, lambda tap: (tap.device_id, tap.check_in_id))
    by_carer = sorted(known, key=lambda tap: (tap.carer, tap.order))
    stays = [
        stay
        for _, taps in groupby(by_carer, key=lambda tap: tap.carer)
        for stay in _pair_taps(_merge(_in_order(list(taps))))
    ]
    return tuple(sorted(stays, key=lambda stay: stay.order))


def _in_order(taps: list[CheckIn]) -> list[tuple[CheckIn, bool]]:
    """Put taps, given by the clock, into the order in which they were made, each with whether the sequence moved it.

    A tap that the sequence puts before another of its phone, which the clock puts up to two hours earlier, was made
    before that.
    """
    if _sequences_rise(taps):
        return [(tap, False) for tap in taps]
    keyed: list[tuple[datetime, Order, CheckIn]] = []
    for number, tap in enumerate(taps):
        made_at = tap.occurred_at
        for earlier in reversed(taps[:number]):
            if tap.occurred_at - earlier.occurred_at > CLOCK_ORDER:
                break
            if tap.sequence and earlier.device_id == tap.device_id and earlier.sequence > tap.sequence:
                made_at = earlier.occurred_at
        keyed.append((made_at, tap.order, tap))
    keyed.sort(key=lambda each: (each[0], each[1][1:], each[1]))
    return [(tap, made_at < tap.occurred_at) for made_at, _, tap in keyed]


def _sequences_rise(taps: list[CheckIn]) -> bool:
    last: dict[UUID, int] = {}
    for tap in taps:
        if tap.sequence and last.get(tap.device_id, tap.sequence) > tap.sequence:
            return False
        last[tap.device_id] = max(tap.sequence, last.get(tap.device_id, 0))
    return True


def _merge(taps: list[tuple[CheckIn, bool]]) -> list[_Tap]:
    """Merge same-direction neighbours: the first arrival and the last departure of a run are kept."""
    runs: list[list[tuple[CheckIn, bool]]] = []
    for tap, turned in taps:
        last = runs[-1][-1][0] if runs else None
        if (
            last is not None
            and last.direction == tap.direction
            and abs(tap.occurred_at - last.occurred_at) <= REPEATED_TAP
        ):
            runs[-1].append((tap, turned))
        else:
            runs.append([(tap, turned)])
    return [_kept([tap for tap, _ in run], any(turned for _, turned in run)) for run in runs]


def _kept(run: list[CheckIn], turned: bool) -> _Tap:
    if run[0].direction == "in":
        return _Tap(run[0], tuple(run[1:]), turned)
    return _Tap(run[-1], tuple(run[:-1]), turned)


def _pair_taps(taps: list[_Tap]) -> list[RawStay]:
    stays: list[RawStay] = []
    arrival: _Tap | None = None
    for tap in taps:
        if tap.kept.direction == "in":
            if arrival is not None:
                stays.append(_arrival(arrival.kept, arrival.repeats, arrival.turned))
            arrival = tap
        elif arrival is not None and tap.kept.occurred_at - arrival.kept.occurred_at <= FARTHEST_PAIR:
            repeats = arrival.repeats + tap.repeats
            stays.append(RawStay(arrival.kept, tap.kept, repeats, arrival.turned, tap.turned))
            arrival = None
        else:
            if arrival is not None:
                stays.append(_arrival(arrival.kept, arrival.repeats, arrival.turned))
            arrival = None
            stays.append(_departure(tap.kept, tap.repeats, tap.turned))
    if arrival is not None:
        stays.append(_arrival(arrival.kept, arrival.repeats, arrival.turned))
    return stays
