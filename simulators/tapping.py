"""What a carer taps at a stay, as the mischief of its visit has it: the moments, and what the phone has to show."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from simulators.evidence import evidence_for, far_away
from simulators.happenings import Direction, Habits, Mischief, Stay, Tap
from simulators.roster import local
from simulators.seeds import chance
from simulators.world import Provider

_NO_TAPS = frozenset({Mischief.UNSEEN, Mischief.PHONE_BROKEN, Mischief.TYPED_AS_PLANNED})
_NO_OUT = frozenset({Mischief.NO_OUT, Mischief.NO_OUT_AMENDED})
_OUT_NEXT_MORNING_AT = "06:10"


@dataclass(frozen=True, slots=True)
class _Moment:
    label: str
    direction: Direction
    at: datetime
    errand: str
    away: bool = False


def taps_of(
    seed: int, day: date, provider: Provider, stays: Sequence[Stay], stay: Stay, mischief: Mischief, habits: Habits
) -> list[Tap]:
    """The taps of one of a provider's stays, in order of time."""
    if mischief in _NO_TAPS:
        return []
    turn = sum((other.errand, other.carer) == (stay.errand, stay.carer) for other in stays if other.left < stay.arrived)
    rng = chance(seed, "taps", stay.errand, stay.carer, *([turn] if turn else []))
    moments = _moments(day, stays, stay, mischief)
    hinted = mischief is not Mischief.NONE or rng.random() >= 0.15 or not _has_round(provider, stay)
    return [
        _tap(rng, provider, stay, moment, mischief, habits, f"{turn + 1}/" if turn else "", hinted)
        for moment in moments
    ]


def _moments(day: date, stays: Iterable[Stay], stay: Stay, mischief: Mischief) -> list[_Moment]:
    arrival = _Moment("in", "in", stay.arrived, stay.errand)
    departure = _Moment("out", "out", stay.left, stay.errand)
    if mischief is Mischief.DOUBLE_TAP:
        return [arrival, _Moment("in-again", "in", stay.arrived + timedelta(seconds=90), stay.errand), departure]
    if mischief is Mischief.MISTAKEN_OUT:
        mistaken = stay.arrived + timedelta(seconds=(stay.left - stay.arrived).seconds * 4 // 10)
        corrected = mistaken + timedelta(seconds=20)
        return [
            arrival,
            _Moment("out-mistaken", "out", mistaken, stay.errand),
            _Moment("in-corrected", "in", corrected, stay.errand),
            departure,
        ]
    if mischief is Mischief.OUT_FROM_NEXT_HOME:
        following = min(other.arrived for other in stays if other.carer == stay.carer and other.arrived > stay.left)
        return [arrival, _Moment("out", "out", following + timedelta(minutes=4), stay.errand, away=True)]
    if mischief is Mischief.OUT_NEXT_MORNING:
        at = local(day, _OUT_NEXT_MORNING_AT)
        return [arrival, _Moment("out", "out", at, f"late-{stay.errand}", away=True)]
    return [arrival] if mischief in _NO_OUT else [arrival, departure]


def _tap(
    rng: random.Random,
    provider: Provider,
    stay: Stay,
    moment: _Moment,
    mischief: Mischief,
    habits: Habits,
    turn: str,
    hinted: bool,
) -> Tap:
    client = provider.client(stay.client)
    away = moment.away
    shown = far_away(rng, client, habits.basis) if away else evidence_for(rng, client, mischief, habits.basis)
    return Tap(
        key=f"{stay.errand}/{stay.carer}/{turn}{moment.label}",
        errand=moment.errand,
        carer=stay.carer,
        client=stay.client,
        said_client=_mistyped(stay.client) if mischief is Mischief.WRONG_CLIENT else stay.client,
        visit=stay.visit if hinted else None,
        direction=moment.direction,
        at=moment.at,
        fix=shown.fix,
        tag=shown.tag,
        manual=shown.manual,
        grade=shown.grade,
        doubts=shown.doubts,
    )


def _mistyped(client: str) -> str:
    """A client's code with a figure left out: nobody has such a code."""
    return client[:3] + client[4:]


def _has_round(provider: Provider, stay: Stay) -> bool:
    return stay.carer not in {provider.relief.code, provider.floating.code}
