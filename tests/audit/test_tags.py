"""Audit tags: one grammar, each told by the subject it names, each in use, and none anywhere else."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from ecm.audit import domain
from ecm.audit.domain import EventTag, TagGrammar
from tests.house import tree

_SHAPE = re.compile(r"[a-z_]+:[a-z_]+:[a-z_]+")
_DEFINITION = Path(domain.__file__)


@cache
def modules(*rooms: str) -> list[tuple[Path, ast.Module]]:
    """Every module of these rooms but the one that defines the tags, by its path below the root, parsed."""
    return [
        (path.relative_to(tree.ROOT), ast.parse(path.read_text(encoding="utf-8")))
        for room in rooms
        for path in sorted((tree.ROOT / room).rglob("*.py"))
        if not path.samefile(_DEFINITION)
    ]


@cache
def told_by() -> dict[str, set[str]]:
    """By the name of each tag that is taken from the enum, the subjects that take it."""
    found: dict[str, set[str]] = {}
    for path, module in modules("ecm"):
        for node in ast.walk(module):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "EventTag":
                found.setdefault(node.attr, set()).add(path.parts[1])
    return found


def texts(module: ast.Module) -> Iterator[str]:
    """The texts that a module writes; of an f-string with `x` for what it fills in."""
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)


@pytest.mark.parametrize("tag", ["purged", "audit:purged", "audit:locations:purged:all", "Audit:locations:purged", ""])
def test_a_tag_that_does_not_say_source_subject_and_action_cannot_be_made(tag: str) -> None:
    with pytest.raises(ValueError, match="source:subject:action"):
        TagGrammar("Wrong", {"TAG": tag})  # type: ignore[call-arg]


@pytest.mark.heavy  # reads the whole code
@pytest.mark.parametrize("tag", EventTag, ids=str)
def test_every_tag_is_told_by_the_subject_that_it_names_and_by_no_other(tag: EventTag) -> None:
    source, _, _ = tag.partition(":")
    assert told_by()[tag.name] == {source}


@pytest.mark.heavy  # reads the whole code
def test_no_text_has_the_shape_of_a_tag_outside_of_the_enum() -> None:
    found = [
        f"{path}: {text}"
        for path, module in modules("devices", "geofences", "reports", "ecm", "simulators")
        for text in texts(module)
        if _SHAPE.fullmatch(text)
    ]
    assert found == []
