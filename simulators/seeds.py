"""Everything invented follows from the seed: the same seed gives the same ids, keys and chances."""

import hashlib
import random
import uuid
from datetime import datetime

from devices.ids import RANDOM_BITS, uuid7


def chance(seed: int, *names: object) -> random.Random:
    """A random stream of its own for one purpose, so that a change elsewhere does not disturb it."""
    return random.Random("/".join(map(str, (seed, *names))))


def secret(seed: int, *names: object) -> bytes:
    """Thirty-two bytes for an invented phone's key. Never for anything real: anyone with the seed has them."""
    return hashlib.sha256("/".join(map(str, ("synthetic", seed, *names))).encode()).digest()


def random_id(seed: int, *names: object) -> uuid.UUID:
    """A UUID of version 4 shape."""
    return uuid.UUID(bytes=secret(seed, *names)[:16], version=4)


def timed_id(at: datetime, seed: int, *names: object) -> uuid.UUID:
    """A UUIDv7 of an instant, all but its time from the seed."""
    return uuid7(at, int.from_bytes(secret(seed, *names)[: RANDOM_BITS // 8], "big"))
