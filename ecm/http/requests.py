"""What a handler asks of its request: who sends it, what the time is, and its body, query and path as types."""

from typing import Final, TypeVar
from uuid import UUID

import msgspec
from aiohttp import web

from ecm.http.decoding import decode_json
from ecm.words.clock import Clock
from ecm.words.codes import VisitCode
from ecm.words.problems import MALFORMED, NOT_FOUND, TOO_LARGE, Problem
from ecm.words.roles import Account

S = TypeVar("S")

CLOCK: Final = web.AppKey("clock", Clock)
ACCOUNT: Final = web.RequestKey("account", Account)
JSON_BODY_LIMIT: Final = 1024 * 1024
FILE_BODY_LIMIT: Final = 64 * 1024 * 1024


def account_of(request: web.Request) -> Account:
    """Return who is asking; only behind an endpoint with roles."""
    return request[ACCOUNT]


def provider_of(request: web.Request) -> UUID:
    """Return the provider of the coordinator or registered manager who asks."""
    provider = account_of(request).provider
    if provider is None:
        raise NOT_FOUND.because("Your account belongs to no provider.")
    return provider


async def read_bytes(request: web.Request, limit: int) -> bytes:
    """Read a body of at most `limit` bytes; raises the `too-large` problem beyond it."""
    if request.content_length is not None and request.content_length > limit:
        raise _too_large(limit)
    if request.content_length is not None and "Content-Encoding" not in request.headers:
        return await request.read()
    # A body of unknown length, or one that may swell as it is unpacked.
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


def _too_large(limit: int) -> Problem:
    return TOO_LARGE.because(f"The request is larger than the {limit:,} bytes that this address takes.")


async def read_json(request: web.Request, shape: type[S], limit: int = JSON_BODY_LIMIT) -> S:
    """Read the body as the message type `shape`; raises the `malformed` problem saying what is wrong where."""
    return decode_json(await read_bytes(request, limit), shape)


def read_query(request: web.Request, shape: type[S]) -> S:
    """Read the query string as `shape`; raises the `malformed` problem on unknown, repeated or wrong parameters."""
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given:
            raise MALFORMED.because(f"The parameter {name!r} is given twice.")
        given[name] = value
    known = {field.encode_name for field in msgspec.structs.fields(shape)}  # type: ignore[arg-type]
    unknown = sorted(set(given) - known)
    if unknown:
        raise MALFORMED.because(f"There is no parameter {unknown[0]!r}; known are: {', '.join(sorted(known))}.")
    try:
        return msgspec.convert(given, shape, strict=False)
    except msgspec.ValidationError as error:
        raise MALFORMED.because(f"The parameters do not have the expected form: {error}.") from None


def path_uuid(request: web.Request, name: str) -> UUID:
    """Return a UUID from the path; raises `not-found` for anything else."""
    try:
        return UUID(request.match_info[name])
    except ValueError:
        raise NOT_FOUND.because(f"{name} in the address is not an id.") from None


def path_visit(request: web.Request) -> str:
    """Return a visit's code from the path; raises `not-found` for what cannot be one."""
    try:
        return msgspec.convert(request.match_info["visit"], VisitCode)
    except msgspec.ValidationError:
        raise NOT_FOUND.because("The visit in the address is not a visit's code.") from None
