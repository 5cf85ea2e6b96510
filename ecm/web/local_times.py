"""Times as people in England write them."""

import re
from datetime import UTC, datetime
from typing import Final, Literal

from ecm.words.civil_time import LONDON
from ecm.words.problems import INVALID

# Of a time that the clocks show twice: before they went back, or after.
Which = Literal["first", "second"]
_WRITTEN: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def instant_of(text: str | None, what: str, member: str, which: Which | None = None) -> datetime | None:
    """Return the UTC instant of a local date and time, or of one with its offset; None for none.

    `which` tells the two instants apart at which the clocks show a time in the night when they go back. Raises the
    `invalid` problem, which names the `member`, for what is no time, lies outside the years 2000 to 2099, is skipped in
    spring, or is shown twice in autumn where nobody says which is meant.
    """
    if text is None:
        return None
    written = _read(text)
    if written is None or not 2000 <= written.year < 2100:
        raise INVALID.because(f"{what} is not a date and time of the years 2000 to 2099.", members={"member": member})
    if written.tzinfo is not None:
        return written.astimezone(UTC)
    first, second = _both(written)
    if first == second:
        return first
    if not _shown_twice(written):
        raise INVALID.because(
            f"{what} does not exist: the clocks go forward over it that night.", members={"member": member}
        )
    if which is None:
        raise INVALID.because(
            f"{what} comes twice, because the clocks go back that night: say which of the two it was.",
            members={"member": member},
        )
    return first if which == "first" else second


def comes_twice(text: str | None) -> bool:
    """Say whether a text is a local time that the clocks in England show twice, and has no offset to tell which."""
    written = None if text is None else _read(text)
    return written is not None and written.tzinfo is None and 2000 <= written.year < 2100 and _shown_twice(written)


def _read(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if _WRITTEN.fullmatch(text) else None
    except ValueError:
        return None


def _both(written: datetime) -> tuple[datetime, datetime]:
    first, second = (written.replace(tzinfo=LONDON, fold=fold).astimezone(UTC) for fold in (0, 1))
    return first, second


def _shown_twice(written: datetime) -> bool:
    first, second = _both(written)
    return first < second
