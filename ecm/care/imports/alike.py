"""Codes that look like others: what a spreadsheet or a tired hand makes of a code that is stored already."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ecm.care.imports.dates import month_number

_PARTS: Final = re.compile(r"[0-9]+|[A-Za-z]+")
_NOTHING_BEHIND: Final = re.compile(r"([0-9]+)\.0+")
_CONFUSED: Final = str.maketrans({"o": "0", "i": "1", "l": "1"})


def shapes(code: str) -> frozenset[tuple[str, ...]]:
    """Return how a code looks without what gets lost on its way; two codes with a shape in common look alike.

    Lost get capitals, leading zeros, what stands between the parts, and .0 behind a number; a spreadsheet makes 03-Jan
    of 3-1; and O and 0, or I, l and 1, are one to the eye.
    """
    whole = _NOTHING_BEHIND.fullmatch(code)
    parts = _PARTS.findall(code if whole is None else whole[1])
    return frozenset(_without_zeros(each) for each in (parts, *_as_dates(parts)))


def _as_dates(parts: list[str]) -> Iterator[list[str]]:
    """Give what a date may have been before a spreadsheet took it for one: 03-Jan was 3-1 or 1-3."""
    if len(parts) not in {2, 3}:
        return
    for position in (0, 1):
        month = month_number(parts[position]) if parts[position].isalpha() and len(parts[position]) >= 3 else None
        if month is not None and all(part.isdigit() for other, part in enumerate(parts) if other != position):
            numbers = [str(month) if other == position else part for other, part in enumerate(parts)]
            yield numbers
            yield [numbers[1], numbers[0], *numbers[2:]]


def _without_zeros(parts: Iterable[str]) -> tuple[str, ...]:
    joined = "-".join(part.casefold() for part in parts)
    # A letter O among digits is a zero, so the parts are told apart again once it is one.
    again = re.findall(r"[0-9]+|[a-z]+", joined.translate(_CONFUSED))
    return tuple(part.lstrip("0") or "0" if part.isdigit() else part for part in again)


class Alike:
    """Known codes by how they look."""

    def __init__(self, codes: Iterable[str]) -> None:
        self._by_shape: dict[tuple[str, ...], str] = {}
        for code in sorted(codes):
            self.add(code)

    def add(self, code: str) -> None:
        """Know one code more; of two that look alike the first stays."""
        for shape in shapes(code):
            self._by_shape.setdefault(shape, code)

    def find(self, code: str) -> str | None:
        """Return another known code that looks like this one, or None."""
        found = (self._by_shape.get(shape) for shape in sorted(shapes(code)))
        return next((known for known in found if known is not None and known != code), None)


def unknown(what: str, code: str, known: Iterable[str], otherwise: str) -> str:
    """Say that there is no such thing, and which known code looks like it, or `otherwise` what to do."""
    alike = Alike(known).find(code)
    return f"There is no {what} {code}; {otherwise if alike is None else f'it looks like {alike}'}."
