"""What a file would change: its rows read one by one, then set against what is stored."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ecm.care.domain import Rejection
from ecm.care.imports.csv_files import CellError, Columns, Row, read_table


class HasCode(Protocol):
    """A record with the code that it is stored under."""

    @property
    def code(self) -> str: ...


R = TypeVar("R", bound=HasCode)
S = TypeVar("S", bound=HasCode)


@dataclass(frozen=True, slots=True)
class Numbered(Generic[R]):
    """A record and the line of the file it comes from."""

    line: int
    record: R


@dataclass(frozen=True, slots=True)
class Batch(Generic[R]):
    """The rows of a file that can be read on their own, and those that cannot."""

    read: int
    rows: tuple[Numbered[R], ...]
    rejected: tuple[Rejection, ...]

    def codes(self) -> list[str]:
        """Return the codes of the rows that can be read."""
        return [row.record.code for row in self.rows]


@dataclass(frozen=True, slots=True)
class Change(Generic[S]):
    """A record that is stored and what the file makes of it."""

    old: S
    new: S


@dataclass(frozen=True, slots=True)
class Plan(Generic[S]):
    """What a file would do."""

    read: int
    new: tuple[S, ...]
    changed: tuple[Change[S], ...]
    unchanged: int
    rejected: tuple[Rejection, ...]

    def to_store(self) -> list[S]:
        """Return the records to write."""
        return [*self.new, *(change.new for change in self.changed)]


def read_batch(body: bytes, columns: Columns, code_column: str, read_row: Callable[[Row], R]) -> Batch[R]:
    """Read a file's rows with `read_row`; a code may stand in it once. Raises UnreadableFile."""
    table = read_table(body, columns)
    rejected = list(table.rejected)
    rows: list[Numbered[R]] = []
    first_lines: dict[str, int] = {}
    for row in table.rows:
        try:
            record = read_row(row)
            first = first_lines.setdefault(record.code, row.line)
            if first != row.line:
                raise CellError(code_column, f"{record.code} is already on line {first}.")  # noqa: TRY301 - one way out
        except CellError as error:
            rejected.append(Rejection(row.line, error.column, error.reason))
        else:
            rows.append(Numbered(row.line, record))
    return Batch(table.read, tuple(rows), tuple(rejected))


def make_plan(batch: Batch[R], stored: Mapping[str, S], resolve: Callable[[R], S]) -> Plan[S]:
    """Set a file's rows against what is stored; `resolve` checks each against what else is known and completes it."""
    rejected = list(batch.rejected)
    new: list[S] = []
    changed: list[Change[S]] = []
    unchanged = 0
    for row in batch.rows:
        try:
            record = resolve(row.record)
        except CellError as error:
            rejected.append(Rejection(row.line, error.column, error.reason))
            continue
        old = stored.get(record.code)
        if old is None:
            new.append(record)
        elif old == record:
            unchanged += 1
        else:
            changed.append(Change(old, record))
    return Plan(batch.read, tuple(new), tuple(changed), unchanged, _in_file_order(rejected))


def _in_file_order(rejected: Sequence[Rejection]) -> tuple[Rejection, ...]:
    return tuple(sorted(rejected, key=lambda each: (each.line, each.column or "")))
