"""What a file would change: its rows read one by one, then set against what is stored."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from ecm.care.domain import NO_MAPPING, CellChange, ColumnMapping, Rejection, Warned
from ecm.care.imports.alike import Alike
from ecm.care.imports.reading import read_table
from ecm.care.imports.tables import CellError, Columns, Faults, Row


class HasCode(Protocol):
    """A record with the code that it is stored under."""

    @property
    def code(self) -> str: ...


R = TypeVar("R", bound=HasCode)
S = TypeVar("S", bound=HasCode)
# What a record says in each column, as people write it.
Cells = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Numbered(Generic[R]):
    """A record, the line of the file it comes from, and what of it could not be read."""

    line: int
    record: R
    faults: tuple[CellError, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch(Generic[R]):
    """The rows of a file, those of which nothing can be read, and how the file was read."""

    read: int
    rows: tuple[Numbered[R], ...]
    rejected: tuple[Rejection, ...]
    notes: tuple[str, ...]
    is_mapped: bool

    def codes(self) -> list[str]:
        """Return the codes of the rows."""
        return [row.record.code for row in self.rows if row.record.code]


@dataclass(frozen=True, slots=True)
class Change(Generic[S]):
    """A record that is stored and what the file makes of it."""

    line: int
    old: S
    new: S


@dataclass(frozen=True, slots=True)
class Against(Generic[R, S]):
    """What a file is set against.

    `stored` holds the records under the codes of the file, `resolve` checks a row against all else that is known and
    completes it, `others` are all codes that a new one may look like, `forbid` says why a change may not be, and `warn`
    what else looks wrong.
    """

    stored: Mapping[str, S]
    resolve: Callable[[R, Faults], S]
    others: frozenset[str] = frozenset()
    forbid: Callable[[S, S], CellError | None] = lambda _old, _new: None
    warn: Callable[[], Iterable[Warned]] = tuple


@dataclass(frozen=True, slots=True)
class Plan(Generic[S]):
    """What a file would do."""

    read: int
    new: tuple[S, ...]
    changed: tuple[Change[S], ...]
    unchanged: int
    rejected: tuple[Rejection, ...]
    warnings: tuple[Warned, ...]
    notes: tuple[str, ...]
    taken_off: tuple[Change[S], ...] = ()  # what is stored and must not be, since the file is the whole of its days

    def to_store(self) -> list[S]:
        """Return the records to write."""
        return [*self.new, *(change.new for change in (*self.changed, *self.taken_off))]


def read_batch(
    body: bytes, columns: Columns, read_row: Callable[[Row, Faults], R], mapping: ColumnMapping = NO_MAPPING
) -> Batch[R]:
    """Read a file's rows with `read_row`; a code may stand in it once. Raises UnreadableFile."""
    table = read_table(body, columns, mapping)
    rows: list[Numbered[R]] = []
    first_lines: dict[str, int] = {}
    for row in table.rows:
        faults = Faults()
        record = read_row(row, faults)
        first = first_lines.setdefault(record.code, row.line) if record.code else row.line
        if first != row.line:
            faults.add(CellError(columns.code, f"{record.code} is already on line {first}."))
        rows.append(Numbered(row.line, record, tuple(faults.found)))
    return Batch(table.read, tuple(rows), table.rejected, table.notes, table.is_mapped)


def make_plan(batch: Batch[R], columns: Columns, against: Against[R, S]) -> Plan[S]:
    """Set a file's rows against what is stored."""
    rejected = list(batch.rejected)
    sound: list[Numbered[S]] = []
    for row in batch.rows:
        faults = Faults()
        faults.found.extend(row.faults)
        record = against.resolve(row.record, faults)
        old = against.stored.get(record.code)
        if old is not None and old != record and not faults.found and (forbidden := against.forbid(old, record)):
            faults.add(forbidden)
        rejected += [Rejection(row.line, fault.column, fault.reason) for fault in faults.found]
        if not faults.found:
            sound.append(Numbered(row.line, record))
    new = [row for row in sound if row.record.code not in against.stored]
    changed = [
        Change(row.line, old, row.record)
        for row in sound
        if (old := against.stored.get(row.record.code)) is not None and old != row.record
    ]
    return Plan(
        batch.read,
        tuple(row.record for row in new),
        tuple(changed),
        len(sound) - len(new) - len(changed),
        tuple(sorted(rejected, key=lambda each: (each.line, each.column or ""))),
        (*_alike(new, columns.code, against.others), *against.warn()),
        batch.notes,
    )


def cell_changes(plan: Plan[S], cells: Callable[[S], Cells]) -> tuple[CellChange, ...]:
    """Say what a plan changes, cell by cell, before and after as people write it."""
    found: list[CellChange] = []
    for change in plan.changed:
        before, after = cells(change.old), cells(change.new)
        found += [
            CellChange(change.line, change.new.code, column, before[column], after[column])
            for column in before
            if before[column] != after[column]
        ]
    return tuple(found)


def _alike(new: Sequence[Numbered[S]], column: str, others: frozenset[str]) -> Iterable[Warned]:
    """Warn of new codes that look like one that is stored, or like one further up in the file."""
    known = Alike(others)
    for row in new:
        alike = known.find(row.record.code)
        if alike is not None:
            yield Warned(row.line, column, f"{row.record.code} is new, and looks like {alike}.")
        known.add(row.record.code)
