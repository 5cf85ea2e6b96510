"""Long lists in pages: behind a cursor for programs, and by number for people.

A cursor names the last row of a page, so rows that come or go meanwhile make nobody miss or meet another one twice.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, Generic, TypeVar
from uuid import UUID

import msgspec

from ecm.words.problems import MALFORMED

T = TypeVar("T")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# 32 characters carry 24 bytes with nothing left over: 8 of the instant, 16 of the id.
_CURSOR: Final = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)
_INSTANT_BYTES: Final = 8


class PageQuery(msgspec.Struct):
    """How many rows to list, and behind which: `after` is the `next` of the answer before."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """A row of a list with the latest first: its instant, and its id, which orders those of one instant."""

    at: datetime
    row: UUID

    def __str__(self) -> str:
        """Write it as one word that fits into an address."""
        instant = (self.at - _EPOCH) // _MICROSECOND
        return urlsafe_b64encode(instant.to_bytes(_INSTANT_BYTES, signed=True) + self.row.bytes).decode("ascii")


@dataclass(frozen=True, slots=True)
class Slice:
    """At most `limit` rows behind a cursor, or from the beginning."""

    limit: int
    after: Cursor | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list of `total`; `next` is the cursor behind which it goes on, None at its end."""

    rows: list[T]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True)
class NumberedPage:
    """Page `number` of a list of `total` rows, `size` a page; pages and rows are counted from 1."""

    number: int
    size: int
    total: int

    @property
    def skipped(self) -> int:
        """How many rows come on the pages before."""
        return (self.number - 1) * self.size

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return -(-self.total // self.size)

    @property
    def first(self) -> int:
        """The number of the first row on this page."""
        return self.skipped + 1

    @property
    def last(self) -> int:
        """The number of the last row on this page."""
        return min(self.skipped + self.size, self.total)

    @property
    def beyond(self) -> bool:
        """Whether the list, not being empty, ends before this page."""
        return self.skipped >= self.total > 0


def asked_slice(query: PageQuery) -> Slice:
    """Read what a query asks for; raises the `malformed` problem for a cursor that none of our answers held."""
    return Slice(query.limit, None if query.after is None else _cursor(query.after))


def page_of(found: Sequence[T], part: Slice, total: int, cursor_of: Callable[[T], Cursor]) -> Page[T]:
    """Make a page of rows read with one more than the slice asks for, which tells whether the list goes on."""
    rows = list(found[: part.limit])
    return Page(rows, total, str(cursor_of(rows[-1])) if len(found) > part.limit else None)


def _cursor(text: str) -> Cursor:
    broken = MALFORMED.because("after is not a cursor: give the next of the answer before, just as it was.")
    if _CURSOR.fullmatch(text) is None:
        raise broken
    told = urlsafe_b64decode(text)
    instant = int.from_bytes(told[:_INSTANT_BYTES], signed=True)
    try:
        return Cursor(_EPOCH + instant * _MICROSECOND, UUID(bytes=told[_INSTANT_BYTES:]))
    except OverflowError:
        raise broken from None
