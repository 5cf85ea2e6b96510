"""The files that were imported, and taking one back: first what that would do, then doing it."""

from dataclasses import dataclass
from math import ceil
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from aiohttp import web

from ecm.care.domain import StoredImport
from ecm.care.imports.messages import UndoReport
from ecm.care.service import CARE
from ecm.http.requests import account_of, path_uuid, provider_of, read_query
from ecm.web.rendering import Shell, render
from ecm.web.session import read_form

_TITLE: Final = "Imports so far"
_ON_A_PAGE: Final = 50


class HistoryPageQuery(msgspec.Struct):
    """Which page of the history."""

    page: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1


class UndoForm(msgspec.Struct):
    """Whether to say what undoing would do, or to do it."""

    action: Literal["check", "undo"] = "check"


@dataclass(frozen=True, slots=True)
class HistoryView:
    """Imports, and what undoing one of them did or would do."""

    imports: list[StoredImport]
    undone: frozenset[UUID]
    page: int
    pages: int
    total: int
    undoing: UUID | None = None
    report: UndoReport | None = None


async def get_history(request: web.Request) -> web.StreamResponse:
    """Show a page of the history."""
    page = read_query(request, HistoryPageQuery).page
    return await render(request, "import_history.html", Shell(_TITLE), await _view(request, page))


async def post_undoing(request: web.Request) -> web.StreamResponse:
    """Say what undoing an import would do, or do it."""
    form = await read_form(request, UndoForm)
    import_id = path_uuid(request, "import")
    report = await request.app[CARE].undo_import(account_of(request), import_id, form.action == "check")
    view = await _view(request, 1, import_id, report)
    notice = f"Undone: {report.put_back:,} put back, {report.taken_off:,} taken off." if report.stored else None
    return await render(request, "import_history.html", Shell(_TITLE, notice), view)


async def _view(
    request: web.Request, page: int, undoing: UUID | None = None, report: UndoReport | None = None
) -> HistoryView:
    found, total = await request.app[CARE].imports(provider_of(request), _ON_A_PAGE, (page - 1) * _ON_A_PAGE)
    return HistoryView(
        imports=found,
        undone=frozenset(each.undoes for each in found if each.undoes is not None),
        page=page,
        pages=max(1, ceil(total / _ON_A_PAGE)),
        total=total,
        undoing=undoing,
        report=report,
    )
