"""What really happened that morning: who was in whose home from when to when, and what each of them tapped."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from simulators.casting import unplanned_client
from simulators.habits import habits_of
from simulators.happenings import (
    NOBODY_CAME,
    PLANNED_AGAIN,
    Amend,
    Close,
    Fact,
    Habits,
    Mischief,
    OfficeAct,
    OfficeAlert,
    PhoneAlert,
    PlanAgain,
    Stay,
    Tap,
    Withdraw,
)
from simulators.ids import Id, alert_id, amendment_id, check_in_id, fact_id, refuse_shared
from simulators.roster import PlannedVisit, local
from simulators.staging import planned_again, staged
from simulators.stays import floating, relief, rounds
from simulators.tapping import taps_of
from simulators.world import Provider, World

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

    def plans(self, visit: PlannedVisit) -> tuple[PlannedVisit, ...]:
        """A visit as first planned, and as it was planned again."""
        again = (act.plan for act in self.office if isinstance(act, PlanAgain) and act.plan.visit == visit.visit)
        return (visit, *again)

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
            elif isinstance(act, Amend):
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
    """The one morning that a world leads to; it follows from the world's seed.

    The truth's own world has in its rosters what the cast of the morning needs besides the rounds.
    """
    played, casts = staged(world)
    return Truth(
        played,
        tuple(
            _morning(played, index, as_known, struck)
            for index, (as_known, struck) in enumerate(zip(world.providers, casts, strict=True))
        ),
    )


def _morning(world: World, index: int, as_known: Provider, struck: dict[str, Mischief]) -> ProviderTruth:
    """One provider's morning; `as_known` is the provider with its rounds as its carers know them."""
    provider = world.providers[index]
    habits = habits_of(world, index)
    extra = unplanned_client(world.day, as_known, struck) if index != 1 else None
    walked = [*rounds(world.seed, as_known, struck), *relief(world, provider, struck, extra)]
    stays = [*walked, *floating(world, provider, struck, walked)]
    taps = [
        tap
        for stay in stays
        for tap in taps_of(world.seed, world.day, provider, stays, stay, _mischief(struck, stay), habits[stay.carer])
    ]
    return ProviderTruth(
        provider=provider,
        mischief=struck,
        habits=habits,
        stays=tuple(sorted(stays, key=lambda stay: (stay.arrived, stay.carer))),
        taps=tuple(sorted(taps, key=lambda tap: (tap.at, tap.key))),
        phone_alerts=tuple(_phone_alerts(walked, struck)),
        office=tuple(_office(world, provider, stays, struck)),
    )


def _mischief(struck: dict[str, Mischief], stay: Stay) -> Mischief:
    mischief = struck.get(stay.visit, Mischief.NONE) if stay.visit else Mischief.NONE
    return Mischief.NONE if mischief in NOBODY_CAME else mischief


def _phone_alerts(stays: Iterable[Stay], struck: dict[str, Mischief]) -> list[PhoneAlert]:
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


def _office(world: World, provider: Provider, stays: Iterable[Stay], struck: dict[str, Mischief]) -> list[OfficeAct]:
    acts: list[OfficeAct] = []
    planned = {visit.visit: visit for visit in provider.visits}
    for visit, mischief in struck.items():
        after = planned[visit].start
        if mischief in PLANNED_AGAIN:
            plan = planned_again(world, provider, planned[visit])
            reason = "Spoken to; to be visited later (synthetic)"
            acts.append(Close(f"{visit}/close", after + timedelta(minutes=85), visit, reason))
            acts.append(PlanAgain(f"{visit}/again", after + timedelta(minutes=95), plan))
        if mischief in PLANNED_AGAIN | {Mischief.MISSED_WELFARE, Mischief.UNSEEN}:
            memo = "Telephoned: safe and well (synthetic)"
            acts.append(Fact(f"{visit}/welfare", after + timedelta(minutes=70), visit, "welfare_contact", memo, None))
        elif mischief is Mischief.MISSED_HARM:
            memo = "Morning medicines not given, unwell (synthetic)"
            acts.append(Fact(f"{visit}/harm", after + timedelta(minutes=100), visit, "harm", memo, None))
        elif mischief is Mischief.MISSED_ONE_CAUSE:
            memo = "The carer's car broke down (synthetic)"
            acts.append(Fact(f"{visit}/cause", after + timedelta(minutes=75), visit, "cause", memo, CAUSE))
    for stay in stays:
        acts.extend(_after_stay(world, planned, stay, struck.get(stay.visit) if stay.visit else None))
    return sorted(acts, key=lambda act: (act.at, act.key))


def _after_stay(
    world: World, planned: Mapping[str, PlannedVisit], stay: Stay, mischief: Mischief | None
) -> list[OfficeAct]:
    if stay.visit is None or mischief is None:
        return []
    visit, at = stay.visit, local(world.day, "13:30")
    if mischief is Mischief.SAFEGUARDING_CONCERN:
        memo = "The carer saw bruises that nobody could explain (synthetic)"
        kind = "safeguarding_concern"
        return [OfficeAlert(f"{visit}/alert", stay.left + timedelta(hours=1), kind, stay.client, visit, memo)]
    typed = _typed(planned[visit], stay, mischief)
    if typed is None:
        return []
    in_at, out_at, reason, memo = typed
    amend = Amend(f"{visit}/amend", at, visit, stay.carer, in_at, out_at, reason, memo)
    if mischief is not Mischief.TYPED_FOR_ANOTHER:
        return [amend]
    taken_back = Withdraw(f"{visit}/withdraw", at, visit, amend.key, "Meant for another visit (synthetic)")
    return [replace(amend, at=at - timedelta(minutes=40)), taken_back]


def _typed(
    plan: PlannedVisit, stay: Stay, mischief: Mischief
) -> tuple[datetime | None, datetime | None, str, str] | None:
    """What the office types after a stay: arrival, departure, reason and memo."""
    arrived, left = stay.arrived.replace(second=0), stay.left.replace(second=0)
    said = {
        Mischief.NO_OUT_AMENDED: (None, left, "NO_OUT", "The carer forgot to tap out"),
        Mischief.PHONE_BROKEN: (arrived, left, "DEVICE_FAULT", "The phone's battery was flat"),
        Mischief.TYPED_AS_PLANNED: (plan.start, plan.end, "NO_CALLS", "The carer has told her times"),
        Mischief.TYPED_AGAINST_TAP: (
            None,
            left + timedelta(minutes=7),
            "EXTENDED_NEED",
            "The carer says that she stayed longer",
        ),
        Mischief.TYPED_FOR_ANOTHER: (None, left + timedelta(minutes=20), "NO_OUT", "Left twenty minutes later"),
    }
    if mischief not in said:
        return None
    in_at, out_at, reason, memo = said[mischief]
    return in_at, out_at, reason, f"{memo} (synthetic)"
