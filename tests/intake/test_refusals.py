"""Refusals: kept once each however many store them, and slowed where one phone sends many."""

import asyncio
import time

import asyncpg
import pytest
from prometheus_client import CollectorRegistry

from ecm.db.pool import Database
from ecm.intake.metrics import intake_metrics
from ecm.intake.refusals import BURST, REFILL_PER_SECOND, WAITING, Refusals, Refused, _Budget
from ecm.words.problems import Problem
from tests.intake.conftest import NOON


@pytest.fixture
def refusals(database: Database) -> Refusals:
    return Refusals(database, intake_metrics(CollectorRegistry()))


def refuse(refusals: Refusals, *items: str, source: str = "") -> None:
    """Refuse these items, which no phone can be told from."""
    refused = {number: Refused(item, None, None, "unreadable", "No.") for number, item in enumerate(items)}
    refusals.answer(refused, source, NOON)


async def kept(superuser: asyncpg.Connection) -> list[str]:
    return [
        row["signed_part"] for row in await superuser.fetch("SELECT signed_part FROM refusals ORDER BY signed_part")
    ]


async def test_refusals_that_two_store_at_once_are_kept_once_and_none_that_came_meanwhile_is_lost(
    refusals: Refusals, superuser: asyncpg.Connection
):
    refuse(refusals, "a", "b", "c")
    storing = [asyncio.ensure_future(refusals.flush()) for _ in range(2)]
    await asyncio.sleep(0)  # both have begun
    refuse(refusals, "d", "e", "f")
    await asyncio.gather(*storing)
    await refusals.flush()
    assert await kept(superuser) == ["a", "b", "c", "d", "e", "f"]


async def test_what_could_not_be_stored_waits_for_the_next_time(
    refusals: Refusals, database: Database, superuser: asyncpg.Connection
):
    refuse(refusals, "a")
    await superuser.execute("REVOKE INSERT ON refusals FROM ecm_intake")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await refusals.flush()
    await superuser.execute("GRANT INSERT ON refusals TO ecm_intake")
    await refusals.flush()
    assert await kept(superuser) == ["a"]


async def test_nothing_is_kept_beyond_the_bound_while_nothing_can_be_stored(refusals: Refusals):
    for number in range(WAITING // BURST + 2):
        refuse(refusals, *["x"] * BURST, source=str(number))
    assert len(refusals._waiting) == WAITING


async def test_promise_10_what_follows_the_signed_part_is_not_kept(refusals: Refusals, superuser: asyncpg.Connection):
    refuse(refusals, "header.body.signature~a disclosed location~", "\ud800é")
    await refusals.flush()
    assert await kept(superuser) == ["\\ud800\\xe9", "header.body.signature"]


def test_a_full_budget_pays_for_any_one_request_and_is_then_empty():
    budget, now = _Budget(), time.monotonic()
    assert budget.spend(10 * BURST, now) == 0
    assert budget.spend(1, now) == 1


def test_a_budget_fills_again_and_says_after_how_many_seconds_it_is_worth_trying():
    budget, now = _Budget(), time.monotonic()
    assert budget.spend(BURST, now) == 0
    assert budget.spend(10, now) == 10 / REFILL_PER_SECOND
    later = now + 10 / REFILL_PER_SECOND
    assert budget.spend(10, later) == 0
    assert budget.spend(BURST + 1, later) == BURST / REFILL_PER_SECOND


async def test_a_phone_behind_one_address_does_not_spend_the_budget_of_another(refusals: Refusals):
    refuse(refusals, *["x"] * BURST, source="192.0.2.1")
    with pytest.raises(Problem, match="too many"):
        refuse(refusals, "x", source="192.0.2.1")
    refuse(refusals, "x", source="192.0.2.2")


async def test_when_every_slot_is_taken_the_next_refusal_takes_that_of_the_oldest(
    refusals: Refusals, superuser: asyncpg.Connection
) -> None:
    refuse(refusals, "the oldest", "the next oldest")
    await refusals.flush()
    await superuser.execute("SELECT setval('refusal_slots', 9999)")
    refuse(refusals, "the newest")
    await refusals.flush()
    assert await kept(superuser) == ["the newest", "the next oldest"]
