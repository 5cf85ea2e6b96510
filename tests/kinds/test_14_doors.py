"""Kind 14, the world as it types, at the doors: names in any capitals, HEAD, proxies, and a spreadsheet's own ideas."""

import asyncio
import re
import unicodedata
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from ecm.accounts.asking import SESSION_COOKIE
from ecm.accounts.domain import NOBODYS_PASSWORD_HASH, username_key
from ecm.accounts.service import ACCOUNTS
from ecm.accounts.store import account_by_username
from ecm.db.embedded.server import EmbeddedServer
from ecm.db.migrations import migrate, read_migrations
from ecm.db.pool import Database, open_database
from ecm.http.guard import SAFE_METHODS
from ecm.process.settings import Settings
from ecm.process.wiring import make_app
from ecm.words.problems import Problem
from tests.arranging import Arranged, HandClock, at
from tests.serving import Client
from tests.web.browsing import Browser

PUBLIC = "https://care.example"
Open = Callable[[str | None], AbstractAsyncContextManager[Client]]


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Open:
    """The whole application under a public address, or none."""

    @asynccontextmanager
    async def opening(public_url: str | None) -> AsyncIterator[Client]:
        app = make_app(Settings(tmp_path, public_url=public_url), database, HandClock(at("12:00")))
        async with TestClient(TestServer(app), cookie_jar=DummyCookieJar()) as client:
            yield client

    return opening


# Names, as people type them.


@pytest.mark.parametrize(
    ("made", "typed"),
    [
        ("jo", ["jo", "JO", "Jo", " jO "]),
        ("Anne  Marie", ["anne marie", "ANNE MARIE"]),
        ("Zoë Straße", ["zoë STRASSE", "zoe\u0308 straße"]),
        ("ﬁona", ["FIONA", "ｆｉｏｎａ"]),
    ],
)
async def test_a_username_signs_in_however_it_is_typed_and_cannot_be_taken_again_in_other_capitals(
    opened: Open, arranged: Arranged, made: str, typed: list[str]
) -> None:
    async with opened(None) as client:
        accounts = client.app[ACCOUNTS]
        new = await accounts.create(made, "operator", None, None, by="service")
        for name in typed:
            page = await Browser(client, arranged).send("/sign-in", {"username": name, "password": new.password})
            assert (name, page.status) == (name, 303)
            with pytest.raises(Problem) as refused:
                await accounts.create(name, "operator", None, None, by="service")
            assert refused.value.kind.slug == "conflict"
        page = await Browser(client, arranged).send("/sign-in", {"username": typed[0], "password": "another"})
        assert page.status == 401


@given(st.text(max_size=30))
def test_the_key_of_a_username_is_the_same_for_all_that_people_cannot_tell_apart(name: str) -> None:
    key = username_key(name)
    same = {
        name,
        name.casefold(),
        f" {name}\t",
        unicodedata.normalize("NFD", name),
        unicodedata.normalize("NFKC", name),
    }
    assert {username_key(one) for one in same} == {key}
    assert username_key(key) == key


async def test_accounts_that_differed_in_capitals_before_are_all_found_after_the_migration(
    server: EmbeddedServer,
) -> None:
    database = f"names_{uuid4().hex}"
    await server.ensure_database(database)
    urls, now = server.urls(database), datetime(2026, 1, 1, tzinfo=UTC)
    migrations = await asyncio.to_thread(read_migrations)
    (ours,) = (one for one in migrations if one.name == "usernames")
    await migrate(urls.migration, applied_at=now, migrations=migrations[: ours.version - 1])
    names = ["JO", "Jo", "jo", "KIM", "Kim", "ann", "Bea"]
    connection = await asyncpg.connect(urls.migration)
    await connection.executemany(
        "INSERT INTO accounts (account_id, username, role, password_hash, created_at)"
        " VALUES ($1, $2, 'operator', $3, $4)",
        [(uuid4(), name, NOBODYS_PASSWORD_HASH, now + timedelta(days=place)) for place, name in enumerate(names)],
    )
    await connection.close()
    await migrate(urls.migration, applied_at=now, migrations=migrations)
    typed = {name: name for name in names} | {"jO": "jo", "kIM": "KIM", "ANN": "ann", "bea": "Bea"}
    async with open_database(urls) as gate, gate.transaction("find", read_only=True) as reading:
        found = {name: await account_by_username(reading, name) for name in typed}
    assert {name: one and one[0].username for name, one in found.items()} == typed


# HEAD, wherever there is GET (RFC 9110, 9.3.2).

# What another moment changes by itself, and what only bodies have.
_OF_THE_MOMENT = {"Date", "Content-Length", "Content-Encoding", "Transfer-Encoding"}


def get_addresses(app: web.Application) -> list[str]:
    """Every address that takes GET, each part of a path filled in with something that nobody has."""
    fillings = {"provider": str(uuid4()), "device": str(uuid4()), "check_in": str(uuid4()), "name": "style.css"}
    paths = [
        route.resource.canonical
        for route in app.router.routes()
        if route.method == "GET" and route.resource is not None
    ]
    return [re.sub(r"\{(\w+)\}", lambda found: fillings.get(found[1], "V-1"), path) for path in paths]


async def test_head_answers_as_get_without_its_body_at_every_address(opened: Open, arranged: Arranged) -> None:
    async with opened(None) as client:
        paths = get_addresses(client.app)
        assert len(paths) > 20
        for person in (Browser(client, arranged), await Browser(client, arranged).signed_in_as("coordinator")):
            for path in paths:
                answers, body = [], b""
                for method in ("GET", "HEAD"):
                    async with client.request(method, path, cookies=person.cookie, allow_redirects=False) as answer:
                        headers = {name: answer.headers[name] for name in {*answer.headers} - _OF_THE_MOMENT}
                        answers.append((path, answer.status, headers))
                        body = await answer.read()
                assert answers[0] == answers[1]
                assert body == b""


# A proxy before us that sends a Host of its own.


def forms(app: web.Application) -> list[str]:
    """Every address of our pages that takes a form."""
    return [
        re.sub(r"\{\w+\}", "x", route.resource.canonical)
        for route in app.router.routes()
        if route.method not in SAFE_METHODS
        and route.resource is not None
        and not route.resource.canonical.startswith("/v1/")
    ]


@pytest.mark.parametrize(
    ("public", "host", "origin", "ours"),
    [
        (PUBLIC, "ecm-internal:8080", PUBLIC, True),
        (PUBLIC, "care.example", PUBLIC, True),
        (PUBLIC, "care.example", "http://care.example", False),
        (PUBLIC, "ecm-internal:8080", "https://ecm-internal:8080", False),
        (PUBLIC, "evil.example", "https://evil.example", False),
        (PUBLIC, "ecm-internal:8080", "https://care.example:8443", False),
        (None, "ecm.example:8080", "http://ecm.example:8080", True),
        (None, "ecm.example", "http://ecm.example", True),
        (None, "ECM.example:443", "https://ecm.example", True),
        (None, "ecm.example:8080", PUBLIC, False),
        (None, "ecm.example:8080", "http://ecm.example:8081", False),
    ],
)
async def test_every_form_is_taken_from_the_public_address_whatever_host_the_proxy_sends(
    opened: Open, arranged: Arranged, public: str | None, host: str, origin: str, ours: bool
) -> None:
    async with opened(public) as client:
        paths = forms(client.app)
        assert {"/sign-in", "/sign-out", "/enrol", "/imports"} <= set(paths)
        for path in paths:
            person = await Browser(client, arranged).signed_in_as("registered_manager", uuid4().hex)
            headers = {"Host": host, "Origin": origin}
            async with client.post(
                path, headers=headers, cookies=person.cookie, data={"nothing": ""}, allow_redirects=False
            ) as answer:
                elsewhere = "not sent from a page of this service" in await answer.text()
            assert (path, elsewhere) == (path, not ours)


async def test_signing_in_works_behind_a_proxy_that_sends_its_own_host(opened: Open) -> None:
    async with opened(PUBLIC) as client:
        made = await client.app[ACCOUNTS].create("jo", "operator", None, None, by="service")
        headers = {"Host": "127.0.0.1:8080", "Origin": PUBLIC}
        form = {"username": "jo", "password": made.password}
        async with client.post("/sign-in", headers=headers, data=form, allow_redirects=False) as answer:
            assert answer.status == 303
            assert SESSION_COOKIE in answer.cookies
