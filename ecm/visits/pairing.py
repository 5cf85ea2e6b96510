"""From single taps to raw stays: repeated taps merge, an arrival and the departure after it pair.

Whether a tap is kept depends only on its neighbours within `repeat_tap_minutes`, and whether two kept taps
pair only on there being nothing kept between them within `longest_visit_hours`. So a stay beginning at t is
settled by the taps between t − 5 minutes and t + 16 hours and 5 minutes, however long the history is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

import msgspec

from ecm.visits.model import CheckIn, Limits, distinct


class RawStay(msgspec.Struct, frozen=True, gc=False):
    """An arrival, a departure, or both, of one carer at one client, with repeated taps merged in."""

    arrival: CheckIn | None
    departure: CheckIn | None
    repeats: tuple[CheckIn, ...] = ()

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
    def order(self) -> tuple[datetime, UUID, UUID]:
        return self.opening.order

    @property
    def check_ins(self) -> tuple[CheckIn, ...]:
        """Every check-in of the stay, the merged ones included."""
        kept = tuple(tap for tap in (self.arrival, self.departure) if tap is not None)
        return kept + self.repeats


@dataclass(frozen=True, slots=True)
class _Tap:
    kept: CheckIn
    repeats: tuple[CheckIn, ...]


def pair(check_ins: Iterable[CheckIn], limits: Limits) -> tuple[RawStay, ...]:
    """Pair one client's check-ins into raw stays, in order of time.

    The answer depends only on the set of check-ins: the same one given twice counts once. An arrival with
    no departure within the longest visit, or a departure with no arrival, stands alone.
    """
    known = distinct(check_ins, lambda tap: (tap.device_id, tap.check_in_id))
    by_carer = sorted(known, key=lambda tap: (tap.carer, tap.order))
    stays = [
        stay
        for _, taps in groupby(by_carer, key=lambda tap: tap.carer)
        for stay in _pair_taps(_merge(list(taps), limits), limits)
    ]
    return tuple(sorted(stays, key=lambda stay: stay.order))


def _merge(taps: list[CheckIn], limits: Limits) -> list[_Tap]:
    """Merge same-direction neighbours: the first arrival and the last departure of a run are kept."""
    runs: list[list[CheckIn]] = []
    for tap in taps:
        last = runs[-1][-1] if runs else None
        if (
            last is not None
            and last.direction == tap.direction
            and tap.occurred_at - last.occurred_at <= limits.repeat_tap
        ):
            runs[-1].append(tap)
        else:
            runs.append([tap])
    return [
        _Tap(run[0], tuple(run[1:])) if run[0].direction == "in" else _Tap(run[-1], tuple(run[:-1])) for run in runs
    ]


def _pair_taps(taps: list[_Tap], limits: Limits) -> list[RawStay]:
    stays: list[RawStay] = []
    arrival: _Tap | None = None
    for tap in taps:
        if tap.kept.direction == "in":
            if arrival is not None:
                stays.append(RawStay(arrival.kept, None, arrival.repeats))
            arrival = tap
        elif arrival is not None and tap.kept.occurred_at - arrival.kept.occurred_at <= limits.longest_visit:
            stays.append(RawStay(arrival.kept, tap.kept, arrival.repeats + tap.repeats))
            arrival = None
        else:
            if arrival is not None:
                stays.append(RawStay(arrival.kept, None, arrival.repeats))
            arrival = None
            stays.append(RawStay(None, tap.kept, tap.repeats))
    if arrival is not None:
        stays.append(RawStay(arrival.kept, None, arrival.repeats))
    return stays
