"""The OpenAPI 3.1 description, made from the same message types that read and write the messages."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from ecm.http.endpoints import Endpoint, Media
from ecm.words.problems import (
    INTERNAL,
    MALFORMED,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_SIGNED_IN,
    REFUSED_BY_HTTP,
    TOO_LARGE,
    UNAVAILABLE,
    ProblemType,
)

_REFERENCE: Final = "#/components/schemas/{name}"


class ProblemMessage(msgspec.Struct):
    """A problem as RFC 9457 tells it; `type` is stable, `detail` is one sentence for a person."""

    type: str
    title: str
    status: int
    detail: str


def describe(endpoints: Iterable[Endpoint], version: str) -> bytes:
    """Return the description of `endpoints` as JSON."""
    listed = sorted(endpoints, key=lambda endpoint: (endpoint.path, endpoint.method))
    types = [shape for endpoint in listed for shape in _message_types(endpoint)]
    schemas, components = msgspec.json.schema_components([ProblemMessage, *types], ref_template=_REFERENCE)
    schema_of = {id(shape): schema for shape, schema in zip([ProblemMessage, *types], schemas, strict=True)}
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        paths.setdefault(_path(endpoint.path), {})[endpoint.method.lower()] = _operation(endpoint, schema_of)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "Electronic call monitoring",
                "version": version,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def problems_of(endpoint: Endpoint) -> list[ProblemType]:
    """Return every problem that an endpoint may answer."""
    found = [INTERNAL, UNAVAILABLE, REFUSED_BY_HTTP, *endpoint.problems]
    if endpoint.body is not None or endpoint.query is not None:
        found.append(MALFORMED)
    if endpoint.body is not None:
        found.append(TOO_LARGE)
    if endpoint.roles is not None:
        found += [NOT_SIGNED_IN, NOT_ALLOWED]
    if "{" in endpoint.path:
        found.append(NOT_FOUND)
    return found


def _message_types(endpoint: Endpoint) -> list[Any]:
    shapes = [endpoint.body, *(shape for given in endpoint.replies.values() for shape in _choices(given))]
    return [shape for shape in shapes if shape is not None and not isinstance(shape, Media)]


def _choices(given: Any) -> tuple[Any, ...]:
    return given if isinstance(given, tuple) else (given,)


def _path(path: str) -> str:
    return re.sub(r"\{(\w+):[^}]*\}", r"{\1}", path)


def _operation(endpoint: Endpoint, schema_of: Mapping[int, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.handler.__name__,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": _path_parameters(endpoint) + _query_parameters(endpoint),
        "responses": {
            **{str(status): _reply(shape, schema_of) for status, shape in endpoint.replies.items()},
            **_problem_replies(endpoint, schema_of[id(ProblemMessage)]),
        },
    }
    if endpoint.body is not None:
        operation["requestBody"] = {"required": True, "content": _content(endpoint.body, schema_of)}
    if endpoint.roles is not None:
        operation["security"] = [{"token": []}]
        operation["description"] = "For: " + ", ".join(sorted(role.replace("_", " ") for role in endpoint.roles)) + "."
    return operation


def _problem_replies(endpoint: Endpoint, schema: Any) -> dict[str, Any]:
    by_status: dict[int, list[ProblemType]] = {}
    for problem in problems_of(endpoint):
        known = by_status.setdefault(problem.status, [])
        if problem not in known:
            known.append(problem)
    return {
        str(status): {
            "description": "; ".join(f"/problems/{problem.slug}: {problem.title}" for problem in problems),
            "content": {"application/problem+json": {"schema": schema}},
        }
        for status, problems in sorted(by_status.items())
    }


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"\{(\w+)", endpoint.path)
    ]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.query is None:
        return []
    (_,), components = msgspec.json.schema_components([endpoint.query], ref_template=_REFERENCE)
    schema = components[endpoint.query.__name__]
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _without_null(member)}
        for name, member in schema["properties"].items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is absent or a text; JSON's null cannot be written in a query string."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if len(choices) == 1:
        described = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
        return {**choices[0], **described}
    return schema


def _reply(shape: Any, schema_of: Mapping[int, Any]) -> dict[str, Any]:
    if shape is None:
        return {"description": "Done"}
    content: dict[str, Any] = {}
    for choice in _choices(shape):
        content |= _content(choice, schema_of)
    return {"description": "Done", "content": content}


def _content(shape: Any, schema_of: Mapping[int, Any]) -> dict[str, Any]:
    if isinstance(shape, Media):
        schema = {"type": "string", "format": "binary"} if shape.binary else {"type": "string"}
        return {shape.content_type: {"schema": schema}}
    return {"application/json": {"schema": schema_of[id(shape)]}}
