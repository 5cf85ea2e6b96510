"""From verified message to accepted check-in, with the provider's reference given: no database."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest

from devices.keys import PrivateKey
from devices.lenient import EARLIEST
from devices.links import TagLink, make_link
from devices.messages import CheckInBody, Evidence, Gps, LinkRead, Manual
from devices.sd_jwt import read_check_in, sign_check_in
from ecm.intake.domain import AcceptedCheckIn, Client, Tag
from ecm.intake.reading import Authentic, accept, named, take_links
from ecm.intake.reference import ProviderReference
from ecm.intake.signatures import Signer
from ecm.phones import domain as phones
from geofences.fences import Circle
from tests.intake.conftest import AT_HOME, HOME, NOON

PROVIDER, DEVICE, CARD, OTHER_CARD = UUID(int=1), UUID(int=2), UUID(int=3), UUID(int=4)
TAG_KEY = bytes(32)
KEY = PrivateKey.from_seed(bytes(32))
PHONE = phones.Phone(PROVIDER, DEVICE, "W-1", KEY.public, NOON, None)
FAR = msgspec.structs.replace(AT_HOME, latitude=HOME[0] + 1)


def card(tag: UUID = CARD, key: bytes = TAG_KEY, provider: UUID = PROVIDER) -> LinkRead:
    return LinkRead(make_link("https://ecm.example", "qr", provider, tag, key))


def known(**changes: Any) -> ProviderReference:
    """Clients C-1 (fenced) and C-2 (no fence), carers W-1 and W-2, a card in each home."""
    usual: dict[str, Any] = {
        "clients": {"C-1": Client(Circle(HOME[0], HOME[1], 200.0)), "C-2": Client(None), "C-9": None},
        "carers": {"W-1": True, "W-2": True, "W-9": False},
        "tags": {CARD: Tag(CARD, "qr", "C-1"), OTHER_CARD: Tag(OTHER_CARD, "qr", "C-2")},
        "tag_key": TAG_KEY,
    }
    return ProviderReference(**usual | changes)


def authentic(gps: Gps | None = AT_HOME, *, checked: bool = True, **changes: Any) -> Authentic:
    usual = CheckInBody(
        version=1,
        check_in=UUID(int=9),
        sequence=1,
        previous=None,
        direction="in",
        at=NOON,
        carer="W-1",
        client="C-1",
        evidence=Evidence(),
    )
    body = msgspec.structs.replace(usual, **changes)
    message = read_check_in(sign_check_in(KEY, DEVICE, body, gps))
    return Authentic(message, Signer(PHONE, signature_checked=checked), take_links(message))


def accepted(
    gps: Gps | None = AT_HOME,
    reference: ProviderReference | None = None,
    sent_at: datetime = NOON,
    received_at: datetime = NOON,
    **changes: Any,
) -> AcceptedCheckIn:
    return accept(authentic(gps, **changes), reference or known(), sent_at, received_at)


def test_the_key_of_a_check_in_is_its_provider_phone_and_id():
    assert accepted().key == (PROVIDER, DEVICE, UUID(int=9))


def test_what_a_check_in_names_is_looked_up_and_links_that_are_not_ours_are_not():
    evidence = Evidence(nfc=LinkRead("https://elsewhere.example/"), qr=card())
    one = authentic(evidence=evidence)
    assert [type(link) for link in one.links] == [type(None), TagLink]
    assert named(one) == (PROVIDER, "W-1", "C-1", (CARD,))
    assert named(authentic(client=None, carer="W-2")) == (PROVIDER, "W-2", None, ())


def test_a_fix_at_home_is_inside_and_located_without_a_doubt():
    found = accepted()
    assert found.judgement is not None
    assert (found.judgement.verdict, found.grade, found.doubts) == ("inside", "located", ())
    assert (found.client, found.fold_client, found.tag_id) == ("C-1", "C-1", None)


def test_a_fix_elsewhere_is_outside_and_a_home_without_a_fence_is_not_judged():
    elsewhere = accepted(FAR).judgement
    assert elsewhere is not None
    assert elsewhere.verdict == "outside"
    assert accepted(client="C-2").judgement is None
    assert "no_fence" in accepted(client="C-2").doubts
    assert accepted(None, evidence=Evidence(manual=Manual("NO_SIGNAL_OFFLINE"))).judgement is None


def test_a_card_tells_whose_home_it_is_where_the_message_does_not():
    found = accepted(client=None, evidence=Evidence(qr=card()))
    assert (found.client, found.fold_client, found.tag_id) == ("C-1", "C-1", CARD)
    assert found.grade == "corroborated"


def test_the_client_of_the_message_stands_and_a_card_of_another_home_is_doubted():
    found = accepted(evidence=Evidence(qr=card(OTHER_CARD)))
    assert (found.client, found.tag_id) == ("C-1", OTHER_CARD)
    assert "tag_other_client" in found.doubts


@pytest.mark.parametrize(
    ("link", "doubt"),
    [
        (LinkRead("https://elsewhere.example/"), "tag_unknown"),
        (card(UUID(int=77)), "tag_unknown"),
        (card(key=b"\x01" * 32), "tag_signature_bad"),
        (card(provider=UUID(int=8)), "tag_signature_bad"),
    ],
)
def test_a_card_that_is_unknown_or_not_signed_for_this_provider_names_nobody(link: LinkRead, doubt: str):
    reference = known()
    reference.tags[UUID(int=77)] = None
    found = accepted(reference=reference, client=None, evidence=Evidence(qr=link))
    assert (found.client, found.fold_client, found.tag_id) == (None, None, None)
    assert {doubt, "unknown_client"} <= set(found.doubts)


def test_without_a_key_for_tags_no_card_is_believed():
    found = accepted(reference=known(tag_key=None), evidence=Evidence(qr=card()))
    assert "tag_signature_bad" in found.doubts


def test_promise_3_a_client_or_carer_nobody_knows_is_a_doubt_and_asks_for_no_visit():
    stranger = accepted(client="C-9", carer="W-9")
    assert {"unknown_client", "unknown_carer", "carer_not_device_owner"} <= set(stranger.doubts)
    assert (stranger.client, stranger.fold_client) == ("C-9", None)


def test_another_carer_than_the_phones_is_a_doubt():
    assert accepted(carer="W-2").doubts == ("carer_not_device_owner",)


def test_a_clock_two_minutes_behind_is_corrected_and_doubted_and_one_second_less_is_not():
    two_minutes = timedelta(minutes=2)
    found = accepted(received_at=NOON + two_minutes)
    assert (found.skew_seconds, found.occurred_at, found.doubts) == (120, NOON + two_minutes, ("clock_skew",))
    found = accepted(received_at=NOON + two_minutes - timedelta(seconds=1))
    assert (found.skew_seconds, found.occurred_at, found.doubts) == (119, NOON, ())


def test_a_check_in_kept_for_more_than_an_hour_on_a_phone_is_a_late_upload():
    hour = timedelta(hours=1)
    assert accepted(at=NOON - hour).doubts == ()
    found = accepted(at=NOON - hour - timedelta(seconds=1))
    assert (found.doubts, found.occurred_at) == (("late_upload",), NOON - hour - timedelta(seconds=1))


@pytest.mark.parametrize(("year", "folded"), [(1999, None), (2000, "C-1"), (2099, "C-1"), (2100, None)])
def test_a_check_in_of_another_century_is_stored_and_asks_for_no_visit(year: int, folded: str | None):
    found = accepted(at=NOON.replace(year=year), sent_at=NOON, received_at=NOON)
    assert (found.client, found.fold_client) == ("C-1", folded)


def test_whether_its_own_signature_was_checked_goes_with_it():
    assert accepted().signature_checked
    assert not accepted(checked=False).signature_checked


def test_doubts_stand_in_one_order_and_each_once():
    found = accepted(msgspec.structs.replace(FAR, mock=True), carer="W-2", check_in=uuid4())
    assert list(found.doubts) == sorted(set(found.doubts))
    assert {"carer_not_device_owner", "mock_location"} <= set(found.doubts)


def test_a_time_that_cannot_be_read_is_not_put_right():
    one = authentic()
    spoilt = msgspec.structs.replace(one.message, at=EARLIEST, doubts=("unreadable_time",))
    found = accept(Authentic(spoilt, one.signer, one.links), known(), NOON - timedelta(days=40 * 365), NOON)
    assert (found.occurred_at, found.fold_client) == (EARLIEST, None)
    assert found.doubts == ("unreadable_time",)
