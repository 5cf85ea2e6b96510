"""The same again answers the same, other content conflicts: storing what has an id that its sender chose."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ecm.words.problems import Problem

T = TypeVar("T")


async def store_once(
    wanted: T,
    insert: Awaitable[object],
    find: Callable[[], Awaitable[T | None]],
    content: Callable[[T], object],
    conflict: Problem,
) -> tuple[T, bool]:
    """Store `wanted` unless its id is taken; return what is stored under the id, and whether it is new.

    `insert` stores it and gives something true, or changes nothing and gives something false where the id is taken: an
    INSERT with ON CONFLICT DO NOTHING, so that of many at once one is new. `find` then gives what was there first.
    Where `content`, what was said and not when or by whom it arrived, is equal, that is the answer; raises `conflict`
    where it is not, or where nobody may see what has the id. Call it inside the transaction, and do what follows from
    something new in the same one.
    """
    if await insert:
        return wanted, True
    first = await find()
    if first is None or content(first) != content(wanted):
        raise conflict
    return first, False
