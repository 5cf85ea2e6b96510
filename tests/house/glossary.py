"""The glossary as data, and the names that the code defines.

`python -m tests.house.glossary > docs/glossary.md` renews the paper.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.house.tree import ROOT

ROOMS = ("devices", "geofences", "reports", "ecm", "simulators")
_HEAD = """# Glossary

One word a thing, one thing a word: the same in code, SQL, JSON and pages. Made from [glossary.toml](glossary.toml) by
`python -m tests.house.glossary > docs/glossary.md`; tests hold the page to the data, and the names in the code to both.

| word | meaning |
| --- | --- |
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """A word with one meaning: which names may hold it all the same, and below which paths it means just that."""

    word: str
    because: str
    names: frozenset[str]
    folders: tuple[str, ...]

    def allows(self, name: str, where: str) -> bool:
        """Say whether a name at a path may stand."""
        held = {self.word, f"{self.word}s", f"{self.word}d"} & set(words_of(name))
        return not held or name in self.names or where.startswith(self.folders)


def _data() -> dict[str, Any]:
    return tomllib.loads((ROOT / "docs" / "glossary.toml").read_text(encoding="utf-8"))


def page() -> str:
    """Return the text of docs/glossary.md."""
    return _HEAD + "".join(f"| {word} | {meaning} |\n" for word, meaning in _data()["words"].items())


def kept() -> list[Kept]:
    """Return the words that names are held to."""
    return [
        Kept(word, said["because"], frozenset(said.get("names", ())), tuple(said.get("folders", ())))
        for word, said in _data()["kept"].items()
    ]


def words_of(name: str) -> list[str]:
    """Return the words of a name, in small letters: `lateVisit`, `LATE_VISIT` and `late_visit` have the same two."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)]


def names_in_python() -> Iterator[tuple[str, str]]:
    """Give (path, name) of every function, class, parameter and variable that the code defines, and of each module."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            where = str(path.relative_to(ROOT))
            yield where, path.stem
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                for name in _defined(node):
                    yield where, name


def names_in_sql() -> Iterator[tuple[str, str]]:
    """Give (path, name) of every table and column of the schema and of every statement's name."""
    schema = ROOT / "ecm" / "db" / "schema.sql"
    text = schema.read_text(encoding="utf-8")
    for name in re.findall(
        r"CREATE (?:TABLE|TYPE|SEQUENCE|INDEX) (?:public\.)?(\w+)|^    (\w+) \w", text, re.MULTILINE
    ):
        yield str(schema.relative_to(ROOT)), next(filter(None, name))
    for path in sorted((ROOT / "ecm").rglob("*.sql")):
        for name in re.findall(r"^-- name: (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            yield str(path.relative_to(ROOT)), name


def _defined(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.attr


if __name__ == "__main__":
    print(page(), end="")
