"""A database that the version before made, with a morning's rows in every table, is brought up to date."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Mapping
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
import pytest
import pytest_asyncio

from devices.jws import read_jws, verify
from devices.keys import PublicKey
from ecm.audit.merkle import leaf_hash, verify_inclusion
from ecm.db.dump_schema import SCHEMA_FILE, dump_schema
from ecm.db.embedded.server import EmbeddedServer
from ecm.db.migrations import migrate, read_migrations
from ecm.db.pool import DatabaseUrls
from ecm.words.clock import SystemClock
from tests.running import RunningService, client, running_service

DATA: Final = Path(__file__).parent / "data"
KNOWN: Final = msgspec.json.decode((DATA / "version_1.json").read_bytes())
TOKENS: Final = KNOWN["tokens"]
CLOCK: Final = "/v1/rehearsal/clock"

# A line for each table that a later migration calls otherwise: its name then, and its name today.
RENAMED: Final[Mapping[str, str]] = {"locations": "branches", "directory_versions": "reference_versions"}

_numbers = count(1)


async def made_by_version_1(server: EmbeddedServer) -> DatabaseUrls:
    name = f"version_1_{next(_numbers)}"
    await server.ensure_database(name)
    urls = server.urls(name)
    first = (await asyncio.to_thread(read_migrations))[:1]
    await migrate(urls.migration, applied_at=SystemClock().now(), migrations=first)
    rows = await asyncio.to_thread(gzip.decompress, (DATA / "version_1.sql.gz").read_bytes())
    connection = await asyncpg.connect(urls.migration)
    await connection.execute(rows.decode())
    await connection.close()
    return urls


@pytest_asyncio.fixture
async def version_1(server: EmbeddedServer) -> DatabaseUrls:
    """A database as the first version left it."""
    return await made_by_version_1(server)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningService]:
    """Today's service, started by an operator on such a database, an hour later by the rehearsed clock."""
    urls = await made_by_version_1(server)
    environment = {
        "ECM_DATABASE_URL": urls.service,
        "ECM_INTAKE_DATABASE_URL": urls.intake,
        "ECM_MIGRATION_DATABASE_URL": urls.migration,
    }
    async with running_service(tmp_path_factory.mktemp("state"), "--rehearsal", **environment) as running:
        later = {"now": "2026-11-20T15:00:00Z"}
        # Before this is answered, all that waits is folded.
        async with client(running, running.operator) as session, session.post(CLOCK, json=later) as answer:
            assert answer.status == 200, await answer.text()
        yield running


async def rows_of_each_table(url: str) -> dict[str, int]:
    connection = await asyncpg.connect(url)
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    counted = {name: await connection.fetchval(f"SELECT count(*) FROM {name}") for (name,) in tables}
    await connection.close()
    return counted


async def bring_up_to_date(urls: DatabaseUrls) -> None:
    applied = await migrate(urls.migration, applied_at=SystemClock().now())
    assert applied == (await asyncio.to_thread(read_migrations))[1:]


async def ask(service: RunningService, who: str, path: str, **query: str) -> Any:
    async with client(service, TOKENS[who]) as session, session.get(path, params=query) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_every_table_of_version_1_has_rows_to_lose(version_1):
    assert [table for table, rows in (await rows_of_each_table(version_1.migration)).items() if rows == 0] == []


async def test_no_row_of_version_1_goes_missing(version_1):
    before = await rows_of_each_table(version_1.migration)
    before["schema_migrations"] = len(await asyncio.to_thread(read_migrations))
    await bring_up_to_date(version_1)
    after = await rows_of_each_table(version_1.migration)
    # What was folded before is asked for once more.
    assert after.pop("fold_requests") > before.pop("fold_requests")
    assert {table: after.get(RENAMED.get(table, table)) for table in before} == before


async def test_a_migrated_database_has_the_schema_of_a_new_one(version_1):
    await bring_up_to_date(version_1)
    assert await dump_schema(version_1.migration) == await asyncio.to_thread(SCHEMA_FILE.read_text)


async def test_whoever_had_an_account_a_token_or_a_session_has_it_still(service):
    async with client(service) as session:
        form = {"username": "coordinator.l1", "password": KNOWN["password"]}
        origin = {"Origin": service.url}
        async with session.post("/sign-in", data=form, headers=origin, allow_redirects=False) as answer:
            assert answer.status == 303
    cookie = {"Cookie": f"ecm_session={KNOWN['session']}"}
    async with client(service) as session, session.get("/", headers=cookie, allow_redirects=False) as answer:
        assert answer.status == 200
    async with client(service, KNOWN["revoked_token"]) as session, session.get("/v1/alerts") as answer:
        assert answer.status == 401


async def test_the_day_its_alerts_and_its_candidates_are_read_as_they_were(service):
    visits = (await ask(service, "coordinator.l2", "/v1/visits", day="2026-11-20"))["visits"]
    assert (
        sorted(visit["status"] for visit in visits)
        == ["done"] * 8 + ["end_unknown"] + ["missed"] * 2 + ["presumed_missed"] * 2
    )
    acknowledged = [
        (visit["visit"], one["kind"]) for visit in visits for one in visit["exceptions"] if one["acknowledged"]
    ]
    assert acknowledged == [("V-20261120-2005-1", "too_short")]
    alerts = (await ask(service, "coordinator.l1", "/v1/alerts", state="closed"))["alerts"]
    # Others have ended by themselves since, as late alerts of visits that were done do.
    told = [(alert["kind"], alert["facts"][0]["cause"]) for alert in alerts if alert["facts"]]
    assert told == [("late_visit", "road_closed")]
    candidates = (await ask(service, "manager.l2", "/v1/candidates"))["candidates"]
    dismissed = [one["candidate"] for one in candidates if one["state"] == "dismissed"]
    assert dismissed == [KNOWN["dismissed_candidate"]]


@pytest.mark.parametrize(
    ("provider", "paid_minutes", "amount_pence"), [("provider_1", 879, 35_308), ("provider_2", 295, 11_851)]
)
async def test_the_hours_come_to_what_they_came_to(service, provider, paid_minutes, amount_pence):
    period = {"provider": KNOWN[provider], "from": "2026-11-20", "to": "2026-11-20"}
    totals = (await ask(service, "officer", "/v1/reconciliation", **period))["totals"]
    assert (totals["paid_minutes"], totals["amount_pence"]) == (paid_minutes, amount_pence)


@pytest.mark.parametrize(
    ("who", "provider", "check_in"),
    [
        ("coordinator.l2", "provider_2", "check_in_of_provider_2"),
        # It came in a moment before the upgrade, and nothing had folded or sealed it yet.
        ("coordinator.l1", "provider_1", "waiting_check_in"),
    ],
)
async def test_each_check_in_is_proved_to_be_in_the_log(service, who, provider, check_in):
    proof = await ask(service, who, f"/v1/check-ins/{KNOWN[provider]}/{KNOWN[check_in]}/proof")
    signed_part = proof["signed_part"].encode()
    verify(read_jws(signed_part, "check-in+sd-jwt"), PublicKey.from_jwk(proof["public_key"]))
    path = [bytes.fromhex(node) for node in proof["path"]]
    leaf = leaf_hash(sha256(signed_part).digest())
    root = bytes.fromhex(proof["root"])
    assert verify_inclusion(leaf, proof["leaf_index"], proof["tree_size"], path, root)
