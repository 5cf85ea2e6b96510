"""The arrows between the rooms of ecm/ as the imports draw them: `python -m tests.house.arrows` prints and counts them.

A room is what lies directly in ecm/: a package, or a loose module. An arrow runs from the room that imports to the one
that is imported.
"""

import sys
from pathlib import Path

import grimp

# From the ground up; a room may import those before it.
FROM_THE_GROUND = (
    "words",
    "db",
    "http",
    "audit",
    "accounts",
    "phones",
    "care",
    "intake",
    "visits",
    "alerts",
    "notifications",
    "payments",
    "web",
    "process",
)
Arrow = tuple[str, str]


def arrows() -> dict[Arrow, int]:
    """Return each arrow (from, to) with the number of imports behind it."""
    graph = grimp.build_graph("ecm")
    found: dict[Arrow, int] = {}
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            one, other = _room(module), _room(imported)
            if one and other and one != other:
                found[one, other] = found.get((one, other), 0) + 1
    return found


def upward(found: dict[Arrow, int]) -> list[Arrow]:
    """Return the arrows from a lower room to a higher one."""
    floor = {room: number for number, room in enumerate(FROM_THE_GROUND)}
    return sorted((one, other) for one, other in found if one in floor and other in floor and floor[one] < floor[other])


def in_a_circle(found: dict[Arrow, int]) -> list[list[str]]:
    """Return the sets of rooms that reach each other, each of at least two."""
    reach = {one: {one} for pair in found for one in pair}
    for _ in reach:
        for one, other in found:
            reach[one] |= reach[other]
    circles = {frozenset(other for other in reach if one in reach[other] and other in reach[one]) for one in reach}
    return sorted(sorted(circle) for circle in circles if len(circle) > 1)


def _room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else None


def main() -> None:
    """Print what the imports draw."""
    sys.path.insert(0, str(Path.cwd()))
    found = arrows()
    for one in reversed(FROM_THE_GROUND):
        print(f"{one} -> {', '.join(other for other in reversed(FROM_THE_GROUND) if (one, other) in found)}")
    circles = in_a_circle(found)
    print(
        f"{len({room for pair in found for room in pair})} rooms, {len(found)} arrows, {len(upward(found))} upward, "
        f"{len(circles)} circles" + "".join(f": {', '.join(circle)}" for circle in circles)
    )


if __name__ == "__main__":
    main()
