"""Reconciliation over HTTP."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final
from uuid import UUID

import msgspec
from aiohttp import web

from ecm.http.endpoints import Media, Routes
from ecm.http.requests import account_of, read_query
from ecm.payments.jobs import Form
from ecm.payments.messages import ReconciliationMessage
from ecm.payments.service import PAYMENTS, HoursQuery
from ecm.words.codes import Code, Council
from ecm.words.problems import INVALID, NOT_FOUND
from ecm.words.roles import READERS

ROUTES = Routes("payments")

_CSV: Final = Media("text/csv")
_XLSX: Final = Media("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", binary=True)
_FILES: Final[Mapping[Form, Media]] = {"csv": _CSV, "xlsx": _XLSX}


class ReconciliationQuery(msgspec.Struct):
    """A period of local days, both included; `contract` replays it under that contract of the same council.

    A council officer names the provider, an office the council. `version` None takes the one valid on the last day.
    """

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    provider: UUID | None = None
    council: Council | None = None
    contract: Code | None = None
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None
    format: Form = "json"


@ROUTES.route(
    "GET",
    "/v1/reconciliation",
    "Set delivered against commissioned hours, as JSON, CSV or XLSX",
    roles=READERS,
    query=ReconciliationQuery,
    replies={200: (ReconciliationMessage, _CSV, _XLSX)},
    problems=(INVALID, NOT_FOUND),
)
async def get_reconciliation(request: web.Request) -> web.Response:
    """Answer with the lines of a period, under each commission's own contract or replayed under one."""
    query = read_query(request, ReconciliationQuery)
    produced = await request.app[PAYMENTS].file(
        account_of(request),
        HoursQuery(query.first, query.last, query.council, query.provider, query.contract, query.version),
        query.format,
    )
    if query.format == "json":
        return web.Response(body=produced.content, content_type="application/json")
    return web.Response(
        body=produced.content,
        content_type=_FILES[query.format].content_type,
        charset="utf-8" if query.format == "csv" else None,
        headers={"Content-Disposition": f'attachment; filename="{produced.name}"', "Cache-Control": "no-store"},
    )
