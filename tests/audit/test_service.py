"""Evidence and proofs for whom they concern."""

from dataclasses import replace
from uuid import uuid4

import pytest

from ecm.audit.domain import EventTag
from ecm.audit.service import Audit, record
from ecm.process.wiring import visits_and_what_follows
from ecm.words.problems import Problem
from tests.arranging import COUNCIL, OTHER_COUNCIL, HandClock, at, officer

NOW = at("12:00")


@pytest.fixture
def audit(database) -> Audit:
    return Audit(database, HandClock(NOW))


async def test_promise_11_evidence_is_shown_to_whom_it_concerns(arranged, audit):
    await arranged.client("C-1")
    key = await arranged.check_in("C-1", "in", at("08:00"))
    coordinator = arranged.account()
    for account in (coordinator, officer(COUNCIL)):
        found = await audit.check_in(account, arranged.provider, *key)
        assert (found.device_id, found.check_in_id) == key
    for account in (officer(OTHER_COUNCIL), replace(coordinator, provider=uuid4())):
        with pytest.raises(Problem, match="no such check-in"):
            await audit.check_in(account, arranged.provider, *key)
        with pytest.raises(Problem, match="no such check-in"):
            await audit.proof(account, arranged.provider, *key)


async def test_a_proof_waits_for_the_seal_and_a_council_gets_it_too(arranged, audit, database):
    await arranged.client("C-1")
    await arranged.client("C-2", council=OTHER_COUNCIL)
    public_key = await arranged.phone()
    key = await arranged.check_in("C-1", "in", at("08:00"))
    await arranged.check_in("C-2", "in", at("08:00"))
    with pytest.raises(Problem, match="not yet sealed"):
        await audit.proof(officer(COUNCIL), arranged.provider, *key)
    await visits_and_what_follows(database, HandClock(NOW))[0].fold_pending(10)
    proof = await audit.proof(officer(COUNCIL), arranged.provider, *key)
    assert (proof.leaf_index, proof.tree_size) == (0, 2)
    assert proof.public_key == public_key.jwk()


async def test_an_event_is_written_with_who_did_what_and_when(arranged):
    async with arranged.database.transaction("record", provider=arranged.provider) as connection:
        await record(connection, arranged.provider, EventTag.IMPORT_STORED, "somebody", "roster", {"read": 2}, NOW)
    (told,) = await arranged.rows("audit_events")
    assert (told["tag"], told["actor"], told["at"]) == ("care:import:stored", "somebody", NOW)
