"""A line while the rules work on it: the minutes so far, and the trace of every rule that touched them."""

import msgspec

from reports.trace import Step


class Worksheet(msgspec.Struct, gc=False):
    """`counted` minutes were delivered and may be paid; `minutes` is what the rules have made of them so far.

    `banded` is what the bands gave, None without bands. `excess` is delivered minutes beyond what is paid.
    """

    minutes: int = 0
    counted: int = 0
    banded: int | None = None
    excess: int = 0
    amount_pence: int | None = None
    flags: list[str] = []
    steps: list[Step] = []

    def apply(self, rule: str, after: int, because: str, check_ins: tuple[str, ...] = ()) -> None:
        """Let a rule set the minutes, and say why."""
        self.steps.append(Step(rule, self.minutes, after, because, check_ins))
        self.minutes = after

    def flag(self, name: str) -> None:
        """Add a flag once, in the order in which the rules came to it."""
        if name not in self.flags:
            self.flags.append(name)
