"""Whether the process lives, whether it can serve, what it has counted, and what it understands."""

import asyncio
import os
from typing import Final

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from ecm.db.errors import DatabaseError
from ecm.db.pool import Database
from ecm.http.endpoints import Media, Routes
from ecm.http.replies import reply
from ecm.words.problems import unavailable

ROUTES = Routes("health")
DATABASE: Final = web.AppKey("database", Database)
REGISTRY: Final = web.AppKey("registry", CollectorRegistry)
DESCRIPTION: Final = web.AppKey("openapi", bytes)
STOPPING: Final = web.AppKey("stopping", asyncio.Event)
LOOPS: Final = web.AppKey("loops", list[asyncio.Future[None]])


class Health(msgspec.Struct):
    """`ok`, and nothing else: anything else is a problem."""

    status: str


@ROUTES.route("GET", "/healthz", "Does the process live?", replies={200: Health})
async def get_health(_: web.Request) -> web.Response:
    """Answer as long as the loop turns."""
    return reply(Health("ok"))


@ROUTES.route("GET", "/readyz", "Can the process serve?", replies={200: Health})
async def get_readiness(request: web.Request) -> web.Response:
    """Answer `ok` when the database answers and the process is not stopping; a problem 503 otherwise."""
    if request.app[STOPPING].is_set():
        raise unavailable("This process is stopping.")
    try:
        async with request.app[DATABASE].transaction("readiness", read_only=True, timeout_seconds=2):
            return reply(Health("ok"))
    except DatabaseError:
        raise unavailable("The database does not answer.") from None


@ROUTES.route("GET", "/metrics", "What has been counted, for Prometheus", replies={200: Media("text/plain")})
async def get_metrics(request: web.Request) -> web.Response:
    """Expose the registry."""
    registry = request.app[REGISTRY]
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        # Whichever worker is asked answers for all of them.
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    exposed = await asyncio.to_thread(generate_latest, registry)
    return web.Response(body=exposed, headers={"Content-Type": CONTENT_TYPE_LATEST})


@ROUTES.route("GET", "/v1/openapi.json", "This description", replies={200: Media("application/json")})
async def get_openapi(request: web.Request) -> web.Response:
    """Serve the OpenAPI description of the running service."""
    return web.Response(body=request.app[DESCRIPTION], content_type="application/json")
