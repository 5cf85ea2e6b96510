"""The trace: for each rule that touched a line, what it found, what it left, and why, in plain words."""

from collections.abc import Iterable

import msgspec


class Step(msgspec.Struct, frozen=True, gc=False):
    """What one rule did to a line. `before` and `after` are minutes, or pence after the rule `rate`."""

    rule: str
    before: int | None
    after: int | None
    because: str
    check_ins: tuple[str, ...] = ()


def minutes_text(minutes: int) -> str:
    """Minutes with their unit, in the singular or the plural."""
    return "1 minute" if minutes == 1 else f"{minutes} minutes"


def became(before: int, after: int) -> str:
    """Whether a rule changed the minutes, as the end of a sentence."""
    return f"stayed {after}" if before == after else f"became {after}"


def readable(steps: Iterable[Step]) -> str:
    """The whole trace as one text, a sentence or two for each rule."""
    return " ".join(step.because for step in steps)
