import re
from datetime import date, datetime, timedelta

import pytest

from simulators.places import ImpossibleWorld, postcodes_of
from simulators.roster import local
from simulators.truth import build_truth
from simulators.world import build_world

DAY = date(2026, 11, 20)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,39}")


def test_the_same_seed_gives_the_same_world_and_truth(world, truth):
    again = build_world(1, DAY, 1.0)
    assert again == world
    assert build_truth(again) == truth


def test_another_seed_gives_other_people_in_other_places(world):
    other = build_world(2, DAY, 1.0)
    ours = {client.home for provider in world.providers for client in provider.clients}
    theirs = {client.home for provider in other.providers for client in provider.clients}
    assert not ours & theirs
    assert {p.provider_id for p in world.providers}.isdisjoint(p.provider_id for p in other.providers)


def test_everybody_is_labelled_synthetic_and_every_id_is_an_invented_one(world):
    assert world.council_name == "Hertfordshire County (synthetic)"
    for provider in world.providers:
        assert "(synthetic)" in provider.name
        assert re.fullmatch(r"1-0\d{8}", provider.cqc_provider)
        assert re.fullmatch(r"1-0\d{8}", provider.cqc_location)
        for client in provider.clients:
            assert client.name.endswith("(synthetic)")
            assert re.fullmatch(r"9000\d{8}", client.uprn)


def test_homes_lie_within_their_real_postcode_unit(world):
    units = {unit.postcode: unit for unit in postcodes_of(world.council)}
    for provider in world.providers:
        for client in provider.clients:
            unit = units[client.home.postcode]
            assert abs(client.home.easting - unit.easting) <= 20
            assert abs(client.home.northing - unit.northing) <= 20
            assert 51.4 < client.home.latitude < 52.2


def test_codes_have_the_shape_the_service_takes_and_are_used_once(world):
    codes = [
        code
        for provider in world.providers
        for code in (
            *(client.code for client in provider.clients),
            *(carer.code for carer in provider.carers),
            *(bought.code for bought in provider.commissions),
            *(visit.visit for visit in provider.visits),
        )
    ]
    assert len(codes) == len(set(codes))
    assert all(_CODE.fullmatch(code) for code in codes)


def test_the_roster_fills_the_morning_and_gives_no_carer_two_visits_at_once(world):
    for provider in world.providers:
        ends: dict[str, datetime] = {}
        for visit in provider.visits:
            assert local(DAY, "06:30") <= visit.start
            assert visit.end <= local(DAY, "13:30")
            for carer in visit.carers:
                assert visit.start >= ends.get(carer, visit.start - timedelta(minutes=10)) + timedelta(minutes=10)
                ends[carer] = visit.end
            assert provider.relief.code not in visit.carers
            assert provider.floating.code not in visit.carers


def test_the_world_has_every_kind_of_address_fence_call_and_contract(world):
    clients = [client for provider in world.providers for client in provider.clients]
    visits = [visit for provider in world.providers for visit in provider.visits]
    bought = [commission for provider in world.providers for commission in provider.commissions]
    assert {client.addressed for client in clients} == {"uprn", "grid", "wgs84"}
    assert any(client.polygon for client in clients)
    assert any(client.radius_m for client in clients)
    assert any(client.nfc_tag for client in clients)
    assert any(client.qr_card for client in clients)
    assert {len(visit.carers) for visit in visits} == {1, 2}
    assert any(visit.cancelled for visit in visits)
    assert {commission.contract for commission in bought} == {"A", "B"}


def test_a_summer_day_keeps_local_hours():
    world = build_world(1, date(2027, 7, 2), 0.3)
    first = world.providers[0].visits[0]
    assert first.start.utcoffset() == timedelta()
    assert first.start < local(world.day, "07:30")
    assert local(world.day, "07:30").hour == 6


@pytest.mark.parametrize(("scale", "council"), [(0.0, "E10000015"), (1.0, "E06000001")])
def test_a_world_that_cannot_be_is_refused_in_words(scale, council):
    with pytest.raises(ImpossibleWorld):
        build_world(1, DAY, scale, council)
