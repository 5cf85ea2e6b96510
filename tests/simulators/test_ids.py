"""No two things of the invented council share an id, and a world in which they would is refused."""

import uuid
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulators.happenings import Amend, Fact, OfficeAlert
from simulators.ids import Kind
from simulators.places import ImpossibleWorld
from simulators.truth import Truth, build_truth
from simulators.world import Client, World, build_world

DAY = date(2026, 11, 20)


def uuids_in(what: object) -> Iterator[uuid.UUID]:
    """Every UUID anywhere in a value; a provider's carers without a round are among its carers and are passed over."""
    if isinstance(what, uuid.UUID):
        yield what
    elif isinstance(what, tuple):
        for each in what:
            yield from uuids_in(each)
    elif is_dataclass(what):
        for field in fields(what):
            if field.name not in {"relief", "floating"}:
                yield from uuids_in(getattr(what, field.name))


def used_twice(names: Iterable[Hashable]) -> list[Hashable]:
    return [name for name, count in Counter(names).items() if count > 1]


@pytest.mark.heavy  # worlds of 20 times the size
@given(seed=st.integers(), scale=st.floats(1.0, 20.0))
@example(seed=3, scale=20.0)
@settings(max_examples=12)
def test_no_world_of_any_seed_and_size_has_an_id_twice(seed, scale):
    world = build_world(seed, DAY, scale)
    assert not used_twice(uuids_in(world))
    assert not used_twice(carer.code for provider in world.providers for carer in provider.carers)
    assert not used_twice(client.code for provider in world.providers for client in provider.clients)
    assert not used_twice(client.uprn for provider in world.providers for client in provider.clients)
    assert not used_twice(visit.visit for visit in world.visits())


@pytest.mark.heavy
@given(seed=st.integers(), scale=st.floats(1.0, 8.0))
@settings(max_examples=8)
def test_no_morning_of_any_seed_and_size_has_an_id_twice(seed, scale):
    truth = build_truth(build_world(seed, DAY, scale))
    assert not used_twice((each.kind, each.value) for told in truth.providers for each in told.ids(seed))
    taps = [tap.key for told in truth.providers for tap in told.taps]
    assert not used_twice(taps + [alert.key for told in truth.providers for alert in told.phone_alerts])


def second(world: World, **changes: Any) -> World:
    """Change the second provider of a world."""
    first, other, *rest = world.providers
    return replace(world, providers=(first, replace(other, **changes), *rest))


def with_client(world: World, **changes: Any) -> World:
    other, *rest = world.providers[1].clients
    return second(world, clients=(replace(other, **changes), *rest))


def with_carer(world: World, **changes: Any) -> World:
    other, *rest = world.providers[1].carers
    return second(world, carers=(replace(other, **changes), *rest))


def tagged(world: World) -> Client:
    return next(client for client in world.providers[0].clients if client.nfc_tag)


def with_commission(world: World, code: str) -> World:
    other, *rest = world.providers[1].commissions
    return second(world, commissions=(replace(other, code=code), *rest))


def with_visit(world: World, visit: str) -> World:
    other, *rest = world.providers[1].visits
    return second(world, visits=(replace(other, visit=visit), *rest))


OF_THE_WORLD: dict[str, Callable[[World], World]] = {
    "provider": lambda w: second(w, provider_id=w.providers[0].provider_id),
    "branch": lambda w: second(w, branch=w.providers[0].branch),
    "pair of CQC ids": lambda w: second(
        w, cqc_provider=w.providers[0].cqc_provider, cqc_location=w.providers[0].cqc_location
    ),
    "client": lambda w: with_client(w, code=w.providers[0].clients[0].code),
    "council reference": lambda w: with_client(w, council_reference=w.providers[0].clients[0].council_reference),
    "UPRN": lambda w: with_client(w, uprn=w.providers[0].clients[0].uprn),
    "tag or card": lambda w: with_client(w, qr_card=tagged(w).nfc_tag),
    "carer": lambda w: with_carer(w, code=w.providers[0].carers[0].code),
    "phone": lambda w: with_carer(w, device_id=w.providers[0].carers[0].device_id),
    "phone's key": lambda w: with_carer(w, key=w.providers[0].carers[0].key),
    "commission": lambda w: with_commission(w, w.providers[0].commissions[0].code),
    "visit": lambda w: with_visit(w, w.providers[0].visits[0].visit),
}


def office_twice(truth: Truth, kind: type[Any]) -> Truth:
    """The second act of a kind is given the key of the first, in whichever offices they are."""
    first = next(act for told in truth.providers for act in told.office if isinstance(act, kind))
    return replace(
        truth,
        providers=tuple(
            replace(
                told,
                office=tuple(
                    replace(act, key=first.key) if isinstance(act, kind) and act is not first else act
                    for act in told.office
                ),
            )
            for told in truth.providers
        ),
    )


def last_provider(truth: Truth, **changes: Any) -> Truth:
    *others, last = truth.providers
    return replace(truth, providers=(*others, replace(last, **changes)))


def alert_twice(truth: Truth) -> Truth:
    """The office writes an alert down under the key of one from a phone."""
    told = truth.providers[-1]
    key = told.phone_alerts[0].key
    return last_provider(
        truth, office=tuple(replace(act, key=key) if isinstance(act, OfficeAlert) else act for act in told.office)
    )


def journal_key_twice(truth: Truth) -> Truth:
    """A phone signs an alert under the key of a tap of another provider's phone."""
    alert, *rest = truth.providers[-1].phone_alerts
    return last_provider(truth, phone_alerts=(replace(alert, key=truth.providers[0].taps[0].key), *rest))


OF_THE_TRUTH = {
    "check-in": lambda t: last_provider(t, taps=(*t.providers[-1].taps, t.providers[-1].taps[0])),
    "alert": alert_twice,
    "fact": lambda t: office_twice(t, Fact),
    "amendment": lambda t: office_twice(t, Amend),
    "journal key": journal_key_twice,
}


@pytest.mark.parametrize("kind", OF_THE_WORLD)
def test_a_world_with_two_of_one_id_is_refused(world, kind):
    with pytest.raises(ImpossibleWorld, match=f"^two of one id: {kind} "):
        OF_THE_WORLD[kind](world)


@pytest.mark.parametrize("kind", OF_THE_TRUTH)
def test_a_morning_in_which_two_things_have_one_id_is_refused(truth, kind):
    with pytest.raises(ImpossibleWorld, match=f"^two of one id: {kind} "):
        OF_THE_TRUTH[kind](truth)


def test_no_kind_of_id_goes_unchecked():
    assert {*OF_THE_WORLD, *OF_THE_TRUTH} == set(get_args(Kind))


def test_a_refusal_names_the_id_and_both_who_have_it(world):
    mine, theirs = world.providers[0].carers[0], world.providers[1].carers[0]
    with pytest.raises(ImpossibleWorld) as refused:
        with_carer(world, device_id=mine.device_id)
    said = str(refused.value)
    assert all(each in said for each in (str(mine.device_id), mine.code, "Rowan", theirs.code, "Kingfisher"))


def test_two_carers_of_one_provider_cannot_share_a_phone(world):
    provider = world.providers[1]
    first, other, *rest = provider.carers
    with pytest.raises(ImpossibleWorld, match="phone"):
        second(world, carers=(first, replace(other, device_id=first.device_id), *rest))


def test_the_same_code_is_no_clash_where_it_names_things_of_two_kinds(world):
    client = world.providers[0].clients[0].code
    assert with_visit(world, client).providers[1].visits[0].visit == client
