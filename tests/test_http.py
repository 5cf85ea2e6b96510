"""How bodies are read, whatever their length and packing."""

import zlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from ecm.http.replies import tell_problems
from ecm.http.requests import read_bytes

LIMIT = 1_000
Client = TestClient[web.Request, web.Application]


async def count(request: web.Request) -> web.Response:
    return web.Response(text=str(len(await read_bytes(request, LIMIT))))


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = web.Application(middlewares=[tell_problems], client_max_size=0)
    app.router.add_post("/", count)
    async with TestClient(TestServer(app)) as client:
        yield client


async def in_pieces(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 100):
        yield bytes(100)


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 200), (LIMIT + 100, 413)])
@pytest.mark.parametrize("way", ["whole", "in pieces", "packed"])
async def test_a_body_of_just_the_limit_is_read_and_a_larger_one_refused(
    client: Client, size: int, status: int, way: str
) -> None:
    body = {"whole": bytes(size), "in pieces": in_pieces(size), "packed": zlib.compress(bytes(size))}[way]
    headers = {"Content-Encoding": "deflate"} if way == "packed" else {}
    answer = await client.post("/", data=body, headers=headers)
    assert answer.status == status
    assert answer.content_type == ("text/plain" if status == 200 else "application/problem+json")
