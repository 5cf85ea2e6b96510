"""Folding again what has changed: which days to fold, and what of the result is news. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ecm.visits.domain import NEAR, UNPLANNED, Reach, days_touched, fold, fold_all, window
from ecm.visits.limits import Limits
from ecm.visits.model import Amendment, CheckIn, PlannedVisit, Visit
from ecm.visits.second_look import Claim

Days = Mapping[str, frozenset[date]]
# How far each client's visits reach; one that is not in it has none that last for long.
Reaches = Mapping[str, Reach]


@dataclass(frozen=True, slots=True)
class Folded:
    """A visit as it has just been folded, with its council, as it is to be written, and with what it claims."""

    visit: Visit
    council: str
    document: str
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """A visit as it was written last."""

    client: str
    day: date
    council: str
    document: str


@dataclass(frozen=True, slots=True)
class Change:
    """What is news after a fold: the visits to be written, and those that are no more.

    `beside` are all visits of every client's day on which something changed, the changed ones included.
    """

    changed: tuple[Folded, ...]
    removed: tuple[tuple[str, Kept], ...]
    beside: tuple[Visit, ...]


def days_to_fold(changes: Iterable[tuple[str, datetime]], reaches: Reaches) -> Days:
    """Return the days of each client that changes (client, instant) may have altered."""
    days: defaultdict[str, set[date]] = defaultdict(set)
    for client, around in changes:
        days[client].update(days_touched(around, reaches.get(client, NEAR)))
    return {client: frozenset(days[client]) for client in sorted(days)}


def windows(days: Iterable[date], reach: Reach) -> list[tuple[datetime, datetime]]:
    """Return the stretches of time whose data the fold of these days needs, joined where they overlap."""
    joined: list[tuple[datetime, datetime]] = []
    for first, end in sorted(window(day, reach) for day in days):
        if joined and first <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((first, end))
    return joined


def amendable(planned: Iterable[PlannedVisit], check_ins: Iterable[CheckIn]) -> dict[str, str]:
    """Return every visit's code that these can lead to, and whose it is: an amendment may name any of them."""
    visits = {f"{UNPLANNED}{check_in.check_in_id}": check_in.client for check_in in check_ins}
    visits.update((plan.visit, plan.client) for plan in planned)
    return visits


def fold_days(
    days: Days,
    planned: Sequence[PlannedVisit],
    check_ins: Sequence[CheckIn],
    amendments: Sequence[Amendment],
    limits: Limits,
    reaches: Reaches,
) -> tuple[Visit, ...]:
    """Fold every day of every client from what lies in the windows of those days.

    A client's days are folded in one go, since what lies beyond the window of a day changes nothing in it. Where there
    are amendments each day is folded from its own window: two phones may have used one check-in's id, and which of two
    visits of that name an amendment means must not depend on the days that happen to be folded together.
    """
    plans: defaultdict[str, list[PlannedVisit]] = defaultdict(list)
    taps: defaultdict[str, list[CheckIn]] = defaultdict(list)
    changes: defaultdict[str, list[Amendment]] = defaultdict(list)
    for plan in planned:
        plans[plan.client].append(plan)
    for check_in in check_ins:
        taps[check_in.client].append(check_in)
    client_of = amendable(planned, check_ins)
    for amendment in amendments:
        changes[client_of[amendment.visit]].append(amendment)
    return tuple(
        visit
        for client in sorted(days)
        for visit in (
            [
                visit
                for day in sorted(days[client])
                for visit in fold(
                    client, day, plans[client], taps[client], changes[client], limits, reaches.get(client, NEAR)
                )
            ]
            if changes[client]
            else fold_all(plans[client], taps[client], (), limits, days[client])
        )
    )


def news(folded: Sequence[Folded], stored: Mapping[str, Kept]) -> Change:
    """Set visits against those stored of the same clients and days.

    Unplanned visits are named after a check-in, whose id another phone may have used too; one of a name is kept.
    """
    by_name = {one.visit.visit: one for one in reversed(folded)}
    changed = {name: one for name, one in by_name.items() if _differs(one, stored.get(name))}
    removed = {name: kept for name, kept in stored.items() if name not in by_name}
    touched = {(one.visit.client, one.visit.day) for one in changed.values()}
    touched.update((stored[name].client, stored[name].day) for name in (*changed, *removed) if name in stored)
    return Change(
        changed=tuple(changed[name] for name in sorted(changed)),
        removed=tuple(sorted(removed.items(), key=lambda item: item[0])),
        beside=tuple(one.visit for one in by_name.values() if (one.visit.client, one.visit.day) in touched),
    )


def _differs(one: Folded, kept: Kept | None) -> bool:
    return kept is None or (one.document, one.council) != (kept.document, kept.council)
