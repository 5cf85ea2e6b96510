import itertools
from hashlib import sha256

import msgspec
import pytest

from devices.keys import BadSignature, PrivateKey
from devices.messages import CheckInMessage
from devices.sd_jwt import read_check_in, verify
from simulators.load.fleet import Fleet, grow
from simulators.load.signing import Chain, chains, sign_chains
from simulators.load.wire import Parcel


def fleet(size: int) -> Fleet:
    made = Fleet(1, "synthetic")
    grow(made, size)
    return made


def read(parcels: list[Parcel]) -> list[CheckInMessage]:
    bodies = [msgspec.json.decode(b'{"sent_at":"' + parcel.body) for parcel in parcels]
    return [read_check_in(item) for body in bodies for item in body["check_ins"]]


def signed(dealt: list[Chain]) -> list[Parcel]:
    return sign_chains(dealt)[0]


def test_every_phone_signs_an_unbroken_chain_that_goes_on_where_the_last_run_ended() -> None:
    people = fleet(2)
    first = signed(chains(people, [1], 3, 4))
    people.phones[1].sequence, people.phones[1].link = first[-1].sequence, first[-1].link
    messages = read(first + signed(chains(people, [1], 1, 2)))
    assert [message.body.sequence for message in messages] == list(range(1, 15))
    assert messages[0].previous is None
    for before, after in itertools.pairwise(messages):
        assert after.previous == sha256(before.signed_part.encode()).digest()
    for message in messages:
        verify(message, PrivateKey.from_seed(people.key(1)).public)
        assert message.device_id == people.phones[1].device
        assert message.gps is not None
    assert len({message.body.check_in for message in messages}) == 14
    ids = [each for parcel in first for each in parcel.check_ins]
    assert ids == [str(message.body.check_in) for message in messages[:12]]


def test_a_card_is_scanned_where_one_hangs() -> None:
    people = fleet(3)
    carded = [place for phone in people.phones for place in phone.places if place.card]
    assert carded
    people.links = {str(place.card): "https://ecm.example/c/" + "A" * 43 for place in carded}
    messages = read(signed(chains(people, [0], 4, 1)))
    with_card = {message.body.client for message in messages if message.body.evidence.qr}
    assert with_card == {place.client for place in people.phones[0].places if place.card}


def test_a_broken_phone_writes_items_that_read_well_under_a_wrong_signature() -> None:
    people = fleet(1)
    key = PrivateKey.from_seed(people.key(0)).public
    for message in read(signed(chains(people, [0], 20, 1, spoilt=True))):
        with pytest.raises(BadSignature):
            verify(message, key)


def test_requests_are_dealt_out_evenly() -> None:
    assert [chain.parcels for chain in chains(fleet(3), range(3), 7, 1)] == [3, 2, 2]
    assert [chain.number for chain in chains(fleet(3), range(3), 2, 1)] == [0, 1]


def test_a_fleet_is_kept_and_grows_without_changing_who_was_there(tmp_path) -> None:
    people = fleet(2)
    people.save(tmp_path / "fleet")
    again = Fleet.open(tmp_path / "fleet", 1)
    grow(again, 4)
    assert again.phones[:2] == people.phones
    assert len({phone.device for phone in again.phones}) == 4
    assert Fleet.open(tmp_path / "fleet", 2).name != people.name
    assert again.key(0) == people.key(0)
