"""Who may pass: the role check, and whether a request that carries the cookie comes from our own pages."""

from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from ecm.http.endpoints import Routes
from ecm.http.guard import WHO_ASKS, from_our_pages, guarded
from ecm.http.public_address import PUBLIC_ADDRESS, PublicAddress
from ecm.http.requests import account_of
from ecm.words.problems import NOT_ALLOWED, NOT_SIGNED_IN, Problem
from ecm.words.roles import Account

HOST = "ecm.example:8080"


def asked(method: str, origin: str | None, public: str | None = None) -> bool:
    application = web.Application()
    application[PUBLIC_ADDRESS] = PublicAddress(public)
    headers = CIMultiDict({"Host": HOST})
    if origin is not None:
        headers["Origin"] = origin
    return from_our_pages(make_mocked_request(method, "/", headers=headers, app=application))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("origin", [None, "https://evil.example", "null"])
def test_other_sites_may_lead_here(method: str, origin: str | None):
    assert asked(method, origin)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_only_our_own_pages_may_send_a_form(method: str):
    assert asked(method, f"http://{HOST}")
    assert not asked(method, None)


@pytest.mark.parametrize(
    "origin",
    [
        "http://ecm.example",
        "http://ecm.example:8081",
        "http://ecm.example:80",
        "http://evil.example:8080",
        "http://ecm.example:8080.evil.example",
        f"http://evil.example/{HOST}",
        f"http://{HOST}@evil.example",
        "null",
        "",
    ],
)
def test_another_port_or_another_name_is_another_origin(origin: str):
    assert not asked("POST", origin)


@pytest.mark.parametrize(
    ("public", "origin", "ours"),
    [
        ("https://care.example", "https://care.example", True),
        ("https://care.example/", "https://care.example:443", True),
        ("https://CARE.example:443/ecm", "https://care.example", True),
        ("https://care.example:8443", "https://care.example:8443", True),
        ("https://care.example", "http://care.example", False),
        ("https://care.example", "http://care.example:443", False),
        ("https://care.example", "https://care.example:8443", False),
        ("https://care.example", "https://care.example.evil.example", False),
        ("https://care.example", "https://jo@care.example", False),
        ("https://care.example", "https://care.example/", False),
        ("https://care.example", "https://[", False),
        ("https://care.example", "https://care.example:99999", False),
        ("https://care.example", "null", False),
        ("https://care.example", f"http://{HOST}", False),
    ],
)
def test_with_a_public_address_that_and_nothing_else_is_our_origin_whatever_the_host_says(
    public: str, origin: str, ours: bool
) -> None:
    assert asked("POST", origin, public) is ours


async def test_who_is_not_signed_in_or_of_another_role_does_not_reach_the_handler() -> None:
    reached: list[Account] = []
    signed_in: dict[str, Account] = {
        role: Account(UUID(int=1), "jo", role, None, None) for role in ("operator", "council_officer")
    }
    routes = Routes("things")

    @routes.route("GET", "/things", "List things", roles=frozenset({"operator"}), replies={200: None})
    async def get_things(request: web.Request) -> web.Response:
        reached.append(account_of(request))
        return web.Response()

    async def who_asks(request: web.Request) -> Account | None:
        return signed_in.get(request.headers.get("From", ""))

    application = web.Application()
    application[WHO_ASKS] = who_asks
    handler = guarded(routes.endpoints[0])

    async def ask(who: str) -> None:
        await handler(make_mocked_request("GET", "/things", headers=CIMultiDict({"From": who}), app=application))

    for who, problem in (("nobody", NOT_SIGNED_IN), ("council_officer", NOT_ALLOWED)):
        with pytest.raises(Problem) as refused:
            await ask(who)
        assert refused.value.kind is problem
    assert reached == []
    await ask("operator")
    assert reached == [signed_in["operator"]]
