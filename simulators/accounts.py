"""Two accounts of each visit: what really happened, and what of it reached the service."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from simulators.casting import later_visit
from simulators.habits import BELIEVED
from simulators.happenings import Amend, Habits, Stay, Tap, Withdraw
from simulators.outcomes import Status, days_bought, paid_minutes, status_of
from simulators.remarks import remarks_on, same_minute
from simulators.roster import LONDON, PlannedVisit
from simulators.slots import KnownStay
from simulators.truth import ProviderTruth

STEP = timedelta(minutes=5)
REPEATED_TAP = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a visit at the end of the morning: its status, stays, paid minutes and exceptions."""

    status: Status
    stays: tuple[KnownStay, ...]
    paid: int
    exceptions: frozenset[str] = frozenset()


def real_account(truth: ProviderTruth, visit: PlannedVisit, now: datetime) -> Account:
    """What really happened at a visit, as planned last."""
    return _account(truth, visit, [real_stay(stay) for stay in truth.stays if stay.visit == visit.visit], now)


def known_account(truth: ProviderTruth, visit: PlannedVisit, now: datetime) -> Account:
    """What the service can know of a visit, as planned last, from check-ins and from what the office typed."""
    stays = _amended(truth, visit, seen_stays(truth, visit.visit))
    return _account(truth, visit, stays, now)


def tapped_account(truth: ProviderTruth, visit: PlannedVisit, now: datetime) -> Account:
    """What the service can know of a visit, as planned last, from check-ins alone."""
    return _account(truth, visit, seen_stays(truth, visit.visit), now)


def _account(truth: ProviderTruth, visit: PlannedVisit, stays: Sequence[KnownStay], now: datetime) -> Account:
    following = later_visit(truth.provider, visit)
    status = status_of(visit, stays, following, now)
    bought = truth.provider.commission(visit.commission)
    days = days_bought(bought, visit.start.astimezone(LONDON).date())
    paid = paid_minutes(visit, bought, stays, status, days)
    return Account(status, tuple(stays), paid, remarks_on(visit, stays, now))


def received_at(habits: Habits, at: datetime) -> datetime:
    """When something done on a phone reaches the service: the first step of the morning with signal."""
    step = at + (-timedelta(hours=at.hour, minutes=at.minute, seconds=at.second)) % STEP
    while not habits.online(step):
        step += STEP
    return step


def seen_at(habits: Habits, at: datetime) -> datetime:
    """What the service takes a true instant for: small clock errors are believed, large ones corrected."""
    return at + habits.drift if abs(habits.drift) < BELIEVED else at


def real_stay(stay: Stay) -> KnownStay:
    """A true stay, all of it known."""
    return KnownStay(stay.carer, stay.arrived, stay.left, None, None)


def seen_stays(truth: ProviderTruth, errand: str) -> tuple[KnownStay, ...]:
    """The stays that the check-ins for an errand tell, in order of time."""
    by_carer: dict[str, list[Tap]] = {}
    for tap in truth.taps:
        if tap.errand == errand:
            by_carer.setdefault(tap.carer, []).append(tap)
    stays = [stay for carer, taps in by_carer.items() for stay in _paired(truth.habits[carer], taps)]
    return tuple(sorted(stays, key=lambda stay: (stay.at, stay.carer)))


def _paired(habits: Habits, taps: Iterable[Tap]) -> list[KnownStay]:
    """An in and the out after it are a stay; an in that soon follows another repeats it."""
    stays: list[KnownStay] = []
    ins: list[Tap] = []
    for tap in taps:
        if tap.direction == "out":
            stays.append(_stay(habits, ins, tap))
            ins = []
        elif ins and tap.at - ins[-1].at > REPEATED_TAP:
            stays.append(_stay(habits, ins, None))
            ins = [tap]
        else:
            ins.append(tap)
    return [*stays, _stay(habits, ins, None)] if ins else stays


def _stay(habits: Habits, ins: Sequence[Tap], out: Tap | None) -> KnownStay:
    taps = [*ins, *([out] if out else [])]
    said = frozenset(doubt for tap in taps for doubt in tap.doubts)
    said |= {"duplicate"} if len(ins) > 1 else set()
    said |= {"clock_skew"} if abs(habits.drift) >= BELIEVED else set()
    return KnownStay(
        carer=taps[0].carer,
        in_at=seen_at(habits, ins[0].at) if ins else None,
        out_at=seen_at(habits, out.at) if out else None,
        in_grade=ins[0].grade if ins else None,
        out_grade=out.grade if out else None,
        remarks=said,
    )


def amendments_of(truth: ProviderTruth, visit: str) -> list[Amend]:
    """What the office typed for a visit and did not take back, in order of time."""
    taken_back = {act.amendment for act in truth.office if isinstance(act, Withdraw)}
    return [act for act in truth.office if isinstance(act, Amend) and act.visit == visit and act.key not in taken_back]


def _amended(truth: ProviderTruth, visit: PlannedVisit, seen: Sequence[KnownStay]) -> list[KnownStay]:
    """Lay what the office typed over what the check-ins tell; nobody types twice, or for a carer who came twice."""
    stays = list(seen)
    for act in amendments_of(truth, visit.visit):
        own = next((stay for stay in stays if stay.carer == act.carer), None)
        if own is None:
            own = KnownStay(act.carer, None, None, None, None)
            stays.append(own)
        stays[stays.index(own)] = _with_amendment(visit, own, act)
    return stays


def _with_amendment(visit: PlannedVisit, stay: KnownStay, act: Amend) -> KnownStay:
    said = set(stay.remarks)
    for typed, tapped in ((act.in_at, stay.in_at), (act.out_at, stay.out_at)):
        if typed is not None and tapped is not None and not same_minute(typed, tapped):
            said.add("amended_against_check_in")
    by_hand = (act.in_at or stay.in_grade == "declared") and (act.out_at or stay.out_grade == "declared")
    amended = replace(stay, in_at=act.in_at or stay.in_at, out_at=act.out_at or stay.out_at)
    if by_hand and same_minute(amended.in_at, visit.start) and same_minute(amended.out_at, visit.end):
        said.add("perfect_times")
    return replace(amended, remarks=frozenset(said))
