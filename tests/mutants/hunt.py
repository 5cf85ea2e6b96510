"""The hunt: in a copy of the tree a mutant is put in, its tests are run, and the text is put back."""

import compileall
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from py_compile import PycInvalidationMode
from queue import SimpleQueue
from typing import Final, Literal

from tests.mutants.catalogue import ROOT, Mutant

Fate = Literal["dead", "alive", "broken"]

HUNTERS: Final = 2
LONGEST_SECONDS: Final = 120.0
_ROOMS: Final = ("devices", "geofences", "reports", "ecm", "simulators")
# Only the plugins that the tests need: the others take longer to load than most of these tests to run.
_PLUGINS: Final = "pytest_asyncio.plugin,pytest_timeout,_hypothesis_pytestplugin"
_FAILED: Final = re.compile(r"\b\d+ failed\b")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a mutant: `dead` (a test failed), `alive` (all passed) or `broken` (no test came to a verdict)."""

    mutant: Mutant
    fate: Fate
    seconds: float
    output: str


def copy_tree(folder: Path) -> Path:
    """Copy the files of the repository, new ones too, to a folder, each module compiled to be known by its content."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for room in _ROOMS:
        # By content, not by time: a mutant of the same length within a second must not pass for its original.
        compileall.compile_dir(folder / room, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    return folder


def passes(folder: Path, mutants: Iterable[Mutant]) -> str | None:
    """Run the tests of all these mutants on the code as it is; return what pytest says unless every one passes."""
    tests = list(dict.fromkeys(test for mutant in mutants for test in mutant.tests))
    code, output = _pytest(folder, tests, ["-p", "xdist.plugin", "--numprocesses", str(HUNTERS)], fresh=True)
    return None if code == 0 else output


def hunt(folders: Sequence[Path], mutants: Sequence[Mutant], tell: Callable[[Outcome], None]) -> list[Outcome]:
    """Try each mutant in one of the copies, as many at once as there are; tell of each as it ends."""
    free: SimpleQueue[Path] = SimpleQueue()
    for folder in folders:
        free.put(folder)

    def one(mutant: Mutant) -> Outcome:
        folder = free.get()
        try:
            outcome = tried(folder, mutant)
        finally:
            free.put(folder)
        tell(outcome)
        return outcome

    with ThreadPoolExecutor(len(folders)) as hunters:
        return list(hunters.map(one, mutants))


def tried(folder: Path, mutant: Mutant) -> Outcome:
    """Put a mutant into a copy of the tree, run its tests, and put the text back."""
    path = folder / mutant.file
    text = path.read_text(encoding="utf-8")
    begun = time.monotonic()
    path.write_text(mutant.mutated(text), encoding="utf-8")
    try:
        code, output = _pytest(folder, mutant.tests)
    finally:
        path.write_text(text, encoding="utf-8")
    return Outcome(mutant, fate(code, output), time.monotonic() - begun, output)


def fate(code: int | None, output: str) -> Fate:
    """Read a mutant's fate from pytest's exit code (None: it was stopped) and what it printed.

    An error is no failure: a mutant that keeps a test from being collected or set up has met no assertion.
    """
    if code == 0:
        return "alive"
    return "dead" if code == 1 and _FAILED.search(output.rstrip().rpartition("\n")[2]) else "broken"


def _pytest(
    folder: Path, tests: Iterable[str], more: Sequence[str] = (), fresh: bool = False
) -> tuple[int | None, str]:
    """Run tests in a copy; `fresh` leaves their bytecode there for the runs to come, which leave nothing."""
    environment = {
        **os.environ,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTEST_PLUGINS": _PLUGINS,
        "PYTHONDONTWRITEBYTECODE": "" if fresh else "1",
    }
    options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0", "--color=no", *more]
    # Its own session, so that a run that takes too long is ended with all that it started.
    running = subprocess.Popen(
        [sys.executable, "-m", "pytest", *options, *tests],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = running.communicate(timeout=None if fresh else LONGEST_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        output, _ = running.communicate()
        return None, f"{output}\nIt took more than {LONGEST_SECONDS:.0f} seconds."
    return running.returncode, output
