"""Councils, contracts, providers, tags and cards over HTTP; the imports have a module of their own."""

from typing import Final

from aiohttp import web

from ecm.care.domain import Provider, Tag
from ecm.care.imports.routes import ROUTES as IMPORTS
from ecm.care.messages import (
    ContractList,
    CouncilMessage,
    ProviderList,
    ProviderShown,
    TagMade,
)
from ecm.care.service import CARE
from ecm.http.endpoints import Media, Routes
from ecm.http.public_address import PUBLIC_ADDRESS
from ecm.http.replies import reply
from ecm.http.requests import account_of, path_uuid, provider_of, read_json
from ecm.words.problems import CONFLICT, INVALID, MALFORMED
from ecm.words.roles import COUNCIL, OFFICE, OPERATORS, READERS
from reports.contracts import Contract

ROUTES = Routes("care")
ROUTES.endpoints.extend(IMPORTS.endpoints)

_TAP_PAGE: Final = """<!DOCTYPE html>
<html lang="en-GB">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Check in with the app</title>
<style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#111}</style>
</head>
<body>
<main>
<h1>Nothing has been recorded</h1>
<p>This tag or card belongs to a home care visit. Opening its link does not check anybody in.</p>
<p>If you are the carer: open the check-in app on your phone, choose check in or check out, and read the tag or card
from there.</p>
<p>If you found this tag or card: please give it back to the home care provider.</p>
</main>
</body>
</html>
"""


@ROUTES.route(
    "POST",
    "/v1/councils",
    "Store a council",
    roles=OPERATORS,
    body=CouncilMessage,
    replies={200: CouncilMessage, 201: CouncilMessage},
)
async def post_council(request: web.Request) -> web.Response:
    """Store a council, or its new name."""
    wanted = await read_json(request, CouncilMessage)
    stored = await request.app[CARE].store_council(account_of(request), wanted.council, wanted.name)
    return reply(wanted, 201 if stored.is_new else 200)


@ROUTES.route(
    "POST",
    "/v1/contracts",
    "Store a version of a contract",
    roles=OPERATORS | COUNCIL,
    body=Contract,
    replies={200: Contract, 201: Contract},
    problems=(CONFLICT, INVALID),
)
async def post_contract(request: web.Request) -> web.Response:
    """Store a contract document; a version that is stored never changes."""
    contract = await read_json(request, Contract)
    stored = await request.app[CARE].store_contract(account_of(request), contract)
    return reply(contract, 201 if stored.is_new else 200)


@ROUTES.route("GET", "/v1/contracts", "List contracts", roles=READERS | OPERATORS, replies={200: ContractList})
async def get_contracts(request: web.Request) -> web.Response:
    """List the contracts that concern the asker."""
    return reply(ContractList(await request.app[CARE].contracts(account_of(request))))


@ROUTES.route(
    "POST",
    "/v1/providers",
    "Store a provider and its branches",
    roles=OPERATORS,
    body=Provider,
    replies={200: Provider, 201: Provider},
    problems=(INVALID,),
)
async def post_provider(request: web.Request) -> web.Response:
    """Store a provider with its branches and its live date, or what changed of them."""
    provider = await read_json(request, Provider)
    stored = await request.app[CARE].store_provider(account_of(request), provider)
    return reply(provider, 201 if stored.is_new else 200)


@ROUTES.route("GET", "/v1/providers", "List providers", roles=COUNCIL | OPERATORS, replies={200: ProviderList})
async def get_providers(request: web.Request) -> web.Response:
    """List the providers that a council commissions; an operator sees all."""
    found = await request.app[CARE].providers(account_of(request))
    live_on = await request.app[CARE].live_days([provider for provider, _ in found])
    return reply(ProviderList([ProviderShown(provider, name, live_on[provider]) for provider, name in found]))


@ROUTES.route(
    "POST",
    "/v1/tags",
    "Make a tag or card for a client's home",
    roles=OFFICE,
    body=Tag,
    replies={200: TagMade, 201: TagMade},
    problems=(CONFLICT, INVALID),
)
async def post_tag(request: web.Request) -> web.Response:
    """Store a tag or card and give the link to write on it."""
    tag = await read_json(request, Tag)
    stored = await request.app[CARE].store_tag(
        account_of(request), provider_of(request), tag, request.app[PUBLIC_ADDRESS].base(request)
    )
    return reply(TagMade(tag.tag, tag.kind, tag.client, stored.link), 201 if stored.is_new else 200)


@ROUTES.route(
    "GET",
    "/v1/tags/{tag}/card.svg",
    "Draw a QR card",
    roles=OFFICE,
    replies={200: Media("image/svg+xml")},
    problems=(MALFORMED,),
)
async def get_card(request: web.Request) -> web.Response:
    """Draw the card to print and hang in the client's home."""
    svg = await request.app[CARE].card(
        provider_of(request), path_uuid(request, "tag"), request.app[PUBLIC_ADDRESS].base(request)
    )
    return web.Response(body=svg, content_type="image/svg+xml", headers={"Cache-Control": "no-store"})


@ROUTES.route("GET", "/t/{payload}", "Explain an NFC tag", replies={200: Media("text/html")})
async def get_tag_page(request: web.Request) -> web.Response:  # noqa: ARG001 - the page is the same for every link
    """Explain what a tag is for; a bare GET never counts, since link previews fetch it (promise 7)."""
    return _tap_page()


@ROUTES.route("GET", "/c/{payload}", "Explain a QR card", replies={200: Media("text/html")})
async def get_card_page(request: web.Request) -> web.Response:  # noqa: ARG001 - the page is the same for every link
    """Explain what a card is for; a bare GET never counts, since link previews fetch it (promise 7)."""
    return _tap_page()


def _tap_page() -> web.Response:
    return web.Response(
        text=_TAP_PAGE,
        content_type="text/html",
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "Referrer-Policy": "no-referrer",
        },
    )
