"""One signature at the end of an unbroken chain, and what is still checked afterwards."""

import random
from itertools import pairwise
from uuid import UUID

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.sd_jwt import link_to, read_check_in
from ecm.db.pool import Database
from ecm.intake.service import Intake
from ecm.intake.signatures import chains
from ecm.phones import domain
from ecm.process.wiring import visits_and_what_follows
from tests.intake.conftest import AT_HOME, NOON, Phone, SetClock, enrol
from tests.intake.test_service import submit

PROVIDER = UUID(int=5)


def with_another_signature(posted: str, other: str) -> str:
    """The first message with the second one's signature: well-formed, and false."""
    signed, *rest = posted.split("~")
    return "~".join([f"{signed.rpartition('.')[0]}.{other.partition('~')[0].rpartition('.')[2]}", *rest])


@given(
    lengths=st.lists(st.integers(1, 8), min_size=1, max_size=4),
    gaps=st.sets(st.integers(0, 31)),
    shuffle=st.randoms(use_true_random=False),
)
def test_chains_are_unbroken_complete_and_of_one_device_whatever_the_order(
    lengths: list[int], gaps: set[int], shuffle: random.Random
) -> None:
    phones = [Phone(PROVIDER) for _ in lengths]
    posted = [posted for phone, length in zip(phones, lengths, strict=True) for posted in phone.many(length)]
    kept = [one for number, one in enumerate(posted) if number not in gaps] or posted
    shuffle.shuffle(kept)
    messages = {index: read_check_in(one) for index, one in enumerate(kept)}
    found = chains(messages)
    assert sorted(index for chain in found for index in chain) == sorted(messages)
    for chain in found:
        for before, after in pairwise(chain):
            assert messages[after].previous == messages[before].link_digest
            assert messages[after].device_id == messages[before].device_id
    heads = {messages[chain[0]].previous for chain in found}
    assert not heads & {message.link_digest for message in messages.values()}


def test_a_message_is_joined_to_the_one_before_it_on_its_own_phone_only():
    phone, other = Phone(PROVIDER), Phone(PROVIDER)
    first = phone.sign()
    other.previous, other.sequence = link_to(first), 1
    messages = {index: read_check_in(one) for index, one in enumerate([first, phone.sign(), other.sign()])}
    assert sorted(chains(messages)) == [[0, 1], [2]]


async def test_one_signature_is_verified_for_an_unbroken_chain_of_fifty(
    intake: Intake, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified = []
    monkeypatch.setattr(domain, "verify", lambda message, key: verified.append(message.body.sequence))
    assert await submit(intake, *phone.many(50)) == ["recorded"] * 50
    assert verified == [50]


async def test_a_broken_link_falls_back_to_each_signature_by_itself(intake: Intake, phone: Phone) -> None:
    good = phone.many(6)
    forged_last = with_another_signature(good[5], good[0])
    assert await submit(intake, *good[:5], forged_last) == ["recorded"] * 5 + ["bad_signature"]


async def test_a_stranger_cannot_hang_a_message_before_a_chain_he_did_not_sign(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    stranger = Phone(phone.provider, device_id=phone.device_id)
    forged = stranger.sign()
    phone.previous, phone.sequence = None, 1
    assert await submit(intake, forged, phone.sign(gps=AT_HOME), phone.sign()) == ["bad_signature"] + ["recorded"] * 2
    assert await superuser.fetchval("SELECT count(*) FROM check_ins") == 2


async def test_what_a_chain_vouched_for_is_verified_afterwards_and_a_false_signature_shown(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection, database: Database
) -> None:
    first = phone.sign()
    second = with_another_signature(phone.sign(), first)
    phone.previous = link_to(second)
    third = phone.sign()
    assert await submit(intake, first, second, third) == ["recorded"] * 3
    await visits_and_what_follows(database, SetClock(NOON))[0].fold_pending(10)
    failed = await superuser.fetch("SELECT check_in_id FROM signature_failures")
    assert [row["check_in_id"] for row in failed] == [read_check_in(second).body.check_in]
    assert await superuser.fetchval("SELECT tag FROM audit_events WHERE tag LIKE 'audit:%'") == "audit:signature:failed"


async def test_a_chain_of_another_phone_does_not_help(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    other = Phone(phone.provider, carer="W-2")
    await enrol(superuser, other)
    mine, forged = phone.sign(), with_another_signature(phone.sign(), phone.sign())
    # After the forgery in the order of sequences too, as one that is to vouch for it must be.
    other.previous, other.sequence = link_to(forged), 98
    assert await submit(intake, mine, forged, other.sign()) == ["recorded", "bad_signature", "recorded"]


async def test_a_chain_that_no_phone_of_ours_signed_is_refused_whole(intake: Intake, phone: Phone) -> None:
    stranger = Phone(phone.provider, device_id=phone.device_id)
    assert await submit(intake, *stranger.many(3)) == ["bad_signature"] * 3
