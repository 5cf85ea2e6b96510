"""SQL in named files: each store's statements live beside it in ``queries.sql``, each under its name."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib.resources import files

_NAME_LINE = re.compile(r"--\s*name:\s*(?P<name>\S*)\s*")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class QueryFileError(Exception):
    """A query file is malformed, or a name is asked for that it does not hold."""


class Queries(Mapping[str, str]):
    """The statements of one query file, by name.

    Read the statements into module constants, so that a wrong name fails at import::

        _QUERIES = load_queries(__package__)
        _DURABILITY = _QUERIES["durability"]
    """

    def __init__(self, source: str, statements: Mapping[str, str]) -> None:
        self._source = source
        self._statements = dict(statements)

    def __getitem__(self, name: str) -> str:
        """Give the statement called `name`; raises QueryFileError (not KeyError) when there is none."""
        statement = self._statements.get(name)
        if statement is None:
            near = get_close_matches(name, self._statements, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise QueryFileError(f"{self._source} has no query named {name}{hint}")
        return statement

    def __contains__(self, name: object) -> bool:
        return name in self._statements

    def __iter__(self) -> Iterator[str]:
        return iter(self._statements)

    def __len__(self) -> int:
        return len(self._statements)


def parse_queries(source: str, text: str) -> Queries:
    """Read the named statements of `text`; `source` is what errors call it.

    A statement begins after a line ``-- name: lower_snake_case`` and ends before the next such line; its
    final semicolon is dropped, because the extended protocol takes one statement at a time. Before the first
    name only comments and blank lines may stand. Raises QueryFileError on anything else, on duplicates and
    on empty statements.
    """
    statements: dict[str, str] = {}
    name: str | None = None
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        heading = _NAME_LINE.fullmatch(line.strip())
        if heading is None:
            if name is None and line.strip() and not line.lstrip().startswith("--"):
                raise QueryFileError(f"{source}:{number}: SQL before the first name line")
            lines.append(line)
            continue
        if name is not None:
            statements[name] = _statement(source, name, lines)
        name, lines = heading["name"], []
        if _NAME.fullmatch(name) is None:
            raise QueryFileError(f"{source}:{number}: {name!r} is not a lower_snake_case name")
        if name in statements:
            raise QueryFileError(f"{source}:{number}: the name {name} is used twice")
    if name is not None:
        statements[name] = _statement(source, name, lines)
    return Queries(source, statements)


def load_queries(package: str | None, file_name: str = "queries.sql") -> Queries:
    """Read `file_name` beside a store: pass the store's ``__package__``. Meant to run at import time."""
    if not package:
        raise QueryFileError("load_queries needs the package whose query file it reads")
    return parse_queries(f"{package}/{file_name}", files(package).joinpath(file_name).read_text(encoding="utf-8"))


def _statement(source: str, name: str, lines: list[str]) -> str:
    statement = "\n".join(lines).strip().removesuffix(";").rstrip()
    if all(not line.strip() or line.lstrip().startswith("--") for line in statement.splitlines()):
        raise QueryFileError(f"{source}: the query {name} is empty")
    return statement
