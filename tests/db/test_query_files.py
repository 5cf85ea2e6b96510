"""Named queries: a wrong file or a wrong name fails at import, not at night."""

import re
from pathlib import Path

import pytest

import ecm
from ecm.db.queries import QueryFileError, load_queries, parse_queries

_SERVICE = Path(ecm.__file__).parent
_QUERY_FILES = sorted(
    file for file in _SERVICE.rglob("*.sql") if "migrations" not in file.parts and file.name != "schema.sql"
)


def test_each_statement_is_found_under_its_name_without_its_semicolon():
    queries = parse_queries("a.sql", "-- About.\n\n-- name: one\nSELECT 1;\n\n--name: two\n-- why\nSELECT ';'\n")
    assert dict(queries) == {"one": "SELECT 1", "two": "-- why\nSELECT ';'"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("-- name: one\nSELECT 1;\n-- name: one\nSELECT 2;", "a.sql:3: the name one is used twice"),
        ("SELECT 1;\n-- name: one\nSELECT 2;", "a.sql:1: SQL before the first name line"),
        ("-- name: One\nSELECT 1;", "not a lower_snake_case name"),
        ("-- name:\nSELECT 1;", "not a lower_snake_case name"),
        ("-- name: one\n-- nothing\n", "the query one is empty"),
    ],
)
def test_a_malformed_query_file_is_refused_with_its_place(text, complaint):
    with pytest.raises(QueryFileError, match=complaint):
        parse_queries("a.sql", text)


def test_an_unknown_name_is_refused_with_the_nearest_one():
    with pytest.raises(QueryFileError, match="no query named insert_chek; did you mean insert_check"):
        parse_queries("a.sql", "-- name: insert_check\nSELECT 1")["insert_chek"]


def test_a_missing_package_is_refused():
    with pytest.raises(QueryFileError):
        load_queries(None)


@pytest.mark.parametrize("file", _QUERY_FILES, ids=lambda file: str(file.relative_to(_SERVICE)))
def test_every_query_in_the_service_is_used_beside_its_file(file):
    names = set(parse_queries(file.name, file.read_text(encoding="utf-8")))
    modules = "".join(module.read_text(encoding="utf-8") for module in file.parent.glob("*.py"))
    assert names - set(re.findall(r'"([a-z][a-z0-9_]*)"', modules)) == set()
