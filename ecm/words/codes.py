"""The shapes of codes, instants and free text in messages: one definition for validation and for OpenAPI."""

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec

from ecm.words.problems import INVALID

# `$(?!\n)` ends the text in Python and in JSON Schema alike; a bare `$` lets a final newline through.
CODE_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,39}$(?!\n)"

Code = Annotated[
    str, msgspec.Meta(pattern=CODE_PATTERN, max_length=40, description="A code, never a name", examples=["C-0001"])
]
VisitCode = Annotated[
    str,
    msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,63}$(?!\n)", max_length=64, description="A visit's code"),
]
Council = Annotated[
    str, msgspec.Meta(pattern=r"^E[0-9]{8}$(?!\n)", description="The council's ONS code", examples=["E10000015"])
]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
Memo = Annotated[
    str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00]+$", description="What happened, without names")
]
Instant = Annotated[datetime, msgspec.Meta(tz=True, description="An instant with its offset from UTC")]


def as_utc(instant: datetime, member: str) -> datetime:
    """Return an instant that office or phone sent, in UTC; raises a Problem outside the years 2000 to 2099."""
    try:
        utc = instant.astimezone(UTC)
    except OverflowError:
        raise INVALID.because(f"{member} is not a year this service can work with.") from None
    if not 2000 <= utc.year < 2100:
        raise INVALID.because(f"{member} is in the year {utc.year}; it must lie between 2000 and 2099.")
    return utc
