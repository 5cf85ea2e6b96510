"""Lists of the API come in pages: whoever follows `next` meets every row once, and a broken cursor is a problem."""

import base64
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecm.http.paging import Cursor, NumberedPage, PageQuery, Slice, asked_slice, page_of
from ecm.notifications.domain import CandidateState
from ecm.words.problems import Problem
from tests.arranging import Arranged, HandClock, at
from tests.many import put_alerts, put_candidates
from tests.serving import Client, bearer, serving

OFFICE = bearer("coordinator")
LISTS = ("alerts", "candidates")
Row = tuple[datetime, UUID]

instants = st.datetimes(timezones=st.just(UTC))
# Few instants and ids, so that many rows have one instant.
rows = st.lists(
    st.tuples(
        st.integers(0, 3).map(lambda n: at("08:00") + timedelta(minutes=n)),
        st.integers(0, 99).map(lambda n: UUID(int=n)),
    ),
    unique_by=lambda row: row[1],
)


@pytest.fixture
async def client(arranged: Arranged) -> AsyncIterator[Client]:
    async with serving(arranged, HandClock(at("12:00"))) as opened:
        yield opened


def behind(everything: Sequence[Row], part: Slice) -> list[Row]:
    """What a store reads: in the order of the list, behind the cursor, one more than asked for."""
    ordered = sorted(everything, key=lambda row: (-row[0].timestamp(), row[1]))
    after = part.after
    if after is not None:
        ordered = [row for row in ordered if row[0] < after.at or (row[0] == after.at and row[1] > after.row)]
    return ordered[: part.limit + 1]


@given(instants, st.uuids())
def test_a_cursor_comes_back_as_it_went_out_and_fits_into_an_address(at: datetime, row: UUID):
    cursor = Cursor(at, row)
    assert asked_slice(PageQuery(after=str(cursor))).after == cursor
    assert str(cursor).replace("-", "").replace("_", "").isalnum()


@given(rows, rows, st.integers(1, 7))
def test_following_the_cursors_meets_every_row_once_and_new_rows_shift_nobody(
    everything: list[Row], later: list[Row], limit: int
):
    known = {row[1] for row in everything}
    newcomers = [row for row in later if row[1] not in known]
    listed: list[Row] = []
    after: str | None = None
    while True:
        part = asked_slice(PageQuery(limit, after))
        page = page_of(behind(everything + (newcomers if listed else []), part), part, 0, lambda row: Cursor(*row))
        listed += page.rows
        assert len(page.rows) <= limit
        if page.next is None:
            break
        after = page.next
    assert len(set(listed)) == len(listed)
    assert {row for row in listed if row[1] in known} == set(everything)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "=" * 32,
        "é" * 32,
        "a" * 31,
        "a" * 33,
        "a" * 32 + "\n",
        base64.urlsafe_b64encode((2**63 - 1).to_bytes(8) + bytes(16)).decode(),
        base64.urlsafe_b64encode((2**63).to_bytes(8) + bytes(16)).decode(),
    ],
)
def test_a_broken_cursor_is_malformed(text: str):
    with pytest.raises(Problem, match="after is not a cursor") as told:
        asked_slice(PageQuery(after=text))
    assert told.value.kind.slug == "malformed"


@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 500))
def test_numbered_pages_hold_every_row_once_and_say_where_they_end(number: int, size: int, total: int):
    page = NumberedPage(number, size, total)
    pages = [NumberedPage(each, size, total) for each in range(1, page.pages + 1)]
    assert [row for one in pages for row in range(one.first, one.last + 1)] == list(range(1, total + 1))
    assert page.beyond == (total > 0 and number > page.pages)


async def put(house: Arranged, kind: str, times: Sequence[datetime]) -> list[str]:
    if kind == "alerts":
        return [str(each) for each in await put_alerts(house, times)]
    return [str(each) for each in await put_candidates(house, [(time, "proposed") for time in times])]


async def follow(client: Client, kind: str, query: str) -> list[list[str]]:
    """The ids on each page, from the first to the one without a next."""
    pages: list[list[str]] = []
    after = ""
    while True:
        told = await (await client.get(f"/v1/{kind}?{query}{after}", headers=OFFICE)).json()
        pages.append([one[kind.removesuffix("s")] for one in told[kind]])
        if told["next"] is None:
            return pages
        after = f"&after={told['next']}"


@pytest.mark.parametrize("kind", LISTS)
async def test_rows_of_one_instant_are_neither_lost_nor_repeated(client: Client, arranged: Arranged, kind: str):
    times = [at("11:00") + timedelta(microseconds=number // 4) for number in range(23)]
    known = await put(arranged, kind, times)
    when = dict(zip(known, times, strict=True))
    pages = await follow(client, kind, "limit=5")
    assert [len(page) for page in pages] == [5, 5, 5, 5, 3]
    listed = [each for page in pages for each in page]
    assert listed == sorted(known, key=lambda each: (-when[each].timestamp(), each))
    assert listed == [each for page in await follow(client, kind, "limit=500") for each in page]


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize(("many", "pages"), [(0, [0]), (99, [99]), (100, [100]), (101, [100, 1])])
async def test_a_hundred_come_at_once_and_what_goes_on_says_so(
    client: Client, arranged: Arranged, kind: str, many: int, pages: list[int]
):
    await put(arranged, kind, [at("11:00")] * many)
    told = await (await client.get(f"/v1/{kind}", headers=OFFICE)).json()
    assert (told["total"], told["next"] is None) == (many, len(pages) == 1)
    assert [len(page) for page in await follow(client, kind, "limit=100")] == pages


@pytest.mark.parametrize("kind", LISTS)
async def test_more_than_the_thousand_of_old_can_all_be_reached(client: Client, arranged: Arranged, kind: str):
    known = await put(arranged, kind, [at("11:00") - timedelta(seconds=number) for number in range(1_234)])
    pages = await follow(client, kind, "limit=500")
    assert [len(page) for page in pages] == [500, 500, 234]
    assert [each for page in pages for each in page] == known


@pytest.mark.parametrize("kind", LISTS)
async def test_a_newcomer_between_two_pages_shifts_nobody(client: Client, arranged: Arranged, kind: str):
    known = await put(arranged, kind, [at("11:00") - timedelta(seconds=number) for number in range(4)])
    first = await (await client.get(f"/v1/{kind}?limit=2", headers=OFFICE)).json()
    await put(arranged, kind, [at("11:30")])
    second = await (await client.get(f"/v1/{kind}?limit=2&after={first['next']}", headers=OFFICE)).json()
    assert [one[kind.removesuffix("s")] for one in first[kind] + second[kind]] == known
    assert (first["total"], second["total"], second["next"]) == (4, 5, None)


async def test_a_state_is_listed_and_counted_by_itself(client: Client, arranged: Arranged):
    states: tuple[CandidateState, ...] = ("screening", "proposed", "accepted", "dismissed", "merged", "withdrawn")
    await put_candidates(arranged, [(at("11:00"), state) for state in states])
    await put_alerts(arranged, [at("11:00")], state="closed")
    await put_alerts(arranged, [at("11:00")] * 2)
    for kind, query, many in (
        ("candidates", "state=open", 3),
        ("candidates", "state=all", 6),
        ("candidates", "", 6),
        ("alerts", "state=closed", 1),
        ("alerts", "state=all", 3),
        ("alerts", "", 2),
    ):
        told = await (await client.get(f"/v1/{kind}?{query}", headers=OFFICE)).json()
        assert (len(told[kind]), told["total"]) == (many, many), (kind, query)


async def test_promise_11_a_page_holds_and_counts_its_own_providers_rows(client: Client, arranged: Arranged):
    rival = await Arranged(arranged.database, arranged.superuser).begin()
    for kind in LISTS:
        await put(rival, kind, [at("11:00")] * 3)
        told = await (await client.get(f"/v1/{kind}", headers=OFFICE)).json()
        assert (told[kind], told["next"], told["total"]) == ([], None, 0)


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("query", ["after=x", "after=", "limit=0", "limit=501", "limit=x", "state=lost", "page=2"])
async def test_a_page_that_cannot_be_is_a_problem(client: Client, kind: str, query: str):
    answer = await client.get(f"/v1/{kind}?{query}", headers=OFFICE)
    assert (answer.status, (await answer.json())["type"]) == (400, "/problems/malformed")
