"""How a change to devices, tags, fences, clients or carers reaches the memory of every intake process."""

from uuid import UUID

from ecm.db.pool import Connection
from ecm.db.queries import load_queries

_QUERIES = load_queries(__package__, "reference.sql")


async def mark_reference_changed(connection: Connection, provider: UUID) -> None:
    """Say, in the transaction of the change, that what intake remembers of `provider` is old once this commits."""
    await connection.execute(_QUERIES["raise_version"], provider)


async def reference_versions(connection: Connection) -> dict[UUID, int]:
    """Return the version of every provider's directory."""
    rows = await connection.fetch(_QUERIES["versions"])
    return {row["provider_id"]: row["version"] for row in rows}
