"""Imports over HTTP: files in, what other systems' columns mean, templates, and visits planned in error."""

from typing import Annotated, Final, Literal
from urllib.parse import quote

import msgspec
from aiohttp import web

from ecm.care.domain import (
    IMPORT_KINDS,
    ColumnMapping,
    ImportKind,
    ImportReport,
)
from ecm.care.imports.messages import (
    ImportList,
    PlannedInErrorMessage,
    PlannedVisitShown,
    PlanVersionList,
    UndoReport,
    planned_shown,
    version_shown,
)
from ecm.care.imports.service import Asked
from ecm.care.imports.tables import UnknownColumns, UnreadableFile
from ecm.care.imports.templates import csv_template, workbook_template
from ecm.care.service import CARE
from ecm.http.decoding import decode_json
from ecm.http.endpoints import Media, Routes
from ecm.http.replies import reply
from ecm.http.requests import (
    FILE_BODY_LIMIT,
    account_of,
    path_uuid,
    path_visit,
    provider_of,
    read_bytes,
    read_json,
    read_query,
)
from ecm.words.codes import Code
from ecm.words.problems import CONFLICT, INVALID, NOT_FOUND, WRONG_MEDIA_TYPE, ProblemType
from ecm.words.roles import OFFICE, OPERATORS

ROUTES = Routes("care")

UNREADABLE_FILE: Final = ProblemType("unreadable-file", 400, "The file cannot be read")
UNKNOWN_COLUMNS: Final = ProblemType("unknown-columns", 400, "The file's columns are not known")
IMPORT_REJECTED: Final = ProblemType("import-rejected", 422, "Rows of the file cannot be taken")

WORKBOOK_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Browsers on Windows send a CSV file as Excel's type, command-line clients as nothing in particular.
_FILE_TYPES: Final = frozenset(
    {
        "text/csv",
        "text/plain",
        "text/tab-separated-values",
        "application/csv",
        "application/vnd.ms-excel",
        "application/octet-stream",
        WORKBOOK_TYPE,
    }
)
_MAPPING_BYTES: Final = 64 * 1024


class ImportQuery(msgspec.Struct):
    """How a file is taken.

    `dry_run` true says what an import would do and stores nothing; `branch` whose mapping counts; `mapping` is one for
    this file alone, as JSON; `whole_roster` true takes off what else is planned on the file's days; `skip` leaves out
    so many from the beginning of each list of the report.
    """

    dry_run: bool = False
    branch: Code | None = None
    mapping: str | None = None
    whole_roster: bool = False
    file_name: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    skip: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 0


class BranchQuery(msgspec.Struct):
    """Whose columns they are; an office with one branch need not say."""

    branch: Code | None = None


class TemplateQuery(msgspec.Struct):
    """In which format the template is wanted."""

    format: Literal["csv", "xlsx"] = "csv"


class HistoryQuery(msgspec.Struct):
    """How many imports to list, and how many of the newest to leave out."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50
    skip: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 0


class UndoQuery(msgspec.Struct):
    """`dry_run` true says what undoing would do and changes nothing."""

    dry_run: bool = False


@ROUTES.route(
    "POST",
    "/v1/imports/{kind}",
    "Import a CSV file or a workbook: carers, clients, commissions, roster or uprns",
    roles=OFFICE | OPERATORS,
    body=Media("text/csv"),
    query=ImportQuery,
    replies={200: ImportReport},
    problems=(UNREADABLE_FILE, UNKNOWN_COLUMNS, IMPORT_REJECTED, INVALID, WRONG_MEDIA_TYPE),
)
async def post_import(request: web.Request) -> web.Response:
    """Import all of a file or nothing of it, or say what that would do."""
    kind = _kind(request)
    query = read_query(request, ImportQuery)
    _check_media_type(request)
    mapping = None if query.mapping is None else decode_json(query.mapping.encode(), ColumnMapping)
    asked = Asked(
        mapping=mapping,
        branch=query.branch,
        whole_roster=query.whole_roster,
        file_name=query.file_name,
        skip=query.skip,
    )
    body = await read_bytes(request, FILE_BODY_LIMIT)
    try:
        report = await request.app[CARE].import_file(
            account_of(request), kind, body, dry_run=query.dry_run, asked=asked
        )
    except UnknownColumns as error:
        members = {"line": error.line, "columns": msgspec.to_builtins(error.theirs)}
        raise UNKNOWN_COLUMNS.because(error.detail, members=members) from None
    except UnreadableFile as error:
        raise UNREADABLE_FILE.because(error.detail, members={"line": error.line, "byte": error.byte}) from None
    if report.rejected_total and not report.dry_run:
        first = report.rejected[0] if report.rejected else None
        where = "" if first is None else f"; the first is on line {first.line}: {first.reason}"
        raise IMPORT_REJECTED.because(
            f"Nothing was stored, because rows of the file cannot be taken{where}",
            members=msgspec.to_builtins(report),
        )
    return reply(report)


@ROUTES.route(
    "PUT",
    "/v1/import-mappings/{kind}",
    "Keep what another system's columns mean",
    roles=OFFICE,
    body=ColumnMapping,
    query=BranchQuery,
    replies={200: ColumnMapping},
    problems=(INVALID,),
)
async def put_mapping(request: web.Request) -> web.Response:
    """Keep a branch's mapping; its files of this kind are read by it from now on."""
    kind = _kind(request)
    query = read_query(request, BranchQuery)
    mapping = await read_json(request, ColumnMapping, _MAPPING_BYTES)
    kept = await request.app[CARE].store_import_mapping(account_of(request), kind, query.branch, mapping)
    return reply(kept)


@ROUTES.route(
    "GET",
    "/v1/import-templates/{kind}",
    "Download a file to start from",
    roles=OFFICE | OPERATORS,
    query=TemplateQuery,
    replies={200: (Media("text/csv"), Media(WORKBOOK_TYPE, binary=True))},
)
async def get_template(request: web.Request) -> web.Response:
    """Give a file with the columns of a kind and one row as an example."""
    kind = _kind(request)
    wanted = read_query(request, TemplateQuery).format
    body = csv_template(kind) if wanted == "csv" else workbook_template(kind)
    return as_file(body, f"{kind}-template.{wanted}", "text/csv" if wanted == "csv" else WORKBOOK_TYPE)


@ROUTES.route(
    "GET",
    "/v1/imports",
    "List the files that were imported",
    roles=OFFICE,
    query=HistoryQuery,
    replies={200: ImportList},
)
async def get_imports(request: web.Request) -> web.Response:
    """List a provider's imports, the newest first."""
    query = read_query(request, HistoryQuery)
    found, total = await request.app[CARE].imports(provider_of(request), query.limit, query.skip)
    return reply(ImportList(found, total))


@ROUTES.route(
    "POST",
    "/v1/imports/{import}/undoing",
    "Undo an import",
    roles=OFFICE,
    query=UndoQuery,
    replies={200: UndoReport},
    problems=(CONFLICT,),
)
async def post_undoing(request: web.Request) -> web.Response:
    """Put back what an import changed and nothing later touched, or say what that would do."""
    query = read_query(request, UndoQuery)
    report = await request.app[CARE].undo_import(account_of(request), path_uuid(request, "import"), query.dry_run)
    return reply(report)


@ROUTES.route(
    "POST",
    "/v1/visits/{visit}/planned-in-error",
    "Take a visit off that was planned in error",
    roles=OFFICE,
    body=PlannedInErrorMessage,
    replies={200: PlannedVisitShown},
    problems=(INVALID,),
)
async def post_planned_in_error(request: web.Request) -> web.Response:
    """Say that a visit should never have been planned; it is kept, and neither missed nor paid."""
    message = await read_json(request, PlannedInErrorMessage)
    visit = await request.app[CARE].plan_in_error(account_of(request), path_visit(request), message.reason)
    return reply(planned_shown(visit))


@ROUTES.route(
    "GET",
    "/v1/visits/{visit}/plans",
    "List what was planned of a visit before",
    roles=OFFICE,
    replies={200: PlanVersionList},
)
async def get_plans(request: web.Request) -> web.Response:
    """List earlier plans of a visit with who changed them when, the oldest first."""
    found = await request.app[CARE].planned_before(provider_of(request), path_visit(request))
    return reply(PlanVersionList([version_shown(each) for each in found]))


def as_file(body: bytes, name: str, content_type: str) -> web.Response:
    """Answer with a file to keep."""
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    charset = "utf-8" if content_type.startswith("text/") else None
    return web.Response(body=body, content_type=content_type, charset=charset, headers=headers)


def _kind(request: web.Request) -> ImportKind:
    asked = request.match_info["kind"]
    for kind in IMPORT_KINDS:
        if kind == asked:
            return kind
    raise NOT_FOUND.because(f"There is no import of that kind; there are: {', '.join(IMPORT_KINDS)}.")


def _check_media_type(request: web.Request) -> None:
    if request.content_type not in _FILE_TYPES:
        raise WRONG_MEDIA_TYPE.because("Send the file itself as the body: text/csv, or an Excel workbook by its type.")
