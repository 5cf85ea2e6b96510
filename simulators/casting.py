"""Who is struck by which mischief: a fixed cast for each provider, dealt to visits by the seed.

The casts differ so that each rung of the missed-visit ladder shows alone: the first provider misses one visit and
makes the welfare call; the second has misses nobody followed up, one with harm; the third misses two people for
one cause.
"""

import random
from collections.abc import Callable, Collection
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

from simulators.happenings import NIGHTS, NOBODY_CAME, PLANNED_AGAIN, Mischief
from simulators.roster import LONDON, PlannedVisit, local
from simulators.world import Provider, World

_M = Mischief

_COMMON = (
    _M.NO_OUT,
    _M.NO_OUT_AMENDED,
    _M.OUTSIDE,
    _M.MANUAL,
    _M.SHORT,
    _M.LATE,
    _M.OVERRUN,
    _M.SECOND_NEVER_CAME,
    _M.SECOND_LEFT_EARLY,
    _M.DOUBLE_TAP,
    _M.COARSE,
    _M.WITHHELD,
    _M.LATE,
)
_CASTS: tuple[tuple[Mischief, ...], ...] = (
    (
        *(_M.MISSED_WELFARE, _M.MADE_GOOD, _M.FALL_WITH_INJURY, _M.PHONE_BROKEN, *_COMMON),
        *(_M.PLANNED_AGAIN_IN_VAIN, _M.MISTAKEN_OUT, _M.LOOKED_ON, _M.TYPED_AS_PLANNED, _M.SLEEP_IN),
    ),
    (
        *(_M.MISSED_SILENT, _M.MADE_GOOD_TOO_LATE, _M.MISSED_HARM, _M.UNSEEN, _M.NO_REPLY, *_COMMON),
        *(_M.PLANNED_AGAIN, _M.PAUSED, _M.TYPED_FOR_ANOTHER, _M.DAY_AND_NIGHT),
    ),
    (
        *(_M.MISSED_ONE_CAUSE, _M.MISSED_ONE_CAUSE, _M.SAFEGUARDING_CONCERN, _M.FALL_NO_INJURY, *_COMMON),
        *(_M.OUT_FROM_NEXT_HOME, _M.DOUBLE_PLANNED, _M.HANDED_OVER, _M.TYPED_AGAINST_TAP),
        *(_M.WRONG_CLIENT, _M.OUT_NEXT_MORNING),
    ),
)
# What strikes a second visit with the first: that of the carer's next home, that of another carer at the same time.
_PARTNERS: Final = MappingProxyType({_M.OUT_FROM_NEXT_HOME: _M.NEXT_HOME, _M.DOUBLE_PLANNED: _M.STOOD_IN})
# When the carer without a round is free, and what the office notices in time.
_BEGINS_BETWEEN: Final = MappingProxyType(
    {
        _M.LOOKED_ON: ("07:45", "10:00"),
        _M.HANDED_OVER: ("07:45", "10:00"),
        _M.TYPED_FOR_ANOTHER: ("00:00", "10:00"),
    }
)
_LAST_TRAVEL = timedelta(minutes=20)
_OVERLAP = timedelta(minutes=5)

MADE_GOOD_AFTER = timedelta(minutes=75)


def vulnerable(provider: Provider, visit: PlannedVisit) -> bool:
    """Whether a miss here is serious by itself: time-critical call, lives alone, or lacks capacity."""
    client = provider.client(visit.client)
    return provider.commission(visit.commission).time_critical or client.lives_alone or client.lacks_capacity


def later_visit(provider: Provider, visit: PlannedVisit) -> PlannedVisit | None:
    """The same client's next planned visit of the morning that stands."""
    after = [
        other
        for other in provider.visits
        if other.client == visit.client and other.start > visit.start and other.cancelled is None
    ]
    return min(after, key=lambda v: v.start, default=None)


def cast(world: World, index: int) -> dict[str, Mischief]:
    """Which planned visit of a provider is struck by what; visits not named go as planned.

    When the world is too small for the whole cast, the last of it are left out. What happens at night strikes no
    visit of the morning; see `staging`.
    """
    provider = world.providers[index]
    rng = random.Random(f"{world.seed}/cast/{index}")
    struck: dict[str, Mischief] = {}
    clients: set[str] = set()
    for mischief in _CASTS[index]:
        if mischief in NIGHTS:
            continue
        choices = [
            visit
            for visit in provider.visits
            if visit.cancelled is None and visit.client not in clients and _suits(mischief)(provider, visit)
        ]
        if mischief in _PARTNERS:
            choices = [visit for visit in choices if _partners(provider, visit, mischief, clients)]
        if not choices:
            continue
        chosen = rng.choice(choices)
        struck[chosen.visit] = mischief
        clients.add(chosen.client)
        if mischief in _PARTNERS:
            partner = rng.choice(_partners(provider, chosen, mischief, clients))
            struck[partner.visit] = _PARTNERS[mischief]
            clients.add(partner.client)
    return struck


def night_of(index: int) -> Mischief:
    """What happens in the night before the morning, at the one visit that a provider planned then."""
    return next(mischief for mischief in _CASTS[index] if mischief in NIGHTS)


def _partners(
    provider: Provider, visit: PlannedVisit, mischief: Mischief, taken: Collection[str]
) -> list[PlannedVisit]:
    """The visits that a second mischief can strike together with this one."""
    others = [
        other
        for other in provider.visits
        if other.client != visit.client
        and other.client not in taken
        and other.cancelled is None
        and len(other.carers) == 1
        and other.minutes >= 30
    ]
    if mischief is Mischief.DOUBLE_PLANNED:
        return [
            other
            for other in others
            if other.carers != visit.carers and min(other.end, visit.end) - max(other.start, visit.start) >= _OVERLAP
        ]
    return [
        other
        for other in others
        if other.carers == visit.carers and timedelta() < other.start - visit.end <= _LAST_TRAVEL
    ]


def unplanned_client(day: date, provider: Provider, struck: dict[str, Mischief]) -> str | None:
    """Someone whose only visit was early and ordinary, to be called on again by the relief carer."""
    for visit in provider.visits:
        alone = [v for v in provider.visits if v.client == visit.client] == [visit]
        if alone and visit.visit not in struck and visit.end <= local(day, "08:15"):
            return visit.client
    return None


def _suits(mischief: Mischief) -> Callable[[Provider, PlannedVisit], bool]:
    if mischief in NOBODY_CAME | {Mischief.UNSEEN, Mischief.PHONE_BROKEN, Mischief.TYPED_AS_PLANNED}:
        return lambda provider, visit: _can_be_missed(provider, visit, mischief)
    if mischief in (Mischief.SECOND_NEVER_CAME, Mischief.SECOND_LEFT_EARLY):
        return lambda _, visit: len(visit.carers) == 2
    return lambda provider, visit: _can_go_otherwise(provider, visit, mischief)


def _can_go_otherwise(provider: Provider, visit: PlannedVisit, mischief: Mischief) -> bool:
    first, last = _BEGINS_BETWEEN.get(mischief, ("00:00", "12:00"))
    if len(visit.carers) != 1 or visit.minutes < 30 or not first <= _begins(visit) <= last:
        return False
    client = provider.client(visit.client)
    if mischief is Mischief.WRONG_CLIENT:
        return client.nfc_tag is not None or client.qr_card is not None
    return mischief is not Mischief.OVERRUN or visit.minutes == 30


def _can_be_missed(provider: Provider, visit: PlannedVisit, mischief: Mischief) -> bool:
    following = next((v for v in provider.visits if v.client == visit.client and v.start > visit.start), None)
    early = len(visit.carers) == 1 and _begins_by(visit, "09:30")
    if following is not None and (following.cancelled is not None or len(following.carers) != 1):
        return False
    if mischief is Mischief.MISSED_WELFARE:
        return early and not vulnerable(provider, visit)
    if mischief in PLANNED_AGAIN:
        return early and not vulnerable(provider, visit) and following is None and _begins_by(visit, "08:45")
    if mischief is Mischief.MADE_GOOD_TOO_LATE:
        return early and following is not None
    if mischief in (Mischief.MADE_GOOD, Mischief.MISSED_SILENT):
        return early and vulnerable(provider, visit)
    return early


def _begins_by(visit: PlannedVisit, clock: str) -> bool:
    return _begins(visit) <= clock


def _begins(visit: PlannedVisit) -> str:
    return visit.start.astimezone(LONDON).strftime("%H:%M")
