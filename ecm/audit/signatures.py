"""Verifying, later and in peace, the signatures that intake took on the word of a chain."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import structlog

from devices.encoding import Unreadable
from devices.jws import read_jws, verify
from devices.keys import BadSignature, PublicKey
from ecm.audit import store
from ecm.audit.domain import SERVICE, Event, EventTag, SignedCheckIn
from ecm.db.pool import Connection

_log = structlog.get_logger()


async def check_signatures(
    connection: Connection, provider: UUID, refs: Sequence[tuple[UUID, UUID]], now: datetime
) -> None:
    """Verify the signatures of these check-ins, given as (device, check-in), and write down those that fail.

    A failure takes nothing back: the device vouched for the message by a later signature of its own. It is shown
    with the evidence as the doubt `signature_bad`.
    """
    if not refs:
        return
    signed = await store.signed_check_ins(connection, provider, refs)
    failed = await asyncio.to_thread(_failing, signed)
    if not failed:
        return
    _log.error("audit.signature.failed", provider=str(provider), check_ins=len(failed))
    await store.insert_signature_failures(connection, provider, failed, now)
    events = [
        Event(EventTag.SIGNATURE_FAILED, SERVICE, f"{one.device_id}/{one.check_in_id}", now, {}) for one in failed
    ]
    await store.insert_events(connection, provider, events)


def _failing(signed: Sequence[SignedCheckIn]) -> list[SignedCheckIn]:
    keys = {text: PublicKey.from_jwk(text) for text in {one.public_key for one in signed}}
    return [one for one in signed if not _holds(one, keys[one.public_key])]


def _holds(signed: SignedCheckIn, key: PublicKey) -> bool:
    try:
        verify(read_jws(signed.signed_part.encode("ascii"), "check-in+sd-jwt"), key)
    except (Unreadable, BadSignature):
        return False
    return True
