import itertools
from collections.abc import Iterable
from contextlib import AsyncExitStack
from datetime import timedelta

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from devices.keys import PrivateKey
from devices.sd_jwt import link_to, read_check_in, verify
from simulators.client import Patience, Refusal, ServiceClient, ServiceLost
from simulators.outbox import Outbox
from simulators.phones import Phone
from simulators.roster import local
from simulators.truth import Truth
from tests.simulators.fake_service import FAULTS, FakeService

QUICK = Patience(first=0.0005, longest=0.002, total=20)


def phones_of(truth: Truth, outbox: Outbox) -> list[Phone]:
    links = {
        (client.code, kind): f"http://invalid/{kind}/{client.code}"
        for provider in truth.world.providers
        for client in provider.clients
        for kind in ("nfc", "qr")
    }
    return [
        Phone(truth.world.seed, carer, told.habits[carer.code], outbox, links)
        for told in truth.providers
        for carer in told.provider.carers
    ]


def sign_all(truth: Truth, outbox: Outbox) -> list[Phone]:
    phones = phones_of(truth, outbox)
    for phone in phones:
        for told in truth.providers:
            phone.tap([tap for tap in told.taps if tap.carer == phone.carer.code])
    return phones


@pytest.fixture
def outbox(tmp_path):
    with Outbox(tmp_path / "phones.jsonl") as kept:
        yield kept


@pytest.fixture
async def serve():
    """Serve a stand-in and give a client of it."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def start(fake: FakeService, patience: Patience = QUICK) -> ServiceClient:
            server = await stack.enter_async_context(TestServer(fake.app()))
            return ServiceClient(session, str(server.make_url("")).rstrip("/"), patience)

        yield start


def knows(fake: FakeService, phones: Iterable[Phone]) -> None:
    fake.keys = {phone.carer.device_id: phone.key.public for phone in phones}


def test_every_check_in_verifies_and_names_the_one_before_it(truth, outbox):
    algorithms = set()
    for phone in sign_all(truth, outbox):
        previous = None
        public = PrivateKey.from_seed(phone.carer.key, phone.carer.algorithm).public
        algorithms.add(phone.carer.algorithm)
        for sequence, item in enumerate(outbox.waiting(phone.carer.code), start=1):
            said = read_check_in(item.message)
            verify(said, public)
            assert said.body.sequence == sequence
            assert said.body.previous == previous
            assert said.device_id == phone.carer.device_id
            previous = link_to(item.message)
    assert algorithms == {"EdDSA", "ES256"}


def test_check_ins_carry_what_the_tap_had_to_show_and_the_phones_own_time(truth, outbox):
    sign_all(truth, outbox)
    taps = {tap.key: tap for told in truth.providers for tap in told.taps}
    habits = {carer: habits for told in truth.providers for carer, habits in told.habits.items()}
    for item in outbox.check_ins():
        tap, said = taps[item.key], read_check_in(item.message)
        withheld = tap.fix is not None and tap.fix.withheld
        assert said.location_withheld == withheld
        assert (said.gps is not None) == (tap.fix is not None and not withheld)
        assert (said.body.evidence.nfc is not None) == (tap.tag == "nfc")
        assert (said.body.evidence.qr is not None) == (tap.tag == "qr")
        assert said.at == tap.at + habits[tap.carer].drift


def test_signing_again_after_a_restart_changes_nothing(truth, tmp_path):
    path = tmp_path / "phones.jsonl"
    with Outbox(path) as outbox:
        sign_all(truth, outbox)
    before = path.read_bytes()
    with Outbox(path) as outbox:
        sign_all(truth, outbox)
    assert path.read_bytes() == before


async def test_no_check_in_leaves_the_outbox_before_it_is_answered(truth, outbox, serve):
    fake = FakeService(itertools.cycle((*FAULTS, None, None)))
    phones = sign_all(truth, outbox)[:12]
    knows(fake, phones)
    service = await serve(fake)
    signed = [item for phone in phones for item in outbox.waiting(phone.carer.code)]
    for phone in phones:
        await phone.post(service, local(truth.world.day, "14:00"))
    assert {read_check_in(item.message).body.check_in for item in signed} == {name for _, name in fake.stored}
    assert sorted(fake.stored.values()) == sorted(item.message for item in signed)
    answered = {entry.key for entry in outbox.answers}
    assert answered == {item.key for item in signed}
    assert not any(outbox.waiting(phone.carer.code) for phone in phones)
    assert {entry.status for entry in outbox.answers} == {"recorded", "duplicate"}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_is_never_answered_stays_in_the_outbox(truth, outbox, serve, fault):
    fake = FakeService(itertools.repeat(fault))
    phones = sign_all(truth, outbox)
    knows(fake, phones)
    service = await serve(fake, Patience(0.0005, 0.002, 0.03))
    before = outbox.waiting(phones[0].carer.code)
    assert before
    with pytest.raises(ServiceLost):
        await phones[0].post(service, local(truth.world.day, "14:00"))
    assert outbox.waiting(phones[0].carer.code) == before
    assert outbox.answers == []


async def test_a_post_refused_as_a_whole_stays_in_the_outbox(truth, outbox, serve):
    phones = sign_all(truth, outbox)
    service = await serve(FakeService(itertools.repeat("refused")))
    with pytest.raises(Refusal):
        await phones[0].post(service, local(truth.world.day, "14:00"))
    assert outbox.waiting(phones[0].carer.code)


async def test_a_phone_a_year_out_says_so_by_its_sending_time(truth, outbox, serve):
    fake = FakeService()
    phones = [p for p in sign_all(truth, outbox) if p.habits.drift == timedelta(days=365)]
    knows(fake, phones)
    service = await serve(fake)
    fake.now = local(truth.world.day, "14:00")
    for phone in phones:
        await phone.post(service, fake.now)
    assert fake.received
    assert all(sent - received == timedelta(days=365) for received, sent, _ in fake.received)


def test_a_line_torn_by_a_crash_is_dropped_and_what_was_whole_stays(truth, tmp_path):
    path = tmp_path / "phones.jsonl"
    with Outbox(path) as outbox:
        sign_all(truth, outbox)
        keys = [item.key for item in outbox.check_ins()]
    path.write_bytes(path.read_bytes()[:-20])
    with Outbox(path) as outbox:
        assert [item.key for item in outbox.check_ins()] == keys[:-1]
        sign_all(truth, outbox)
        assert {item.key for item in outbox.check_ins()} == set(keys)


async def test_a_service_that_is_gone_is_called_back_before_the_next_attempt(outbox, truth, serve):
    fake = FakeService()
    service = await serve(fake)
    alive, service.base = service.base, "http://127.0.0.1:1"

    async def revive():
        service.base = alive

    service.revive = revive
    phones = sign_all(truth, outbox)
    knows(fake, phones)
    await phones[0].post(service, local(truth.world.day, "14:00"))
    assert not outbox.waiting(phones[0].carer.code)
