"""The second version's middle: amended times, and the slots that stays fill. See `second_version`.

Where the page leaves two readings, this is how it is read here:

- A reversed length counts as planned from the arrival, and a departure alone as planned up to it. To touch is not to
  overlap. Only slots that somebody is in have a time; the first shares nothing with itself.
- The carer's own slot comes first both among those without overlap and among those with a little.
- Each time has its own last amendment. "The carer's first arrival, or last departure" is so by the clock, also if its
  stay went. "Not where the stay is shared" is of the stay whose time was typed.
- The one stay that both times make of several is shared with every visit that one of them was shared with.
- Of a carer's stays that became one, the first arrival and the last departure are its check-ins, the rest its repeats.
- An amendment makes a stay at a visit planned in error too. One that names `unplanned:<check-in>` goes to the visit
  in which that check-in is now (of a shared stay, to the one it belonged to); what names nothing known is left out.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from ecm.visits.model import Amendment, CheckIn, PlannedVisit
from tests.visits.second_stays import MINUTE, Stay, by_time

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class PlainSlot:
    """The time of a slot in whole seconds (None: nothing known), and what of it somebody of slot 0 was there too."""

    slot: int
    seconds: int | None
    shared_seconds: int


def seconds(length: timedelta | None) -> int | None:
    return None if length is None else length // timedelta(seconds=1)


# ------------------------------------------------------------------ amendments


@dataclass(frozen=True)
class Typed:
    """A time in force that the office typed, and the amendment it comes from."""

    at: datetime
    amendment: str


def amended(stays: list[Stay], plans: list[PlannedVisit], amendments: list[Amendment]) -> list[Stay]:
    where = {plan.visit: plan.visit for plan in plans}
    for stay in stays:
        assert stay.visit is not None
        home = stay.home or stay.visit
        where |= {f"unplanned:{one.check_in_id}": home for one in stay.check_ins}
    for visit, carer in sorted({(where[one.visit], one.carer) for one in amendments if one.visit in where}):
        theirs = [one for one in amendments if where.get(one.visit) == visit and one.carer == carer]
        theirs.sort(key=lambda one: (one.made_at, one.amendment_id))
        arrivals = [Typed(one.in_at, str(one.amendment_id)) for one in theirs if one.in_at is not None]
        departures = [Typed(one.out_at, str(one.amendment_id)) for one in theirs if one.out_at is not None]
        here = [stay for stay in stays if stay.visit == visit and stay.carer == carer]
        stays = [stay for stay in stays if stay not in here]
        here = sorted(here, key=lambda stay: (stay.sign, stay.place)) or [Stay(carer, visit=visit)]
        stays += with_times(here, arrivals[-1] if arrivals else None, departures[-1] if departures else None)
    return stays


def with_times(stays: list[Stay], arrival: Typed | None, departure: Typed | None) -> list[Stay]:
    """One carer's stays at one visit, earliest first, with the amended times in force."""
    arrivals = sorted((stay.arrival for stay in stays if stay.arrival is not None), key=by_time)
    departures = sorted((stay.departure for stay in stays if stay.departure is not None), key=by_time)
    kept = what_is_kept(stays, arrival, departure)
    everything = [one for stay in stays for one in stay.check_ins]
    if arrival and departure:
        kept[0].arrival = arrivals[0] if arrivals else None
        kept[0].departure = departures[-1] if departures else None
        kept[0].shares = tuple(sorted({code for stay in stays for code in stay.shares}))
    if not kept[0].shares:
        kept[0].against += contradicted(arrival, arrivals[:1])
    if not kept[-1].shares:
        kept[-1].against += contradicted(departure, departures[-1:])
    has = {one.ref for stay in kept for one in stay.check_ins}
    kept[0].repeats += [one for one in everything if one.ref not in has]
    for stay in kept:
        if arrival and (stay is kept[0] or (stay.in_at is not None and stay.in_at < arrival.at)):
            stay.in_at, stay.in_typed = arrival.at, arrival.amendment
        if departure and (stay is kept[-1] or (stay.out_at is not None and stay.out_at > departure.at)):
            stay.out_at, stay.out_typed = departure.at, departure.amendment
    return kept


def what_is_kept(stays: list[Stay], arrival: Typed | None, departure: Typed | None) -> list[Stay]:
    if len(stays) == 1 or (arrival and departure):
        return stays[:1]
    if arrival:
        return [stay for stay in stays if stay.out_at is None or stay.out_at > arrival.at] or stays[-1:]
    if departure:
        return [stay for stay in stays if stay.in_at is None or stay.in_at < departure.at] or stays[:1]
    return stays


def contradicted(typed: Typed | None, taps: list[CheckIn]) -> list[tuple[str, str]]:
    return [
        (f"amendment {typed.amendment}", f"check-in {tap.ref}")
        for tap in taps
        if typed is not None and minute(typed.at) != minute(tap.occurred_at)
    ]


def minute(when: datetime) -> datetime:
    return when.replace(second=0, microsecond=0)


# ------------------------------------------------------------------ slots


def reckoned(stay: Stay, minutes: int) -> Span:
    """From when to when a stay counts in the search for its slot."""
    if stay.length is not None:
        return (stay.sign, stay.sign + stay.length)
    if stay.in_at is not None:
        return (stay.in_at, stay.in_at + minutes * MINUTE)
    return (stay.sign - minutes * MINUTE, stay.sign)


def overlap(one: Span, other: Span) -> timedelta:
    return max(min(one[1], other[1]) - max(one[0], other[0]), timedelta())


def seat(stays: list[Stay], plan: PlannedVisit | None) -> None:
    """Give each stay of one visit its slot."""
    minutes, rostered = (plan.minutes, plan.carers) if plan else (0, ())
    slots: list[list[Stay]] = [[] for _ in range(max(plan.carers_needed, len(plan.carers), 1) if plan else 1)]
    for stay in sorted(
        stays,
        key=lambda one: (
            one.carer not in rostered,
            one.length is None,
            one.sign,
            one.carer,
            one.place,
        ),
    ):
        here = reckoned(stay, minutes)
        worst = {
            number: max(
                (overlap(here, reckoned(one, minutes)) for one in slot if one.carer != stay.carer), default=timedelta()
            )
            for number, slot in enumerate(slots)
        }
        own = [number for number, slot in enumerate(slots) if stay.carer in {one.carer for one in slot}]
        by_preference = [*own, *(number for number in worst if number not in own)]
        suiting = [number for number in by_preference if worst[number] == timedelta()]
        suiting += [number for number in by_preference if worst[number] <= 10 * MINUTE]
        if suiting:
            stay.slot = suiting[0]
            slots[suiting[0]].append(stay)


def slot_times(stays: list[Stay]) -> tuple[PlainSlot, ...]:
    there = [stay for stay in stays if stay.slot is not None]
    first = spans([stay for stay in there if stay.slot == 0])
    times = []
    for slot in sorted({stay.slot for stay in there if stay.slot is not None}):
        mine = spans([stay for stay in there if stay.slot == slot])
        both = union([(max(one[0], two[0]), min(one[1], two[1])) for one in mine for two in first])
        known = seconds(union(mine)) if mine else None
        times.append(PlainSlot(slot, known, 0 if slot == 0 else seconds(both) or 0))
    return tuple(times)


def spans(stays: list[Stay]) -> list[Span]:
    return [(stay.sign, stay.sign + stay.length) for stay in stays if stay.length is not None]


def union(some: list[Span]) -> timedelta:
    """How long at least one of the spans lasted: between any two neighbouring ends, all or nothing was in one."""
    ends = sorted({end for span in some for end in span})
    pieces = pairwise(ends)
    return sum(
        (end - begin for begin, end in pieces if any(span[0] <= begin and end <= span[1] for span in some)),
        timedelta(),
    )
