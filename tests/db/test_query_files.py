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
_QUERY_FOLDERS = sorted({file.parent for file in _QUERY_FILES})


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


@pytest.mark.parametrize("folder", _QUERY_FOLDERS, ids=lambda folder: folder.name)
def test_a_folders_modules_use_every_query_of_it_and_no_other(folder):
    files = [file for file in _QUERY_FILES if file.parent == folder]
    names = {name for file in files for name in parse_queries(file.name, file.read_text(encoding="utf-8"))}
    modules = "".join(file.read_text(encoding="utf-8") for file in folder.rglob("*.py") if _nearest(file) == folder)
    assert names - set(re.findall(r'"([a-z][a-z0-9_]*)"', modules)) == set()
    assert set(re.findall(r'QUERIES\["([a-z0-9_]+)"\]', modules)) - names == set()


def _nearest(module: Path) -> Path:
    return next(folder for folder in module.parents if folder in _QUERY_FOLDERS)
