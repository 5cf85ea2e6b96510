"""Folding against the database: any order, any number of folders, only news is written, and who may see it."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from ecm.audit import merkle
from ecm.audit.service import Audit
from ecm.db.pool import Database, DatabaseUrls, open_database
from ecm.process.wiring import visits_and_what_follows
from ecm.visits.domain import Amendment
from ecm.visits.messages import day_shown
from ecm.visits.service import Visits
from ecm.words.problems import Problem
from tests.arranging import COUNCIL, DAY, OTHER_COUNCIL, Arranged, HandClock, at, fold_what_waits, officer

NOON = at("12:00")


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOON)


@pytest.fixture
def visits(database: Database, clock: HandClock) -> Visits:
    return visits_and_what_follows(database, clock)[0]


def amendment(visit: str, carer: str = "W-001", **fields) -> Amendment:
    known = {
        "amendment_id": uuid4(),
        "in_at": None,
        "out_at": at("08:31"),
        "made_at": at("11:00"),
        "made_by": "a coordinator",
        "reason": "NO_OUT",
        "memo": None,
    } | fields
    return Amendment(visit=visit, carer=carer, **known)


async def a_morning(arranged: Arranged) -> None:
    await arranged.phone("W-001")
    for number in range(1, 4):
        client = await arranged.client(f"C-{number}")
        await arranged.visit(f"V-{number}", client, at(f"0{6 + number}:00"))


async def test_a_check_in_becomes_a_visit_with_its_evidence(arranged, visits):
    await a_morning(arranged)
    device, check_in = await arranged.check_in("C-2", "in", at("08:02"))
    await arranged.check_in("C-2", "out", at("08:31"))

    await fold_what_waits(visits)

    found = await visits.day(arranged.account(), DAY, None)
    shown = {visit.visit: visit for visit in day_shown(found, visits.limits).visits}
    assert list(shown) == ["V-1", "V-2", "V-3"]
    assert [shown[visit].status for visit in shown] == ["presumed_missed", "done", "presumed_missed"]
    (stay,) = shown["V-2"].stays
    assert (stay.delivered_seconds, stay.in_check_in) == (29 * 60, f"{device}/{check_in}")
    detail = await visits.detail(arranged.account(), "V-2", None)
    assert [evidence.direction for evidence in detail.check_ins] == ["in", "out"]


async def test_folding_again_without_news_writes_nothing(arranged, visits):
    await a_morning(arranged)
    await fold_what_waits(visits)
    before = await arranged.rows("visits")
    events = len(await arranged.rows("audit_events"))

    for client in ("C-1", "C-2", "C-3"):
        await arranged.ask(client, at("08:00"))
    await fold_what_waits(visits)

    assert await arranged.rows("visits") == before
    assert len(await arranged.rows("audit_events")) == events


async def test_a_visit_taken_off_the_roster_goes_and_a_changed_one_counts_its_versions(arranged, visits):
    await a_morning(arranged)
    await fold_what_waits(visits)
    await arranged.superuser.execute("DELETE FROM planned_visits WHERE visit = 'V-1'")
    await arranged.superuser.execute("UPDATE planned_visits SET minutes = 45 WHERE visit = 'V-2'")
    await arranged.ask("C-1", at("07:00"))
    await arranged.ask("C-2", at("08:00"))

    await fold_what_waits(visits)

    found = await visits.day(arranged.account(), DAY, None)
    assert [(one.visit.visit, one.version) for one in found.visits] == [("V-2", 2), ("V-3", 1)]
    assert found.visits[0].visit.planned_minutes == 45


async def test_a_visit_moved_to_another_day_is_shown_there_only(arranged, visits):
    await a_morning(arranged)
    await fold_what_waits(visits)
    moved = at("08:00", DAY + timedelta(days=20))
    await arranged.superuser.execute("UPDATE planned_visits SET start_at = $1 WHERE visit = 'V-1'", moved)
    await arranged.ask("C-1", moved)
    await fold_what_waits(visits)
    await arranged.ask("C-1", at("07:00"))
    await fold_what_waits(visits)

    assert [one.visit.visit for one in (await visits.day(arranged.account(), DAY, None)).visits] == ["V-2", "V-3"]
    later = await visits.day(arranged.account(), DAY + timedelta(days=20), None)
    assert [one.visit.visit for one in later.visits] == ["V-1"]


async def test_promise_5_any_order_of_arrival_gives_the_same_visits(arranged, visits, database):
    arrivals = [("in", "07:01"), ("out", "07:29"), ("in", "07:31"), ("in", "09:58"), ("out", "10:20"), ("out", "07:40")]
    outcomes = set()
    for seed in range(6):
        house = await Arranged(database, arranged.superuser).begin()
        await house.carer("W-001")
        client = await house.client("C-1")
        for number, start in enumerate(("07:00", "07:30", "10:00"), start=1):
            await house.visit(f"V-{number}", client, at(start))
        shuffled = list(enumerate(arrivals, start=1))
        random.Random(seed).shuffle(shuffled)
        for number, (direction, when) in shuffled:
            await house.check_in(client, direction, at(when), check_in=UUID(int=number), sequence=number)
            if seed % 2:
                await visits.fold_pending(1)
        await fold_what_waits(visits, limit=seed + 1)
        outcomes.add(tuple(sorted((row["visit"], row["folded"]) for row in await house.rows("visits"))))
    assert len(outcomes) == 1


async def test_promise_5_two_folders_at_once_give_the_same_visits(arranged, database_urls: DatabaseUrls, clock):
    houses = [arranged, await Arranged(arranged.database, arranged.superuser).begin()]
    for house in houses:
        await a_morning(house)
    outcomes = []
    async with open_database(database_urls) as one, open_database(database_urls) as other:
        folders = [visits_and_what_follows(one, clock)[0], visits_and_what_follows(other, clock)[0]]
        for number in range(40):
            client, minute = f"C-{number % 3 + 1}", number // 3
            for house in houses:
                direction = "in" if number % 2 else "out"
                await house.check_in(client, direction, at(f"08:{minute:02d}"), check_in=UUID(int=number + 1))
        await asyncio.gather(*(fold_what_waits(folder, limit=3) for folder in folders))
        await fold_what_waits(folders[0])
    for house in houses:
        rows = await house.rows("visits")
        outcomes.append(sorted((row["visit"], row["folded"]) for row in rows))
        assert not await house.rows("fold_requests")
        assert sorted(row["leaf_index"] for row in await house.rows("log_entries")) == list(range(40))
    assert outcomes[0] == outcomes[1]


async def test_promise_5_a_slow_folder_never_writes_over_what_a_quick_one_saw_later(
    arranged, database_urls: DatabaseUrls, superuser, clock
):
    client = await arranged.client("C-1")
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
    async with open_database(database_urls) as one, open_database(database_urls) as other:
        for number in range(8):
            morning = at("08:00", DAY + timedelta(days=7 * number))
            async with superuser.transaction():
                await superuser.execute("LOCK TABLE amendments IN ACCESS EXCLUSIVE MODE")
                await arranged.check_in(client, "in", morning)
                slow = asyncio.ensure_future(visits_and_what_follows(one, clock)[0].fold_pending(10))
                while await superuser.fetchval(waiting) < 1:
                    assert not slow.done()
                await arranged.check_in(client, "out", morning + timedelta(minutes=30))
                quick = asyncio.ensure_future(visits_and_what_follows(other, clock)[0].fold_pending(10))
                while await superuser.fetchval(waiting) < 2:
                    assert not quick.done()
            await asyncio.gather(slow, quick)
            (visit,) = [row for row in await arranged.rows("visits") if row["begins_at"] == morning]
            assert '"delivered_seconds":1800' in visit["folded"]


async def test_a_check_in_without_a_known_client_is_sealed_and_not_folded(arranged, visits):
    await arranged.check_in(None, "in", at("08:00"))
    await arranged.check_in("C-unknown", "in", at("08:00"))

    await fold_what_waits(visits)

    assert not await arranged.rows("visits")
    assert len(await arranged.rows("log_entries")) == 2


async def test_every_check_in_is_sealed_once_and_its_proof_verifies(arranged, visits, database, clock):
    await a_morning(arranged)
    keys = [await arranged.check_in("C-1", "in", at("07:00") + timedelta(minutes=6 * n)) for n in range(7)]
    await fold_what_waits(visits, limit=3)
    await arranged.superuser.execute(
        "INSERT INTO fold_requests (provider_id, client, around, device_id, check_in_id, link_digest)"
        " SELECT provider_id, client, occurred_at, device_id, check_in_id, link_digest FROM check_ins"
    )
    await fold_what_waits(visits)

    for device, check_in in keys:
        proof = await Audit(database, clock).proof(arranged.account(), arranged.provider, device, check_in)
        assert proof.tree_size == len(keys)
        assert proof.leaf_hash == merkle.leaf_hash(bytes.fromhex(proof.link_digest)).hex()
        leaf, *path, root = (bytes.fromhex(one) for one in (proof.leaf_hash, *proof.path, proof.root))
        assert merkle.verify_inclusion(leaf, proof.leaf_index, proof.tree_size, path, root)


async def test_an_amendment_is_kept_once_and_shows_after_the_fold(arranged, visits):
    await a_morning(arranged)
    await arranged.check_in("C-2", "in", at("08:02"))
    await fold_what_waits(visits)
    made = amendment("V-2")

    stored, new = await visits.amend(arranged.provider, made)
    assert (stored, new) == (made, True)
    assert await visits.amend(arranged.provider, msgspec.structs.replace(made, made_by="another")) == (made, False)
    with pytest.raises(Problem, match="another amendment"):
        await visits.amend(arranged.provider, msgspec.structs.replace(made, out_at=at("08:40")))
    await fold_what_waits(visits)

    detail = await visits.detail(arranged.account(), "V-2", None)
    (stay,) = detail.stored.visit.stays
    assert (stay.delivered_seconds, stay.amendments) == (29 * 60, (made.amendment_id,))
    assert [one.amendment for one in detail.amendments] == [made]


async def test_an_amendment_sent_twice_at_once_gets_the_same_answer_twice_and_is_kept_once(arranged, visits) -> None:
    await a_morning(arranged)
    await fold_what_waits(visits)
    made = amendment("V-2")
    answers = await asyncio.gather(*(visits.amend(arranged.provider, made) for _ in range(2)))
    assert sorted(answers, key=lambda answer: answer[1]) == [(made, False), (made, True)]
    assert len(await arranged.rows("amendments")) == 1


async def test_folding_a_visit_waits_for_whoever_is_folding_its_client_already(arranged, visits, superuser):
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
    await a_morning(arranged)
    await fold_what_waits(visits)
    await visits.amend(arranged.provider, amendment("V-2", in_at=at("08:00")))
    async with superuser.transaction():
        await superuser.execute("SELECT FROM clients WHERE client = 'C-2' FOR UPDATE")
        background = asyncio.ensure_future(visits.fold_pending(10))
        while await superuser.fetchval(waiting) < 1:
            assert not background.done()
        own = asyncio.ensure_future(visits.fold_visit(arranged.provider, "V-2"))
        while await superuser.fetchval(waiting) < 2:
            assert not own.done()
    assert await own == 0
    (stay,) = (await visits.detail(arranged.account(), "V-2", None)).stored.visit.stays
    assert stay.delivered_seconds == 31 * 60
    assert await background == 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"visit": "V-9"}, "no such visit"),
        ({"visit": "V-1", "carer": "W-009"}, "no carer"),
        ({"visit": "V-1", "out_at": None}, "in_at, out_at or both"),
        ({"visit": "V-1", "in_at": at("09:00"), "out_at": at("09:00")}, "before"),
        ({"visit": "V-1", "reason": "OTHER_WITH_MEMO", "memo": "  "}, "memo"),
    ],
)
async def test_an_amendment_that_cannot_be_is_refused_with_the_reason(arranged, visits, fields, says):
    await a_morning(arranged)
    await fold_what_waits(visits)
    with pytest.raises(Problem, match=says):
        await visits.amend(arranged.provider, amendment(**fields))
    assert not await arranged.rows("amendments")


async def test_an_exception_is_acknowledged_once_and_only_where_it_is(arranged, visits):
    await a_morning(arranged)
    await arranged.check_in("C-2", "in", at("08:00"))
    await arranged.check_in("C-2", "out", at("08:04"))
    await arranged.check_in("C-3", "in", at("09:00"))
    await fold_what_waits(visits)

    first = await visits.acknowledge(arranged.provider, "V-2", "too_short", "W-001", None, "first")
    again = await visits.acknowledge(arranged.provider, "V-2", "too_short", "W-001", "memo", "second")
    assert first == again
    with pytest.raises(Problem, match="no exception"):
        await visits.acknowledge(arranged.provider, "V-2", "late", "W-001", None, "first")
    with pytest.raises(Problem, match="fixed by an amendment"):
        await visits.acknowledge(arranged.provider, "V-3", "no_out", "W-001", None, "first")
    shown = day_shown(await visits.day(arranged.account(), DAY, None), visits.limits).visits[1]
    assert [(one.kind, one.acknowledged) for one in shown.exceptions] == [("too_short", True)]


async def test_promise_11_a_council_sees_the_visits_it_pays_for_and_no_other(arranged, visits):
    await arranged.carer("W-001")
    mine, theirs = await arranged.client("C-1"), await arranged.client("C-2", council=OTHER_COUNCIL)
    paid_by_other = await arranged.commission("K-1", mine, council=OTHER_COUNCIL)
    await arranged.visit("V-1", mine, at("08:00"))
    await arranged.visit("V-2", theirs, at("08:00"))
    await arranged.visit("V-3", mine, at("10:00"), commission=paid_by_other)
    await arranged.check_in(mine, "in", at("08:00"))
    await fold_what_waits(visits)
    await visits.amend(arranged.provider, amendment("V-1"))

    seen = {}
    for council in (COUNCIL, OTHER_COUNCIL):
        found = await visits.day(officer(council), DAY, None)
        seen[council] = [one.visit.visit for one in found.visits]
    assert seen == {COUNCIL: ["V-1"], OTHER_COUNCIL: ["V-2", "V-3"]}
    detail = await visits.detail(officer(COUNCIL), "V-1", arranged.provider)
    assert (len(detail.check_ins), len(detail.amendments)) == (1, 1)
    with pytest.raises(Problem, match="no such visit"):
        await visits.detail(officer(OTHER_COUNCIL), "V-1", arranged.provider)
    with pytest.raises(Problem, match="no such visit"):
        await visits.detail(replace(arranged.account(), provider=uuid4()), "V-1", arranged.provider)
