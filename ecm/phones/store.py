"""Enrolment codes and phones in the database."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

import asyncpg
import msgspec

from devices.keys import PublicKey
from ecm.db.pool import Connection
from ecm.db.queries import load_queries
from ecm.phones.domain import Phone

_QUERIES = load_queries(__package__)


async def insert_enrolment(
    connection: Connection,
    provider: UUID,
    code_hash: bytes,
    *,
    carer: str,
    created_by: UUID,
    created_at: datetime,
    expires_at: datetime,
) -> None:
    """Store a code that enrols one phone of a carer."""
    await connection.execute(
        _QUERIES["insert_enrolment"], provider, code_hash, carer, created_by, created_at, expires_at
    )


async def provider_of_enrolment(connection: Connection, code_hash: bytes) -> UUID | None:
    """Find whose code this is; as the intake role, which sees the codes of every provider."""
    provider: UUID | None = await connection.fetchval(_QUERIES["provider_of_enrolment"], code_hash)
    return provider


async def use_enrolment(
    connection: Connection, provider: UUID, code_hash: bytes, device: UUID, now: datetime
) -> str | None:
    """Give the code to the device and return its carer; None when it is used or has expired."""
    carer: str | None = await connection.fetchval(_QUERIES["use_enrolment"], provider, code_hash, device, now)
    return carer


async def enrolment_device(connection: Connection, provider: UUID, code_hash: bytes) -> UUID | None:
    """Find the device that used a code."""
    device: UUID | None = await connection.fetchval(_QUERIES["enrolment_device"], provider, code_hash)
    return device


async def insert_phone(connection: Connection, phone: Phone) -> None:
    """Store a phone just enrolled."""
    await connection.execute(
        _QUERIES["insert_device"],
        phone.provider,
        phone.device_id,
        phone.carer,
        msgspec.json.encode(phone.public_key.jwk()).decode(),
        phone.enrolled_at,
    )


async def phone(connection: Connection, provider: UUID, device_id: UUID) -> Phone | None:
    """Find a phone."""
    row = await connection.fetchrow(_QUERIES["device"], provider, device_id)
    return None if row is None else _phone(row)


async def phones(connection: Connection, provider: UUID) -> list[Phone]:
    """Find every phone of a provider, in order of carer and time."""
    return [_phone(row) for row in await connection.fetch(_QUERIES["devices"], provider)]


async def phones_of_ids(connection: Connection, device_ids: Collection[UUID]) -> list[Phone]:
    """Find the phones of any provider that have these ids; as the intake role, which sees them all."""
    return [_phone(row) for row in await connection.fetch(_QUERIES["devices_of_ids"], device_ids)]


async def revoke_phone(connection: Connection, provider: UUID, device_id: UUID, at: datetime) -> bool:
    """Revoke a phone; False when there is none to revoke."""
    return await connection.fetchval(_QUERIES["revoke_device"], provider, device_id, at) is not None


def _phone(row: asyncpg.Record) -> Phone:
    return Phone(
        row["provider_id"],
        row["device_id"],
        row["carer"],
        PublicKey.from_jwk(row["public_key"]),
        row["enrolled_at"],
        row["revoked_at"],
    )
