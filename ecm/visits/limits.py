"""The limits that visits are folded by, in one place. Each follows from the visit itself and includes its boundary.

What each is for stands in docs/visits.md. 30 minutes each way is Essex's time-critical window; 23:00 is its hour at
which a visit counts as missed.
"""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

FARTHEST_PAIR = timedelta(hours=25)
# A visit no longer than this is settled by the day before and the day after it; see `ecm.visits.domain.Reach`.
LONG_MINUTES = 240


@lru_cache(maxsize=1500)
def longest_stay(planned_minutes: int | None) -> timedelta:
    """How long a stay may last: planned + 4 h or 3 × planned, whichever is more, at most 25 h.

    An unplanned stay (None) counts as planned for 0 minutes. 25 hours hold a visit of 24 hours on the night when the
    clocks go back.
    """
    planned = timedelta(minutes=planned_minutes or 0)
    return min(max(planned + timedelta(hours=4), 3 * planned), FARTHEST_PAIR)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits that do not follow from the visit's length; `longest_stay` gives those that do."""

    early_minutes: int = 30
    late_minutes: int = 30
    missed_after_minutes: int = 60
    missed_at_hour: int = 23
    too_short_percent: int = 50
    too_long_minutes: int = 15
    out_overdue_minutes: int = 60

    @property
    def late(self) -> timedelta:
        return timedelta(minutes=self.late_minutes)

    @property
    def early(self) -> timedelta:
        return timedelta(minutes=self.early_minutes)

    @property
    def missed_after(self) -> timedelta:
        return timedelta(minutes=self.missed_after_minutes)

    @property
    def out_overdue(self) -> timedelta:
        return timedelta(minutes=self.out_overdue_minutes)


WINDOW = timedelta(hours=2)
"""How far from its planned start an arrival may lie and be of a visit, and a lone departure after its planned end."""
PAUSE = timedelta(minutes=30)
HAND_OVER = timedelta(minutes=10)
REPEATED_TAP = timedelta(minutes=5)
CLOCK_ORDER = timedelta(hours=2)
