"""Long tables come in pages: the day's visits and the lines of the hours, with the filter kept from page to page."""

import re

import pytest

from ecm.visits.service import VISITS
from ecm.web.reconciliation import LINES_A_PAGE
from ecm.web.today import ROWS_A_PAGE
from reports.contracts import contract_to_json, example_contract
from tests.arranging import COUNCIL, at, fold_what_waits
from tests.web.browsing import Browser

ONE_MORE = 201


@pytest.fixture
async def busy(office: Browser) -> Browser:
    """A day of one visit more than a page holds; nobody has come to any of them."""
    arranged = office.arranged
    document = contract_to_json(example_contract("a")).decode()
    await arranged._put(
        "contracts", council_id=COUNCIL, contract="A", version=1, document=document, stored_at=at("00:00")
    )
    for number in range(ONE_MORE):
        client = await arranged.client(f"C-{number:03d}")
        commission = await arranged.commission(f"K-{number:03d}", client)
        await arranged.visit(f"V-{number:03d}", client, at("08:00"), commission=commission)
    await fold_what_waits(office.client.app[VISITS])
    return office


@pytest.mark.parametrize(
    ("path", "what"),
    [("/?status=missed", "visits"), ("/reconciliation?from=2026-11-20&to=2026-11-20&contract=A%401", "lines")],
)
async def test_a_table_of_one_row_more_than_a_page_goes_on_and_back_with_its_filter(
    busy: Browser, path: str, what: str
):
    assert LINES_A_PAGE == ROWS_A_PAGE == ONE_MORE - 1
    first = await busy.see(path)
    assert "1–200 of 201 Next page" in first.words
    pager = first.source.partition(f'aria-label="Pages of {what}')[2]
    following = re.search(r'<a rel="next" href="([^"]+)"', pager)
    assert following is not None
    kept = path.partition("?")[2]
    address = following[1].replace("&amp;", "&")
    assert all(given in address for given in kept.split("&"))
    second = await busy.see(address)
    assert "Previous page 201–201 of 201" in second.words
    visits = [re.findall(r'<th scope="row"[^>]*><a href="/visits/(V-\d+)"', page.source) for page in (first, second)]
    assert [len(page) for page in visits] == [200, 1]
    assert len({*visits[0], *visits[1]}) == ONE_MORE
    beyond = await busy.see(f"{path}&page=3")
    assert f"There is no page 3 of {what}. First page" in beyond.words
