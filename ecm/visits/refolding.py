"""Folding again what has changed: which days to fold, and what of the result is news. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ecm.visits.domain import UNPLANNED, days_touched, fold, window
from ecm.visits.model import Amendment, CheckIn, PlannedVisit, Rules, Visit

Days = Mapping[str, frozenset[date]]


@dataclass(frozen=True, slots=True)
class Change:
    """What a fold made of some clients' days: all their visits, those to be written, and those that are no more."""

    folded: tuple[tuple[Visit, str], ...]
    changed: tuple[tuple[Visit, str], ...]
    removed: tuple[Visit, ...]


def days_to_fold(changes: Iterable[tuple[str, datetime]]) -> Days:
    """Return the days of each client that changes (client, instant) may have altered."""
    days: defaultdict[str, set[date]] = defaultdict(set)
    for client, around in changes:
        days[client].update(days_touched(around))
    return {client: frozenset(days[client]) for client in sorted(days)}


def windows(days: Iterable[date]) -> list[tuple[datetime, datetime]]:
    """Return the stretches of time whose data the fold of these days needs, joined where they overlap."""
    joined: list[tuple[datetime, datetime]] = []
    for first, end in sorted(window(day) for day in days):
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
    rules: Rules,
) -> tuple[Visit, ...]:
    """Fold every day of every client from what lies in the windows of those days."""
    plans: defaultdict[str, list[PlannedVisit]] = defaultdict(list)
    taps: defaultdict[str, list[CheckIn]] = defaultdict(list)
    made: defaultdict[str, list[Amendment]] = defaultdict(list)
    for plan in planned:
        plans[plan.client].append(plan)
    for check_in in check_ins:
        taps[check_in.client].append(check_in)
    client_of = amendable(planned, check_ins)
    for amendment in amendments:
        made[client_of[amendment.visit]].append(amendment)
    return tuple(
        visit
        for client in sorted(days)
        for day in sorted(days[client])
        for visit in fold(client, day, plans[client], taps[client], made[client], rules)
    )


def news(folded: Sequence[tuple[Visit, str]], stored: Mapping[str, tuple[Visit, str]]) -> Change:
    """Set visits (each with its council) against those stored of the same clients and days.

    Unplanned visits are named after a check-in, whose id another phone may have used too; one of a name is kept.
    """
    by_name = {visit.visit: (visit, council) for visit, council in reversed(folded)}
    folded, names = list(by_name.values()), by_name.keys()
    return Change(
        folded=tuple(folded),
        changed=tuple(
            sorted(
                ((visit, council) for visit, council in folded if stored.get(visit.visit) != (visit, council)),
                key=lambda pair: pair[0].visit,
            )
        ),
        removed=tuple(visit for name, (visit, _) in sorted(stored.items()) if name not in names),
    )
