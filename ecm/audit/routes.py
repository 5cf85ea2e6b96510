"""A check-in's evidence and its proof over HTTP."""

from aiohttp import web

from ecm.audit.domain import Proof, StoredCheckIn
from ecm.audit.service import AUDIT
from ecm.http.endpoints import Routes
from ecm.http.replies import reply
from ecm.http.requests import account_of, path_uuid
from ecm.words.problems import CONFLICT, NOT_FOUND
from ecm.words.roles import READERS

ROUTES = Routes("audit")


@ROUTES.route(
    "GET",
    "/v1/check-ins/{provider}/{device}/{check_in}",
    "Read a check-in's evidence",
    roles=READERS,
    replies={200: StoredCheckIn},
    problems=(NOT_FOUND,),
)
async def get_check_in(request: web.Request) -> web.Response:
    """Show what a check-in said and what was made of it, without coordinates."""
    found = await request.app[AUDIT].check_in(
        account_of(request),
        path_uuid(request, "provider"),
        path_uuid(request, "device"),
        path_uuid(request, "check_in"),
    )
    return reply(found)


@ROUTES.route(
    "GET",
    "/v1/check-ins/{provider}/{device}/{check_in}/proof",
    "Prove that a check-in is in its provider's log",
    roles=READERS,
    replies={200: Proof},
    problems=(NOT_FOUND, CONFLICT),
)
async def get_proof(request: web.Request) -> web.Response:
    """Give the Merkle inclusion proof of a check-in, with the signed part, so that anyone can check both."""
    proof = await request.app[AUDIT].proof(
        account_of(request),
        path_uuid(request, "provider"),
        path_uuid(request, "device"),
        path_uuid(request, "check_in"),
    )
    return reply(proof)
