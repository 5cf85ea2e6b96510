"""The mutants as they are written down, a file for each room, and whether they still fit the code."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

ROOT: Final = Path(__file__).parent.parent.parent
_ROOMS: Final = Path(__file__).parent / "rooms"


class Mutant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule broken: `old` stands exactly once in `file`, and with `new` in its place one of `tests` must fail.

    `promise` says in a few words what the rule promises. `tests` are pytest's ids, as few and fast as catch it.
    """

    id: str
    promise: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def mutated(self, text: str) -> str:
        """Return the file's text with the rule broken; raises Stale when `old` is not in it exactly once."""
        found = text.count(self.old)
        if found != 1:
            raise Stale(f"{self.id}: its old text is {found or 'not'} found in {self.file}, and must be there once")
        return text.replace(self.old, self.new)


class Stale(Exception):
    """A mutant that no longer fits the code, in a sentence."""


class _Room(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mutant: list[Mutant]


def catalogue() -> list[Mutant]:
    """Read every mutant, a room at a time; raises msgspec.ValidationError where one is not written as it must be."""
    rooms = sorted(_ROOMS.glob("*.toml"))
    return [mutant for room in rooms for mutant in msgspec.toml.decode(room.read_bytes(), type=_Room).mutant]


def complaints(mutants: Iterable[Mutant], root: Path = ROOT) -> Iterator[str]:
    """Say of each mutant what of it no longer fits the code below `root`: the file, its text, or the tests."""
    seen: set[str] = set()
    for mutant in mutants:
        if mutant.id in seen:
            yield f"{mutant.id}: there are two of this id"
        seen.add(mutant.id)
        yield from _misfits(mutant, root)


def _misfits(mutant: Mutant, root: Path) -> Iterator[str]:
    path = root / mutant.file
    if not path.is_file():
        yield f"{mutant.id}: there is no file {mutant.file}"
    else:
        try:
            mutant.mutated(path.read_text(encoding="utf-8"))
        except Stale as stale:
            yield str(stale)
    if mutant.old == mutant.new:
        yield f"{mutant.id}: it changes nothing"
    if not mutant.tests:
        yield f"{mutant.id}: no test is named that must catch it"
    for test in mutant.tests:
        if not _is_there(test, root):
            yield f"{mutant.id}: there is no test {test}"


def _is_there(test: str, root: Path) -> bool:
    file, *names = test.partition("[")[0].split("::")
    path = root / file
    if not path.is_file():
        return False
    inside: list[ast.stmt] = ast.parse(path.read_text(encoding="utf-8")).body
    for name in names:
        found = [node for node in inside if getattr(node, "name", None) == name]
        if not found:
            return False
        inside = getattr(found[0], "body", [])
    return True
