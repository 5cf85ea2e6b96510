"""Kind 13, lists cut in silence: a list that comes in pages says which rows of how many it shows, and all are reached.

The example: of 1,400 open alerts the page said "Open alerts (1000)" and showed 100.
"""

import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecm.visits.service import VISITS
from ecm.web.candidates import CANDIDATES_A_PAGE
from ecm.web.reconciliation import LINES_A_PAGE
from ecm.web.today import ALERTS_A_PAGE, ROWS_A_PAGE
from reports.contracts import contract_to_json, example_contract
from tests.arranging import COUNCIL, Arranged, HandClock, at, fold_what_waits
from tests.kinds.watched_office import Office, office_of
from tests.many import put_alerts, put_candidates

ECM = Path(__file__).parent.parent.parent / "ecm"


@pytest.fixture
async def office(arranged: Arranged, tmp_path: Path) -> AsyncIterator[Office]:
    async with office_of(arranged, HandClock(at("12:00")), tmp_path) as opened:
        yield opened


async def put_visits(office: Office, many: int) -> list[str]:
    document = contract_to_json(example_contract("a")).decode()
    await office.arranged._put(
        "contracts", council_id=COUNCIL, contract="A", version=1, document=document, stored_at=at("00:00")
    )
    for number in range(many):
        client = await office.arranged.client(f"C-{number:04}")
        commission = await office.arranged.commission(f"K-{number:04}", client)
        await office.arranged.visit(f"V-{number:04}", client, at("11:45"), commission=commission)
    await fold_what_waits(office.client.app[VISITS])
    return [f"V-{number:04}" for number in range(many)]


async def put_open_alerts(office: Office, many: int) -> list[str]:
    """Alerts whose memo is their number, of several levels and at few instants."""
    times = [at("11:00") - timedelta(minutes=number % 7) for number in range(many)]
    ids = await put_alerts(office.arranged, times)
    await office.arranged.superuser.executemany(
        "UPDATE alerts SET memo = $2, level = $3 WHERE alert_id = $1",
        [(one, f"A-{number:04}", number % 3) for number, one in enumerate(ids)],
    )
    return [f"A-{number:04}" for number in range(many)]


async def put_open_candidates(office: Office, many: int) -> list[str]:
    times = [at("11:00") - timedelta(minutes=number % 7) for number in range(many)]
    return [str(one) for one in await put_candidates(office.arranged, [(time, "proposed") for time in times])]


async def put_phones(office: Office, many: int) -> list[str]:
    for number in range(many):
        await office.arranged.phone(f"W-{number:04}", UUID(int=10_000 + number))
    return [str(UUID(int=10_000 + number)) for number in range(many)]


Put = Callable[[Office, int], Awaitable[Sequence[str]]]
# The page, its rows a page, what fills it, and how a row shows.
PAGES: list[tuple[str, int, Put, str]] = [
    ("/", ALERTS_A_PAGE, put_open_alerts, r"<p>(A-\d{4})</p>"),
    ("/", ROWS_A_PAGE, put_visits, r'<th scope="row"[^>]*><a href="/visits/(V-\d{4})"'),
    ("/?status=due", ROWS_A_PAGE, put_visits, r'<th scope="row"[^>]*><a href="/visits/(V-\d{4})"'),
    ("/candidates", CANDIDATES_A_PAGE, put_open_candidates, r'<h2 id="c-([0-9a-f-]{36})"'),
    ("/candidates?show=all", CANDIDATES_A_PAGE, put_open_candidates, r'<h2 id="c-([0-9a-f-]{36})"'),
    (
        "/reconciliation?from=2026-11-20&to=2026-11-20&contract=A%401",
        LINES_A_PAGE,
        put_visits,
        r'<th scope="row"[^>]*><a href="/visits/(V-\d{4})"',
    ),
]


@pytest.mark.parametrize(
    ("path", "size", "put", "row"), PAGES, ids=lambda value: str(getattr(value, "__name__", value))
)
async def test_a_list_of_one_more_than_a_page_says_so_and_leads_to_every_row(
    office: Office, path: str, size: int, put: Put, row: str
):
    known = await put(office, size + 1)
    first = await office.see(path)
    assert f"1–{size} of {size + 1}" in first.words
    following = re.search(r'<a rel="next" href="([^"]+)"', first.source)
    assert following is not None
    second = await office.see(html.unescape(following[1]).partition("#")[0])
    assert f"{size + 1}–{size + 1} of {size + 1}" in second.words
    shown = [re.findall(row, page.source) for page in (first, second)]
    assert [len(set(rows)) for rows in shown] == [size, 1]
    assert sorted({*shown[0], *shown[1]}) == sorted(known)


async def test_of_fourteen_hundred_open_alerts_all_are_counted_and_reached_the_gravest_first(office: Office):
    known = await put_open_alerts(office, 1_400)
    page = await office.see("/")
    assert "Open alerts (1,400)" in page.words
    assert "1–100 of 1,400" in page.words
    assert "95 more" in page.words
    shown: list[str] = []
    levels: list[int] = []
    while True:
        shown += re.findall(r"<p>(A-\d{4})</p>", page.source)
        levels += [int(level) for level in re.findall(r'<li class="alert open level(\d)"', page.source)]
        following = re.search(r'<a rel="next" href="([^"]+alerts=\d+)', page.source)
        if following is None:
            break
        page = await office.see(html.unescape(following[1]))
    assert sorted(shown) == known
    assert levels == sorted(levels, reverse=True)


async def test_the_pages_of_alerts_and_visits_turn_by_themselves(office: Office):
    await put_open_alerts(office, ALERTS_A_PAGE + 1)
    await put_visits(office, ROWS_A_PAGE + 1)
    page = await office.see("/?alerts=2&page=2&status=due")
    assert "Previous page 101–101 of 101" in page.words
    assert "Previous page 201–201 of 201" in page.words
    back = [html.unescape(address) for address in re.findall(r'<a rel="prev" href="([^"]+)"', page.source)]
    assert ["page=2" in back[0], "alerts=2" in back[1], *("status=due" in each for each in back)] == [True] * 4
    assert "There is no page 9 of open alerts. First page" in (await office.see("/?alerts=9")).words


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2 * ALERTS_A_PAGE + 1))
async def test_whatever_their_number_the_pages_of_alerts_hold_each_once(office: Office, many: int):
    await office.arranged.superuser.execute("DELETE FROM alerts")
    known = await put_open_alerts(office, many)
    pages = [await office.see(f"/?alerts={number}") for number in range(1, -(-many // ALERTS_A_PAGE) + 1)]
    assert sorted(one for page in pages for one in re.findall(r"<p>(A-\d{4})</p>", page.source)) == known


# Lists that have no limit: as many as there are come at once.
WHOLE: list[tuple[str, Put, str]] = [
    ("/v1/devices", put_phones, r'"device":"([0-9a-f-]{36})"'),
    ("/enrol", put_phones, r'class="code">([0-9a-f-]{36})<'),
    ("/v1/visits?day=2026-11-20", put_visits, r'"visit":"(V-\d{4})"'),
]


@pytest.mark.parametrize(("path", "put", "row"), WHOLE, ids=lambda value: str(getattr(value, "__name__", value)))
async def test_a_list_without_pages_is_whole(office: Office, path: str, put: Put, row: str):
    known = await put(office, 1_001)
    answer = await office.source(path)
    assert set(known) <= set(re.findall(row, answer))


# Statements that stop at a number of rows, and who goes on from there.
LIMITED = {
    "accounts/account_by_username": "the one account: as it is written before as it sounds",
    "alerts/gravest_first": "pages by number, with the count",
    "alerts/listed": "pages behind a cursor, with the count",
    "alerts/lock_overdue": "the watcher, which comes back behind the last",
    "care/imports": "pages by number, with the count",
    "care/some_fences": "a sample, to tell whether a file's eastings are swapped",
    "intake/backlog": "the oldest of all",
    "intake/conflicting": "pages by number, with the count",
    "intake/homeless": "pages by number or behind a cursor, with the count",
    "intake/purge_locations": "the purge, until nothing is left",
    "intake/refused": "pages by number, with the count",
    "intake/take_fold_requests": "the fold, until nothing is left",
    "intake/waiting": "one row a provider, in a loop within the statement",
    "notifications/listed": "pages behind a cursor, with the count",
    "notifications/open_first": "pages by number, with the count",
}


def limited_statements() -> set[str]:
    found = set()
    for path in ECM.rglob("queries.sql"):
        for statement in re.split(r"(?m)^-- name: ", path.read_text(encoding="utf-8"))[1:]:
            name, _, text = statement.partition("\n")
            if re.search(r"\b(LIMIT|FETCH\s+FIRST|FETCH\s+NEXT)\b", re.sub(r"--.*", "", text)):
                found.add(f"{path.parent.name}/{name.strip()}")
    return found


def test_every_statement_that_stops_at_a_number_of_rows_is_known_with_who_goes_on():
    assert limited_statements() == set(LIMITED)


def test_no_template_cuts_a_list_by_a_number_of_its_own():
    templates = (ECM / "web" / "templates").glob("*.html")
    cuts = [cut for path in templates for cut in re.findall(r"\[[^\]\n]*:\s*\d+\]", path.read_text(encoding="utf-8"))]
    assert cuts == []
