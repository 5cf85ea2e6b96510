"""What the council bought and what the provider planned: rounds of breakfast calls, then rounds of lunch calls."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
_STEP = timedelta(minutes=5)
_LAST_LUNCH = "12:15"
_TRAVEL = (timedelta(minutes=10), timedelta(minutes=15))


@dataclass(frozen=True, slots=True)
class Commission:
    """One call a day that the council bought; `start_time` is local civil time `HH:MM`.

    It is bought from `first_day` on, on the days marked in `days`, Monday first.
    """

    code: str
    client: str
    contract: str
    start_time: str
    minutes: int
    carers: int
    time_critical: bool
    short_visit_agreed: bool
    first_day: date
    days: str


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """One call the provider planned; `cancelled` is the outcome code, or None when it stands."""

    visit: str
    client: str
    commission: str
    start: datetime
    minutes: int
    carers: tuple[str, ...]
    cancelled: str | None

    @property
    def end(self) -> datetime:
        """The planned end, aware UTC."""
        return self.start + timedelta(minutes=self.minutes)


@dataclass(frozen=True, slots=True)
class CarePlan:
    """The commissions and the roster of one provider."""

    commissions: tuple[Commission, ...]
    visits: tuple[PlannedVisit, ...]


@dataclass(slots=True)
class _Team:
    carers: tuple[str, ...]
    free_from: datetime


@dataclass(frozen=True, slots=True)
class _Need:
    client: str
    carers: int
    contract: str
    breakfast: int
    lunch: int | None
    time_critical: bool


def local(day: date, clock: str) -> datetime:
    """The aware UTC instant of a local `HH:MM` on a day."""
    return datetime.fromisoformat(f"{day.isoformat()}T{clock}").replace(tzinfo=LONDON).astimezone(UTC)


def plan_morning(rng: random.Random, clients: list[str], carers: list[str], day: date) -> CarePlan:
    """Share the clients' calls among pairs (double-handed calls) and single carers, each team free in turn."""
    needs = [_need(rng, client) for client in clients]
    double_handed = sum(need.carers == 2 for need in needs)
    pairs = min(max(1, -(-double_handed // 4)), len(carers) // 3)
    teams = [(carers[2 * n], carers[2 * n + 1]) for n in range(pairs)]
    singles = [(carer,) for carer in carers[2 * pairs :]]
    visits: list[tuple[Commission, PlannedVisit]] = []
    for members, hands in ((teams, 2), (singles, 1)):
        round_of = [_Team(member, local(day, "06:30") + _STEP * rng.randint(0, 6)) for member in members]
        served = [need for need in needs if need.carers == hands]
        visits += [_visit(rng, need, _next_free(round_of), "1", day) for need in served]
        for team in round_of:
            team.free_from = max(team.free_from, local(day, "11:30"))
        visits += [
            _visit(rng, need, _next_free(round_of), "2", day)
            for need in served
            if need.lunch and _next_free(round_of).free_from <= local(day, _LAST_LUNCH)
        ]
    visits.sort(key=lambda bought: (bought[1].start, bought[1].visit))
    return CarePlan(tuple(bought for bought, _ in visits), tuple(planned for _, planned in visits))


def _next_free(teams: list[_Team]) -> _Team:
    return min(teams, key=lambda team: (team.free_from, team.carers))


def _need(rng: random.Random, client: str) -> _Need:
    return _Need(
        client=client,
        carers=2 if rng.random() < 0.16 else 1,
        contract=rng.choice("AB"),
        breakfast=rng.choice((15, 30, 30, 30, 45, 45, 60)),
        lunch=rng.choice((30, 30, 45)) if rng.random() < 0.5 else None,
        time_critical=rng.random() < 0.2,
    )


def _visit(
    rng: random.Random, need: _Need, team: _Team, turn: Literal["1", "2"], day: date
) -> tuple[Commission, PlannedVisit]:
    minutes = need.lunch if turn == "2" and need.lunch is not None else need.breakfast
    start = team.free_from
    team.free_from = start + timedelta(minutes=minutes) + rng.choice(_TRAVEL)
    number = need.client[2:]
    bought = Commission(
        code=f"K-{number}-{turn}",
        client=need.client,
        contract=need.contract,
        start_time=start.astimezone(LONDON).strftime("%H:%M"),
        minutes=minutes,
        carers=need.carers,
        time_critical=need.time_critical,
        short_visit_agreed=minutes < 30,
        first_day=day,
        days="MTWTFSS",
    )
    planned = PlannedVisit(
        visit=f"V-{day:%Y%m%d}-{number}-{turn}",
        client=need.client,
        commission=bought.code,
        start=start,
        minutes=minutes,
        carers=team.carers,
        cancelled="hospital" if turn == "2" and rng.random() < 0.05 else None,
    )
    return bought, planned
