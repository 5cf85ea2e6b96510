"""The papers and the house as it stands."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import tree

_FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_PATH = re.compile(rf"`((?:{'|'.join(tree.ROOMS)}|docs)/[\w./-]*)`")
_COMMAND = re.compile(r"`make ([a-z-]+)")
_TEST = re.compile(r"\b(tests/[\w/]+\.py)(?:::(\w+))?")


def papers() -> list[Path]:
    """Every Markdown file of the repository, and of it only."""
    folders = [tree.ROOT / folder for folder in ("docs", ".github", *tree.ROOMS)]
    return sorted(tree.ROOT.glob("*.md")) + [paper for folder in folders for paper in sorted(folder.rglob("*.md"))]


def prose(paper: Path) -> str:
    """What a paper says outside of its fenced blocks."""
    return _FENCED.sub("", paper.read_text(encoding="utf-8"))


def anchors(paper: Path) -> set[str]:
    """What a link may name behind a hash: the headings, as the hosting platforms spell them."""
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(prose(paper))}


def broken_links(paper: Path) -> Iterator[str]:
    """The links of a paper to other files of the repository that lead nowhere."""
    for link in _LINK.findall(prose(paper)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (paper.parent / name).resolve() if name else paper
        inside = target.is_relative_to(tree.ROOT.resolve()) and target.exists()
        if not inside or (anchor and anchor not in anchors(target)):
            yield link


def named_tests(paper: Path) -> Iterator[tuple[Path, str]]:
    """The tests that a paper calls as its witnesses: the file, and the function or nothing."""
    for file, function in _TEST.findall(prose(paper)):
        yield tree.ROOT / file, function


def test_the_tree_on_paper_is_the_house() -> None:
    assert (tree.ROOT / "docs/tree.md").read_text(encoding="utf-8") == tree.page(), (
        "Renew it: python -m tests.house.tree > docs/tree.md"
    )


def test_every_package_and_module_says_what_it_is_in_one_line() -> None:
    dumb = [
        str(path.relative_to(tree.ROOT))
        for room in tree.ROOMS
        for path in tree.walk(tree.ROOT / room)
        if (path.suffix == ".py" or (path / "__init__.py").exists())
        and (len(tree.sentence(path).split()) < 2 or not tree.sentence(path).endswith((".", ")")))
    ]
    assert dumb == []


@pytest.mark.parametrize("paper", papers(), ids=lambda paper: str(paper.relative_to(tree.ROOT)))
def test_every_link_of_a_paper_leads_somewhere(paper: Path) -> None:
    assert list(broken_links(paper)) == []


def test_every_test_that_a_paper_calls_as_a_witness_is_there() -> None:
    missing = [
        f"{paper.name}: {file.relative_to(tree.ROOT)}::{function}"
        for paper in papers()
        for file, function in named_tests(paper)
        if not file.exists() or (function and f"def {function}(" not in file.read_text(encoding="utf-8"))
    ]
    assert missing == []


def test_every_file_and_command_that_a_paper_names_is_there() -> None:
    commands = re.findall(r"^([a-z-]+):", (tree.ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    missing = [
        f"{paper.name}: {name}"
        for paper in papers()
        for name in (
            *(path for path in _PATH.findall(prose(paper)) if not (tree.ROOT / path).exists()),
            *(command for command in _COMMAND.findall(prose(paper)) if command not in commands),
        )
    ]
    assert missing == []
