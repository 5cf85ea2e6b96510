"""Councils, contracts, providers, imports, tags and cards over HTTP."""

from typing import Final

import msgspec
from aiohttp import web

from ecm.care.domain import IMPORT_KINDS, ImportKind, ImportReport, Provider, Tag
from ecm.care.imports.csv_files import UnreadableFile
from ecm.care.messages import (
    ContractList,
    CouncilMessage,
    ImportQuery,
    ProviderList,
    ProviderShown,
    TagMade,
)
from ecm.care.service import CARE
from ecm.http.endpoints import Media, Routes
from ecm.http.public_address import PUBLIC_ADDRESS
from ecm.http.replies import reply
from ecm.http.requests import FILE_BODY_LIMIT, account_of, path_uuid, provider_of, read_bytes, read_json, read_query
from ecm.words.problems import CONFLICT, INVALID, MALFORMED, NOT_FOUND, WRONG_MEDIA_TYPE, ProblemType
from ecm.words.roles import COUNCIL, OFFICE, OPERATORS, READERS
from reports.contracts import Contract

ROUTES = Routes("care")

UNREADABLE_FILE: Final = ProblemType("unreadable-file", 400, "The file cannot be read")
IMPORT_REJECTED: Final = ProblemType("import-rejected", 422, "Rows of the file cannot be taken")

# Browsers on Windows send a CSV file as Excel's type, command-line clients as nothing in particular.
_CSV_TYPES: Final = frozenset(
    {"text/csv", "text/plain", "application/csv", "application/vnd.ms-excel", "application/octet-stream"}
)

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
    """Store a provider with its branches, or what changed of them."""
    provider = await read_json(request, Provider)
    stored = await request.app[CARE].store_provider(account_of(request), provider)
    return reply(provider, 201 if stored.is_new else 200)


@ROUTES.route("GET", "/v1/providers", "List providers", roles=COUNCIL | OPERATORS, replies={200: ProviderList})
async def get_providers(request: web.Request) -> web.Response:
    """List the providers that a council commissions; an operator sees all."""
    found = await request.app[CARE].providers(account_of(request))
    return reply(ProviderList([ProviderShown(provider, name) for provider, name in found]))


@ROUTES.route(
    "POST",
    "/v1/imports/{kind}",
    "Import a CSV file: carers, clients, commissions, roster or uprns",
    roles=OFFICE | OPERATORS,
    body=Media("text/csv"),
    query=ImportQuery,
    replies={200: ImportReport},
    problems=(UNREADABLE_FILE, IMPORT_REJECTED, WRONG_MEDIA_TYPE),
)
async def post_import(request: web.Request) -> web.Response:
    """Import all of a file or nothing of it, or say what that would do."""
    kind = _kind(request)
    query = read_query(request, ImportQuery)
    _check_media_type(request)
    body = await read_bytes(request, FILE_BODY_LIMIT)
    try:
        report = await request.app[CARE].import_file(account_of(request), kind, body, dry_run=query.dry_run)
    except UnreadableFile as error:
        raise UNREADABLE_FILE.because(error.detail, members={"line": error.line, "byte": error.byte}) from None
    if report.rejected and not report.dry_run:
        raise IMPORT_REJECTED.because(
            f"Nothing was stored, because rows of the file cannot be taken; the first is on line "
            f"{report.rejected[0].line}: {report.rejected[0].reason}",
            members=msgspec.to_builtins(report),
        )
    return reply(report)


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


def _kind(request: web.Request) -> ImportKind:
    asked = request.match_info["kind"]
    for kind in IMPORT_KINDS:
        if kind == asked:
            return kind
    raise NOT_FOUND.because(f"There is no import of that kind; there are: {', '.join(IMPORT_KINDS)}.")


def _check_media_type(request: web.Request) -> None:
    if request.content_type not in _CSV_TYPES:
        raise WRONG_MEDIA_TYPE.because("Send the file itself as the body, as text/csv.")
    charset = (request.charset or "utf-8").lower().replace("_", "-")
    if charset not in ("utf-8", "utf8"):
        raise WRONG_MEDIA_TYPE.because("Send the file in UTF-8.")


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
