"""Reconciliation over HTTP."""

import asyncio
from typing import Final

import msgspec
from aiohttp import web

from ecm.accounts.domain import READERS
from ecm.errors import INVALID, NOT_FOUND
from ecm.http import Media, Routes, account_of, read_query
from ecm.keys import PAYMENTS
from ecm.payments.messages import ReconciliationMessage, ReconciliationQuery, reconciliation_message
from ecm.payments.service import Asked, FileKind, Run

ROUTES = Routes("payments")

_CSV: Final = Media("text/csv")
_XLSX: Final = Media("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", binary=True)
_FILES: Final[dict[FileKind, Media]] = {"csv": _CSV, "xlsx": _XLSX}


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
    payments = request.app[PAYMENTS]
    run = await payments.reconcile(
        account_of(request),
        Asked(query.first, query.last, query.council, query.provider, query.contract, query.version),
    )
    if query.format == "json":
        return web.Response(body=await asyncio.to_thread(_json, run), content_type="application/json")
    return web.Response(
        body=await payments.file(run, query.format),
        content_type=_FILES[query.format].content_type,
        charset="utf-8" if query.format == "csv" else None,
        headers={
            "Content-Disposition": f'attachment; filename="{run.file_name(query.format)}"',
            "Cache-Control": "no-store",
        },
    )


def _json(run: Run) -> bytes:
    return msgspec.json.encode(reconciliation_message(run))
