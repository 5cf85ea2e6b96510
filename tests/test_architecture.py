"""The plan on paper and the house as it stands."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
_ENTRY = re.compile(r"^(?P<indent>(?:[│ ]   )*)[├└]── (?P<name>\S+)(?:\s{2,}(?P<sentence>.+))?$")


def in_the_repository() -> set[str]:
    """What `tree -a -L 2` shows of the tracked files: paths of depth one and two, folders without a slash."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = {Path(line) for line in listed.stdout.splitlines() if (ROOT / line).exists()}
    return {"/".join(path.parts[:depth]) for path in paths for depth in (1, 2)}


def on_paper() -> dict[str, str]:
    """The entries of the tree in ARCHITECTURE.md, each with its sentence."""
    entries: dict[str, str] = {}
    folder = ""
    for line in (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines():
        found = _ENTRY.match(line)
        if found is None:
            continue
        if found["indent"]:
            entries[f"{folder}/{found['name']}"] = found["sentence"] or ""
        else:
            folder = found["name"].rstrip("/")
            entries[folder] = found["sentence"] or ""
    return entries


def test_the_tree_in_the_architecture_paper_is_the_repository() -> None:
    assert set(on_paper()) == in_the_repository()


def test_no_entry_of_the_tree_lacks_a_sentence() -> None:
    assert [name for name, sentence in on_paper().items() if len(sentence.split()) < 3] == []
