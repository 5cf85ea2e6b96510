"""What really happened that morning: who was in whose home from when to when, and what each of them tapped."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulators.casting import MADE_GOOD_AFTER, cast, later_visit, unplanned_client
from simulators.evidence import evidence_for
from simulators.habits import habits_of
from simulators.happenings import (
    NOBODY_CAME,
    Amend,
    Direction,
    Fact,
    Habits,
    Mischief,
    OfficeAct,
    OfficeAlert,
    PhoneAlert,
    Stay,
    Tap,
)
from simulators.ids import Id, alert_id, amendment_id, check_in_id, fact_id, refuse_shared
from simulators.roster import PlannedVisit, local
from simulators.seeds import chance
from simulators.world import Provider, World

_TRAVEL = timedelta(minutes=4)
_NO_TAPS = frozenset({Mischief.UNSEEN, Mischief.PHONE_BROKEN})
_NO_OUT = frozenset({Mischief.NO_OUT, Mischief.NO_OUT_AMENDED})
CAUSE = "vehicle_breakdown"


@dataclass(frozen=True, slots=True)
class ProviderTruth:
    """One provider's true morning."""

    provider: Provider
    mischief: dict[str, Mischief]
    habits: dict[str, Habits]
    stays: tuple[Stay, ...]
    taps: tuple[Tap, ...]
    phone_alerts: tuple[PhoneAlert, ...]
    office: tuple[OfficeAct, ...]

    def struck(self, visit: str | None) -> Mischief:
        """What goes otherwise than planned at a visit."""
        return self.mischief.get(visit, Mischief.NONE) if visit else Mischief.NONE

    def ids(self, seed: int) -> Iterator[Id]:
        """The id of everything that is posted during the morning, and the key of everything in the phones' journal."""
        for tap in self.taps:
            whose = f"the tap {tap.direction} of carer {tap.carer} at {tap.at}"
            yield Id("check-in", check_in_id(seed, self.habits[tap.carer].shown(tap.at), tap.key), whose)
        for alert in self.phone_alerts:
            yield Id("alert", alert_id(seed, alert.key), f"an alert of carer {alert.carer} at {alert.at}")
        for act in self.office:
            whose = f"an act of the office of {self.provider.name} at {act.at}"
            if isinstance(act, OfficeAlert):
                yield Id("alert", alert_id(seed, act.key), whose)
            elif isinstance(act, Fact):
                yield Id("fact", fact_id(seed, act.key), whose)
            else:
                yield Id("amendment", amendment_id(seed, act.key), whose)
        entries: list[Tap | PhoneAlert] = [*self.taps, *self.phone_alerts]
        for entry in entries:
            yield Id("journal key", entry.key, f"what carer {entry.carer} signed at {entry.at}")


@dataclass(frozen=True, slots=True)
class Truth:
    """The true morning of the whole council; ImpossibleWorld when two things that happen in it share an id."""

    world: World
    providers: tuple[ProviderTruth, ...]

    def __post_init__(self) -> None:
        refuse_shared(each for told in self.providers for each in told.ids(self.world.seed))


def build_truth(world: World) -> Truth:
    """The one morning that a world leads to; it follows from the world's seed."""
    return Truth(world, tuple(_morning(world, index) for index in range(len(world.providers))))


def _morning(world: World, index: int) -> ProviderTruth:
    provider = world.providers[index]
    struck = cast(world, index)
    habits = habits_of(world, index)
    extra = unplanned_client(world, index, struck) if index != 1 else None
    stays = (*_rounds(world.seed, provider, struck), *_relief(world, provider, struck, extra))
    taps = tuple(
        tap for stay in stays for tap in _taps(world.seed, provider, stay, _mischief(struck, stay), habits[stay.carer])
    )
    return ProviderTruth(
        provider=provider,
        mischief=struck,
        habits=habits,
        stays=tuple(sorted(stays, key=lambda stay: (stay.arrived, stay.carer))),
        taps=tuple(sorted(taps, key=lambda tap: (tap.at, tap.key))),
        phone_alerts=tuple(_phone_alerts(stays, struck)),
        office=tuple(_office(world, provider, stays, struck)),
    )


def _mischief(struck: dict[str, Mischief], stay: Stay) -> Mischief:
    mischief = struck.get(stay.visit, Mischief.NONE) if stay.visit else Mischief.NONE
    return Mischief.NONE if mischief in NOBODY_CAME else mischief


def _rounds(seed: int, provider: Provider, struck: dict[str, Mischief]) -> list[Stay]:
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
    stays = [Stay(present[0], visit.client, visit.visit, arrived, left)]
    for carer in present[1:]:
        came = arrived + timedelta(seconds=rng.randint(20, 150))
        went = left - timedelta(seconds=rng.randint(5, 60))
        if mischief is Mischief.SECOND_LEFT_EARLY:
            went = came + (left - came) * 6 // 10
            went -= timedelta(microseconds=went.microsecond)
        stays.append(Stay(carer, visit.client, visit.visit, came, went))
    return stays


def _length(rng: random.Random, visit: PlannedVisit, mischief: Mischief) -> int:
    planned = visit.minutes * 60
    if mischief is Mischief.SHORT:
        return round(planned * rng.uniform(0.3, 0.45))
    if mischief is Mischief.OVERRUN:
        return planned + 11 * 60 + rng.randint(0, 50)
    if mischief is Mischief.NO_REPLY:
        return 600 + rng.randint(0, 50)
    return planned + rng.randint(-150, 240)


def _relief(world: World, provider: Provider, struck: dict[str, Mischief], extra: str | None) -> list[Stay]:
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


def _taps(seed: int, provider: Provider, stay: Stay, mischief: Mischief, habits: Habits) -> list[Tap]:
    if mischief in _NO_TAPS:
        return []
    name = stay.visit or f"extra-{stay.client}"
    rng = chance(seed, "taps", name, stay.carer)
    moments: list[tuple[str, Direction, datetime]] = [("in", "in", stay.arrived)]
    if mischief is Mischief.DOUBLE_TAP:
        moments.append(("in-again", "in", stay.arrived + timedelta(seconds=90)))
    if mischief not in _NO_OUT:
        moments.append(("out", "out", stay.left))
    hint = None if mischief is Mischief.NONE and rng.random() < 0.15 and _own(provider, stay) else stay.visit
    client = provider.client(stay.client)
    taps = []
    for label, direction, at in moments:
        shown = evidence_for(rng, client, mischief, habits.basis)
        taps.append(
            Tap(
                key=f"{name}/{stay.carer}/{label}",
                carer=stay.carer,
                client=stay.client,
                visit=hint,
                direction=direction,
                at=at,
                fix=shown.fix,
                tag=shown.tag,
                manual=shown.manual,
                grade=shown.grade,
            )
        )
    return taps


def _own(provider: Provider, stay: Stay) -> bool:
    return stay.carer != provider.relief.code


def _phone_alerts(stays: tuple[Stay, ...], struck: dict[str, Mischief]) -> list[PhoneAlert]:
    reported = {
        Mischief.FALL_WITH_INJURY: "Fell in the kitchen, cut to the head, 999 called (synthetic)",
        Mischief.FALL_NO_INJURY: "Slid from the chair, helped up, no injury (synthetic)",
        Mischief.NO_REPLY: "Rang and knocked for ten minutes (synthetic)",
    }
    return [
        PhoneAlert(
            f"{stay.visit}/alert",
            stay.arrived + timedelta(minutes=5),
            stay.carer,
            struck[stay.visit].value,
            stay.client,
            stay.visit,
            reported[struck[stay.visit]],
        )
        for stay in stays
        if stay.visit is not None and struck.get(stay.visit) in reported
    ]


def _office(world: World, provider: Provider, stays: tuple[Stay, ...], struck: dict[str, Mischief]) -> list[OfficeAct]:
    acts: list[OfficeAct] = []
    starts = {visit.visit: visit.start for visit in provider.visits}
    for visit, mischief in struck.items():
        after = starts[visit]
        if mischief in (Mischief.MISSED_WELFARE, Mischief.UNSEEN):
            memo = "Telephoned: safe and well (synthetic)"
            acts.append(Fact(f"{visit}/welfare", after + timedelta(minutes=70), visit, "welfare_contact", memo, None))
        elif mischief is Mischief.MISSED_HARM:
            memo = "Morning medicines not given, unwell (synthetic)"
            acts.append(Fact(f"{visit}/harm", after + timedelta(minutes=100), visit, "harm", memo, None))
        elif mischief is Mischief.MISSED_ONE_CAUSE:
            memo = "The carer's car broke down (synthetic)"
            acts.append(Fact(f"{visit}/cause", after + timedelta(minutes=75), visit, "cause", memo, CAUSE))
    for stay in stays:
        acts.extend(_after_stay(world, stay, struck.get(stay.visit) if stay.visit else None))
    return sorted(acts, key=lambda act: (act.at, act.key))


def _after_stay(world: World, stay: Stay, mischief: Mischief | None) -> list[OfficeAct]:
    at = local(world.day, "13:30")
    visit = stay.visit or ""
    left = stay.left.replace(second=0)
    if mischief is Mischief.NO_OUT_AMENDED:
        memo = "The carer forgot to tap out (synthetic)"
        return [Amend(f"{visit}/amend", at, visit, stay.carer, None, left, "NO_OUT", memo)]
    if mischief is Mischief.PHONE_BROKEN:
        arrived = stay.arrived.replace(second=0)
        memo = "The phone's battery was flat (synthetic)"
        return [Amend(f"{visit}/amend", at, visit, stay.carer, arrived, left, "DEVICE_FAULT", memo)]
    if mischief is Mischief.SAFEGUARDING_CONCERN:
        memo = "The carer saw bruises that nobody could explain (synthetic)"
        kind = "safeguarding_concern"
        return [OfficeAlert(f"{visit}/alert", stay.left + timedelta(hours=1), kind, stay.client, visit, memo)]
    return []
