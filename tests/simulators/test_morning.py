import itertools
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from devices.alerts import read_alert
from devices.sd_jwt import read_check_in
from simulators.client import Patience, ServiceClient
from simulators.happenings import Close, Fact
from simulators.intruder import EXPECTED
from simulators.morning import ClockGoneOn, Morning, check_clock, steps_of
from simulators.outbox import Outbox
from simulators.registration import Registration
from simulators.seeds import random_id
from simulators.state import DayState, OtherMorning, open_state
from simulators.truth import Truth
from tests.simulators.fake_service import FAULTS, FakeService

pytestmark = pytest.mark.heavy  # each plays a whole morning
QUICK = Patience(first=0.0005, longest=0.002, total=20)


class PowerCut(Exception):
    pass


@asynccontextmanager
async def served(fake: FakeService) -> AsyncIterator[ServiceClient]:
    async with TestServer(fake.app()) as server, aiohttp.ClientSession() as session:
        yield ServiceClient(session, str(server.make_url("")).rstrip("/"), QUICK)


def fake_for(truth: Truth, faults: Iterator[str | None] | None = None) -> FakeService:
    fake = FakeService(faults)
    for told in truth.providers:
        for act in told.office:
            if isinstance(act, Fact | Close):
                fake.missed[act.visit] = random_id(0, act.visit)
    return fake


async def play(truth: Truth, fake: FakeService, folder: Path, stop_after: int | None = None) -> tuple[Outbox, DayState]:
    """Play the morning, or what is left of it, as a process does; power fails after some steps."""
    world = truth.world
    kept_at = folder / "state.json"
    state = open_state(kept_at, world.seed, world.day, 0.3, world.council)
    done: list[datetime] = []

    def stepped(at: datetime) -> None:
        done.append(at)
        if len(done) == stop_after:
            raise PowerCut

    async with served(fake) as service:
        with Outbox(folder / "phones.jsonl") as outbox:
            await Registration(world, service, "operator", state, kept_at, lambda _: None).run()
            await Morning(truth, service, "operator", state, kept_at, outbox).play(stepped)
            return outbox, state


def sent(fake: FakeService) -> list[str]:
    return sorted(fake.stored.values())


async def test_a_whole_morning_arrives_once_whatever_the_network_does(small_truth, tmp_path):
    fake = fake_for(small_truth, itertools.cycle((*FAULTS, None, None, None)))
    outbox, state = await play(small_truth, fake, tmp_path)
    taps = [tap for told in small_truth.providers for tap in told.taps]
    assert {item.key for item in outbox.check_ins()} == {tap.key for tap in taps}
    assert sent(fake) == sorted(item.message for item in outbox.check_ins())
    assert outbox.unanswered() == 0
    assert state.undone == []
    answers = {entry.key: (entry.status, entry.reason) for entry in outbox.answers if entry.key in EXPECTED}
    assert answers == EXPECTED


async def test_a_second_run_goes_on_where_the_first_was_cut_off(small_truth, tmp_path):
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    straight.mkdir()
    broken.mkdir()
    whole, pieces = fake_for(small_truth), fake_for(small_truth)
    await play(small_truth, whole, straight)
    for stop_after in (1, 30, 20):
        with pytest.raises(PowerCut):
            await play(small_truth, pieces, broken, stop_after)
    outbox, state = await play(small_truth, pieces, broken)
    assert sent(pieces) == sent(whole)
    assert outbox.unanswered() == 0
    assert state.step == len(steps_of(small_truth))
    stored = [name for name, _ in pieces.posts if name.endswith("stored")]
    assert len(stored) == len(set(stored)) + 2 * 4
    acts = {name: body for name, body in whole.posts if "amendments" in name or "facts" in name}
    assert {name: body for name, body in pieces.posts if name in acts} == acts
    before = len(pieces.received)
    await play(small_truth, pieces, broken)
    assert len(pieces.received) == before


async def test_a_step_may_be_played_twice(small_truth, tmp_path):
    fake = fake_for(small_truth)
    with pytest.raises(PowerCut):
        await play(small_truth, fake, tmp_path, 40)
    state = DayState.load(tmp_path / "state.json")
    assert state is not None
    state.step -= 1
    state.save(tmp_path / "state.json")
    once = sent(fake)
    with pytest.raises(PowerCut):
        await play(small_truth, fake, tmp_path, 1)
    assert sent(fake) == once


async def test_nothing_is_sent_before_it_happened_or_from_a_phone_without_signal(small_truth, tmp_path):
    fake = fake_for(small_truth)
    outbox, _ = await play(small_truth, fake, tmp_path)
    taps = {tap.key: tap for told in small_truth.providers for tap in told.taps}
    habits = {carer: habits for told in small_truth.providers for carer, habits in told.habits.items()}
    by_message = {item.message: taps[item.key] for item in outbox.check_ins()}
    waited = timedelta()
    for received_at, sent_at, messages in fake.received:
        for tap in (by_message[message] for message in messages if message in by_message):
            assert tap.at <= received_at
            assert habits[tap.carer].online(received_at)
            assert sent_at == received_at + habits[tap.carer].drift
            waited = max(waited, received_at - tap.at)
    assert waited > timedelta(hours=1)


async def test_what_is_posted_has_the_ids_that_were_checked(truth, tmp_path):
    fake = fake_for(truth)
    outbox, _ = await play(truth, fake, tmp_path)
    posted = {("check-in", read_check_in(item.message).body.check_in) for item in outbox.check_ins()}
    for path, body in fake.posts:
        if path == "/v1/device-alerts":
            posted.add(("alert", read_alert(body["message"]).body.alert))
        elif path == "/v1/alerts":
            posted.add(("alert", uuid.UUID(body["alert"])))
        elif path.endswith("/facts"):
            posted.add(("fact", uuid.UUID(body["fact"])))
        elif path.endswith("/amendments"):
            posted.add(("amendment", uuid.UUID(body["amendment"])))
    ids = [each for told in truth.providers for each in told.ids(truth.world.seed)]
    assert posted == {(each.kind, each.value) for each in ids if each.kind != "journal key"}


async def test_check_ins_go_out_singly_in_batches_shuffled_and_again(truth, tmp_path):
    fake = fake_for(truth)
    outbox, _ = await play(truth, fake, tmp_path)
    sizes = [len(messages) for _, _, messages in fake.received]
    assert min(sizes) == 1
    assert max(sizes) > 3
    assert any(entry.status == "duplicate" for entry in outbox.answers)
    orders = [[read_check_in(m).body.sequence for m in messages] for _, _, messages in fake.received]
    assert any(order != sorted(order) for order in orders)


async def test_the_state_of_another_morning_is_not_taken_for_this_one(small_truth, tmp_path):
    world = small_truth.world
    path = tmp_path / "state.json"
    open_state(path, world.seed, world.day, 0.3, world.council).save(path)
    with pytest.raises(OtherMorning):
        open_state(path, world.seed + 1, world.day, 0.3, world.council)
    assert path.stat().st_mode & 0o077 == 0


async def test_a_morning_does_not_begin_on_a_clock_that_is_past_it(small_truth):
    fake = FakeService()
    async with served(fake) as service:
        await check_clock(service, "operator", small_truth)
        fake.now += timedelta(hours=1)
        with pytest.raises(ClockGoneOn):
            await check_clock(service, "operator", small_truth)
