"""Importing files by hand: first what a file would do, then, if nothing is wrong with it, storing it."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from aiohttp import BodyPartReader, web

from ecm.care.domain import IMPORT_KINDS, ImportKind, ImportReport
from ecm.care.imports import carers, clients, commissions, roster, uprns
from ecm.care.imports.csv_files import Columns, UnreadableFile
from ecm.care.service import CARE
from ecm.http.requests import account_of
from ecm.web.rendering import Shell, render
from ecm.web.session import convert_form
from ecm.words.problems import MALFORMED, TOO_LARGE
from ecm.words.roles import Account

FILE_LIMIT: Final = 8 * 1024 * 1024
# A file that was checked comes back in the form as base64, which takes a third more.
_PART_LIMIT: Final = FILE_LIMIT * 4 // 3 + 16
_FIELD_NAMES: Final = frozenset({"kind", "action", "file", "content"})
_TITLE: Final = "Imports"
_FIRST_ROWS: Final[Mapping[ImportKind, str]] = {
    "carers": "W-001,L1",
    "clients": "C-0001,L1,E10000015,,,,,,51.7520,-0.3360,,,200,,yes,no",
    "commissions": "K-0001,C-0001,E10000015,A,personal care,2026-11-01,MTWTFSS,08:00,30,1,,no,no",
    "roster": "V-1,C-0001,2026-11-20T08:00,30,W-001;W-002,K-0001,2,",
    "uprns": "10001234567,515000.00,207000.00,51.7520,-0.3360",
}
_COLUMNS: Final[Mapping[ImportKind, Columns]] = {
    "carers": carers.COLUMNS,
    "clients": clients.COLUMNS,
    "commissions": commissions.COLUMNS,
    "roster": roster.COLUMNS,
    "uprns": uprns.COLUMNS,
}


class ImportForm(msgspec.Struct):
    """The fields of the form beside the file itself; `content` is a checked file, as base64."""

    kind: ImportKind
    action: Literal["check", "store"] = "check"
    content: Annotated[str, msgspec.Meta(max_length=_PART_LIMIT)] | None = None


@dataclass(frozen=True, slots=True)
class KindView:
    """A kind of file with its columns, and an example of a header and a first row."""

    kind: ImportKind
    required: tuple[str, ...]
    optional: tuple[str, ...]
    example: str


@dataclass(frozen=True, slots=True)
class ImportsView:
    """The form, and what became of the file that was sent; `content` is the checked file, ready to be stored."""

    kinds: list[KindView]
    chosen: ImportKind
    report: ImportReport | None = None
    unreadable: str | None = None
    content: str | None = None


async def get_imports(request: web.Request) -> web.StreamResponse:
    """Show the form."""
    kinds = _kinds(account_of(request))
    return await render(request, "imports.html", Shell(_TITLE), ImportsView(kinds, kinds[0].kind))


async def post_import(request: web.Request) -> web.StreamResponse:
    """Say what a file would do, or store one that was checked."""
    account = account_of(request)
    form, file = await _read(request)
    kinds = _kinds(account)
    try:
        report = await request.app[CARE].import_file(account, form.kind, file, dry_run=form.action == "check")
    except UnreadableFile as error:
        view = ImportsView(kinds, form.kind, unreadable=error.detail)
        return await render(request, "imports.html", Shell(_TITLE), view, 422)
    usable = report.dry_run and not report.rejected and report.new + report.changed > 0
    content = base64.b64encode(file).decode("ascii") if usable else None
    view = ImportsView(kinds, form.kind, report, content=content)
    notice = (
        f"The file is stored ({form.kind}): {report.new:,} new, {report.changed:,} changed." if report.stored else None
    )
    return await render(request, "imports.html", Shell(_TITLE, notice), view, 422 if report.rejected else 200)


def _kinds(account: Account) -> list[KindView]:
    """Return the kinds that an account may import: an operator the addresses of all, an office its own files."""
    mine = [kind for kind in IMPORT_KINDS if (kind == "uprns") == (account.role == "operator")]
    return [
        KindView(
            kind,
            _COLUMNS[kind].required,
            _COLUMNS[kind].optional,
            ",".join((*_COLUMNS[kind].required, *_COLUMNS[kind].optional)) + "\n" + _FIRST_ROWS[kind],
        )
        for kind in mine
    ]


async def _read(request: web.Request) -> tuple[ImportForm, bytes]:
    if request.content_type != "multipart/form-data":
        raise MALFORMED.because("This address takes the form of the imports page.")
    parts: dict[str, bytes] = {}
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or part.name not in _FIELD_NAMES or part.name in parts:
                raise MALFORMED.because("The form holds a field that the imports page does not have.")
            parts[part.name] = await _read_part(part)
    except ValueError:
        raise MALFORMED.because("The form cannot be read.") from None
    file = parts.pop("file", b"")
    try:
        fields = {name: value.decode("ascii") for name, value in parts.items() if value}
        form = convert_form(fields, ImportForm)
        return form, file if form.content is None else base64.b64decode(form.content, validate=True)
    except (UnicodeDecodeError, binascii.Error):
        raise MALFORMED.because("The form cannot be read.") from None


async def _read_part(part: BodyPartReader) -> bytes:
    content = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        content += chunk
        if len(content) > _PART_LIMIT:
            raise TOO_LARGE.because(
                f"The page takes files of up to {FILE_LIMIT // 1024 // 1024} MiB; send a larger one to the API."
            )
    return bytes(content)
