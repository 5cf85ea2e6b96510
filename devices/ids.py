"""Ids that sort by time, as phones give them to themselves and to their check-ins; and one for a check-in without."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

RANDOM_BITS: Final = 80
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


def uuid7(at: datetime, random_bits: int) -> UUID:
    """Return the UUIDv7 (RFC 9562) of an aware instant, to the millisecond; an instant before 1970 counts as 1970.

    `random_bits` are 80, of which 74 stay: version and variant take the place of the others.
    """
    value = max(0, (at - _EPOCH) // _MILLISECOND) << RANDOM_BITS | random_bits
    value = value & ~(0xF << 76) | 7 << 76
    return UUID(int=value & ~(3 << 62) | 2 << 62)


def uuid8(digest: bytes) -> UUID:
    """Return a UUIDv8 (RFC 9562) that follows from a digest of 16 bytes or more: the same bytes have the same id."""
    value = int.from_bytes(digest[:16], "big")
    value = value & ~(0xF << 76) | 8 << 76
    return UUID(int=value & ~(3 << 62) | 2 << 62)
