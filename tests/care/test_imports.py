"""Imports against a real database: all of a file or nothing, and the visits it touches are folded again."""

import asyncio
import string
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecm.care.domain import IMPORT_KINDS, ImportKind, ImportReport
from ecm.care.imports import carers, clients, commissions, roster, service, uprns
from ecm.care.imports.planner import make_plan, read_batch
from ecm.care.imports.tables import UnreadableFile
from ecm.words.problems import Problem
from ecm.words.roles import Account
from tests.care.town import CARERS, CLIENTS, COMMISSIONS, COUNCIL, FILES, NOW, ROSTER, Town, coordinator_of

TABLES = (
    "carers",
    "clients",
    "client_identities",
    "fences",
    "commissions",
    "planned_visits",
    "uprns",
    "fold_requests",
    "audit_events",
)
UPRNS = "UPRN,X_COORDINATE,Y_COORDINATE,LATITUDE,LONGITUDE\n100012345,532600.00,213000.00,51.8000000,-0.0800000\n"
COLUMNS = {
    "carers": carers.COLUMNS,
    "clients": clients.COLUMNS,
    "commissions": commissions.COLUMNS,
    "roster": roster.COLUMNS,
    "uprns": uprns.COLUMNS,
}


async def everything(superuser: asyncpg.Connection) -> list[str]:
    """Every row of the tables that imports write, as text."""
    found: list[str] = []
    for table in TABLES:
        rows = await superuser.fetch(f"SELECT {table}::text AS row FROM {table} ORDER BY 1")
        found += [f"{table} {row['row']}" for row in rows]
    return found


async def fold_points(superuser: asyncpg.Connection) -> list[tuple[str, datetime]]:
    rows = await superuser.fetch("SELECT client, around FROM fold_requests ORDER BY client, around")
    await superuser.execute("DELETE FROM fold_requests")
    return [(row["client"], row["around"]) for row in rows]


def counts(report: ImportReport) -> tuple[int, int, int, int, int]:
    return report.read, report.new, report.changed, report.unchanged, len(report.rejected)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


async def test_a_dry_run_counts_and_stores_nothing(town: Town, superuser: asyncpg.Connection) -> None:
    before = await everything(superuser)
    report = await town.take("carers", CARERS, dry_run=True)
    assert counts(report) == (2, 2, 0, 0, 0)
    assert (report.stored, report.dry_run) == (False, True)
    assert await everything(superuser) == before


async def test_importing_again_changes_nothing(town: Town, superuser: asyncpg.Connection) -> None:
    await town.take_all()
    await town.take("uprns", UPRNS)
    await superuser.execute("DELETE FROM fold_requests")
    for kind, text in {**FILES, "uprns": UPRNS}.items():
        report = await town.take(kind, text)
        lines = text.count("\n") - 1
        assert counts(report) == (lines, 0, 0, lines, 0), kind
    assert await fold_points(superuser) == []


async def test_new_changed_and_unchanged_rows_are_told_apart(town: Town) -> None:
    await town.take("carers", CARERS)
    await town.take("clients", CLIENTS)
    moved = CLIENTS.replace("51.80,", "51.81,") + "C-0003,L1,E10000015,,,51.82,-0.08,no\n"
    assert counts(await town.take("clients", moved)) == (3, 1, 1, 1, 0)
    assert counts(await town.take("clients", moved)) == (3, 0, 0, 3, 0)


async def test_what_is_stored_is_what_the_file_says(town: Town, superuser: asyncpg.Connection) -> None:
    await town.take_all()
    client = await superuser.fetchrow(
        "SELECT * FROM clients JOIN fences USING (provider_id, client) WHERE client = 'C-0001'"
    )
    assert client is not None
    assert (client["provider_id"], client["council_id"], client["lives_alone"]) == (town.provider, COUNCIL, True)
    assert '"radius_m": 200' in client["shape"]
    visit = await superuser.fetchrow("SELECT * FROM planned_visits WHERE visit = 'V-2'")
    assert visit is not None
    assert (visit["start_at"], visit["carers"], visit["carers_needed"]) == (at(20, 12, 30), ["W-001", "W-002"], 2)


async def test_promise_10_name_and_address_stand_in_one_table_only(town: Town, superuser: asyncpg.Connection) -> None:
    await town.take_all()
    rows = await everything(superuser)
    assert {row.split()[0] for row in rows if "Ada Invented" in row or "High Street" in row} == {"client_identities"}


async def test_one_bad_row_keeps_the_whole_file_out(town: Town, superuser: asyncpg.Connection) -> None:
    before = await everything(superuser)
    report = await town.take("carers", CARERS + "W-003,L9\n")
    assert counts(report) == (3, 2, 0, 0, 1)
    assert not report.stored
    assert (report.rejected[0].line, report.rejected[0].column) == (4, "branch")
    assert await everything(superuser) == before


REFERRING_TO_NOTHING: list[tuple[ImportKind, str, int, str, str]] = [
    ("carers", CARERS + "W-001,L1\n", 4, "carer", "already on line 2"),
    ("clients", CLIENTS.replace("E10000015,,", "E10000099,,"), 3, "council", "not known"),
    ("clients", "client,branch,council,uprn\nC-9,L1,E10000015,42\n", 2, "uprn", "give latitude"),
    ("commissions", COMMISSIONS.replace("K-1,C-0001", "K-1,C-0009"), 2, "client", "import the clients first"),
    ("commissions", COMMISSIONS.replace(",A,", ",Z,", 1), 2, "contract", "no contract Z"),
    ("roster", ROSTER.replace("V-1,C-0001,K-1", "V-1,C-0009,K-1"), 2, "client", "import the clients first"),
    ("roster", ROSTER.replace("W-001;", "W-009;"), 3, "carers", "no carer W-009"),
    ("roster", ROSTER.replace("K-2", "K-9"), 3, "commission", "no commission K-9"),
    ("roster", ROSTER.replace("K-2", "K-1"), 3, "commission", "not for the client"),
    ("roster", ROSTER.replace("V-1,", "unplanned:1,"), 2, "visit", "not a code"),
]


async def test_a_row_that_refers_to_nothing_is_rejected_by_line_and_column(town: Town) -> None:
    await town.take_all()
    for kind, text, line, column, said in REFERRING_TO_NOTHING:
        report = await town.take(kind, text)
        assert [(each.line, each.column) for each in report.rejected] == [(line, column)], text
        assert said in report.rejected[0].reason
        assert not report.stored


async def test_new_visits_are_folded_once_a_client_and_day(town: Town, superuser: asyncpg.Connection) -> None:
    await town.take_all()
    assert await fold_points(superuser) == [("C-0001", at(20, 8)), ("C-0002", at(20, 12, 30))]


async def test_a_moved_visit_is_folded_where_it_was_and_where_it_is(town: Town, superuser: asyncpg.Connection) -> None:
    await town.take_all()
    await fold_points(superuser)
    await town.take("roster", ROSTER.replace("2026-11-20T12:30", "2026-11-22T12:30"))
    assert await fold_points(superuser) == [("C-0002", at(20, 12, 30)), ("C-0002", at(22, 12, 30))]


async def test_a_visit_given_to_another_client_is_folded_for_both(town: Town, superuser: asyncpg.Connection) -> None:
    await town.take_all()
    await fold_points(superuser)
    await town.take("roster", ROSTER.replace("V-3,C-0001", "V-3,C-0002"))
    assert await fold_points(superuser) == [("C-0001", at(20, 19)), ("C-0002", at(20, 19))]


async def test_a_changed_commission_folds_its_visits_again(town: Town, superuser: asyncpg.Connection) -> None:
    await town.take_all()
    await fold_points(superuser)
    await town.take("commissions", COMMISSIONS.replace("12:30,45,2", "12:30,60,2"))
    assert await fold_points(superuser) == [("C-0002", at(20, 12, 30))]


async def test_promise_5_a_client_imported_after_its_check_ins_is_folded(
    town: Town, superuser: asyncpg.Connection
) -> None:
    await superuser.execute(
        "INSERT INTO check_ins (provider_id, device_id, check_in_id, sequence, direction, carer, client, device_at,"
        " received_at, skew_seconds, occurred_at, evidence, grade, doubts, message_digest, link_digest, signed_part)"
        " VALUES ($1, $2, $3, 1, 'in', 'W-001', 'C-0001', $4, $4, 0, $4, '{gps}', 'uncertain', '{unknown_client}',"
        " '', '', '')",
        town.provider,
        uuid4(),
        uuid4(),
        NOW,
    )
    await town.take("clients", CLIENTS)
    assert await fold_points(superuser) == [("C-0001", NOW)]


@pytest.mark.parametrize("kind", ["carers", "clients"])
async def test_intake_hears_of_new_carers_and_clients(
    town: Town, superuser: asyncpg.Connection, kind: ImportKind
) -> None:
    before = await superuser.fetchval("SELECT version FROM reference_versions")
    await town.take(kind, FILES[kind])
    assert await superuser.fetchval("SELECT version FROM reference_versions") > before


async def test_an_import_is_written_down_without_names(town: Town, superuser: asyncpg.Connection) -> None:
    await town.take("carers", CARERS)
    event = await superuser.fetchrow("SELECT * FROM audit_events WHERE tag = 'care:import:stored'")
    assert event is not None
    assert (event["provider_id"], event["actor"], event["subject"]) == (town.provider, "office", "carers")
    assert '"new": 2' in event["detail"]


async def test_a_uprn_imported_by_the_operator_places_a_client(town: Town) -> None:
    await town.take("uprns", UPRNS)
    text = "client,branch,council,uprn\nC-9,L1,E10000015,000100012345\n"
    assert (await town.take("clients", text)).stored
    assert counts(await town.take("clients", text)) == (1, 0, 0, 1, 0)


async def test_promise_11_each_imports_its_own_kinds(town: Town) -> None:
    refused_kinds: tuple[tuple[Account, ImportKind], ...] = ((town.coordinator, "uprns"), (town.operator, "carers"))
    for account, kind in refused_kinds:
        with pytest.raises(Problem) as refused:
            await town.care.import_file(account, kind, b"", dry_run=False)
        assert refused.value.kind.slug == "not-allowed"


async def test_promise_11_another_providers_clients_are_unknown_here(town: Town, superuser: asyncpg.Connection) -> None:
    await town.take_all()
    other = uuid4()
    await superuser.execute("INSERT INTO providers VALUES ($1, 'Other', $2)", other, NOW)
    report = await town.care.import_file(coordinator_of(other), "roster", ROSTER.encode(), dry_run=False)
    assert report.rejected_rows == 3
    assert {each.column for each in report.rejected} == {"client", "carers", "commission"}


async def test_an_import_waits_for_another_so_that_no_place_stays_unfolded(
    town: Town, superuser: asyncpg.Connection
) -> None:
    await town.take_all()
    await fold_points(superuser)
    async with superuser.transaction():
        await superuser.execute("SELECT FROM providers FOR NO KEY UPDATE")
        importing = asyncio.create_task(town.take("roster", ROSTER.replace("2026-11-20T08:00", "2026-11-26T08:00")))
        while not importing.done() and not await superuser.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            pass
        await superuser.execute("UPDATE planned_visits SET start_at = $1 WHERE visit = 'V-1'", at(24, 8))
    await importing
    assert await fold_points(superuser) == [("C-0001", at(24, 8)), ("C-0001", at(26, 8))]


async def test_promise_12_large_files_are_read_and_compared_off_the_loop(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    await town.take_all()
    text = "visit,client,start,minutes,carers\n" + "".join(
        f"N-{number},C-000{1 + number % 2},{(at(1, 6) + timedelta(minutes=7 * number)).isoformat()},30,W-001\n"
        for number in range(5_000)
    )
    threads: list[int] = []

    def watched(step: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any) -> Any:
            threads.append(threading.get_ident())
            return step(*arguments)

        return run

    monkeypatch.setattr(service, "read_batch", watched(read_batch))
    monkeypatch.setattr(service, "make_plan", watched(make_plan))
    assert counts(await town.take("roster", text)) == (5_000, 5_000, 0, 0, 0)
    assert counts(await town.take("roster", text)) == (5_000, 0, 0, 5_000, 0)
    assert len(threads) == 4
    assert threading.get_ident() not in threads


def broken_files(kind: ImportKind) -> st.SearchStrategy[bytes]:
    """Files of a kind with a header that fits and cells that may not."""
    columns = COLUMNS[kind].known
    good = [cell for line in {**FILES, "uprns": UPRNS}[kind].splitlines()[1:] for cell in line.split(",")]
    cells = st.sampled_from(good) | st.text(string.printable + "é\0\u2028", max_size=8)
    rows = st.lists(st.lists(cells, min_size=len(columns), max_size=len(columns)), max_size=4)
    return rows.map(lambda made: "\n".join(",".join(row) for row in [list(columns), *made]).encode())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_file_gives_a_report_or_a_refusal(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(IMPORT_KINDS))
    body = data.draw(broken_files(kind) | st.binary(max_size=200))
    reader = {"carers": carers, "clients": clients, "commissions": commissions, "roster": roster, "uprns": uprns}[kind]
    try:
        batch = read_batch(body, reader.COLUMNS, reader.read_row)
    except UnreadableFile:
        return
    under_header = [each for each in batch.rejected if each.line > 1]
    assert batch.read == len(batch.rows) + len(under_header)
    assert all(row.record.code or row.faults for row in batch.rows)


files = st.lists(
    st.tuples(st.sampled_from(["W-1", "W-2", "W-3", "W-4", "bad code"]), st.sampled_from(["L1", "L1", "L1", "L9"])),
    min_size=1,
    max_size=5,
)


async def test_any_sequence_of_imports_stores_whole_files_only(town: Town, superuser: asyncpg.Connection) -> None:
    """Drawn inside one database: what stands afterwards is the sum of the files that were stored."""
    expected: dict[str, str] = {}

    async def take(rows: Sequence[tuple[str, str]]) -> None:
        text = "carer,branch\n" + "".join(f"{carer},{branch}\n" for carer, branch in rows)
        promised = await town.take("carers", text, dry_run=True)
        report = await town.take("carers", text)
        assert counts(report) == counts(promised)
        assert report.stored == (not report.rejected)
        if report.stored:
            expected.update(dict(rows))
        stored = await superuser.fetch("SELECT carer, branch_id FROM carers")
        assert {row["carer"]: row["branch_id"] for row in stored} == expected

    drawn: list[list[tuple[str, str]]] = []

    @settings(max_examples=40)
    @given(files)
    def draw(rows: list[tuple[str, str]]) -> None:
        drawn.append(rows)

    await asyncio.to_thread(draw)
    for rows in drawn:
        await take(rows)
