"""What the roster holds for the sake of the cast: the one visit of the night before, and a carer planned twice."""

from dataclasses import replace
from datetime import datetime

from simulators.casting import cast, night_of
from simulators.happenings import Mischief
from simulators.roster import Commission, PlannedVisit, local
from simulators.seeds import chance
from simulators.world import Provider, World

_BEGINS = {Mischief.SLEEP_IN: "22:00", Mischief.DAY_AND_NIGHT: "07:00", Mischief.OUT_NEXT_MORNING: "20:00"}
_MINUTES = {Mischief.SLEEP_IN: 9 * 60, Mischief.DAY_AND_NIGHT: 24 * 60, Mischief.OUT_NEXT_MORNING: 30}
_BREAKFAST_AFTER = {Mischief.SLEEP_IN: "08:20", Mischief.DAY_AND_NIGHT: "07:45", Mischief.OUT_NEXT_MORNING: "08:30"}
PLANNED_AGAIN_FOR = "11:00"


def staged(world: World) -> tuple[World, tuple[dict[str, Mischief], ...]]:
    """The world with all that the cast needs in its rosters, and for each provider which visit is struck by what."""
    casts = tuple(cast(world, index) for index in range(len(world.providers)))
    providers = tuple(_staged(world, index, struck) for index, struck in enumerate(casts))
    return replace(world, providers=providers), casts


def planned_again(world: World, provider: Provider, visit: PlannedVisit) -> PlannedVisit:
    """A visit nobody came to, planned once more for later under its code."""
    return replace(visit, start=local(world.day, PLANNED_AGAIN_FOR), carers=(provider.floating.code,))


def _staged(world: World, index: int, struck: dict[str, Mischief]) -> Provider:
    provider = _planned_twice(world.providers[index], struck)
    kind = night_of(index)
    client = _of_the_night(world, index, struck, kind)
    if client is None:
        return provider
    bought, planned = _night(world, provider, kind, client)
    struck[planned.visit] = kind
    return replace(provider, commissions=(*provider.commissions, bought), visits=(planned, *provider.visits))


def _planned_twice(provider: Provider, struck: dict[str, Mischief]) -> Provider:
    """Name a carer at two visits of one time: who was to go to the second one goes all the same."""
    names = {visit.visit: visit.carers for visit in provider.visits}
    twice = next((names[visit] for visit, mischief in struck.items() if mischief is Mischief.DOUBLE_PLANNED), None)
    return replace(
        provider,
        visits=tuple(
            replace(visit, carers=twice) if twice and struck.get(visit.visit) is Mischief.STOOD_IN else visit
            for visit in provider.visits
        ),
    )


def _of_the_night(world: World, index: int, struck: dict[str, Mischief], kind: Mischief) -> str | None:
    """Somebody whose first visit of the morning is late and ordinary."""
    provider = world.providers[index]
    first: dict[str, datetime] = {}
    for visit in provider.visits:
        first.setdefault(visit.client, visit.start)
    taken = {visit.client for visit in provider.visits if visit.visit in struck}
    late = local(world.day, _BREAKFAST_AFTER[kind])
    choices = [client for client, start in first.items() if start >= late and client not in taken]
    return chance(world.seed, "night", index).choice(choices) if choices else None


def _night(world: World, provider: Provider, kind: Mischief, client: str) -> tuple[Commission, PlannedVisit]:
    before, _ = world.days
    number = client[2:]
    bought = Commission(
        code=f"K-{number}-N",
        client=client,
        contract="B",
        start_time=_BEGINS[kind],
        minutes=_MINUTES[kind],
        carers=1,
        time_critical=False,
        short_visit_agreed=False,
        first_day=before,
        days="".join("MTWTFSS"[day] if day == before.weekday() else "-" for day in range(7)),
    )
    planned = PlannedVisit(
        visit=f"V-{before:%Y%m%d}-{number}-N",
        client=client,
        commission=bought.code,
        start=local(before, _BEGINS[kind]),
        minutes=bought.minutes,
        carers=(provider.floating.code,),
        cancelled=None,
    )
    return bought, planned
