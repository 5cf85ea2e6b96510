"""Whether a request that carries the cookie comes from our own pages."""

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from ecm.http.guard import from_our_pages

HOST = "ecm.example:8080"


def asked(method: str, origin: str | None) -> bool:
    headers = CIMultiDict({"Host": HOST})
    if origin is not None:
        headers["Origin"] = origin
    return from_our_pages(make_mocked_request(method, "/", headers=headers))


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
