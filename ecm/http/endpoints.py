"""How a route is declared: once, for the router, the role check and the OpenAPI document alike."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from ecm.words.problems import ProblemType
from ecm.words.roles import Role

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
H = TypeVar("H", bound=Handler)
S = TypeVar("S")


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
