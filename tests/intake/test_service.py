"""What intake answers, and what is then in the database."""

import asyncio
import random
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.links import make_link
from devices.messages import Gps, Manual
from ecm.intake.reference import TRUSTED_SECONDS
from ecm.intake.refusals import BURST
from ecm.intake.service import Intake
from ecm.words.problems import Problem
from tests.intake.conftest import AT_HOME, HOME, NOON, Phone, SetClock, enrol, post, raise_directory_version


async def submit(intake: Intake, *items: object, source: str = "") -> list[str]:
    return [answer.reason or answer.status for answer in await post(intake, *items, source=source)]


async def stored(superuser: asyncpg.Connection) -> list[asyncpg.Record]:
    return await superuser.fetch("SELECT * FROM check_ins ORDER BY sequence")


async def test_an_authentic_check_in_is_stored_with_verdict_and_grade(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    posted = phone.sign()
    assert await submit(intake, posted) == ["recorded"]
    (row,) = await stored(superuser)
    assert (row["verdict"], row["grade"], row["doubts"], row["client"]) == ("inside", "located", [], "C-1")
    assert posted.startswith(row["signed_part"] + "~")
    assert await superuser.fetchval("SELECT disclosure FROM check_in_locations") == posted.split("~")[1]
    assert await superuser.fetchval("SELECT client FROM fold_requests") == "C-1"


async def test_promise_2_the_same_bytes_again_get_the_first_answer(
    intake: Intake, phone: Phone, clock: SetClock
) -> None:
    posted = phone.sign()
    first = await post(intake, posted)
    clock.time = NOON + timedelta(hours=5)
    again = await post(intake, posted, posted, sent_at=clock.time)
    assert [answer.status for answer in again] == ["duplicate", "duplicate"]
    assert {answer.recorded_at for answer in again} == {first[0].recorded_at}


async def test_promise_2_other_bytes_under_the_same_id_are_kept_as_a_conflict(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    check_in = uuid4()
    first, second, third = (phone.sign(check_in=check_in) for _ in range(3))
    assert await submit(intake, first, second) == ["recorded", "conflict"]
    assert await submit(intake, third, third) == ["conflict", "conflict"]
    assert len(await stored(superuser)) == 1
    assert await superuser.fetchval("SELECT count(*) FROM check_in_conflicts") == 2


async def test_promise_10_a_conflict_is_kept_without_its_coordinates(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    check_in = uuid4()
    other = [phone.sign(check_in=check_in, gps=AT_HOME) for _ in range(2)][1]
    assert await submit(intake, phone.sign(check_in=check_in), other) == ["recorded", "conflict"]
    signed_part, disclosure, _ = other.split("~")
    assert disclosure
    assert await superuser.fetchval("SELECT message FROM check_in_conflicts") == f"{signed_part}~"


async def test_promise_2_a_hundred_check_ins_sent_ten_times_at_once_in_any_order_are_stored_once(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    posted = phone.many(100)
    shuffled = [random.sample(posted, len(posted)) for _ in range(10)]
    results = await asyncio.gather(*(submit(intake, *batch) for batch in shuffled))
    assert sorted(answer for result in results for answer in result) == ["duplicate"] * 900 + ["recorded"] * 100
    assert len(await stored(superuser)) == 100
    assert await superuser.fetchval("SELECT count(*) FROM fold_requests") == 100


async def test_promise_3_a_clock_a_year_out_is_stored_and_flagged(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    year = timedelta(days=365)
    posted = phone.sign(at=NOON - year - timedelta(minutes=3))
    (answer,) = await post(intake, posted, sent_at=NOON - year)
    assert answer.status == "recorded"
    (row,) = await stored(superuser)
    assert row["device_at"] == NOON - year - timedelta(minutes=3)
    assert row["occurred_at"] == NOON - timedelta(minutes=3)
    assert row["doubts"] == ["clock_skew"]


@pytest.mark.parametrize(
    ("gps", "doubt"),
    [
        (Gps(HOME[0] + 0.05, HOME[1], 10.0, "w3c", 2, False), "outside_fence"),
        (Gps(HOME[0], HOME[1], 500.0, "w3c", 2, False), "coarse_fix"),
        (Gps(HOME[0], HOME[1], None, "android", 2, False), "no_accuracy"),
        (Gps(HOME[0], HOME[1], 10.0, "w3c", 2, True), "mock_location"),
        (Gps(HOME[0], HOME[1], 10.0, "w3c", 900, False), "stale_fix"),
    ],
)
async def test_promise_3_a_doubtful_place_is_flagged_not_blocked(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection, gps: Gps, doubt: str
) -> None:
    assert await submit(intake, phone.sign(gps=gps)) == ["recorded"]
    (row,) = await stored(superuser)
    assert doubt in row["doubts"]


async def test_promise_3_unknown_client_and_carer_are_flagged_not_blocked(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    assert await submit(intake, phone.sign(client="C-9", carer="W-9"), phone.sign(client="C-2")) == ["recorded"] * 2
    stranger, unfenced = await stored(superuser)
    assert {"unknown_client", "unknown_carer", "carer_not_device_owner"} <= set(stranger["doubts"])
    assert "no_fence" in unfenced["doubts"]


async def test_promise_3_what_cannot_be_authenticated_is_refused_and_kept(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    stranger, forger = Phone(phone.provider), Phone(phone.provider, device_id=phone.device_id)
    nowhere = phone.sign(gps=Gps(91.0, 0.0, 10.0, "w3c", 1, False))
    answers = await submit(intake, "rubbish", 5, None, {"a": 1}, stranger.sign(), forger.sign(), nowhere, phone.sign())
    assert answers == [
        "unreadable",
        "wrong_type",
        "wrong_type",
        "wrong_type",
        "unknown_device",
        "bad_signature",
        "recorded",
        "recorded",
    ]
    assert len(await stored(superuser)) == 2
    await intake._refusals.flush()
    assert await superuser.fetchval("SELECT count(*) FROM refusals") == 6
    kept = await superuser.fetch("SELECT signed_part FROM refusals")
    assert not any("~" in row["signed_part"] for row in kept)


async def test_a_card_of_the_client_beside_a_fix_inside_corroborates(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    tag, other = uuid4(), uuid4()
    for made, client in ((tag, "C-1"), (other, "C-2")):
        await superuser.execute("INSERT INTO tags VALUES ($1, $2, 'qr', $3, $4)", phone.provider, made, client, NOON)
    card = make_link("https://care.example", "qr", phone.provider, tag, bytes(32))
    elsewhere = make_link("https://care.example", "qr", phone.provider, other, bytes(32))
    unsigned = make_link("https://care.example", "qr", phone.provider, tag, bytes(31) + b"x")
    unregistered = make_link("https://care.example", "qr", phone.provider, uuid4(), bytes(32))
    await submit(
        intake,
        phone.sign(card=card),
        phone.sign(card=card, client=None, gps=None),
        phone.sign(card=elsewhere),
        phone.sign(card=unsigned, gps=None),
        phone.sign(card=unregistered, gps=None),
        phone.sign(gps=None, manual=Manual("DEVICE_FAULT")),
    )
    rows = await stored(superuser)
    assert [row["grade"] for row in rows] == [
        "corroborated",
        "tagged",
        "contradicted",
        "declared",
        "declared",
        "declared",
    ]
    assert rows[1]["client"] == "C-1"
    assert "tag_other_client" in rows[2]["doubts"]
    assert "tag_signature_bad" in rows[3]["doubts"]
    assert "tag_unknown" in rows[4]["doubts"]


async def test_a_revoked_key_and_a_moved_fence_count_within_a_second(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    assert await submit(intake, phone.sign()) == ["recorded"]
    await superuser.execute("UPDATE fences SET shape = jsonb_set(shape, '{latitude}', '50.1')")
    await raise_directory_version(superuser, phone.provider)
    async with asyncio.timeout(TRUSTED_SECONDS):
        while await superuser.fetchval("SELECT count(*) FROM check_ins WHERE verdict = 'outside'") == 0:
            assert await submit(intake, phone.sign(at=NOON)) == ["recorded"]
            await asyncio.sleep(0.02)
    await superuser.execute("UPDATE devices SET revoked_at = $1", NOON)
    await raise_directory_version(superuser, phone.provider)
    async with asyncio.timeout(TRUSTED_SECONDS):
        while await submit(intake, phone.sign()) != ["revoked_device"]:
            await asyncio.sleep(0.02)


async def test_a_phone_enrolled_after_its_first_try_is_known_within_a_second(
    intake: Intake, provider: UUID, superuser: asyncpg.Connection
) -> None:
    late = Phone(provider)
    assert await submit(intake, late.sign()) == ["unknown_device"]
    await enrol(superuser, late)
    async with asyncio.timeout(TRUSTED_SECONDS):
        while await submit(intake, late.sign()) != ["recorded"]:
            await asyncio.sleep(0.02)


async def test_location_withheld_is_recorded_with_the_doubt(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    withheld = phone.sign(gps=AT_HOME).split("~")[0] + "~"
    assert await submit(intake, withheld) == ["recorded"]
    (row,) = await stored(superuser)
    assert row["doubts"] == ["location_withheld"]
    assert await superuser.fetchval("SELECT count(*) FROM check_in_locations") == 0


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    rubbish=st.lists(
        st.one_of(st.text(), st.integers(), st.none(), st.lists(st.text()), st.floats(), st.text(alphabet="aA0._-~{}")),
        max_size=6,
    )
)
async def test_rubbish_is_refused_item_by_item_and_its_neighbour_recorded(
    intake: Intake, phone: Phone, rubbish: list[object]
) -> None:
    answers = await submit(intake, *rubbish, phone.sign(), source=str(uuid4()))
    assert answers[-1] == "recorded"
    assert set(answers[:-1]) <= {"unreadable", "wrong_type", "too_large"}


async def test_a_row_the_database_cannot_hold_is_refused_alone(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    await superuser.execute("ALTER TABLE check_ins ADD CONSTRAINT not_this_carer CHECK (carer <> 'W-2')")
    posted = [phone.sign(carer="W-2" if number in (3, 11) else "W-1") for number in range(20)]
    answers = await submit(intake, *posted)
    assert answers == ["unstorable" if number in (3, 11) else "recorded" for number in range(20)]
    assert len(await stored(superuser)) == 18


async def test_what_a_batch_names_stays_known_while_the_directory_changes_under_it(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    tag = uuid4()
    await superuser.execute("INSERT INTO tags VALUES ($1, $2, 'qr', 'C-1', $3)", phone.provider, tag, NOON)
    card = make_link("https://care.example", "qr", phone.provider, tag, bytes(32))
    finished = asyncio.Event()

    async def change_again_and_again() -> None:
        while not finished.is_set():
            await raise_directory_version(superuser, phone.provider)
            await intake._reference.refresh()

    changing = asyncio.create_task(change_again_and_again())
    for _ in range(20):
        await asyncio.gather(*(submit(intake, phone.sign(card=card, gps=gps)) for gps in [AT_HOME, None] * 5))
    finished.set()
    await changing
    told = await superuser.fetch("SELECT DISTINCT grade, doubts FROM check_ins ORDER BY grade")
    assert [(row["grade"], row["doubts"]) for row in told] == [("corroborated", []), ("tagged", [])]


async def test_a_phone_that_floods_with_broken_items_is_slowed_and_its_neighbours_do_not_feel_it(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    neighbour = Phone(phone.provider, carer="W-2")
    await enrol(superuser, neighbour)
    forged = Phone(phone.provider, device_id=phone.device_id).sign()
    for _ in range(BURST):
        assert await submit(intake, forged) == ["bad_signature"]
    with pytest.raises(Problem) as slowed:
        await submit(intake, *[forged] * 10)
    assert slowed.value.kind.status == 429
    assert int(slowed.value.headers["Retry-After"]) > 0
    with pytest.raises(Problem):
        await submit(intake, *phone.many(2), *[forged] * 10)
    assert await submit(intake, *neighbour.many(3)) == ["recorded"] * 3
    assert await submit(intake, *phone.many(3)) == ["recorded"] * 3


async def test_promise_10_a_location_that_was_purged_is_not_brought_back_by_its_check_in_sent_again(
    intake: Intake, phone: Phone, superuser: asyncpg.Connection
) -> None:
    posted = phone.sign(gps=AT_HOME)
    assert await submit(intake, posted) == ["recorded"]
    await superuser.execute("DELETE FROM check_in_locations")
    assert await submit(intake, posted) == ["duplicate"]
    assert await superuser.fetchval("SELECT count(*) FROM check_in_locations") == 0
