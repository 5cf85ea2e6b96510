"""Sign-in, sign-out, who may open what, and forms that other sites send in somebody's name."""

import re
from pathlib import Path

import pytest
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient, TestServer

from ecm.accounts.asking import SESSION_COOKIE
from ecm.accounts.service import ACCOUNTS
from ecm.db.pool import Database
from ecm.process.settings import Settings
from ecm.process.wiring import make_app
from ecm.words.roles import Role
from tests.arranging import Arranged, HandClock
from tests.web.browsing import Browser

PAGES = ("/", "/candidates", "/imports", "/reconciliation", "/enrol")
ALLOWED = {
    "coordinator": set(PAGES),
    "registered_manager": set(PAGES),
    "council_officer": {"/", "/reconciliation"},
    "operator": {"/imports"},
}


HOSTILE = ("https://evil.example/", "//evil.example", "/\\evil.example", "/a\r\nX: y", "javascript:alert(1)", "")
FORMS = (
    "/enrol",
    "/sign-out",
    "/imports",
    "/visits/V-1/amendments",
    "/visits/V-1/amendments/00000000-0000-0000-0000-000000000001/withdrawal",
    "/visits/V-1/acknowledgements",
    "/candidates/x/dismissal",
    "/sign-in",
)


async def test_the_signed_out_are_led_to_sign_in_and_back(browser: Browser):
    for path in (*PAGES, "/visits/V-1"):
        page = await browser.see(path)
        assert page.status == 303
        assert page.location == f"/sign-in?next={path.replace('/', '%2F')}"
        assert f'value="{path}"' in (await browser.see(page.location)).source


async def test_signing_in_never_leads_to_another_site(browser: Browser):
    made = await browser.client.app[ACCOUNTS].create("ann", "operator", None, None, by="service")
    for hostile in HOSTILE:
        page = await browser.send("/sign-in", {"username": "ann", "password": made.password, "next": hostile})
        assert (page.status, page.location) == (303, "/")


async def test_signing_in_leads_to_the_page_that_was_wanted(browser: Browser):
    made = await browser.client.app[ACCOUNTS].create("ann", "operator", None, None, by="service")
    wanted = "/visits/a%2Fb?provider=1"
    page = await browser.send("/sign-in", {"username": "ann", "password": made.password, "next": wanted})
    assert page.location == wanted


async def test_a_wrong_password_signs_nobody_in(browser: Browser):
    await browser.client.app[ACCOUNTS].create("ann", "operator", None, None, by="service")
    for username in ("ann", "nobody", ""):
        page = await browser.send("/sign-in", {"username": username, "password": "wrong"})
        assert page.status == 401
        assert "username or the password is wrong" in page.words
        assert "Set-Cookie" not in page.headers


async def test_the_session_cookie_is_for_our_pages_only(browser: Browser):
    made = await browser.client.app[ACCOUNTS].create("ann", "operator", None, None, by="service")
    page = await browser.send("/sign-in", {"username": "ann", "password": made.password})
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith(f"{SESSION_COOKIE}=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Secure" not in cookie


async def test_behind_https_the_session_cookie_is_secure(
    database: Database, clock: HandClock, arranged: Arranged, tmp_path: Path
):
    settings = Settings(state_dir=tmp_path, public_url="https://ecm.example")
    server = TestServer(make_app(settings, database, clock))
    async with TestClient(server, cookie_jar=DummyCookieJar()) as client:
        browser = Browser(client, arranged)
        made = await server.app[ACCOUNTS].create("ann", "operator", None, None, by="service")
        form = {"username": "ann", "password": made.password}
        page = await browser.send("/sign-in", form, origin="https://ecm.example")
    assert "Secure" in page.headers["Set-Cookie"].split("; ")


async def test_signing_out_ends_the_session_itself(office: Browser):
    kept = dict(office.cookie)
    page = await office.send("/sign-out")
    assert (page.status, page.location, office.cookie) == (303, "/sign-in", {})
    office.cookie = kept
    assert (await office.see("/")).status == 303


@pytest.mark.parametrize("role", ALLOWED)
async def test_each_role_opens_its_own_pages_only(browser: Browser, role: Role):
    await browser.signed_in_as(role)
    opened = {path for path in PAGES if (await browser.see(path)).status == 200}
    assert opened == ALLOWED[role]
    for path in set(PAGES) - ALLOWED[role] - {"/"}:
        page = await browser.see(path)
        assert page.status == 403
        assert "not for the role" in page.words


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
async def test_forms_of_other_sites_are_refused(office: Browser, origin: str | None):
    await office.arranged.carer("W-001")
    for path in FORMS:
        page = await office.send(path, {"carer": "W-001"}, origin=origin)
        assert page.status == 403
        assert "not sent from a page of this service" in page.words
    assert await office.arranged.rows("enrolments") == []
    assert (await office.see("/")).status == 200


async def test_a_form_after_the_session_ended_asks_to_sign_in(browser: Browser):
    page = await browser.send("/enrol", {"carer": "W-001"})
    assert page.status == 401
    assert "Sign in" in page.words


async def test_every_page_keeps_to_itself(office: Browser):
    for path in (*PAGES, "/sign-in", "/nowhere"):
        page = await office.see(path)
        policy = page.headers.get("Content-Security-Policy", "")
        if page.status == 303:
            continue
        assert "default-src 'none'" in policy, path
        assert "frame-ancestors 'none'" in policy
        assert page.headers["Cache-Control"] == "no-store"
        assert re.findall(r'(?:src|href|action)="(?:https?:)?//', page.source) == []
        assert " style=" not in page.source
        assert re.findall(r"<script(?![^>]*src=)", page.source) == []


async def test_static_files_are_served_under_their_digest(office: Browser):
    source = (await office.see("/")).source
    for path in re.findall(r'"(/static/[^"]+)"', source):
        page = await office.see(path)
        assert page.status == 200
        assert "immutable" in page.headers["Cache-Control"]
    assert (await office.see("/static/secrets.txt")).status == 404


async def test_problems_are_pages_for_people_and_json_for_machines(office: Browser):
    page = await office.see("/nowhere")
    assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is no page at this address" in page.words
    assert (await office.see("/v1/nowhere")).headers["Content-Type"] == "application/problem+json"
    assert (await office.see("/nowhere", Accept="*/*")).headers["Content-Type"] == "application/problem+json"
    assert (await office.see("/?day=yesterday")).status == 400
    assert (await office.see("/visits/nope")).status == 404


async def test_hostile_names_are_shown_and_not_run(browser: Browser):
    await browser.signed_in_as("coordinator", username="<script>alert(1)</script>")
    page = await browser.see("/")
    assert "<script>alert" not in page.source
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.source
