"""The page of candidates: fifty a page, the open ones first, and none of them lost between two pages."""

import re
from datetime import timedelta

import pytest

from ecm.notifications.domain import CandidateState
from ecm.web.candidates import CANDIDATES_A_PAGE
from tests.arranging import at
from tests.many import put_candidates
from tests.web.browsing import Browser, Page


def shown(page: Page) -> list[str]:
    return re.findall(r'<h2 id="c-([^"]+)"', page.source)


def link(page: Page, rel: str) -> str | None:
    found = re.search(rf'<a rel="{rel}" href="([^"]+)"', page.source)
    return None if found is None else found[1].replace("&amp;", "&")


async def put(browser: Browser, number: int, state: CandidateState = "proposed") -> list[str]:
    """So many candidates, the first of them known last; all of one instant but every third."""
    known = [(at("11:00") - timedelta(minutes=each // 3), state) for each in range(number)]
    return [str(each) for each in await put_candidates(browser.arranged, known)]


async def walk(browser: Browser, path: str) -> list[Page]:
    pages = [await browser.see(path)]
    while following := link(pages[-1], "next"):
        pages.append(await browser.see(following))
    return pages


async def test_no_candidates_are_said_to_be_none(office: Browser):
    for path in ("/candidates", "/candidates?show=all", "/candidates?page=9"):
        page = await office.see(path)
        assert "There is nothing to decide on." in page.words
        assert "<nav class=" not in page.source


async def test_just_a_page_of_candidates_has_no_further_page(office: Browser):
    put_in = await put(office, CANDIDATES_A_PAGE)
    page = await office.see("/candidates")
    assert sorted(shown(page)) == sorted(put_in)
    assert "<nav class=" not in page.source


@pytest.mark.parametrize("show", ["", "?show=all"])
async def test_one_more_than_a_page_leads_to_a_second_page_and_back(office: Browser, show: str):
    put_in = await put(office, CANDIDATES_A_PAGE + 1)
    first, second = await walk(office, f"/candidates{show}")
    assert "1–50 of 51 Next page" in first.words
    assert "Previous page 51–51 of 51" in second.words
    assert sorted(shown(first) + shown(second)) == sorted(put_in)
    assert (link(first, "prev"), link(second, "prev")) == (None, f"/candidates{show}")
    assert shown(await office.see(link(second, "prev") or "")) == shown(first)


async def test_the_next_page_is_reached_by_keyboard_before_the_candidates_and_behind_them(office: Browser):
    await put(office, CANDIDATES_A_PAGE + 1)
    source = (await office.see("/candidates")).source
    above, *cards, below = re.split(r"<article|(?<=</article>)", source)
    assert [part.count('rel="next"') for part in (above, *cards, below)] == [1, *(0 for _ in cards), 1]
    names = re.findall(r'<nav class="pager" aria-label="([^"]+)"', source)
    assert names == ["Pages of candidates, above them", "Pages of candidates, below them"]


async def test_a_page_beyond_the_end_says_so_and_leads_to_the_first(office: Browser):
    await put(office, CANDIDATES_A_PAGE)
    page = await office.see("/candidates?show=all&page=2")
    assert page.status == 200
    assert shown(page) == []
    assert "There is no page 2 of candidates. First page" in page.words
    assert '<a href="/candidates?show=all">First page</a>' in page.source
    assert "There is nothing to decide on" not in page.words


@pytest.mark.parametrize("number", ["0", "-1", "1000001", "x", ""])
async def test_what_is_no_page_number_is_a_problem(office: Browser, number: str):
    assert (await office.see(f"/candidates?page={number}")).status == 400


async def test_open_candidates_come_first_and_the_others_are_counted_and_follow_on_every_page(office: Browser):
    closed: tuple[CandidateState, ...] = ("dismissed", "withdrawn", "merged")
    others = [each for state in closed for each in await put(office, 400, state)]
    open_ones = await put(office, 34)
    page = await office.see("/candidates")
    assert "All, with 1,200 dismissed, withdrawn or merged" in page.words
    assert sorted(shown(page)) == sorted(open_ones)
    pages = await walk(office, "/candidates?show=all")
    assert "1–50 of 1,234 Next page" in pages[0].words
    assert [len(shown(one)) for one in pages] == [50] * 24 + [34]
    listed = [each for one in pages for each in shown(one)]
    assert sorted(listed[:34]) == sorted(open_ones)
    assert sorted(listed[34:]) == sorted(others)
