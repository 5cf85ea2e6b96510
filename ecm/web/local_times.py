"""Times as people in England write them."""

import re
from datetime import UTC, datetime
from typing import Final

from ecm.words.civil_time import LONDON
from ecm.words.problems import INVALID

_WRITTEN: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?")


def instant_of(text: str | None, what: str) -> datetime | None:
    """Return the UTC instant of a local date and time, None for none; of a time that autumn repeats, the first.

    Raises the `invalid` problem for what is no time, lies outside the years 2000 to 2099, or is skipped in spring.
    """
    if text is None:
        return None
    try:
        written = datetime.fromisoformat(text) if _WRITTEN.fullmatch(text) else None
    except ValueError:
        written = None
    if written is None or not 2000 <= written.year < 2100:
        raise INVALID.because(f"{what} is not a date and time of the years 2000 to 2099.")
    instant = written.replace(tzinfo=LONDON).astimezone(UTC)
    if instant.astimezone(LONDON).replace(tzinfo=None) != written:
        raise INVALID.because(f"{what} does not exist: the clocks go forward over it that night.")
    return instant
