"""Councils, contracts, providers, branches and tags in the database."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from ecm.care.domain import Branch, Carer, Provider, Tag, live_day_of
from ecm.db.pool import Connection
from ecm.db.queries import load_queries
from reports.contracts import Contract, contract_from_json, contract_to_json

_QUERIES = load_queries(__package__)


async def insert_council(connection: Connection, council: str, name: str) -> bool:
    """Store a council; False, with nothing changed, when it is there."""
    return await connection.fetchval(_QUERIES["insert_council"], council, name) is not None


async def lock_council(connection: Connection, council: str) -> str | None:
    """Return the name of a council, and let nobody change it until the transaction ends."""
    name: str | None = await connection.fetchval(_QUERIES["lock_council"], council)
    return name


async def rename_council(connection: Connection, council: str, name: str) -> None:
    """Store a council's new name."""
    await connection.execute(_QUERIES["rename_council"], council, name)


async def insert_contract(connection: Connection, contract: Contract, at: datetime) -> bool:
    """Store a version of a contract; False, with nothing changed, when that version is there."""
    inserted = await connection.fetchval(
        _QUERIES["insert_contract"],
        contract.council,
        contract.code,
        contract.version,
        contract_to_json(contract).decode(),
        at,
    )
    return inserted is not None


async def contract(connection: Connection, council: str, code: str, version: int) -> Contract | None:
    """Find one version of a contract."""
    document = await connection.fetchval(_QUERIES["contract_document"], council, code, version)
    return None if document is None else contract_from_json(document)


async def contracts(connection: Connection, *, provider: UUID | None, council: str | None) -> list[Contract]:
    """Find the contracts of one council, of the councils of a provider's clients, or with neither all."""
    if council is not None:
        rows = await connection.fetch(_QUERIES["council_contract_documents"], council)
    elif provider is not None:
        rows = await connection.fetch(_QUERIES["clients_contract_documents"], provider)
    else:
        rows = await connection.fetch(_QUERIES["contract_documents"])
    return [contract_from_json(row["document"]) for row in rows]


async def insert_provider(connection: Connection, provider: Provider, at: datetime) -> bool:
    """Store a provider without its branches; False, with nothing changed, when it is there."""
    return await connection.fetchval(_QUERIES["insert_provider"], provider.provider, provider.name, at) is not None


async def provider(connection: Connection, provider_id: UUID) -> Provider | None:
    """Find a provider with its branches, in order of their code."""
    row = await connection.fetchrow(_QUERIES["provider"], provider_id)
    if row is None:
        return None
    branches = await connection.fetch(_QUERIES["branches"], provider_id)
    return Provider(provider_id, row["name"], tuple(Branch(**branch) for branch in branches), row["live_on"])


async def update_provider(connection: Connection, provider: Provider, tag_key: bytes) -> None:
    """Store what a provider and its branches are like now. A tag key that is there already stays."""
    await connection.execute(_QUERIES["rename_provider"], provider.provider, provider.name)
    if provider.live_on is not msgspec.UNSET:
        await connection.execute(_QUERIES["set_live_on"], provider.provider, provider.live_on)
    await connection.execute(_QUERIES["insert_tag_key"], provider.provider, tag_key)
    await connection.executemany(
        _QUERIES["upsert_branch"],
        [
            (provider.provider, branch.branch, branch.name, branch.cqc_provider, branch.cqc_location)
            for branch in provider.branches
        ],
    )


async def providers(connection: Connection, council: str | None) -> list[tuple[UUID, str]]:
    """Find the providers that a council commissions, or with None all: their ids and names, in order of name."""
    if council is None:
        rows = await connection.fetch(_QUERIES["providers"])
    else:
        rows = await connection.fetch(_QUERIES["council_providers"], council)
    return [(row["provider_id"], row["name"]) for row in rows]


async def live_days(connection: Connection, providers: Collection[UUID]) -> dict[UUID, date]:
    """Return the first day of whose visits alerts are raised, of each of these providers that is known."""
    rows = await connection.fetch(_QUERIES["live_days"], list(providers))
    return {row["provider_id"]: live_day_of(row["live_on"], row["stored_at"]) for row in rows}


async def carers(connection: Connection, provider: UUID) -> list[Carer]:
    """Find a provider's carers, in order of their code."""
    return [Carer(row["code"], row["branch"]) for row in await connection.fetch(_QUERIES["carers"], provider)]


async def insert_tag(connection: Connection, provider: UUID, tag: Tag, at: datetime) -> bool:
    """Store a tag; False, with nothing changed, when its id is there."""
    inserted = await connection.fetchval(_QUERIES["insert_tag"], provider, tag.tag, tag.kind, tag.client, at)
    return inserted is not None


async def tag(connection: Connection, provider: UUID, tag_id: UUID) -> Tag | None:
    """Find a tag."""
    row = await connection.fetchrow(_QUERIES["tag"], provider, tag_id)
    return None if row is None else Tag(row["tag_id"], row["kind"], row["client"])


async def tag_key(connection: Connection, provider: UUID) -> bytes | None:
    """Find the key that signs a provider's tags and cards."""
    key: bytes | None = await connection.fetchval(_QUERIES["tag_key"], provider)
    return key


async def homes(
    connection: Connection, provider: UUID, pairs: Sequence[tuple[str, str]]
) -> list[tuple[str, str, str | None, str | None, str | None, str | None]]:
    """Return both clients of each pair with the UPRNs, then the fences' JSON, of the one and of the other."""
    rows = await connection.fetch(_QUERIES["homes"], provider, *zip(*pairs, strict=True))
    return [tuple(row.values()) for row in rows]


async def lock_provider(connection: Connection, provider: UUID) -> None:
    """Let no other import of this provider run until the transaction ends."""
    await connection.execute(_QUERIES["lock_provider"], provider)
