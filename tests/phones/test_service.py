"""Enrolling phones: one code, one phone, and clear words when it does not go."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from devices.enrolment import prove_key
from devices.keys import Algorithm
from ecm.care.domain import Branch, Provider
from ecm.phones import domain as phone_domain
from ecm.words.problems import Problem
from tests.care.town import CARERS, NOW, Town, coordinator_of
from tests.phones.new_phone import NewPhone


@pytest_asyncio.fixture
async def code(town: Town) -> str:
    """A code offered to carer W-001."""
    await town.take("carers", CARERS)
    return (await town.phones.offer(town.coordinator, town.provider, "W-001")).code


async def refusal(attempt) -> str:
    with pytest.raises(Problem) as refused:
        await attempt
    return refused.value.kind.slug


def test_codes_have_60_bits_and_no_look_alikes() -> None:
    codes = {phone_domain.new_code() for _ in range(500)}
    assert len(codes) == 500
    assert len(set(phone_domain.CODE_LETTERS)) == 32
    assert not set("".join(codes)) & set("IO01")
    assert all([len(group) for group in code.split("-")] == [4, 4, 4] for code in codes)


@pytest.mark.parametrize("typed", ["ABCD-EFGH-JKLM", "abcdefghjklm", " abcd efgh jklm "])
def test_a_code_may_be_typed_in_any_case_and_grouping(typed: str) -> None:
    assert phone_domain.code_hash(typed) == phone_domain.code_hash("ABCDEFGHJKLM")


@pytest.mark.parametrize("typed", ["", "ABCD", "ABCD-EFGH-JKL1", "ABCD-EFGH-JKLMN", "ÀBCD-EFGH-JKLM", "\0" * 12])
def test_what_can_be_no_code_has_no_hash(typed: str) -> None:
    assert phone_domain.code_hash(typed) is None


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
async def test_a_code_enrols_a_phone_of_its_carer(town: Town, code: str, algorithm: Algorithm) -> None:
    phone = NewPhone(algorithm)
    enrolled = await phone.enrol(town, code)
    assert (enrolled.phone.carer, enrolled.phone.provider, enrolled.is_new) == ("W-001", town.provider, True)
    assert [each.public_key for each in await town.phones.listed(town.provider)] == [phone.key.public]


async def test_the_code_is_stored_only_as_a_hash(town: Town, code: str, superuser: asyncpg.Connection) -> None:
    rows = await superuser.fetch("SELECT enrolments::text AS row FROM enrolments")
    assert len(rows) == 1
    assert code not in rows[0]["row"]
    assert code.replace("-", "") not in rows[0]["row"]


async def test_promise_2_the_same_enrolment_again_gets_the_same_answer(town: Town, code: str) -> None:
    phone = NewPhone()
    first = await phone.enrol(town, code)
    town.clock.instant = NOW + timedelta(days=2)
    again = await phone.enrol(town, code)
    assert (again.phone, again.is_new) == (first.phone, False)


async def test_a_used_code_enrols_no_other_phone_or_key(town: Town, code: str) -> None:
    phone = NewPhone()
    await phone.enrol(town, code)
    assert await refusal(NewPhone().enrol(town, code)) == "code-used"
    assert await refusal(NewPhone().enrol(town, code, device=phone.device)) == "code-used"


async def test_of_two_phones_at_once_one_is_enrolled(town: Town, code: str) -> None:
    attempts = await asyncio.gather(*(NewPhone().enrol(town, code) for _ in range(5)), return_exceptions=True)
    slugs = sorted(each.kind.slug if isinstance(each, Problem) else "enrolled" for each in attempts)
    assert slugs == ["code-used"] * 4 + ["enrolled"]


async def test_a_code_lives_24_hours(town: Town, code: str) -> None:
    town.clock.instant = NOW + timedelta(hours=24)
    assert await refusal(NewPhone().enrol(town, code)) == "code-expired"
    town.clock.instant = NOW + timedelta(hours=23, minutes=59)
    assert (await NewPhone().enrol(town, code)).is_new


async def test_an_unknown_code_is_said_to_be_unknown(town: Town, code: str) -> None:
    for typed in (phone_domain.new_code(), "nonsense"):
        assert await refusal(NewPhone().enrol(town, typed)) == "code-unknown"


async def test_the_proof_must_be_by_the_key_for_this_device_and_code(town: Town, code: str) -> None:
    phone, other = NewPhone(), NewPhone()
    for proof in (
        prove_key(other.key, phone.device, code),
        prove_key(phone.key, other.device, code),
        prove_key(phone.key, phone.device, phone_domain.new_code()),
        "not.a.proof",
        "\ud800",
    ):
        assert await refusal(phone.enrol(town, code, proof=proof)) == "proof-wrong"
    assert (await phone.enrol(town, code)).is_new


async def test_a_failed_enrolment_leaves_the_code_unused(town: Town, code: str) -> None:
    phone = NewPhone()
    await phone.enrol(town, code)
    second = (await town.phones.offer(town.coordinator, town.provider, "W-002")).code
    assert await refusal(phone.enrol(town, second)) == "device-known"
    assert (await NewPhone().enrol(town, second)).is_new


async def test_a_device_id_of_another_provider_is_refused(town: Town, code: str) -> None:
    phone = NewPhone()
    await phone.enrol(town, code)
    provider = uuid4()
    branch = Branch("L1", "Ware", "1-000000003", "1-000000004")
    await town.care.store_provider(town.operator, Provider(provider, "Other Care", (branch,)))
    account = coordinator_of(provider)
    await town.care.import_file(account, "carers", CARERS.encode(), dry_run=False)
    elsewhere = (await town.phones.offer(account, provider, "W-001")).code
    assert await refusal(NewPhone().enrol(town, elsewhere, device=phone.device)) == "device-known"
    assert await town.phones.listed(provider) == []


async def test_a_revoked_phone_stays_on_the_list_with_its_time(
    town: Town, code: str, superuser: asyncpg.Connection
) -> None:
    phone = NewPhone()
    await phone.enrol(town, code)
    version = await superuser.fetchval("SELECT version FROM reference_versions")
    for later in (0, 1):
        town.clock.instant = NOW + timedelta(hours=later)
        assert (await town.phones.revoke(town.coordinator, town.provider, phone.device)).revoked_at == NOW
    assert [each.revoked_at for each in await town.phones.listed(town.provider)] == [NOW]
    assert await superuser.fetchval("SELECT version FROM reference_versions") == version + 1
    assert await refusal(town.phones.revoke(town.coordinator, town.provider, uuid4())) == "not-found"


async def test_each_step_is_written_down(town: Town, code: str, superuser: asyncpg.Connection) -> None:
    phone = NewPhone()
    await phone.enrol(town, code)
    await town.phones.revoke(town.coordinator, town.provider, phone.device)
    rows = await superuser.fetch("SELECT tag, actor FROM audit_events WHERE tag LIKE 'phones:%' ORDER BY tag")
    assert [tuple(row) for row in rows] == [
        ("phones:enrolment:offered", "office"),
        ("phones:phone:enrolled", str(phone.device)),
        ("phones:phone:revoked", "office"),
    ]
