"""What a reconciliation is made from, in the database: contracts, commissions and folded visits."""

from uuid import UUID

from ecm.care.domain import Commission
from ecm.db.pool import Connection
from ecm.db.queries import load_queries
from ecm.payments.domain import FoldedVisit
from reports.contracts import Contract, contract_from_json
from reports.periods import Period

_QUERIES = load_queries(__package__)


async def council_name(connection: Connection, council: str) -> str | None:
    """Find a council's name."""
    name: str | None = await connection.fetchval(_QUERIES["council_name"], council)
    return name


async def provider_name(connection: Connection, provider: UUID) -> str | None:
    """Find a provider's name."""
    name: str | None = await connection.fetchval(_QUERIES["provider_name"], provider)
    return name


async def councils_of_provider(connection: Connection, provider: UUID) -> list[tuple[str, str]]:
    """Return the ids and names of the councils that commission a provider, in order of name."""
    rows = await connection.fetch(_QUERIES["councils_of_provider"], provider)
    return [(row["council_id"], row["name"]) for row in rows]


async def contracts(connection: Connection, council: str) -> list[Contract]:
    """Return every version of every contract of a council."""
    rows = await connection.fetch(_QUERIES["contract_documents"], council)
    return [contract_from_json(row["document"]) for row in rows]


async def deals(connection: Connection, provider: UUID, council: str) -> bool:
    """Say whether a provider has commissions or visits of a council that the transaction may see."""
    found: bool = await connection.fetchval(_QUERIES["deals"], provider, council)
    return found


async def commissions(connection: Connection, provider: UUID, council: str, period: Period) -> list[Commission]:
    """Return what a council bought from a provider that runs on some day of the period."""
    rows = await connection.fetch(_QUERIES["commissions"], provider, council, period.first, period.last)
    return [Commission(**row) for row in rows]


async def visits(connection: Connection, provider: UUID, council: str, period: Period) -> list[FoldedVisit]:
    """Return a provider's visits to people of a council on the days of the period."""
    rows = await connection.fetch(_QUERIES["visits"], provider, council, period.first, period.last)
    return [FoldedVisit(row["folded"], row["next_start"], row["contradictions"]) for row in rows]
