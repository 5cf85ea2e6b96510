"""The tree of packages and modules, each with the first line of what it says of itself.

Modules of tests are left out: their tests' names say what they hold.
`python -m tests.house.tree > docs/tree.md` renews the paper.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("devices", "geofences", "reports", "ecm", "simulators", "tests")
_HEAD = (
    "# The tree",
    "",
    "Packages and modules, each with the first line of its docstring, and the .sql and .html files that begin with a",
    "comment; of the tests only what they share. Written by `python -m tests.house.tree > docs/tree.md`; a test holds",
    "it to the code.",
    "",
)
_COMMENTS = {".sql": re.compile(r"--(?!\s*name:)\s*(.+)"), ".html": re.compile(r"\{#-?\s*(.+?)\s*-?#\}")}


def page() -> str:
    """Return the text of docs/tree.md."""
    lines = [line for room in ROOMS for line in _drawn(ROOT / room, "")]
    return "\n".join([*_HEAD, "```", *lines, "```", ""])


def sentence(path: Path) -> str:
    """Return the first line that a package, module or commented file says of itself; nothing where it says none."""
    if path.is_dir():
        package = path / "__init__.py"
        return sentence(package) if package.exists() else ""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
    comment = _COMMENTS[path.suffix].match(text)
    return comment[1] if comment else ""


def entries(folder: Path) -> list[Path]:
    """Return what stands in a folder, by name: folders with anything to show, modules, commented files."""
    return [path for path in sorted(folder.iterdir()) if path.name != "__init__.py" and _shown(path)]


def walk(folder: Path) -> Iterator[Path]:
    """Give a folder and everything shown below it."""
    yield folder
    for path in entries(folder):
        yield from walk(path) if path.is_dir() else [path]


def _shown(path: Path) -> bool:
    if path.is_dir():
        return path.name != "__pycache__" and ((path / "__init__.py").exists() or bool(entries(path)))
    if path.suffix == ".py":
        return not path.name.startswith("test_")
    return path.suffix in _COMMENTS and bool(sentence(path))


def _drawn(path: Path, indent: str) -> Iterator[str]:
    name = f"{path.name}/" if path.is_dir() else path.name
    yield f"{indent}{name}  {sentence(path)}".rstrip()
    if path.is_dir():
        for below in entries(path):
            yield from _drawn(below, f"{indent}    ")


if __name__ == "__main__":
    print(page(), end="")
