"""Who did what to accounts, tokens, councils and contracts, with how it was before and after."""

import asyncio
import json
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from ecm.accounts import domain
from ecm.accounts.service import Accounts
from ecm.care.domain import Branch, Provider
from ecm.db.pool import Database
from ecm.words.problems import Problem
from reports.contracts import contract_to_json, example_contract
from tests.care.town import COUNCIL, NOW, StillClock, Town, build_town


@pytest_asyncio.fixture
async def town(database: Database, superuser: asyncpg.Connection) -> Town:
    """A town whose building is not told of any more."""
    built = await build_town(database)
    await superuser.execute("DELETE FROM service_events")
    return built


@pytest.fixture
def accounts(database: Database) -> Accounts:
    return Accounts(database, StillClock())


async def told(superuser: asyncpg.Connection) -> list[tuple[str, str, str, Any, Any]]:
    """What is written of the service, in order of tag: the tag, who did it, to what, before and after."""
    rows = await superuser.fetch("SELECT * FROM service_events ORDER BY tag")
    assert {row["at"] for row in rows} <= {NOW}
    return [
        (
            row["tag"],
            row["actor"],
            row["subject"],
            *(text and json.loads(text) for text in (row["before"], row["after"])),
        )
        for row in rows
    ]


async def test_an_account_is_told_of_with_who_made_it_and_whom_it_is_for(accounts, town, superuser):
    await accounts.create("ann", "coordinator", town.provider, None, by="the operator")
    account = {"username": "ann", "role": "coordinator", "provider": str(town.provider), "council": None}
    assert await told(superuser) == [
        ("accounts:account:created", "the operator", "ann", None, account),
        ("accounts:token:created", "the operator", "ann", {"tokens": 0}, {"tokens": 1}),
    ]


async def test_an_operator_of_the_first_start_is_made_by_the_service_and_their_tokens_end_at_the_next(
    accounts, superuser
):
    await accounts.ensure_operator("operator")
    account = {"username": "operator", "role": "operator", "provider": None, "council": None}
    first = [
        ("accounts:account:created", "service", "operator", None, account),
        ("accounts:token:created", "service", "operator", {"tokens": 0}, {"tokens": 1}),
    ]
    assert await told(superuser) == first

    await accounts.ensure_operator("operator")
    assert await told(superuser) == [
        *first,
        first[-1],
        ("accounts:tokens:ended", "service", "operator", {"tokens": 1}, {"tokens": 0}),
    ]


async def test_no_secret_and_no_hash_of_one_is_told(accounts, superuser):
    created = await accounts.create("ann", "operator", None, None, by="service")
    token = await accounts.ensure_operator("ann")
    stored = await superuser.fetchval("SELECT password_hash FROM accounts")
    everything = str([tuple(row) for row in await superuser.fetch("SELECT * FROM service_events")])
    assert "ann" in everything
    for secret in (created.password, created.token, token):
        assert secret not in everything
        assert domain.secret_hash(secret).hex() not in everything
    for part in stored.split("$")[1:]:
        assert part not in everything


async def test_what_was_refused_is_not_told_as_done(accounts, town, superuser):
    await accounts.create("ann", "operator", None, None, by="service")
    before = await told(superuser)
    with pytest.raises(Problem):
        await accounts.create("ann", "operator", None, None, by="somebody")
    with pytest.raises(Problem):
        await accounts.create("bob", "coordinator", uuid4(), None, by="somebody")
    with pytest.raises(Problem):
        await town.care.store_contract(town.operator, msgspec.structs.replace(example_contract("a"), name="Other"))
    assert await told(superuser) == before


async def test_a_council_is_told_of_when_it_is_stored_and_when_it_is_renamed_and_not_when_nothing_changes(
    town, superuser
):
    for name in ("Hartlepool", "Hartlepool", "Hartlepool Borough"):
        await town.care.store_council(town.operator, "E06000001", name)
    events = sorted(await told(superuser), key=lambda event: event[3] is not None)
    assert events == [
        ("care:council:stored", "operator", "E06000001", None, {"name": "Hartlepool"}),
        ("care:council:stored", "operator", "E06000001", {"name": "Hartlepool"}, {"name": "Hartlepool Borough"}),
    ]


async def test_a_contract_is_told_of_once_with_its_document(town, superuser):
    contract = msgspec.structs.replace(example_contract("a"), version=2)
    officer = replace(town.operator, username="an officer", role="council_officer", council=COUNCIL)
    assert (await town.care.store_contract(officer, contract)).is_new
    assert not (await town.care.store_contract(town.operator, contract)).is_new
    document = json.loads(contract_to_json(contract))
    assert await told(superuser) == [
        ("care:contract:stored", "an officer", f"{COUNCIL}/{contract.code}/2", None, document)
    ]


async def test_a_provider_tells_of_itself_with_its_branches_before_and_after(town, superuser):
    branches = (
        Branch("L1", "Hertford", "1-000000001", "1-000000002"),
        Branch("L2", "Ware", "1-000000001", "1-000000003"),
    )
    for name, count in (("Invented Care", 2), ("Invented Care Ltd", 1)):
        await town.care.store_provider(town.operator, Provider(town.provider, name, branches[:count]))
    rows = await superuser.fetch("SELECT detail FROM audit_events WHERE tag = 'care:provider:stored'")
    details = sorted((json.loads(row["detail"]) for row in rows), key=lambda detail: len(str(detail)))

    def shown(name: str, count: int) -> Any:
        return json.loads(msgspec.json.encode(Provider(town.provider, name, branches[:count], live_on=None)))

    assert details == [
        {"branches": 1, "before": None, "after": shown("Invented Care", 1)},
        {"branches": 2, "before": shown("Invented Care", 1), "after": shown("Invented Care", 2)},
        {"branches": 1, "before": shown("Invented Care", 2), "after": shown("Invented Care Ltd", 2)},
    ]


async def test_two_who_store_a_council_at_once_tell_one_story(town, superuser):
    """Each name that was stored over another is told with the one before it; the first with none."""
    names = [f"Name {number}" for number in range(6)]
    await gather_all(town, names)
    events = [(before and before["name"], after["name"]) for *_, before, after in await told(superuser)]
    follows = dict(events)
    story, name = [], None
    while name in follows:
        name = follows[name]
        story.append(name)
    assert sorted(story) == names
    assert await superuser.fetchval("SELECT name FROM councils WHERE council_id = 'E06000001'") == story[-1]


async def gather_all(town: Town, names: list[str]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for name in names:
            tasks.create_task(town.care.store_council(town.operator, "E06000001", name))
