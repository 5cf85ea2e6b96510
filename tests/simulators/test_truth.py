from datetime import date, timedelta
from itertools import pairwise

import pytest

from simulators.expectations import expectations_of
from simulators.habits import BELIEVED
from simulators.happenings import NOBODY_CAME, Amend, Mischief
from simulators.morning import steps_of
from simulators.truth import build_truth
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
                assert set(came) <= {told.provider.relief.code}
            elif mischief is Mischief.SECOND_NEVER_CAME:
                assert came == [visit.carers[0]]
            else:
                assert sorted(came) == sorted(visit.carers)


def test_the_second_of_two_carers_is_there_while_the_first_is(any_truth):
    for told in any_truth.providers:
        for visit in told.provider.visits:
            stays = [stay for stay in told.stays if stay.visit == visit.visit]
            if len(stays) == 2:
                first, second = stays
                assert first.arrived < second.arrived < second.left < first.left


def test_taps_are_made_in_the_home_by_the_carer_who_is_there(any_truth):
    for told in any_truth.providers:
        for tap in told.taps:
            assert any(
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
    assert {"done", "done_late", "missed", "presumed_missed", "cancelled"} <= statuses
