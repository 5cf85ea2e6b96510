"""The second version's first half: from one client's check-ins to stays, each with its visit. See `second_version`.

Where the page leaves two readings, this is how it is read here:

- "Counts as made then": in the order alone. A check-in that the sequence puts before several others counts as made with
  the earliest of them, by their clock. Stays, repeats and windows go by the clock's own times.
- Repeats chain: each is measured from its neighbour in the order, not from the first. "First" and "last" are so in the
  order.
- (c): "before" and "so far" go by the clock's times; unknown and reversed lengths add nothing to it.
- Making up: that the stays are together too long counts only where the carer has several there.
- "The nearer planned end" takes the place of the nearer planned start in the order of suiting.
- What is taken apart is so after all arrivals have found their visits, and before any departure alone does. Repeats go
  with their direction.
- The cuts of a shared stay keep within it. Every part keeps the repeats too.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from ecm.visits.model import CheckIn, PlannedVisit
from ecm.words.civil_time import london_day

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
IN_ERROR = "planned_in_error"
Key = tuple[object, ...]


@dataclass(eq=False)
class Stay:
    """One carer's stay while it is worked on. `times` are those in force, the check-ins those it came from."""

    carer: str
    arrival: CheckIn | None = None
    departure: CheckIn | None = None
    repeats: list[CheckIn] = field(default_factory=list)
    in_at: datetime | None = None
    out_at: datetime | None = None
    visit: str | None = None
    by_own_time: bool = False
    shares: tuple[str, ...] = ()
    home: str | None = None
    in_typed: str | None = None
    out_typed: str | None = None
    against: list[tuple[str, str]] = field(default_factory=list)
    slot: int | None = None

    @property
    def length(self) -> timedelta | None:
        if self.in_at is None or self.out_at is None or self.out_at < self.in_at:
            return None
        return self.out_at - self.in_at

    @property
    def sign(self) -> datetime:
        known = self.in_at or self.out_at
        assert known is not None
        return known

    @property
    def check_ins(self) -> list[CheckIn]:
        return [one for one in (self.arrival, self.departure, *self.repeats) if one is not None]

    @property
    def place(self) -> Key:
        """Where its check-ins stand among others of the same time; nowhere where all of it was typed."""
        return tuple(by_time(one) for one in (self.arrival, self.departure) if one is not None)

    @property
    def named(self) -> CheckIn:
        """The check-in by which the stay is placed and named: the arrival, or without one the departure."""
        known = self.arrival or self.departure
        assert known is not None
        return known


def longest(minutes: int) -> timedelta:
    return min(max(minutes * MINUTE + 4 * HOUR, 3 * minutes * MINUTE), 25 * HOUR)


def window(plan: PlannedVisit) -> tuple[datetime, datetime]:
    return plan.start - 2 * HOUR, max(plan.start + 2 * HOUR, plan.end)


def within(when: datetime, span: tuple[datetime, datetime]) -> bool:
    return span[0] <= when <= span[1]


# ------------------------------------------------------------------ from check-ins to stays


def by_time(one: CheckIn) -> Key:
    return (one.occurred_at, one.sequence, one.check_in_id, one.device_id)


def counts_as_made(one: CheckIn, check_ins: list[CheckIn]) -> datetime:
    """When a check-in was made for the order: not after one of its phone that its sequence puts behind it."""
    behind = [
        other.occurred_at
        for other in check_ins
        if other.device_id == one.device_id
        and 0 < one.sequence < other.sequence
        and timedelta() < one.occurred_at - other.occurred_at <= 2 * HOUR
    ]
    return min([one.occurred_at, *behind])


def stays_of_carer(check_ins: list[CheckIn]) -> tuple[list[Stay], set[str]]:
    made = {one.ref: counts_as_made(one, check_ins) for one in check_ins}
    skewed = {one.ref for one in check_ins if made[one.ref] != one.occurred_at}
    order = sorted(check_ins, key=lambda one: (made[one.ref], one.sequence, one.check_in_id, one.device_id))
    taps: list[list[CheckIn]] = []
    for one in order:
        before = taps[-1][-1] if taps else None
        if before and before.direction == one.direction and abs(one.occurred_at - before.occurred_at) <= 5 * MINUTE:
            taps[-1].append(one)
        else:
            taps.append([one])
    stays: list[Stay] = []
    for group in taps:
        if group[0].direction == "in":
            stays.append(arrived(group))
        elif stays and may_be_closed(stays[-1], group[-1]):
            stays[-1].departure, stays[-1].out_at = group[-1], group[-1].occurred_at
            stays[-1].repeats += group[:-1]
        else:
            stays.append(left(group))
    return stays, skewed


def arrived(group: list[CheckIn]) -> Stay:
    first = group[0]
    return Stay(first.carer, arrival=first, repeats=group[1:], in_at=first.occurred_at)


def left(group: list[CheckIn]) -> Stay:
    last = group[-1]
    return Stay(last.carer, departure=last, repeats=group[:-1], out_at=last.occurred_at)


def may_be_closed(stay: Stay, departure: CheckIn) -> bool:
    return stay.in_at is not None and stay.out_at is None and departure.occurred_at - stay.in_at <= 25 * HOUR


# ------------------------------------------------------------------ from stays to visits


class Placing:
    """One client's plans and stays, and the steps by which each stay finds its visit."""

    def __init__(self, planned: list[PlannedVisit], stays_by_carer: list[list[Stay]]) -> None:
        self.plans = [plan for plan in planned if plan.cancelled != IN_ERROR]
        self.by_carer = stays_by_carer
        self.stays = [stay for stays in stays_by_carer for stay in stays]

    def at(self, plan: PlannedVisit) -> list[Stay]:
        return [stay for stay in self.stays if stay.visit == plan.visit]

    def hinted(self, stay: Stay) -> PlannedVisit | None:
        return next((plan for plan in self.plans if plan.visit == stay.named.visit_hint), None)

    def free_seats(self, plan: PlannedVisit) -> int:
        return max(plan.carers_needed, len(plan.carers)) - len({stay.carer for stay in self.at(plan)})

    def has_carer(self, plan: PlannedVisit, carer: str) -> bool:
        return any(stay.carer == carer for stay in self.at(plan))

    def place_all(self) -> None:
        arrivals = [stay for stay in self.stays if stay.in_at is not None]
        for stay in arrivals:
            hinted = self.hinted(stay)
            if hinted and within(stay.sign, window(hinted)):
                stay.visit = hinted.visit
        for stay in self.homeless(arrivals):
            own = [plan for plan in self.plans if within(stay.sign, (plan.start - 30 * MINUTE, plan.end))]
            stay.visit = best_of(own, stay)
            stay.by_own_time = stay.visit is not None
        self.pauses()
        self.making_up()
        for _ in range(2):
            self.one_round(arrivals, lambda stay, plan: within(stay.sign, window(plan)))
        self.pauses()
        self.one_round(arrivals, self.same_day)
        self.take_apart(arrivals)
        departures = [stay for stay in self.stays if stay.in_at is None]
        for stay in departures:
            hinted = self.hinted(stay)
            if hinted and within(stay.sign, (hinted.start, hinted.start + longest(hinted.minutes))):
                stay.visit = hinted.visit
        for stay in self.homeless(departures):
            own = [plan for plan in self.plans if within(stay.sign, (plan.start, plan.end + 30 * MINUTE))]
            stay.visit = best_of(own, stay)
        self.one_round(departures, lambda stay, plan: within(stay.sign, (plan.start, plan.end + 2 * HOUR)))
        self.one_round(departures, self.same_day)
        for stay in self.homeless(self.stays):
            stay.visit = f"unplanned:{stay.named.check_in_id}"

    def homeless(self, stays: list[Stay]) -> list[Stay]:
        return [stay for stay in stays if stay.visit is None]

    def same_day(self, stay: Stay, plan: PlannedVisit) -> bool:
        """Steps (e) of arrivals and (d) of departures: the visit that the phone named, hours late."""
        return (
            stay.named.visit_hint == plan.visit
            and london_day(plan.start) == london_day(stay.sign)
            and stay.sign >= window(plan)[0]
        )

    def pauses(self) -> None:
        """Step (c), each carer's stays in order of time, so that one may follow from the one before."""
        for stays in self.by_carer:
            arrivals = sorted((stay for stay in stays if stay.in_at is not None), key=lambda stay: by_time(stay.named))
            for before, stay in pairwise(arrivals):
                plan = next((plan for plan in self.plans if plan.visit == before.visit), None)
                if stay.visit is None and plan is not None:
                    so_far = [one for one in arrivals[: arrivals.index(stay)] if one.visit == plan.visit]
                    if is_pause(before, stay, so_far, plan):
                        stay.visit = plan.visit

    def making_up(self) -> None:
        """A visit that nobody has come to takes a stay from a later one that has one too many."""
        for plan in sorted(self.plans, key=lambda plan: (plan.start, plan.visit)):
            if plan.cancelled is not None or self.at(plan):
                continue
            could = [
                stay
                for later in self.plans
                if later.start > plan.start and len(self.at(later)) > 1
                for stay in self.at(later)
                if stay.by_own_time and within(stay.sign, window(plan)) and self.is_spare(stay, later)
            ]
            if could:
                chosen = min(could, key=lambda stay: (stay.carer not in plan.carers, by_time(stay.named)))
                chosen.visit = plan.visit

    def is_spare(self, stay: Stay, later: PlannedVisit) -> bool:
        theirs = [one for one in self.at(later) if one.carer == stay.carer]
        if len(theirs) == 1:
            return stay.carer not in later.carers
        ended_before = stay.out_at is not None and stay.out_at <= later.start
        return ended_before or together(theirs) > (later.minutes + 15) * MINUTE

    def one_round(self, stays: list[Stay], reaches: Callable[[Stay, PlannedVisit], bool]) -> None:
        """Everybody wishes for the best visit, every visit takes the best for its seats: both at once."""
        asking = self.homeless(stays)
        suits = {
            id(stay): [
                plan
                for plan in self.plans
                if reaches(stay, plan) and self.free_seats(plan) > 0 and not self.has_carer(plan, stay.carer)
            ]
            for stay in asking
        }
        found: list[tuple[Stay, str]] = []
        for plan in self.plans:
            seats, chosen = self.free_seats(plan), list[Stay]()
            ranked = sorted((one for one in asking if plan in suits[id(one)]), key=lambda one: rank(one, plan))
            for stay in ranked:
                if len(chosen) < seats and stay.carer not in {one.carer for one in chosen}:
                    chosen.append(stay)
            found += [(stay, plan.visit) for stay in chosen if best_of(suits[id(stay)], stay) == plan.visit]
        for stay, visit in found:
            stay.visit = visit

    def take_apart(self, arrivals: list[Stay]) -> None:
        minutes = {plan.visit: plan.minutes for plan in self.plans}
        for stay in arrivals:
            if stay.departure is None or stay.length is None:
                continue
            if stay.length > longest(minutes.get(stay.visit or "", 0)):
                outs = [one for one in stay.repeats if one.direction == "out"]
                self.stays.append(left([*outs, stay.departure]))
                stay.repeats = [one for one in stay.repeats if one.direction == "in"]
                stay.departure = stay.out_at = None


def best_of(plans: list[PlannedVisit], stay: Stay) -> str | None:
    """The visit that suits best; an arrival is measured against planned starts, a departure against planned ends."""

    def order(plan: PlannedVisit) -> Key:
        return (plan.cancelled is not None, stay.carer not in plan.carers, nearness(stay, plan), plan.start, plan.visit)

    return min(plans, key=order).visit if plans else None


def nearness(stay: Stay, plan: PlannedVisit) -> timedelta:
    return abs(stay.sign - (plan.start if stay.in_at is not None else plan.end))


def rank(stay: Stay, plan: PlannedVisit) -> Key:
    return (stay.carer not in plan.carers, nearness(stay, plan), by_time(stay.named))


def together(stays: list[Stay]) -> timedelta:
    """Of stays of one carer, how long they lasted in all; what is not known adds nothing."""
    return sum((stay.length for stay in stays if stay.length is not None), timedelta())


def is_pause(before: Stay, stay: Stay, so_far: list[Stay], plan: PlannedVisit) -> bool:
    """Whether a carer who was at this visit has come back to it."""
    if before.out_at is None or not within(stay.sign, (before.out_at, before.out_at + 30 * MINUTE)):
        return False
    first = min(one.sign for one in so_far)
    last = max(plan.end, first + plan.minutes * MINUTE) + 30 * MINUTE
    return together(so_far) < plan.minutes * MINUTE and stay.sign <= last


# ------------------------------------------------------------------ two visits in one stay


def shared(planned: list[PlannedVisit], stays: list[Stay]) -> list[Stay]:
    starts = {plan.visit: plan.start for plan in planned}
    sharing: dict[int, list[str]] = {id(stay): [] for stay in stays}
    for plan in planned:
        if plan.cancelled is not None or any(stay.visit == plan.visit for stay in stays):
            continue
        covering = [
            stay
            for stay in stays
            if stay.carer in plan.carers and stay.length and 2 * common(stay, plan) >= plan.minutes * MINUTE
        ]
        if covering:
            most = min(covering, key=lambda stay: (-common(stay, plan), by_time(stay.named)))
            sharing[id(most)].append(plan.visit)
    return [part for stay in stays for part in parts(stay, sharing[id(stay)], starts)]


def common(stay: Stay, plan: PlannedVisit) -> timedelta:
    assert stay.in_at is not None
    assert stay.out_at is not None
    return max(min(stay.out_at, plan.end) - max(stay.in_at, plan.start), timedelta())


def parts(stay: Stay, others: list[str], starts: dict[str, datetime]) -> list[Stay]:
    """The stay cut at the planned starts of the visits in it, or whole where no other visit shares it."""
    home = stay.visit
    if not others or home is None:
        return [stay]
    assert stay.in_at is not None
    assert stay.out_at is not None
    starts = {home: stay.in_at, **starts}
    visits = sorted([home, *others], key=lambda code: (starts[code], code != home, code))
    cuts = [min(max(starts[code], stay.in_at), stay.out_at) for code in visits[1:]]
    made = []
    for place, code in enumerate(visits):
        first, last = place == 0, place == len(visits) - 1
        made.append(
            replace(
                stay,
                visit=code,
                in_at=stay.in_at if first else cuts[place - 1],
                out_at=stay.out_at if last else cuts[place],
                shares=tuple(other for other in visits if other != code),
                home=home,
                repeats=list(stay.repeats),
                against=[],
            )
        )
    return made


def distinct(check_ins: Iterable[CheckIn]) -> list[CheckIn]:
    return list({one.ref: one for one in sorted(check_ins, key=repr)}.values())


def placed_stays(planned: list[PlannedVisit], check_ins: list[CheckIn]) -> tuple[list[Stay], set[str]]:
    """Every stay of one client with its visit, cut where visits share one; and what the sequence has turned round."""
    skewed: set[str] = set()
    by_carer: list[list[Stay]] = []
    for carer in sorted({one.carer for one in check_ins}):
        stays, turned_round = stays_of_carer([one for one in check_ins if one.carer == carer])
        by_carer.append(stays)
        skewed |= turned_round
    placing = Placing(planned, by_carer)
    placing.place_all()
    return shared(planned, placing.stays), skewed
