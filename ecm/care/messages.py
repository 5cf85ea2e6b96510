"""The messages of care: councils, providers, and tags."""

from datetime import date
from uuid import UUID

import msgspec

from ecm.care.domain import TagKind
from ecm.words.codes import Council, Name
from reports.contracts import Contract


class CouncilMessage(msgspec.Struct, forbid_unknown_fields=True):
    """A local authority that commissions and pays."""

    council: Council
    name: Name


class ProviderShown(msgspec.Struct):
    """A provider as others see it; `live_on` is the first day of whose visits the service raises alerts."""

    provider: UUID
    name: str
    live_on: date


class ProviderList(msgspec.Struct):
    """Providers in order of name."""

    providers: list[ProviderShown]


class ContractList(msgspec.Struct):
    """Contracts in order of council, code and version."""

    contracts: list[Contract]


class TagMade(msgspec.Struct):
    """A tag and the link to write on it."""

    tag: UUID
    kind: TagKind
    client: str
    link: str
