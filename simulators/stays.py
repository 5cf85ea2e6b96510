"""Who truly was in whose home from when to when: the rounds, and the two carers who have none."""

import random
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from simulators.casting import MADE_GOOD_AFTER, later_visit
from simulators.happenings import NIGHTS, NOBODY_CAME, Mischief, Stay
from simulators.roster import PlannedVisit, local
from simulators.seeds import chance
from simulators.staging import planned_again
from simulators.world import Provider, World

_TRAVEL = timedelta(minutes=4)
_HANDING_OVER = timedelta(minutes=2)
_Struck = Mapping[str, Mischief]


def rounds(seed: int, provider: Provider, struck: _Struck) -> list[Stay]:
    """The stays of all who have a round; `provider` is as the carers know it, whatever the roster says."""
    free: dict[str, datetime] = {}
    stays: list[Stay] = []
    for visit in provider.visits:
        mischief = struck.get(visit.visit, Mischief.NONE)
        if visit.cancelled is not None or mischief in NOBODY_CAME:
            continue
        present = visit.carers[:1] if mischief is Mischief.SECOND_NEVER_CAME else visit.carers
        ready = max((free[carer] + _TRAVEL for carer in present if carer in free), default=None)
        for stay in _visit(chance(seed, "stay", visit.visit), visit, present, mischief, ready):
            stays.append(stay)
            free[stay.carer] = stay.left
    return stays


def _visit(
    rng: random.Random,
    visit: PlannedVisit,
    present: tuple[str, ...],
    mischief: Mischief,
    ready: datetime | None,
) -> list[Stay]:
    wanted = visit.start + timedelta(seconds=rng.randint(-300, 480))
    if mischief is Mischief.LATE:
        wanted = visit.start + timedelta(seconds=rng.randint(33 * 60, 48 * 60))
    arrived = max(wanted, ready) if ready else wanted
    left = arrived + timedelta(seconds=_length(rng, visit, mischief))
    if mischief is Mischief.PAUSED:
        return _paused(rng, visit, present[0], arrived, left)
    stays = [Stay(present[0], visit.client, visit.visit, arrived, left)]
    for carer in present[1:]:
        came = arrived + timedelta(seconds=rng.randint(20, 150))
        went = left - timedelta(seconds=rng.randint(5, 60))
        if mischief is Mischief.SECOND_LEFT_EARLY:
            went = _whole_second(came + (left - came) * 6 // 10)
        stays.append(Stay(carer, visit.client, visit.visit, came, went))
    return stays


def _paused(rng: random.Random, visit: PlannedVisit, carer: str, arrived: datetime, left: datetime) -> list[Stay]:
    """Two stays with some minutes at the chemist's between them."""
    went = _whole_second(arrived + (left - arrived) * 4 // 10)
    away = timedelta(seconds=rng.randint(8 * 60, 12 * 60))
    return [
        Stay(carer, visit.client, visit.visit, arrived, went),
        Stay(carer, visit.client, visit.visit, went + away, left + away),
    ]


def _length(rng: random.Random, visit: PlannedVisit, mischief: Mischief) -> int:
    planned = visit.minutes * 60
    if mischief is Mischief.SHORT:
        return round(planned * rng.uniform(0.3, 0.45))
    if mischief is Mischief.OVERRUN:
        return planned + 11 * 60 + rng.randint(0, 50)
    if mischief is Mischief.NO_REPLY:
        return 600 + rng.randint(0, 50)
    if mischief is Mischief.HANDED_OVER:
        return round(planned * rng.uniform(0.5, 0.6))
    return planned + rng.randint(-150, 240)


def _whole_second(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)


def relief(world: World, provider: Provider, struck: _Struck, extra: str | None) -> list[Stay]:
    """The stays of the carer who makes good what was missed, and calls on `extra` without a plan."""
    jobs: list[tuple[datetime, str, str | None, int]] = []
    for visit in provider.visits:
        mischief = struck.get(visit.visit)
        following = later_visit(provider, visit)
        if mischief is Mischief.MADE_GOOD:
            jobs.append((visit.start + MADE_GOOD_AFTER, visit.client, visit.visit, visit.minutes))
        elif mischief is Mischief.MADE_GOOD_TOO_LATE and following is not None:
            jobs.append((following.end + timedelta(minutes=15), visit.client, visit.visit, 25))
    if extra is not None:
        jobs.append((local(world.day, "10:50"), extra, None, 20))
    stays: list[Stay] = []
    for wanted, client, hint, minutes in sorted(jobs, key=lambda job: (job[0], job[1])):
        rng = chance(world.seed, "relief", client)
        arrived = wanted + timedelta(seconds=rng.randint(30, 200))
        if stays:
            arrived = max(arrived, stays[-1].left + _TRAVEL)
        left = arrived + timedelta(seconds=minutes * 60 + rng.randint(10, 100))
        stays.append(Stay(provider.relief.code, client, hint, arrived, left))
    return stays


def floating(world: World, provider: Provider, struck: _Struck, others: Iterable[Stay]) -> list[Stay]:
    """The stays of the carer who is there at night, looks on, takes over, and comes to what was planned again."""
    carer = provider.floating.code
    visits = {visit.visit: visit for visit in provider.visits}
    stays = []
    for stay in others:
        mischief = struck.get(stay.visit) if stay.visit else None
        if mischief is Mischief.LOOKED_ON:
            seen = stay.arrived + timedelta(minutes=1), stay.left - timedelta(minutes=4)
            stays.append(Stay(carer, stay.client, stay.visit, *seen))
        elif mischief is Mischief.HANDED_OVER:
            rest = timedelta(minutes=visits[stay.visit or ""].minutes) * 45 // 100
            stays.append(
                Stay(carer, stay.client, stay.visit, stay.left - _HANDING_OVER, _whole_second(stay.left + rest))
            )
    for code, mischief in struck.items():
        rng = chance(world.seed, "floating", code)
        if mischief in NIGHTS:
            stays.append(_at_night(rng, visits[code], mischief))
        elif mischief is Mischief.PLANNED_AGAIN:
            plan = planned_again(world, provider, visits[code])
            arrived = plan.start + timedelta(seconds=rng.randint(60, 300))
            stays.append(Stay(carer, plan.client, code, arrived, arrived + (plan.end - plan.start)))
    return stays


def _at_night(rng: random.Random, visit: PlannedVisit, mischief: Mischief) -> Stay:
    late = timedelta(minutes=65) if mischief is Mischief.SLEEP_IN else timedelta()
    arrived = visit.start + late + timedelta(seconds=rng.randint(30, 200))
    left = visit.end + timedelta(seconds=rng.randint(10, 200))
    return Stay(visit.carers[0], visit.client, visit.visit, arrived, left)
