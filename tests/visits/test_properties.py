"""Promise 5 for every history: order, repetition and the width of the window make no difference, nothing is lost."""

import random
from collections import Counter
from datetime import date, datetime, time, timedelta
from typing import TypeVar, get_args
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from ecm.visits.domain import (
    CheckIn,
    PlannedVisit,
    Reach,
    Visit,
    days_touched,
    fold,
    fold_all,
    status,
    window,
)
from ecm.visits.limits import longest_stay
from ecm.visits.model import Direction
from ecm.visits.refolding import fold_days
from ecm.words.civil_time import LONDON, london_day
from tests.visits.visit_values import CLIENT, LIMITS, amend, plan, reach, tap

FIRST = {"winter": date(2026, 11, 18), "spring": date(2026, 3, 27), "autumn": date(2026, 10, 23)}
DAYS = 4
CARERS = ("W-001", "W-002", "W-003")

T = TypeVar("T")
Planned = tuple[int, int, tuple[str, ...], bool]
Tapped = tuple[int, Direction, str, int | None]
History = tuple[str, list[PlannedVisit], list[CheckIn]]


def instant(season: str, minute: int) -> datetime:
    midnight = datetime.combine(FIRST[season], time(), LONDON)
    return datetime.fromtimestamp(midnight.timestamp() + minute * 60, tz=LONDON).astimezone(
        tz=window(FIRST[season])[0].tzinfo
    )


minutes = st.one_of(
    st.integers(0, DAYS * 1440),
    st.builds(lambda day, near: day * 1440 + near, st.integers(1, DAYS - 1), st.integers(-300, 300)),
)
plans: st.SearchStrategy[Planned] = st.tuples(
    minutes,
    st.sampled_from([15, 30, 60, 240, 540, 900, 1440]),
    st.sampled_from([(), CARERS[:1], CARERS[:2]]),
    st.booleans(),
)
taps: st.SearchStrategy[Tapped] = st.tuples(
    minutes, st.sampled_from(get_args(Direction)), st.sampled_from(CARERS), st.none() | st.integers(0, 9)
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A client's roster and taps over four days: sparse ones drawn by hand, dense ones from a seed."""
    season = draw(st.sampled_from(sorted(FIRST)))
    if draw(st.booleans()):
        planned, tapped = draw(st.lists(plans, max_size=12)), draw(st.lists(taps, max_size=24))
    else:
        chance = random.Random(draw(st.integers(0, 2**32)))
        planned, tapped = dense(chance)
    roster = [
        plan(f"V-{number}", instant(season, minute), length, carers=carers, cancelled="hospital" if off else None)
        for number, (minute, length, carers, off) in enumerate(planned)
    ]
    check_ins = [
        tap(
            number + 1,
            direction,
            instant(season, minute),
            carer=carer,
            visit_hint=None if hint is None else f"V-{hint}",
            grade="declared" if number % 5 == 0 else "located",
            sequence=number // 2 if number % 7 == 0 else number,
            device_id=UUID(int=number % 11 // 10),
        )
        for number, (minute, direction, carer, hint) in enumerate(tapped)
    ]
    return season, roster, check_ins


def dense(chance: random.Random) -> tuple[list[Planned], list[Tapped]]:
    step = chance.choice([30, 60, 120, 240])
    spread = chance.choice([3, 30, 200])
    lengths = chance.choice([[15, 30, 60], [15, 30, 240], [15, 30, 600, 900], [30, 1440]])
    planned: list[Planned] = []
    tapped: list[Tapped] = []
    for minute in range(0, DAYS * 1440, step):
        planned.append((minute, chance.choice(lengths), chance.choice([(), CARERS[:1], CARERS[:2]]), False))
        for direction in get_args(Direction):
            if chance.random() < 0.8:
                when = min(max(minute + chance.randint(-spread, spread), 0), DAYS * 1440)
                hint = chance.randrange(DAYS * 1440 // step) if chance.random() < 0.3 else None
                near = len(planned) - 1 if chance.random() < 0.3 else hint
                tapped.append((when, direction, chance.choice(CARERS), near))
    return planned, tapped


def days(season: str) -> list[date]:
    return [FIRST[season] + timedelta(days=number) for number in range(-1, DAYS + 1)]


def far(roster: list[PlannedVisit]) -> Reach:
    return reach(max((visit.minutes for visit in roster), default=0))


def folded_on(day: date, roster: list[PlannedVisit], check_ins: list[CheckIn]) -> tuple[Visit, ...]:
    return fold(CLIENT, day, roster, check_ins, [], LIMITS, far(roster))


def jumbled(known: list[T], chance: random.Random) -> list[T]:
    """All of it in any order, and half of it twice."""
    again = known + chance.sample(known, len(known) // 2)
    chance.shuffle(again)
    return again


def seen_through_window(
    day: date, roster: list[PlannedVisit], check_ins: list[CheckIn]
) -> tuple[list[PlannedVisit], list[CheckIn]]:
    """What a store that keeps to the window would hand to the fold of a day."""
    first, end = window(day, far(roster))
    return (
        [visit for visit in roster if first <= visit.start < end],
        [check_in for check_in in check_ins if first <= check_in.occurred_at < end],
    )


@given(histories(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_promise_5_shuffled_and_repeated_inputs_give_identical_visits(history, chance):
    season, roster, check_ins = history
    amendments = [
        amend(number, f"V-{number % 4}", in_at=instant(season, 700 + number), made_at=instant(season, 9000))
        for number in range(1, 6)
    ]
    expected = [fold(CLIENT, day, roster, check_ins, amendments, LIMITS, far(roster)) for day in days(season)]
    again = jumbled(roster, chance), jumbled(check_ins, chance), jumbled(amendments, chance)
    assert [fold(CLIENT, day, *again, LIMITS, far(roster)) for day in days(season)] == expected


@given(histories())
@settings(deadline=None, max_examples=100)
def test_promise_5_the_day_before_and_the_day_after_are_enough(history):
    season, roster, check_ins = history
    assert_window_is_enough(season, roster, check_ins)


def test_promise_5_a_hint_late_in_the_day_before_carries_nothing_over_from_the_day_before_that():
    season = "winter"
    roster = [plan("V-1", instant(season, 1440 + 10)), plan("V-2", instant(season, 2 * 1440 - 11), minutes=15)]
    check_ins = [
        tap(1, "in", instant(season, 1440 - 85), visit_hint="V-1"),
        tap(2, "in", instant(season, 2 * 1440 - 13), carer="W-002", visit_hint="V-1"),
        tap(3, "out", instant(season, 2 * 1440 + 6)),
    ]
    assert_window_is_enough(season, roster, check_ins)


def test_promise_5_calls_that_push_each_other_along_do_not_carry_over_from_before_the_day_before():
    season, seconds = "winter", 1440 * 60 + 1800
    roster: list[PlannedVisit] = []
    check_ins = [tap(99, "in", instant(season, 1430), carer="W-001")]
    for number in range(10):
        gap = 6000 + 2 * number
        roster.append(plan(f"V-{number}", instant(season, 0) + timedelta(seconds=seconds)))
        check_ins.append(tap(number + 1, "in", instant(season, 0) + timedelta(seconds=seconds + gap)))
        seconds += 2 * gap + 1
    assert_window_is_enough(season, roster, check_ins)


def test_promise_5_a_departure_never_reaches_back_to_a_visit_of_which_the_window_shows_too_little():
    season = "winter"
    roster = [plan("V-1", instant(season, 1440 + 10), minutes=1425)]
    check_ins = [tap(1, "in", instant(season, 1440 - 60)), tap(2, "out", instant(season, 2 * 1440 + 5))]
    assert_window_is_enough(season, roster, check_ins)


def assert_window_is_enough(season: str, roster: list[PlannedVisit], check_ins: list[CheckIn]) -> None:
    whole = fold_all(roster, check_ins, [], LIMITS)
    for day in days(season):
        seen = fold(CLIENT, day, *seen_through_window(day, roster, check_ins), [], LIMITS, far(roster))
        assert seen == tuple(visit for visit in whole if visit.day == day)
        assert seen == folded_on(day, roster, check_ins)


@given(histories())
@settings(deadline=None, max_examples=60)
def test_promise_5_every_check_in_belongs_to_exactly_one_call_whichever_day_it_is_seen_from(history):
    season, roster, check_ins = history
    visits = [
        visit
        for day in days(season)
        for visit in fold(CLIENT, day, *seen_through_window(day, roster, check_ins), [], LIMITS, far(roster))
    ]
    belongs = Counter(
        ref
        for visit in visits
        for stay in visit.stays
        if not any(other < visit.visit for other in stay.shared_with)
        for ref in (stay.in_check_in, stay.out_check_in, *stay.repeat_check_ins)
        if ref is not None
    )
    assert belongs == Counter(check_in.ref for check_in in check_ins)
    assert Counter(visit.visit for visit in visits if visit.planned_start) == Counter(visit.visit for visit in roster)
    assert max(Counter(visit.visit for visit in visits).values(), default=1) == 1


@given(histories(), st.data())
@settings(deadline=None, max_examples=60)
def test_promise_5_a_late_check_in_changes_only_the_days_it_touches(history, data):
    season, roster, check_ins = history
    if not check_ins:
        return
    late = data.draw(st.sampled_from(check_ins))
    before = [check_in for check_in in check_ins if check_in != late]
    touched = days_touched(late.occurred_at, far(roster))
    assert london_day(late.occurred_at) in touched
    for day in days(season):
        if day not in touched:
            assert folded_on(day, roster, check_ins) == folded_on(day, roster, before)


@given(histories())
@settings(deadline=None, max_examples=60)
def test_promise_8_delivered_time_is_whole_elapsed_seconds_within_the_longest_visit(history):
    season, roster, check_ins = history
    taken = {check_in.ref: check_in for check_in in check_ins}
    for day in days(season):
        for visit in folded_on(day, roster, check_ins):
            assert status(visit, instant(season, 0), LIMITS, None)
            for stay in visit.stays:
                if stay.in_check_in is None or stay.out_check_in is None:
                    assert stay.delivered_seconds is None
                    continue
                elapsed = taken[stay.out_check_in].occurred_at - taken[stay.in_check_in].occurred_at
                if stay.delivered_seconds is None:
                    assert elapsed < timedelta()
                    continue
                assert type(stay.delivered_seconds) is int
                assert stay.shared_with or stay.delivered_seconds == elapsed.total_seconds()
                assert (
                    0 <= stay.delivered_seconds <= longest_stay(visit.planned_minutes).total_seconds()
                    or stay.shared_with
                )


@given(histories(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_promise_5_days_folded_together_are_as_if_folded_alone(history, chance):
    season, roster, check_ins = history
    amended = roster[: chance.choice([0, 3])]
    amendments = [amend(number, made.visit, in_at=made.start) for number, made in enumerate(amended)]
    wanted = frozenset(chance.sample(days(season), 3))
    together = fold_days({CLIENT: wanted}, roster, check_ins, amendments, LIMITS, {CLIENT: far(roster)})
    alone = [
        visit
        for day in sorted(wanted)
        for visit in fold(CLIENT, day, *seen_through_window(day, roster, check_ins), amendments, LIMITS, far(roster))
    ]
    assert list(together) == alone
