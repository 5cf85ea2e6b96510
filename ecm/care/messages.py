"""The messages of care: councils, providers, tags and import reports."""

from typing import Annotated
from uuid import UUID

import msgspec

from ecm.care.domain import CQC_ID_PATTERN, ImportKind, TagKind
from ecm.words.codes import Code, Council, Name
from reports.contracts import Contract

CqcId = Annotated[
    str, msgspec.Meta(pattern=CQC_ID_PATTERN, max_length=13, description="An id of the Care Quality Commission")
]


class CouncilMessage(msgspec.Struct, forbid_unknown_fields=True):
    """A local authority that commissions and pays."""

    council: Council
    name: Name


class LocationMessage(msgspec.Struct, forbid_unknown_fields=True):
    """A registered branch; the two CQC ids look alike, so check the pair."""

    location: Code
    name: Name
    cqc_provider: CqcId
    cqc_location: CqcId


class ProviderMessage(msgspec.Struct, forbid_unknown_fields=True):
    """A registered provider with its branches."""

    provider: UUID
    name: Name
    locations: Annotated[list[LocationMessage], msgspec.Meta(max_length=500)] = []


class ProviderShown(msgspec.Struct):
    """A provider as others see it."""

    provider: UUID
    name: str


class ProviderList(msgspec.Struct):
    """Providers in order of name."""

    providers: list[ProviderShown]


class ContractList(msgspec.Struct):
    """Contracts in order of council, code and version."""

    contracts: list[Contract]


class TagMessage(msgspec.Struct, forbid_unknown_fields=True):
    """A tag or card to make for a client's home; the caller chooses the id."""

    tag: UUID
    kind: TagKind
    client: Code


class TagMade(msgspec.Struct):
    """A tag and the link to write on it."""

    tag: UUID
    kind: TagKind
    client: str
    link: str


class ImportQuery(msgspec.Struct):
    """`dry_run` true says what an import would do and stores nothing."""

    dry_run: bool = False


class RejectedRow(msgspec.Struct):
    """A row that cannot be taken: its line in the file (the header is line 1), the column, and why."""

    line: int
    column: str | None
    reason: str


class ImportReportMessage(msgspec.Struct):
    """What an import did or would do. At most 1,000 rejected rows are listed; the rest of `read` counts them all."""

    kind: ImportKind
    dry_run: bool
    stored: bool
    read: int
    new: int
    changed: int
    unchanged: int
    rejected: list[RejectedRow]
