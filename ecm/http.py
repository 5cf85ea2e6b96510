"""How a route is declared: once, for the router, the role check and the OpenAPI document alike."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

import msgspec
from aiohttp import web

from ecm.accounts.domain import Account, Role
from ecm.decoding import decode_json
from ecm.errors import MALFORMED, NOT_FOUND, TOO_LARGE, Problem, ProblemType

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Handler)
S = TypeVar("S")

ACCOUNT: Final = web.RequestKey("account", Account)
JSON_BODY_LIMIT: Final = 1024 * 1024
FILE_BODY_LIMIT: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Media:
    """A body that is not one of our JSON messages: its media type, and whether it is text."""

    content_type: str
    binary: bool = False


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route and everything the outside may know of it.

    `roles` None means no sign-in. `body` and `replies` are msgspec types or `Media`, a tuple where a reply has several
    forms; `query` is a Struct of strings and numbers. `problems` are those beyond the ones every route may answer.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    tag: str
    roles: frozenset[Role] | None
    body: Any
    query: type[msgspec.Struct] | None
    replies: Mapping[int, Any]
    problems: tuple[ProblemType, ...]


class Routes:
    """The endpoints of one subject; `app.py` mounts them and `openapi.py` describes them."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.endpoints: list[Endpoint] = []

    def route(
        self,
        method: str,
        path: str,
        summary: str,
        *,
        replies: Mapping[int, Any],
        roles: frozenset[Role] | None = None,
        body: Any = None,
        query: type[msgspec.Struct] | None = None,
        problems: tuple[ProblemType, ...] = (),
    ) -> Callable[[H], H]:
        """Declare the decorated handler under `method` and `path`."""

        def declare(handler: H) -> H:
            self.endpoints.append(
                Endpoint(method, path, handler, summary, self.tag, roles, body, query, replies, problems)
            )
            return handler

        return declare


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


def reply(message: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with a message type as JSON."""
    return web.Response(
        status=status, body=msgspec.json.encode(message), content_type="application/json", headers=headers
    )
