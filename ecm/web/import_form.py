"""The form of the imports page: a file with what is to become of it, or a checked one that comes back as base64."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
from aiohttp import BodyPartReader, web

from ecm.care.domain import ColumnMapping, DateOrder, ImportKind
from ecm.web.session import convert_form
from ecm.words.codes import Code
from ecm.words.problems import MALFORMED, TOO_LARGE

FILE_LIMIT: Final = 8 * 1024 * 1024
# A file that was checked comes back in the form as base64, which takes a third more.
_PART_LIMIT: Final = FILE_LIMIT * 4 // 3 + 16
_FIELD_LIMIT: Final = 2_000
_MOST_FIELDS: Final = 1_100
_COLUMN_FIELD: Final = re.compile(r"(their|ours)-([0-9]{1,3})")
_TOO_LARGE: Final = (
    f"The file is larger than the {FILE_LIMIT // 1024 // 1024} MiB that this page takes at once. Split it into several "
    "files, by month or by branch for example, each with the header row, and store one after the other. Saved as an "
    "Excel workbook (.xlsx) the same rows often take a tenth of the room."
)


class ImportForm(msgspec.Struct):
    """The fields of the form beside the file itself; `content` is a checked file, as base64."""

    kind: ImportKind
    action: Literal["check", "map", "remap", "list", "store"] = "check"
    branch: Code | None = None
    whole_roster: Literal["yes"] | None = None
    file_name: Annotated[str, msgspec.Meta(max_length=500)] | None = None
    dates: DateOrder | None = None
    content: Annotated[str, msgspec.Meta(max_length=_PART_LIMIT)] | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What somebody sent: the fields, the file, and on the page of columns what each of them means."""

    form: ImportForm
    file: bytes
    mapping: ColumnMapping | None


async def read_import_form(request: web.Request) -> Sent:
    """Read the form; raises `malformed`, and `too-large` in words for whoever made the file."""
    if request.content_type != "multipart/form-data":
        raise MALFORMED.because("This address takes the form of the imports page.")
    parts: dict[str, bytes] = {}
    name_of_file: str | None = None
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or not _is_ours(part.name) or part.name in parts:
                raise MALFORMED.because("The form holds a field that the imports page does not have.")
            name_of_file = part.filename if part.name == "file" else name_of_file
            parts[part.name or ""] = await _read_part(part)
            if len(parts) > _MOST_FIELDS:
                raise MALFORMED.because("The form holds more fields than the imports page has.")
    except ValueError:
        raise MALFORMED.because("The form cannot be read.") from None
    return _sent(parts, name_of_file)


def _is_ours(name: str | None) -> bool:
    return name is not None and (
        name in {"file", *ImportForm.__struct_fields__} or _COLUMN_FIELD.fullmatch(name) is not None
    )


def _sent(parts: dict[str, bytes], name_of_file: str | None) -> Sent:
    file = parts.pop("file", b"")
    if len(file) > FILE_LIMIT:
        raise TOO_LARGE.because(_TOO_LARGE)
    try:
        fields = {name: value.decode("utf-8") for name, value in parts.items() if value}
        columns = {name: fields.pop(name) for name in list(fields) if _COLUMN_FIELD.fullmatch(name)}
        fields.setdefault("file_name", (name_of_file or "")[:500])
        form = convert_form({name: value for name, value in fields.items() if value}, ImportForm)
        if form.content is not None:
            file = base64.b64decode(form.content, validate=True)
    except (UnicodeDecodeError, binascii.Error):
        raise MALFORMED.because("The form cannot be read.") from None
    return Sent(form, file, _mapping(columns, form.dates) if form.action == "map" else None)


def _mapping(columns: dict[str, str], dates: DateOrder | None) -> ColumnMapping:
    names = {name.removeprefix("their-"): their for name, their in columns.items() if name.startswith("their-")}
    given = {their: columns.get(f"ours-{number}") for number, their in names.items()}
    return msgspec.convert({"columns": given, "dates": dates}, ColumnMapping)


async def _read_part(part: BodyPartReader) -> bytes:
    limit = _PART_LIMIT if part.name in {"file", "content"} else _FIELD_LIMIT
    content = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        content += chunk
        if len(content) > limit:
            raise TOO_LARGE.because(_TOO_LARGE)
    return bytes(content)
