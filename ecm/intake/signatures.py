"""Whose check-ins these are: signatures, and chains that one signature authenticates.

Each check-in carries the hash of the one before, signature included. So one verified signature at the end of an
unbroken chain says of every message before it: this device wrote it. Their own signatures are kept and checked later
(ecm/audit/signatures.py); where a link is broken or the last signature fails, each is verified at once by itself.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from devices.jws import verify
from devices.keys import BadSignature
from devices.messages import CheckInMessage
from ecm.intake.directory import Devices
from ecm.intake.domain import Device

# Ed25519 costs some 50 µs, so this many hold the loop for about 2 ms.
SIGNATURES_BETWEEN_BREATHS: Final = 40


class Signer(msgspec.Struct, frozen=True, gc=False):
    """The device that wrote a message, and whether the message's own signature has been verified."""

    device: Device
    signature_checked: bool


async def signers(messages: Mapping[int, CheckInMessage], devices: Devices) -> dict[int, Signer]:
    """Find which device wrote each message; a message without an entry was written by none of them."""
    found: dict[int, Signer] = {}
    verified = 0
    for chain in chains(messages):
        verified += 1
        if verified % SIGNATURES_BETWEEN_BREATHS == 0:
            await asyncio.sleep(0)
        last = messages[chain[-1]]
        device = _signer(last, devices[last.device_id])
        if device is not None:
            for place in chain[:-1]:
                found[place] = Signer(device, signature_checked=False)
            found[chain[-1]] = Signer(device, signature_checked=True)
            continue
        for place in chain[:-1]:
            verified += 1
            if verified % SIGNATURES_BETWEEN_BREATHS == 0:
                await asyncio.sleep(0)
            device = _signer(messages[place], devices[last.device_id])
            if device is not None:
                found[place] = Signer(device, signature_checked=True)
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


def _signer(message: CheckInMessage, devices: Sequence[Device]) -> Device | None:
    """Return the device whose key signed the message; ids of devices may coincide between providers."""
    for device in devices:
        try:
            verify(message, device.public_key)
        except BadSignature:
            continue
        return device
    return None
