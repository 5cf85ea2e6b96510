from datetime import date, timedelta
from itertools import pairwise

import pytest

from simulators.expectations import VisitExpectation, expectations_of
from simulators.habits import BELIEVED
from simulators.happenings import NOBODY_CAME, Amend, Mischief
from simulators.morning import steps_of
from simulators.truth import Truth, build_truth
from simulators.world import build_world

DAY = date(2026, 11, 20)


@pytest.fixture(params=[1, 2, 3, 4, 5], scope="module")
def any_truth(request):
    return build_truth(build_world(request.param, DAY, 1.0 if request.param < 4 else 0.3))


def test_no_carer_is_in_two_homes_at_once(any_truth):
    for told in any_truth.providers:
        carers = {stay.carer for stay in told.stays}
        for carer in carers:
            for earlier, later in pairwise(stay for stay in told.stays if stay.carer == carer):
                assert earlier.left < later.arrived


def test_every_stay_ends_after_it_began_and_before_the_morning_ends(any_truth):
    end = steps_of(any_truth)[-1]
    for told in any_truth.providers:
        assert all(stay.arrived < stay.left < end for stay in told.stays)
        assert all(act.out_at is None or act.out_at < act.at for act in told.office if isinstance(act, Amend))


def test_a_visit_has_as_many_carers_as_its_mischief_says(any_truth):
    for told in any_truth.providers:
        for visit in told.provider.visits:
            mischief = told.struck(visit.visit)
            came = [stay.carer for stay in told.stays if stay.visit == visit.visit]
            if visit.cancelled is not None or mischief in NOBODY_CAME:
                assert set(came) <= {told.provider.relief.code, told.provider.floating.code}
            elif mischief in (Mischief.HANDED_OVER, Mischief.LOOKED_ON):
                assert came == [visit.carers[0], told.provider.floating.code]
            elif mischief is Mischief.PAUSED:
                assert came == [visit.carers[0]] * 2
            elif mischief is Mischief.STOOD_IN:
                assert len(came) == 1
                assert came[0] not in visit.carers
            elif mischief is Mischief.SECOND_NEVER_CAME:
                assert came == [visit.carers[0]]
            else:
                assert sorted(came) == sorted(visit.carers)


def test_the_second_of_two_carers_is_there_while_the_first_is(any_truth):
    for told in any_truth.providers:
        for visit in told.provider.visits:
            stays = [stay for stay in told.stays if stay.visit == visit.visit]
            if len(stays) == len(visit.carers) == 2:
                first, second = stays
                assert first.arrived < second.arrived < second.left < first.left


def test_taps_are_made_in_the_home_by_the_carer_who_is_there_unless_they_come_late(any_truth):
    for told in any_truth.providers:
        for tap in told.taps:
            late = told.struck(tap.visit) in (Mischief.OUT_FROM_NEXT_HOME, Mischief.OUT_NEXT_MORNING)
            assert (late and tap.direction == "out" and "outside_fence" in tap.doubts) or any(
                stay.carer == tap.carer and stay.client == tap.client and stay.arrived <= tap.at <= stay.left
                for stay in told.stays
            )
            assert tap.fix is not None or tap.tag is not None or tap.manual is not None


def test_the_whole_cast_of_mischief_appears_in_a_full_world(truth):
    seen = {mischief for told in truth.providers for mischief in told.mischief.values()}
    assert seen == set(Mischief) - {Mischief.NONE}
    assert any(stay.visit is None for told in truth.providers for stay in told.stays)


def test_phones_drift_go_offline_and_one_is_a_year_out(truth):
    drifts = [habits.drift for told in truth.providers for habits in told.habits.values()]
    assert timedelta(days=365) in drifts
    assert any(timedelta() < abs(drift) < BELIEVED for drift in drifts)
    assert all(abs(drift) < timedelta(seconds=60) or not drift % timedelta(minutes=1) for drift in drifts)
    assert any(
        until - since > timedelta(hours=5)
        for told in truth.providers
        for habits in told.habits.values()
        for since, until in habits.offline
    )


def test_the_ladder_shows_each_of_its_rungs(truth):
    now = steps_of(truth)[-1]
    expected = [expectations_of(told, now) for told in truth.providers]
    certain = [c for e in expected for c in e.candidates if c.certain]
    assert {c.level for c in certain if not c.withdrawn} == {None, 2, 3}
    assert any(c.withdrawn for c in certain)
    level_one = [c for c in expected[0].candidates if not c.certain and c.withdrawn]
    assert level_one
    statuses = {visit.known.status for e in expected for visit in e.visits}
    assert {"done", "done_late", "end_unknown", "missed", "presumed_missed", "cancelled"} <= statuses


def test_a_full_world_shows_every_exception_that_follows_from_who_came_and_went(truth):
    now = steps_of(truth)[-1]
    shown = {
        kind
        for told in truth.providers
        for visit in expectations_of(told, now).visits
        for kind in visit.known.exceptions
    }
    assert shown >= {
        *("no_in", "no_out", "late", "too_short", "too_long", "unscheduled", "duplicate", "second_carer_missing"),
        *("paused", "handed_over", "looking_on", "carer_replaced", "perfect_times", "amended_against_check_in"),
        *("two_homes_at_once", "phone_in_two_homes", "double_planned"),
        *("client_from_tag", "manual", "outside_fence", "location_withheld", "location_indeterminate", "clock_skew"),
    }


def known_of(truth: Truth, mischief: Mischief) -> VisitExpectation:
    """The expectation of the one visit of a full world that is struck by it."""
    now = steps_of(truth)[-1]
    [found] = [v for told in truth.providers for v in expectations_of(told, now).visits if v.mischief is mischief][:1]
    return found


def test_the_night_before_is_told_in_the_morning(truth):
    assert known_of(truth, Mischief.SLEEP_IN).known.status == "done_late"
    day_and_night = known_of(truth, Mischief.DAY_AND_NIGHT).known
    assert day_and_night.status == "done"
    assert 24 * 60 - 5 <= day_and_night.paid <= 24 * 60
    assert known_of(truth, Mischief.OUT_NEXT_MORNING).known.status == "end_unknown"


def test_a_slot_is_paid_for_all_who_filled_it_and_not_for_who_looked_on(truth):
    for mischief, stays in ((Mischief.HANDED_OVER, 2), (Mischief.PAUSED, 2), (Mischief.MISTAKEN_OUT, 2)):
        known = known_of(truth, mischief).known
        assert len(known.stays) == stays
        assert known.paid * 60 > max(stay.seconds or 0 for stay in known.stays)
    looked_on = known_of(truth, Mischief.LOOKED_ON).known
    assert looked_on.paid * 60 <= max(stay.seconds or 0 for stay in looked_on.stays) + 15 * 60


def test_what_was_typed_by_mistake_and_taken_back_changes_nothing(truth):
    mistaken = known_of(truth, Mischief.TYPED_FOR_ANOTHER)
    taps = [tap for told in truth.providers for tap in told.taps if tap.errand == mistaken.visit]
    assert any(
        isinstance(act, Amend) and act.visit == mistaken.visit for told in truth.providers for act in told.office
    )
    assert not {"amended_against_check_in", "too_long"} & mistaken.known.exceptions
    assert len(taps) == 2 * len(mistaken.known.stays)


def test_who_names_a_client_there_is_not_shows_the_tag_of_one_there_is(truth):
    clients = {client.code for provider in truth.world.providers for client in provider.clients}
    mistyped = [tap for told in truth.providers for tap in told.taps if tap.said_client != tap.client]
    assert len(mistyped) == 2
    assert all(tap.said_client not in clients and tap.tag is not None for tap in mistyped)


def test_who_is_planned_again_is_looked_for_again(truth):
    now = steps_of(truth)[-1]
    in_vain = known_of(truth, Mischief.PLANNED_AGAIN_IN_VAIN)
    assert in_vain.known.status == "presumed_missed"
    alerts = [a for told in truth.providers for a in expectations_of(told, now).alerts if a.visit == in_vain.visit]
    assert len({alert.start for alert in alerts}) == 2
    assert known_of(truth, Mischief.PLANNED_AGAIN).known.status == "done"
