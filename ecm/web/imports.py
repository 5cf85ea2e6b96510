"""Importing files by hand: first what a file would do, then, if nothing is wrong with it, storing it."""

import asyncio
import base64
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from ecm.care.domain import IMPORT_KINDS, NO_MAPPING, ImportKind, ImportReport
from ecm.care.imports.kinds import COLUMNS
from ecm.care.imports.routes import as_file
from ecm.care.imports.service import SHOWN_AT_ONCE, Asked
from ecm.care.imports.tables import Column, TheirColumn, UnknownColumns, UnreadableFile
from ecm.care.imports.templates import template_columns
from ecm.care.service import CARE
from ecm.http.requests import account_of
from ecm.web.import_form import ImportForm, Sent, read_import_form
from ecm.web.rendering import Shell, render
from ecm.words.roles import Account

_TITLE: Final = "Imports"
_DANGEROUS_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class KindView:
    """A kind of file with its columns, and an example of a header and a first row."""

    kind: ImportKind
    columns: tuple[Column, ...]
    example: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A file that comes back with the next form, so that nobody has to choose it again; `content` is base64."""

    form: ImportForm
    content: str
    may_store: bool = False


@dataclass(frozen=True, slots=True)
class ImportsView:
    """The form, and what became of the file that was sent; `theirs` are columns whose meaning is asked for."""

    kinds: list[KindView]
    branches: tuple[str, ...]
    chosen: ImportKind
    report: ImportReport | None = None
    unreadable: str | None = None
    theirs: tuple[TheirColumn, ...] = ()
    ours: tuple[Column, ...] = ()
    returned: Returned | None = None

    @property
    def is_cut(self) -> bool:
        """Say whether a list of the report is longer than what the page shows of it."""
        report = self.report
        return (
            report is not None
            and max(report.rejected_total, report.warnings_total, report.changes_total, report.taken_off_total)
            > SHOWN_AT_ONCE
        )


async def get_imports(request: web.Request) -> web.StreamResponse:
    """Show the form."""
    account = account_of(request)
    kinds = _kinds(account)
    view = ImportsView(kinds, await _branches(request, account), kinds[0].kind)
    return await render(request, "imports.html", Shell(_TITLE), view)


async def post_import(request: web.Request) -> web.StreamResponse:
    """Say what a file would do, ask what its columns mean, or store one that was checked."""
    account = account_of(request)
    sent = await read_import_form(request)
    form = sent.form
    if sent.mapping is not None:
        await request.app[CARE].store_import_mapping(account, form.kind, form.branch, sent.mapping)
    asked = Asked(
        mapping=NO_MAPPING if form.action == "remap" else sent.mapping,
        branch=form.branch,
        whole_roster=form.whole_roster is not None and form.kind == "roster",
        file_name=form.file_name,
        whole_lists=form.action == "list",
    )
    kinds, branches = _kinds(account), await _branches(request, account)
    returned = Returned(form, base64.b64encode(sent.file).decode("ascii"))
    try:
        report = await request.app[CARE].import_file(
            account, form.kind, sent.file, dry_run=form.action != "store", asked=asked
        )
    except UnknownColumns as error:
        ours = COLUMNS[form.kind].columns
        may_map = account.provider is not None
        view = ImportsView(
            kinds, branches, form.kind, None, error.detail, error.theirs if may_map else (), ours, returned
        )
        return await render(request, "imports.html", Shell(_TITLE), view, 422)
    except UnreadableFile as error:
        view = ImportsView(kinds, branches, form.kind, unreadable=error.detail)
        return await render(request, "imports.html", Shell(_TITLE), view, 422)
    if form.action == "list":
        body = await asyncio.to_thread(_whole_list, report)
        return as_file(body, f"{form.kind}-report.csv", "text/csv")
    return await _show(request, sent, report, ImportsView(kinds, branches, form.kind, report, returned=returned))


async def _show(request: web.Request, sent: Sent, report: ImportReport, view: ImportsView) -> web.StreamResponse:
    usable = report.dry_run and not report.rejected_total and report.new + report.changed + report.going > 0
    returned = None if report.stored or view.returned is None else Returned(sent.form, view.returned.content, usable)
    shown = ImportsView(view.kinds, view.branches, view.chosen, report, returned=returned)
    notice = _notice(report) if report.stored else None
    return await render(request, "imports.html", Shell(_TITLE, notice), shown, 422 if report.rejected_total else 200)


def _notice(report: ImportReport) -> str:
    taken_off = f", {report.going:,} taken off" if report.going else ""
    return f"The file is stored ({report.kind}): {report.new:,} new, {report.changed:,} changed{taken_off}."


def _whole_list(report: ImportReport) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("what", "line", "code", "column", "before", "after", "why"))
    writer.writerows([_harmless(cell) for cell in row] for row in _listed(report))
    return ("\N{ZERO WIDTH NO-BREAK SPACE}" + text.getvalue()).encode("utf-8")


def _listed(report: ImportReport) -> Iterator[tuple[object, ...]]:
    for mistake in report.rejected:
        yield "rejected", mistake.line, "", mistake.column, "", "", mistake.reason
    for warning in report.warnings:
        yield "warning", warning.line, "", warning.column, "", "", warning.reason
    for change in report.changes:
        yield "changed", change.line, change.code, change.column, change.before, change.after, ""
    for visit in report.taken_off:
        what = "taken off" if visit.stays_because is None else "stays"
        yield what, "", visit.visit, "start", visit.start_at.isoformat(), "", visit.stays_because


def _harmless(cell: object) -> str:
    """No cell becomes a formula in a spreadsheet."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_DANGEROUS_STARTS) else text


async def _branches(request: web.Request, account: Account) -> tuple[str, ...]:
    if account.provider is None:
        return ()
    return tuple(branch.branch for branch in await request.app[CARE].branches(account.provider))


def _kinds(account: Account) -> list[KindView]:
    """Return the kinds that an account may import: an operator the addresses of all, an office its own files."""
    mine = [kind for kind in IMPORT_KINDS if (kind == "uprns") == (account.role == "operator")]
    return [KindView(kind, COLUMNS[kind].columns, _example(kind)) for kind in mine]


def _example(kind: ImportKind) -> str:
    columns = template_columns(kind)
    return "\n".join(",".join(texts) for texts in ([c.name for c in columns], [c.example for c in columns]))
