"""A file as rows under the columns of its kind, whatever format it came in and whatever its columns are called."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from ecm.care.domain import DateOrder, Rejection

T = TypeVar("T")

Holds = Literal["text", "day", "time", "instant"]
# One line of a file: where it begins (the first is 1), its cells without blanks around them, and what is wrong with it.
Line = tuple[int, list[str], str | None]

DAY_FIRST: Final[DateOrder] = "day/month/year"
_SHOWN_CHARACTERS: Final = 40


class UnreadableFile(Exception):
    """The file as a whole cannot be read; `line` and `byte` (both counted from 1) say where, when that is known."""

    def __init__(self, detail: str, *, line: int | None = None, byte: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.line = line
        self.byte = byte


class CellError(Exception):
    """A cell, or with `column` None a row, that cannot be taken; the reason is a sentence for whoever made it."""

    def __init__(self, column: str | None, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


class Faults:
    """What is wrong with one row: each cell is tried by itself, so that all its mistakes are told at once."""

    def __init__(self) -> None:
        self.found: list[CellError] = []

    def take(self, read: Callable[[], T], otherwise: T) -> T:
        """Return what `read` reads; where it raises CellError keep that, and return `otherwise`."""
        try:
            return read()
        except CellError as error:
            self.add(error)
            return otherwise

    def add(self, error: CellError) -> None:
        """Keep one mistake; of a column that has one already the first is enough."""
        if error.column is None or not self.has(error.column):
            self.found.append(error)

    def has(self, *columns: str) -> bool:
        """Say whether something is wrong with any of these columns."""
        return any(error.column in columns for error in self.found)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind of file, with what it means and an example for people.

    Columns that say together what another would are `instead_of` it; `also` are names that other systems give it.
    """

    name: str
    meaning: str
    example: str = ""
    required: bool = False
    instead_of: str | None = None
    holds: Holds = "text"
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of one kind of file; the first holds the code of the row."""

    columns: tuple[Column, ...]

    @property
    def code(self) -> str:
        """The column with the code that a row is stored under."""
        return self.columns[0].name

    @property
    def known(self) -> tuple[str, ...]:
        """Every column the kind has."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that a file must have, or others instead of them."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def optional(self) -> tuple[str, ...]:
        """The columns that a file may do without."""
        return tuple(column.name for column in self.columns if not column.required)

    def lacking(self, names: Iterable[str]) -> list[str]:
        """Return the required columns for which a file with these columns has nothing."""
        there = set(names)
        return [each for each in self.required if each not in there and not self._stood_in_for(each, there)]

    def _stood_in_for(self, name: str, there: set[str]) -> bool:
        instead = {column.name for column in self.columns if column.instead_of == name}
        return bool(instead) and instead <= there

    def holding(self, *kinds: Holds) -> frozenset[str]:
        """Return the columns that hold these kinds of values."""
        return frozenset(column.name for column in self.columns if column.holds in kinds)


@dataclass(frozen=True, slots=True)
class TheirColumn:
    """A column of a file by its own name, the first things that stand in it, and which of ours it may be."""

    name: str
    examples: tuple[str, ...]
    guess: str | None


class UnknownColumns(UnreadableFile):
    """The file has columns whose names say nothing here; `theirs` are all its columns, `line` that of its header."""

    def __init__(self, detail: str, theirs: tuple[TheirColumn, ...], *, line: int) -> None:
        super().__init__(detail, line=line)
        self.theirs = theirs


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line on which it begins, its cells by column, and the order of day and month in its dates."""

    line: int
    cells: dict[str, str]
    dates: DateOrder = DAY_FIRST


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a file in their order, those that could not be read, and how it was read. `read` counts both."""

    read: int
    rows: tuple[Row, ...]
    rejected: tuple[Rejection, ...]
    notes: tuple[str, ...] = ()
    is_mapped: bool = False  # whether a mapping had a say in it


@dataclass(frozen=True, slots=True)
class Given:
    """The lines of a file that hold anything, and what is to be said of how they were read."""

    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    is_workbook: bool = False


def shown(text: str) -> str:
    """Quote what somebody wrote for use in a sentence: short, and with nothing unprintable in it."""
    short = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
    return "'" + "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in short) + "'"


def plain_name(name: str) -> str:
    """Return a column's name as it is compared: without capitals, blanks, underscores and the like."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
