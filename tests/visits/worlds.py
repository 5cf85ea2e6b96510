"""Random worlds: one client's history of three to six days, made from a seed, with all that goes wrong in home care.

`python -m tests.visits.worlds --worlds 20000` sets the two versions of the fold against each other on that many.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import msgspec

from ecm.care.imports.roster import OUTCOMES
from ecm.visits.model import Amendment, CheckIn, Direction, PlannedVisit
from ecm.words.civil_time import LONDON

CLIENT = "C-0001"
CARERS = ("W-001", "W-002", "W-003", "W-004")
FIRST_DAYS = (date(2026, 11, 18), date(2026, 3, 27), date(2026, 10, 23), date(2026, 7, 1))
LENGTHS = (5, 15, 15, 30, 30, 30, 30, 45, 60, 60, 90, 180, 540, 720, 1440)
CANCELLED = tuple(sorted({*OUTCOMES, "planned_in_error", "no_reply", "client_refused", "hospital"}))
DOUBTS = ("outside_fence", "late_upload", "coarse_fix", "unknown_carer", "carer_not_device_owner", "clock_skew")
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class World:
    """All that is known of one client."""

    planned: tuple[PlannedVisit, ...]
    check_ins: tuple[CheckIn, ...]
    amendments: tuple[Amendment, ...]


@dataclass
class Making:
    """A world while it is made. `step` is the grid of its times in seconds: coarse ones meet the limits' edges."""

    chance: random.Random
    first: datetime
    days: int
    step: int
    planned: list[PlannedVisit] = field(default_factory=list)
    check_ins: list[CheckIn] = field(default_factory=list)
    amendments: list[Amendment] = field(default_factory=list)
    sequences: defaultdict[UUID, int] = field(default_factory=lambda: defaultdict(int))

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def about(self, when: datetime, minutes: int) -> datetime:
        """A time of the grid no more than so many minutes away."""
        moved = when + timedelta(seconds=self.chance.randint(-minutes * 60, minutes * 60))
        return datetime.fromtimestamp(round(moved.timestamp() / self.step) * self.step, UTC)

    def plan(self, start: datetime) -> PlannedVisit:
        chance = self.chance
        carers = tuple(chance.sample(CARERS, chance.choices((0, 1, 2, 3), (1, 9, 3, 1))[0]))
        made = PlannedVisit(
            visit=f"V-{len(self.planned) + 1}",
            client=CLIENT,
            commission=None,
            start=start,
            minutes=chance.choice(LENGTHS),
            carers=carers,
            carers_needed=max(1, len(carers) + chance.choice((0, 0, 0, 0, 0, 1, -1))),
            cancelled=chance.choice(CANCELLED) if self.often(0.12) else None,
        )
        self.planned.append(made)
        return made

    def hint(self, plan: PlannedVisit | None) -> str | None:
        kind = self.chance.choices(("none", "right", "wrong", "unknown"), (6, 4, 1, 0.3))[0]
        if kind == "right" and plan is not None:
            return plan.visit
        if kind == "wrong" and self.planned:
            return self.chance.choice(self.planned).visit
        return "V-unknown" if kind == "unknown" else None

    def tap(self, carer: str, direction: Direction, when: datetime, plan: PlannedVisit | None) -> None:
        number = len(self.check_ins) + 1
        phone = CARERS.index(carer) + (10 if self.often(0.06) else 0)
        self.check_ins.append(
            CheckIn(
                device_id=UUID(int=0xD000 + phone),
                check_in_id=UUID(int=self.chance.getrandbits(32) << 16 | number),
                carer=carer,
                client=CLIENT,
                direction=direction,
                occurred_at=when,
                grade="declared" if self.often(0.08) else "located",
                doubts=tuple(sorted(doubt for doubt in DOUBTS if self.often(0.03))),
                visit_hint=self.hint(plan),
            )
        )


# ------------------------------------------------------------------ what carers do

Doing = Callable[[Making, PlannedVisit, str, datetime, datetime], None]


def ordinary(world: Making, plan: PlannedVisit, carer: str, came: datetime, went: datetime) -> None:
    world.tap(carer, "in", came, plan)
    world.tap(carer, "out", went, plan)


def repeated(world: Making, plan: PlannedVisit, carer: str, came: datetime, went: datetime) -> None:
    taps: tuple[tuple[Direction, datetime], ...] = (("in", came), ("out", went))
    for direction, when in taps:
        for _ in range(world.chance.randint(1, 3)):
            world.tap(carer, direction, world.about(when, 6), plan)


def forgot_in(world: Making, plan: PlannedVisit, carer: str, came: datetime, went: datetime) -> None:
    world.tap(carer, "out", went, plan)


def forgot_out(world: Making, plan: PlannedVisit, carer: str, came: datetime, went: datetime) -> None:
    world.tap(carer, "in", came, plan)


def forgot_both(world: Making, plan: PlannedVisit, carer: str, came: datetime, went: datetime) -> None:
    """Nothing is known of this carer."""


def back_again(world: Making, plan: PlannedVisit, carer: str, came: datetime, went: datetime) -> None:
    """Out by mistake and in again, once or more, with pauses about the limit too."""
    middle = came + (went - came) * world.chance.random()
    world.tap(carer, "in", came, plan)
    world.tap(carer, "out", world.about(middle, 1), plan)
    again = world.about(middle + world.chance.choice((1, 5, 20, 30, 40)) * MINUTE, 2)
    world.tap(carer, "in", again, plan)
    if world.often(0.8):
        world.tap(carer, "out", max(again, went) + world.chance.choice((0, 5)) * MINUTE, plan)


def handed_over(world: Making, plan: PlannedVisit, carer: str, came: datetime, went: datetime) -> None:
    """Another carer takes over, about the limit of the overlap."""
    middle = world.about(came + (went - came) / 2, 2)
    other = world.chance.choice(CARERS)
    world.tap(carer, "in", came, plan)
    world.tap(carer, "out", middle, plan)
    world.tap(other, "in", middle - world.chance.choice((-20, 0, 5, 10, 12)) * MINUTE, plan)
    world.tap(other, "out", went, plan)


def looked_on(world: Making, plan: PlannedVisit, carer: str, came: datetime, went: datetime) -> None:
    ordinary(world, plan, carer, came, went)
    ordinary(world, plan, world.chance.choice(CARERS), world.about(came, 10), world.about(went, 10))


def hours_late(world: Making, plan: PlannedVisit, carer: str, came: datetime, went: datetime) -> None:
    by = world.chance.choice((-150, -120, 60, 119, 120, 150, 240, 300)) * MINUTE
    ordinary(world, plan, carer, came + by, went + by)


def stayed_on(world: Making, plan: PlannedVisit, carer: str, came: datetime, went: datetime) -> None:
    """Long past the end: over the next call, over the longest stay, into the next day."""
    ordinary(world, plan, carer, came, went + world.chance.choice((30, 60, 200, 240, 300, 700, 1440)) * MINUTE)


DOINGS: tuple[tuple[Doing, float], ...] = (
    (ordinary, 8),
    (repeated, 2),
    (forgot_in, 2),
    (forgot_out, 2),
    (forgot_both, 3),
    (back_again, 3),
    (handed_over, 2),
    (looked_on, 1),
    (hours_late, 2),
    (stayed_on, 2),
)


# ------------------------------------------------------------------ worlds


def build(seed: int) -> World:
    """The world of this seed."""
    chance = random.Random(seed)
    midnight = datetime.combine(chance.choice(FIRST_DAYS), time(), LONDON).astimezone(UTC)
    world = Making(chance, midnight, chance.randint(3, 6), chance.choice((1, 60, 300, 300, 900)))
    plan_days(world)
    for plan in list(world.planned):
        attend(world, plan)
    for _ in range(chance.choice((0, 2, 6))):
        when = world.about(midnight + world.days * timedelta(days=1) * chance.random(), 0)
        world.tap(chance.choice(CARERS), chance.choice(("in", "out")), when, None)
    number_taps(world)
    if world.often(0.3):
        plan_again(world)
    if world.often(0.6):
        amend(world)
    return World(tuple(world.planned), tuple(world.check_ins), tuple(world.amendments))


def plan_days(world: Making) -> None:
    """Calls spread over the days, in bunches, or one after the other without a gap."""
    manner = world.chance.choice(("spread", "spread", "bunches", "back to back"))
    for day in range(world.days):
        start = world.first + timedelta(days=day, minutes=world.chance.randrange(0, 1440, 15))
        for _ in range(world.chance.choice((0, 1, 2, 3, 4))):
            plan = world.plan(world.about(start, 0))
            if manner == "spread":
                start = world.first + timedelta(days=day, minutes=world.chance.randrange(0, 1440, 5))
            elif manner == "bunches":
                start += world.chance.choice((-60, -15, 0, 5, 30, 60, 90, 120)) * MINUTE
            else:
                start = plan.end


def attend(world: Making, plan: PlannedVisit) -> None:
    """Those who are rostered come, or others instead, each in a way of their own."""
    if plan.cancelled is not None and world.often(0.6):
        return
    carers = list(plan.carers) or [world.chance.choice(CARERS)]
    for carer in carers:
        who = world.chance.choice(CARERS) if world.often(0.12) else carer
        came = world.about(plan.start, world.chance.choice((2, 10, 35)))
        went = max(came, world.about(plan.end, world.chance.choice((2, 10, 20))))
        (doing,) = world.chance.choices([doing for doing, _ in DOINGS], [weight for _, weight in DOINGS])
        doing(world, plan, who, came, went)


def number_taps(world: Making) -> None:
    """Give each phone's check-ins their sequence in the order of time; but some clocks were moved in between."""
    old_phones = world.often(0.1)
    wrong_clocks = world.often(0.35)
    taps = sorted(world.check_ins, key=lambda tap: (tap.occurred_at, tap.check_in_id))
    world.check_ins.clear()
    for tap in taps:
        world.sequences[tap.device_id] += 1
        off = world.chance.choice((-130, -60, -20, -6, -1, 1, 6, 20, 60)) if wrong_clocks and world.often(0.15) else 0
        world.check_ins.append(
            msgspec.structs.replace(
                tap,
                sequence=0 if old_phones else world.sequences[tap.device_id],
                occurred_at=tap.occurred_at + off * MINUTE,
            )
        )


def plan_again(world: Making) -> None:
    """Move visits after the event: their code stays, the time is another."""
    for place, plan in enumerate(world.planned):
        if world.often(0.25):
            moved = plan.start + world.chance.choice((-1440, -180, -60, 30, 60, 120, 240, 1440)) * MINUTE
            world.planned[place] = msgspec.structs.replace(plan, start=moved)


def amend(world: Making) -> None:
    """Times typed in by the office, for carers who came or did not, at visits planned or not."""
    chance = world.chance
    for number in range(1, chance.randint(2, 6)):
        plan = chance.choice(world.planned) if world.planned else None
        tap = chance.choice(world.check_ins) if world.check_ins else None
        if tap is not None and (plan is None or world.often(0.3)):
            visit, about, minutes = f"unplanned:{tap.check_in_id}", tap.occurred_at, 30
            carers: tuple[str, ...] = (tap.carer,)
        elif plan is not None:
            visit, about, minutes, carers = plan.visit, plan.start, plan.minutes, plan.carers
        else:
            return
        exactly = world.often(0.3)
        begin = about if exactly else world.about(about, 25)
        end = about + minutes * MINUTE if exactly else max(begin + MINUTE, world.about(about + minutes * MINUTE, 25))
        which = chance.choice(("both", "both", "in", "out"))
        world.amendments.append(
            Amendment(
                amendment_id=UUID(int=chance.getrandbits(64)),
                visit=visit,
                carer=chance.choice(carers) if carers and world.often(0.8) else chance.choice(CARERS),
                in_at=begin if which != "out" else None,
                out_at=end if which != "in" else None,
                made_at=world.first + timedelta(days=10, minutes=chance.choice((number, 0))),
                made_by="coordinator",
                reason="NO_OUT",
                memo=None,
            )
        )


if __name__ == "__main__":
    from tests.visits.two_versions import compare_many

    compare_many()
