"""What cannot both be true of one carer, or of one phone, over a whole day: pair by pair, from docs/visits.md."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

from simulators.roster import PlannedVisit
from simulators.slots import KnownStay

# So much two clocks may differ by.
TOLERATED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Said:
    """That a carer was, or was to be, at a client's from one instant until another, for an errand."""

    errand: str
    client: str
    carer: str
    since: datetime
    until: datetime


def told(errand: str, client: str, stays: Iterable[KnownStay]) -> list[Said]:
    """What stays say of their carers; one of which one end is known says that the carer was there then."""
    return [
        Said(errand, client, stay.carer, stay.at, stay.out_at or stay.at)
        for stay in stays
        if stay.in_at is None or stay.out_at is None or stay.in_at <= stay.out_at
    ]


def planned(plans: Iterable[PlannedVisit]) -> list[Said]:
    """What a roster says of its carers."""
    return [
        Said(plan.visit, plan.client, carer, plan.start, plan.end)
        for plan in plans
        if plan.cancelled is None
        for carer in plan.carers
    ]


def contradictions(
    stays: Iterable[Said], tapped: Iterable[Said], plans: Iterable[Said]
) -> Mapping[str, frozenset[str]]:
    """The kinds of contradiction that stand on each errand.

    `stays` are as the office leaves them, `tapped` as the phones tell them; a carer has one phone.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for apart, together, said in (
        ("two_homes_at_once", "overlapping_stays", stays),
        ("phone_in_two_homes", None, tapped),
        ("double_planned", "double_planned", plans),
    ):
        for one, other in _at_once(said):
            kind = apart if one.client != other.client else together
            if kind is not None:
                found[one.errand].add(kind)
                found[other.errand].add(kind)
    return {errand: frozenset(kinds) for errand, kinds in found.items()}


def _at_once(said: Iterable[Said]) -> list[tuple[Said, Said]]:
    by_carer: dict[str, list[Said]] = defaultdict(list)
    for each in said:
        by_carer[each.carer].append(each)
    return [
        (one, other)
        for own in by_carer.values()
        for one, other in combinations(own, 2)
        if min(one.until, other.until) - max(one.since, other.since) > TOLERATED
    ]
