"""`python -m tests.mutants`: every mutant must be caught by the tests named for it; exit code 1 unless all are dead."""

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.catalogue import Mutant, catalogue, complaints
from tests.mutants.hunt import HUNTERS, Outcome, copy_tree, hunt, passes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="ID", help="try only mutants whose id begins with one of these")
    parser.add_argument("--list", action="store_true", help="print the mutants and stop")
    asked = parser.parse_args(arguments)
    mutants = [mutant for mutant in catalogue() if not asked.only or mutant.id.startswith(tuple(asked.only))]
    stale = list(complaints(mutants))
    if stale or not mutants:
        print("\n".join(stale) or "No mutant has such an id.")
        return 1
    if asked.list:
        print("\n".join(f"{mutant.id}: {mutant.promise}" for mutant in mutants))
        return 0
    place = Path(tempfile.mkdtemp(prefix="ecm-mutants-"))
    try:
        return _run(place, mutants)
    finally:
        shutil.rmtree(place)


def _run(place: Path, mutants: Sequence[Mutant]) -> int:
    first = copy_tree(place / "1")
    print(f"The tests of {len(mutants)} mutants, on the code as it is ...", flush=True)
    said = passes(first, mutants)
    if said is not None:
        print(f"{said}\nThese tests must pass before a mutant can be tried.")
        return 1
    copies = [first, *(shutil.copytree(first, place / str(number)) for number in range(2, HUNTERS + 1))]
    told = Counter[str]()

    def tell(outcome: Outcome) -> None:
        told["all"] += 1
        progress = f"{told['all']:4}/{len(mutants)}"
        print(f"{progress} {outcome.fate:6} {outcome.seconds:5.1f} s  {outcome.mutant.id}", flush=True)

    outcomes = hunt(copies, mutants, tell)
    print(_report(outcomes))
    return 0 if all(outcome.fate == "dead" for outcome in outcomes) else 1


def _report(outcomes: Sequence[Outcome]) -> str:
    """Say what became of all, and of each that is not dead what it breaks, and where it can what pytest said."""
    lines = []
    for outcome in outcomes:
        if outcome.fate == "alive":
            lines += [f"ALIVE {outcome.mutant.id} ({outcome.mutant.file}): {outcome.mutant.promise}"]
        elif outcome.fate == "broken":
            lines += [f"BROKEN {outcome.mutant.id}: its tests came to no verdict:", outcome.output]
    counts = Counter(outcome.fate for outcome in outcomes)
    broken = f", {counts['broken']} broken" if counts["broken"] else ""
    return "\n".join([*lines, f"{len(outcomes)} mutants: {counts['dead']} dead, {counts['alive']} alive{broken}"])


if __name__ == "__main__":
    sys.exit(main())
