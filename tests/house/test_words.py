"""One word a thing, one thing a word: the glossary on paper is the data, and names in code, SQL and JSON keep to it."""

import msgspec
import pytest

from ecm.http.openapi import describe
from ecm.process.wiring import endpoints
from tests.house import glossary
from tests.house.tree import ROOT

KEPT = glossary.kept()


@pytest.fixture(scope="module")
def names_in_code() -> list[tuple[str, str]]:
    """Every name that Python and SQL define, read once."""
    return [*glossary.names_in_python(), *glossary.names_in_sql()]


@pytest.fixture(scope="module")
def names_in_json() -> list[tuple[str, str]]:
    """Every parameter and member of the API."""
    described = msgspec.json.decode(describe(endpoints(rehearsal=True), "0"))
    members = {
        member for schema in described["components"]["schemas"].values() for member in schema.get("properties", {})
    }
    parameters = {
        parameter["name"]
        for operations in described["paths"].values()
        for operation in operations.values()
        for parameter in operation["parameters"]
    }
    return [("the API", name) for name in sorted(members | parameters)]


def test_the_glossary_on_paper_is_the_data():
    assert (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8") == glossary.page()


@pytest.mark.parametrize("kept", KEPT, ids=[kept.word for kept in KEPT])
def test_a_word_means_one_thing_in_code_sql_and_json(kept, names_in_code, names_in_json):
    names = [*names_in_code, *names_in_json]
    assert [(where, name) for where, name in names if not kept.allows(name, where)] == [], kept.because


@pytest.mark.parametrize("kept", KEPT, ids=[kept.word for kept in KEPT])
def test_nothing_is_allowed_that_no_longer_is(kept, names_in_code):
    held = [(where, name) for where, name in names_in_code if kept.word in "_".join(glossary.words_of(name))]
    assert {name for name in kept.names if not any(name == known for _, known in held)} == set()
    assert {folder for folder in kept.folders if not any(where.startswith(folder) for where, _ in held)} == set()
