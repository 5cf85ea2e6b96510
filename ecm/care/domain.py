"""What is known of the people, places and plans of a provider: plain records, and the rules of their codes."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Final, Literal, get_args
from uuid import UUID

import msgspec

from ecm.words.civil_time import london_day
from ecm.words.codes import Code, Name

ImportKind = Literal["carers", "clients", "commissions", "roster", "uprns"]
TagKind = Literal["nfc", "qr"]
DateOrder = Literal["day/month/year", "month/day/year"]
TheirName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
OurName = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]

IMPORT_KINDS: Final[tuple[ImportKind, ...]] = get_args(ImportKind)

# CQC's provider and branch ids share this shape and cannot be told apart by it (seen in the CQC directory), so the pair
# is kept and checked together.
CQC_ID_PATTERN: Final = r"^1-[0-9]{6,11}$"


CqcId = Annotated[
    str, msgspec.Meta(pattern=CQC_ID_PATTERN, max_length=13, description="An id of the Care Quality Commission")
]


class Branch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A registered branch; the two CQC ids look alike, so check the pair."""

    branch: Code
    name: Name
    cqc_provider: CqcId
    cqc_location: CqcId


class Provider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A registered provider with its branches.

    `live_on` is the first day of whose visits the service raises alerts: null is the day, in England, on which the
    provider was stored, and left out it stays as it is.
    """

    provider: UUID
    name: Name
    branches: Annotated[tuple[Branch, ...], msgspec.Meta(max_length=500)] = ()
    live_on: date | msgspec.UnsetType | None = msgspec.UNSET


class Tag(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tag or card to make for a client's home; the caller chooses the id."""

    tag: UUID
    kind: TagKind
    client: Code


class Carer(msgspec.Struct, frozen=True):
    """A care worker, known by a code, and the branch they work for."""

    code: str
    branch: str


class Client(msgspec.Struct, frozen=True):
    """A person cared for. `fence` is the canonical text of the fence about the home (`canonical_shape`).

    Name, address, postcode and UPRN are stored apart from the rest, so that they can be dropped.
    """

    code: str
    branch: str
    council: str
    council_reference: str | None
    lives_alone: bool
    lacks_capacity: bool
    name: str | None
    address: str | None
    postcode: str | None
    uprn: str | None
    fence: str


class Commission(msgspec.Struct, frozen=True):
    """What the council bought: a length in minutes at a local time on the days marked in `days`, Monday first."""

    code: str
    client: str
    council: str
    contract: str
    service: str
    start_date: date
    end_date: date | None
    days: str
    start_time: time
    minutes: int
    carers: int
    time_critical: bool
    short_visit_agreed: bool


class RosterVisit(msgspec.Struct, frozen=True):
    """What the provider planned: a visit at an instant (UTC), its length in minutes, and who goes.

    `cancelled` holds the outcome a cancelled visit was given, and None for a visit that stands.
    """

    code: str
    client: str
    commission: str | None
    start_at: datetime
    minutes: int
    carers: tuple[str, ...]
    carers_needed: int
    cancelled: str | None


class Uprn(msgspec.Struct, frozen=True):
    """An address of OS Open UPRN: its number without leading zeros, and WGS84 degrees."""

    code: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class FoldPoint:
    """A client and an instant about which the visits must be folded again."""

    client: str
    around: datetime


class ColumnMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What another system's column names mean here: by their name ours, or null for a column that is left out.

    `dates` is the order in which that system writes dates, where the file itself may not show it.
    """

    columns: Annotated[dict[TheirName, OurName | None], msgspec.Meta(max_length=500)]
    dates: DateOrder | None = None


NO_MAPPING: Final = ColumnMapping({})


@dataclass(frozen=True, slots=True)
class Rejection:
    """A mistake for which a row cannot be taken: its line in the file (the header is line 1), the column, and why."""

    line: int  # on which the row begins
    column: str | None  # None: the whole row
    reason: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something in a file that can be meant and is likely not: its line, the column, and what looks wrong."""

    line: int
    column: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class CellChange:
    """One cell of a stored record that a file changes, before and after as people write it."""

    line: int
    code: str
    column: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class TakenOff:
    """A planned visit that a whole roster no longer holds; `stays_because` None for one that goes."""

    visit: str
    client: str
    start_at: datetime
    minutes: int
    carers: tuple[str, ...]
    stays_because: str | None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did or would do.

    Each list holds at most 1,000, from those after the first `skip` on, and has its whole number beside it: mistakes
    of rejected rows, warnings, changed cells, and visits that a whole roster no longer holds.
    """

    kind: ImportKind
    dry_run: bool
    stored: bool  # whether the rows are now in the database
    read: int  # rows under the header that hold anything
    new: int
    changed: int
    unchanged: int
    rejected_rows: int
    notes: tuple[str, ...]  # how the file was read, in sentences
    is_mapped: bool  # whether a mapping of other systems' columns had a say in it
    rejected: tuple[Rejection, ...]
    rejected_total: int
    warnings: tuple[Warned, ...]
    warnings_total: int
    changes: tuple[CellChange, ...]
    changes_total: int
    taken_off: tuple[TakenOff, ...]
    taken_off_total: int
    going: int  # how many of the visits that a whole roster no longer holds go; the others stay


class StoredImport(msgspec.Struct, frozen=True, rename={"import_id": "import"}):
    """One file that was stored, or the undoing of another import; `digest` is the file's SHA-256 in hexadecimal."""

    import_id: UUID
    kind: ImportKind
    file_name: str | None
    digest: str
    imported_at: datetime
    imported_by: str
    new: int
    changed: int
    unchanged: int
    taken_off: int
    undoes: UUID | None


@dataclass(frozen=True, slots=True)
class PlannedBefore:
    """What was planned of a visit until somebody changed it."""

    changed_at: datetime
    changed_by: str
    reason: str | None
    visit: RosterVisit


def live_day_of(live_on: date | None, stored_at: datetime) -> date:
    """Return the first day of whose visits alerts are raised: as set, or else the day the provider was stored."""
    return london_day(stored_at) if live_on is None else live_on


def live_day_fault(provider: Provider) -> str | None:
    """Say what is wrong with the live date that is asked for, or None."""
    live_on = provider.live_on
    if isinstance(live_on, date) and not 2001 <= live_on.year < 2099:
        return "The live date must lie between 2001 and 2098."
    return None


def pair_fault(branch: Branch) -> str | None:
    """Say what is wrong with a branch's pair of CQC ids, or None."""
    for name, given in (("provider", branch.cqc_provider), ("location", branch.cqc_location)):
        if re.fullmatch(CQC_ID_PATTERN, given) is None:
            return f"The CQC {name} id {given!r} of {branch.branch} is not 1- and 6 to 11 digits."
    if branch.cqc_provider == branch.cqc_location:
        return f"The CQC provider id and location id of {branch.branch} are the same; each has its own."
    return None


def contract_document_fault(document: bytes) -> str | None:
    """Say why a contract's document cannot be kept, or None: the database cannot hold a NUL character."""
    return "The contract holds a NUL character." if b"\\u0000" in document else None
