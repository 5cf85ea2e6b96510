"""A server that does nothing with check-ins: the limit that aiohttp sets. Prints where it listens."""

import asyncio
import sys
from uuid import uuid4

import msgspec
import uvloop
from aiohttp import web

from ecm.http.requests import read_bytes
from ecm.intake.routes import BODY_LIMIT


async def post_check_ins(request: web.Request) -> web.Response:
    """Read the body as the service does, and reply with as many bytes as it would for one check-in."""
    await read_bytes(request, BODY_LIMIT)
    return web.Response(body=_RECEIPT, content_type="application/json")


_NOW = "2026-11-20T08:01:12.345678Z"
_ANSWER = {"status": "recorded", "check_in": uuid4(), "recorded_at": _NOW, "reason": None, "detail": None}
_RECEIPT = msgspec.json.encode({"received_at": _NOW, "answers": [_ANSWER]})


async def serve() -> None:
    """Serve until the input ends, as it does when whoever started this ends."""
    app = web.Application(client_max_size=0)
    app.router.add_post("/v1/check-ins", post_check_ins)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(f"service: http://127.0.0.1:{runner.addresses[0][1]}", flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(serve())
