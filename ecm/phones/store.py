"""Enrolment codes and phones in the database."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from devices.keys import PublicKey
from ecm.db.pool import Connection
from ecm.db.queries import load_queries
from ecm.phones.domain import Device

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


async def providers_of_device(connection: Connection, device: UUID) -> list[UUID]:
    """Find who has enrolled a device of this id; as the intake role, which sees the devices of every provider."""
    return [row["provider_id"] for row in await connection.fetch(_QUERIES["providers_of_device"], device)]


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


async def insert_device(connection: Connection, provider: UUID, device: Device) -> None:
    """Store a phone just enrolled."""
    await connection.execute(
        _QUERIES["insert_device"],
        provider,
        device.device,
        device.carer,
        msgspec.json.encode(device.public_key.jwk()).decode(),
        device.enrolled_at,
    )


async def device(connection: Connection, provider: UUID, device_id: UUID) -> Device | None:
    """Find a phone."""
    row = await connection.fetchrow(_QUERIES["device"], provider, device_id)
    return None if row is None else _device(row)


async def devices(connection: Connection, provider: UUID) -> list[Device]:
    """Find every phone of a provider, in order of carer and time."""
    return [_device(row) for row in await connection.fetch(_QUERIES["devices"], provider)]


async def revoke_device(connection: Connection, provider: UUID, device_id: UUID, at: datetime) -> bool:
    """Revoke a phone; False when there is none to revoke."""
    return await connection.fetchval(_QUERIES["revoke_device"], provider, device_id, at) is not None


def _device(row: Any) -> Device:
    return Device(
        row["device_id"],
        row["carer"],
        PublicKey.from_jwk(row["public_key"]),
        row["enrolled_at"],
        row["revoked_at"],
    )
