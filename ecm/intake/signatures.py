"""Whose check-ins these are: signatures, and chains that one signature authenticates.

Each check-in carries the hash of the one before, signature included. So one verified signature at the end of an
unbroken chain says of every message before it: this phone wrote it. Their own signatures are kept and checked later
(ecm/audit/signatures.py); where a link is broken or the last signature fails, each is verified at once by itself.
"""

import asyncio
from collections.abc import Mapping
from typing import Final
from uuid import UUID

import msgspec

from devices.messages import CheckInMessage
from ecm.intake.directory import PhonesById
from ecm.phones.domain import Phone, signer

# Ed25519 costs some 50 µs, so this many hold the loop for about 2 ms.
SIGNATURES_BETWEEN_BREATHS: Final = 40


class Signer(msgspec.Struct, frozen=True, gc=False):
    """The phone that wrote a message, and whether the message's own signature has been verified."""

    phone: Phone
    signature_checked: bool


async def signers(messages: Mapping[int, CheckInMessage], phones: PhonesById) -> dict[int, Signer]:
    """Find which phone wrote each message; a message without an entry was written by none of them."""
    found: dict[int, Signer] = {}
    verified = 0
    for chain in chains(messages):
        verified += 1
        if verified % SIGNATURES_BETWEEN_BREATHS == 0:
            await asyncio.sleep(0)
        last = messages[chain[-1]]
        phone = signer(last, phones[last.device_id])
        if phone is not None:
            for place in chain[:-1]:
                found[place] = Signer(phone, signature_checked=False)
            found[chain[-1]] = Signer(phone, signature_checked=True)
            continue
        for place in chain[:-1]:
            verified += 1
            if verified % SIGNATURES_BETWEEN_BREATHS == 0:
                await asyncio.sleep(0)
            phone = signer(messages[place], phones[last.device_id])
            if phone is not None:
                found[place] = Signer(phone, signature_checked=True)
    return found


def chains(messages: Mapping[int, CheckInMessage]) -> list[list[int]]:
    """Part messages into unbroken chains, each from its first to its last message, whatever order they came in."""
    if len(messages) == 1:
        return [list(messages)]
    ended: list[list[int]] = []
    open_chains: dict[tuple[UUID, bytes], list[int]] = {}
    for place in sorted(messages, key=lambda place: messages[place].body.sequence):
        message = messages[place]
        chain = None if message.previous is None else open_chains.pop((message.device_id, message.previous), None)
        if chain is None:
            chain = []
            ended.append(chain)
        chain.append(place)
        open_chains[message.device_id, message.link_digest] = chain
    return ended
