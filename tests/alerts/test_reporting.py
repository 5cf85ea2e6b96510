"""Alerts from the office and from phones, their facts and their end."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import msgspec
import pytest

from devices.alerts import AlertBody, sign_alert
from devices.keys import PrivateKey
from ecm.alerts.domain import Alert, Fact
from ecm.alerts.service import Alerts
from ecm.http.paging import Slice
from ecm.process.wiring import visits_and_what_follows
from ecm.words.problems import Problem
from tests.arranging import Arranged, HandClock, at

NOW = at("12:00")
PHONE = UUID(int=77)
KEY = PrivateKey.from_seed(bytes(32))


@pytest.fixture
def alerts(database) -> Alerts:
    return visits_and_what_follows(database, HandClock(NOW))[1]


@pytest.fixture
async def house(arranged: Arranged) -> Arranged:
    await arranged.carer("W-001")
    await arranged.client("C-1")
    await arranged.visit("V-1", "C-1", at("08:00"))
    visits = visits_and_what_follows(arranged.database, HandClock(at("07:00")))[0]
    await visits.fold_pending(10)
    await enrol(arranged, PHONE, KEY)
    return arranged


async def enrol(house: Arranged, device: UUID, key: PrivateKey, revoked_at: datetime | None = None) -> None:
    await house.superuser.execute(
        "INSERT INTO devices (provider_id, device_id, carer, public_key, enrolled_at, revoked_at)"
        " VALUES ($1, $2, 'W-001', $3, $4, $5)",
        house.provider,
        device,
        json.dumps(key.public_jwk()),
        NOW,
        revoked_at,
    )


def office_alert(**fields: Any) -> Alert:
    known: dict[str, Any] = {
        "alert_id": uuid4(),
        "branch_id": "",
        "kind": "no_reply",
        "client": "C-1",
        "visit": None,
        "carer": None,
        "source": "office",
        "occurred_at": at("10:00"),
        "raised_at": NOW,
        "raised_by": "a coordinator",
    } | fields
    return Alert(**known)


def signed(key: PrivateKey = KEY, device: UUID = PHONE, **fields: Any) -> str:
    usual = AlertBody(alert=UUID(int=5), kind="fall_with_injury", client="C-1", carer="W-001", at=at("10:00"))
    return sign_alert(key, device, msgspec.structs.replace(usual, **fields))


async def test_an_alert_of_the_office_is_kept_once(house, alerts):
    alert = office_alert(visit="V-1")
    stored, new = await alerts.by_office(house.provider, alert, None)
    assert (stored.branch_id, new) == ("L1", True)
    again, new = await alerts.by_office(house.provider, replace(alert, raised_at=at("13:00")), None)
    assert (again, new) == (stored, False)
    with pytest.raises(Problem, match="another alert"):
        await alerts.by_office(house.provider, replace(alert, kind="theft"), None)


@pytest.mark.parametrize(
    "other",
    [
        {"kind": "theft"},
        {"client": "C-2"},
        {"visit": None},
        {"carer": "W-002"},
        {"carer": None},
        {"occurred_at": at("10:01")},
        {"memo": "other words"},
        {"memo": None},
    ],
)
async def test_other_content_under_the_id_of_an_alert_of_the_office_is_a_conflict(house, alerts, other):
    await house.client("C-2")
    alert = office_alert(visit="V-1", carer="W-001", memo="nobody answered")
    stored, _ = await alerts.by_office(house.provider, alert, None)
    said_again = replace(alert, **{"visit": None} | other if "client" in other else other)
    with pytest.raises(Problem, match="another alert") as refused:
        await alerts.by_office(house.provider, said_again, None)
    assert refused.value.kind.slug == "conflict"
    assert (await alerts.listed(house.provider, None, Slice(10))).rows == [stored]


async def test_another_branch_under_the_id_of_an_alert_without_a_client_is_a_conflict(house, alerts):
    await house._own(
        "branches", branch_id="L2", name="Depot", cqc_provider_id="1-000000001", cqc_location_id="1-000000003"
    )
    alert = office_alert(kind="staff_shortage", client=None)
    stored, _ = await alerts.by_office(house.provider, alert, "L1")
    assert await alerts.by_office(house.provider, alert, "L1") == (stored, False)
    with pytest.raises(Problem, match="another alert"):
        await alerts.by_office(house.provider, alert, "L2")


async def test_an_alert_said_again_after_its_client_moved_to_another_branch_is_the_same(house, alerts):
    alert = office_alert()
    stored, _ = await alerts.by_office(house.provider, alert, None)
    posted = signed()
    of_phone, _ = await alerts.by_phone(posted)
    await house._own(
        "branches", branch_id="L2", name="Depot", cqc_provider_id="1-000000001", cqc_location_id="1-000000003"
    )
    await house.superuser.execute("UPDATE clients SET branch_id = 'L2' WHERE client = 'C-1'")
    assert await alerts.by_office(house.provider, alert, None) == (stored, False)
    assert await alerts.by_phone(posted) == (of_phone, False)


@pytest.mark.parametrize(
    ("fields", "branch", "says"),
    [
        ({"client": "C-9"}, None, "no client"),
        ({"visit": "V-9"}, None, "no visit"),
        ({"client": None}, "L9", "branches"),
        ({"alert_id": uuid5(uuid4(), "guessed")}, None, "version 4 or 7"),
    ],
)
async def test_an_alert_of_the_office_that_cannot_be_is_refused(house, alerts, fields, branch, says):
    with pytest.raises(Problem, match=says):
        await alerts.by_office(house.provider, office_alert(**fields), branch)


async def test_an_alert_without_a_client_is_of_the_only_branch(house, alerts):
    stored, _ = await alerts.by_office(house.provider, office_alert(kind="staff_shortage", client=None), None)
    assert stored.branch_id == "L1"


async def test_promise_3_an_authentic_alert_of_a_phone_is_stored_whatever_client_or_year_it_names(house, alerts):
    posted = signed(client="C-unknown", at=datetime(1971, 1, 1, tzinfo=UTC))
    stored, new = await alerts.by_phone(posted)
    assert (stored.client, stored.branch_id, new) == ("C-unknown", "L1", True)
    assert stored.signed_part == posted
    assert await alerts.by_phone(posted) == (stored, False)
    with pytest.raises(Problem, match="another alert"):
        await alerts.by_phone(signed(memo="other words"))


async def test_an_alert_that_no_phone_of_ours_signed_is_refused(house, alerts):
    other = PrivateKey.from_seed(bytes(31) + b"1")
    await enrol(house, UUID(int=78), other, revoked_at=NOW)
    refusals = {
        "unreadable": "not an alert",
        "unknown_device": signed(device=UUID(int=79)),
        "revoked_device": signed(other, UUID(int=78)),
        "bad_signature": signed(other),
    }
    for reason, posted in refusals.items():
        with pytest.raises(Problem) as refused:
            await alerts.by_phone(posted)
        assert reason in {refused.value.kind.slug, refused.value.members.get("reason")}
    with pytest.raises(Problem, match="no kind"):
        await alerts.by_phone(signed(kind="bad_mood"))
    assert not await house.rows("alerts")


async def test_a_fact_is_kept_once_and_a_cause_is_named(house, alerts):
    stored, _ = await alerts.by_office(house.provider, office_alert(), None)
    fact = Fact(stored.alert_id, uuid4(), "welfare_contact", at("10:30"), None, None, "a coordinator", NOW)
    assert await alerts.add_fact(house.provider, fact) == (fact, True)
    assert await alerts.add_fact(house.provider, replace(fact, recorded_by="another")) == (fact, False)
    with pytest.raises(Problem, match="another fact"):
        await alerts.add_fact(house.provider, replace(fact, kind="harm"))
    with pytest.raises(Problem, match="names it"):
        await alerts.add_fact(house.provider, replace(fact, fact_id=uuid4(), kind="cause"))
    with pytest.raises(Problem, match="no such alert"):
        await alerts.add_fact(house.provider, replace(fact, alert_id=uuid4()))
    (listed,) = (await alerts.listed(house.provider, "open", Slice(10))).rows
    assert listed.facts == (fact,)


async def test_a_closed_alert_stays_closed(house, alerts):
    stored, _ = await alerts.by_office(house.provider, office_alert(), None)
    closed = await alerts.close(house.provider, stored.alert_id, "Found at her sister's.", "a coordinator")
    assert (closed.state, closed.state_reason) == ("closed", "Found at her sister's.")
    assert await alerts.close(house.provider, stored.alert_id, "Again.", "another") == closed
    assert (await alerts.listed(house.provider, "open", Slice(10))).rows == []


async def test_promise_11_an_alert_of_another_provider_is_not_there(house, alerts):
    stored, _ = await alerts.by_office(house.provider, office_alert(), None)
    other = await Arranged(house.database, house.superuser).begin()
    assert (await alerts.listed(other.provider, None, Slice(10))).rows == []
    with pytest.raises(Problem, match="no such alert"):
        await alerts.close(other.provider, stored.alert_id, "Mine.", "a coordinator")


async def test_an_alert_of_one_client_cannot_name_a_visit_of_another(house, alerts) -> None:
    await house.client("C-2")
    with pytest.raises(Problem, match="no visit V-1 of this client"):
        await alerts.by_office(house.provider, office_alert(client="C-2", visit="V-1"), None)
