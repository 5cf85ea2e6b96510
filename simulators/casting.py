"""Who is struck by which mischief: a fixed cast for each provider, dealt to visits by the seed.

The casts differ so that each rung of the missed-visit ladder shows alone: the first provider misses one visit and
makes the welfare call; the second has misses nobody followed up, one with harm; the third misses two people for
one cause.
"""

import random
from collections.abc import Callable
from datetime import timedelta

from simulators.happenings import NOBODY_CAME, Mischief
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
    (_M.MISSED_WELFARE, _M.MADE_GOOD, _M.FALL_WITH_INJURY, _M.PHONE_BROKEN, *_COMMON),
    (_M.MISSED_SILENT, _M.MADE_GOOD_TOO_LATE, _M.MISSED_HARM, _M.UNSEEN, _M.NO_REPLY, *_COMMON),
    (_M.MISSED_ONE_CAUSE, _M.MISSED_ONE_CAUSE, _M.SAFEGUARDING_CONCERN, _M.FALL_NO_INJURY, *_COMMON),
)

MADE_GOOD_AFTER = timedelta(minutes=75)


def vulnerable(provider: Provider, visit: PlannedVisit) -> bool:
    """Whether a miss here is serious by itself: time-critical call, lives alone, or lacks capacity."""
    client = provider.client(visit.client)
    return provider.commission(visit.commission).time_critical or client.lives_alone or client.lacks_capacity


def later_visit(provider: Provider, visit: PlannedVisit) -> PlannedVisit | None:
    """The same client's next planned visit of the morning."""
    after = [v for v in provider.visits if v.client == visit.client and v.start > visit.start]
    return min(after, key=lambda v: v.start, default=None)


def cast(world: World, index: int) -> dict[str, Mischief]:
    """Which planned visit of a provider is struck by what; visits not named go as planned.

    When the world is too small for the whole cast, the last of it are left out.
    """
    provider = world.providers[index]
    rng = random.Random(f"{world.seed}/cast/{index}")
    struck: dict[str, Mischief] = {}
    clients: set[str] = set()
    for mischief in _CASTS[index]:
        choices = [
            visit
            for visit in provider.visits
            if visit.cancelled is None and visit.client not in clients and _suits(mischief)(provider, visit)
        ]
        if choices:
            chosen = rng.choice(choices)
            struck[chosen.visit] = mischief
            clients.add(chosen.client)
    return struck


def unplanned_client(world: World, index: int, struck: dict[str, Mischief]) -> str | None:
    """Someone whose only visit was early and ordinary, to be called on again by the relief carer."""
    provider = world.providers[index]
    for visit in provider.visits:
        alone = [v for v in provider.visits if v.client == visit.client] == [visit]
        if alone and visit.visit not in struck and visit.end <= local(world.day, "08:15"):
            return visit.client
    return None


def _suits(mischief: Mischief) -> Callable[[Provider, PlannedVisit], bool]:
    if mischief in NOBODY_CAME or mischief is Mischief.UNSEEN or mischief is Mischief.PHONE_BROKEN:
        return lambda provider, visit: _can_be_missed(provider, visit, mischief)
    if mischief in (Mischief.SECOND_NEVER_CAME, Mischief.SECOND_LEFT_EARLY):
        return lambda _, visit: len(visit.carers) == 2
    if mischief is Mischief.OVERRUN:
        return lambda _, visit: len(visit.carers) == 1 and visit.minutes == 30 and _begins_by(visit, "12:00")
    return lambda _, visit: len(visit.carers) == 1 and visit.minutes >= 30 and _begins_by(visit, "12:00")


def _can_be_missed(provider: Provider, visit: PlannedVisit, mischief: Mischief) -> bool:
    following = later_visit(provider, visit)
    early = len(visit.carers) == 1 and _begins_by(visit, "09:30")
    if following is not None and (following.cancelled is not None or len(following.carers) != 1):
        return False
    if mischief is Mischief.MISSED_WELFARE:
        return early and not vulnerable(provider, visit)
    if mischief is Mischief.MADE_GOOD_TOO_LATE:
        return early and following is not None
    if mischief in (Mischief.MADE_GOOD, Mischief.MISSED_SILENT):
        return early and vulnerable(provider, visit)
    return early


def _begins_by(visit: PlannedVisit, clock: str) -> bool:
    return visit.start.astimezone(LONDON).strftime("%H:%M") <= clock
