"""Enrolment codes and enrolled phones: pure rules."""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from devices.jws import Signed, verify
from devices.keys import BadSignature, PublicKey

# Letters and digits that are not taken for each other when read out or copied from a screen: no I, O, 0 or 1.
CODE_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
CODE_LENGTH: Final = 12
CODE_LIFE: Final = timedelta(hours=24)
_GROUP: Final = 4


@dataclass(frozen=True, slots=True)
class Phone:
    """A carer's enrolled phone. A revoked one stays on record, so that what it signed before can be verified."""

    provider: UUID
    device_id: UUID
    carer: str
    public_key: PublicKey
    enrolled_at: datetime
    revoked_at: datetime | None

    @property
    def revoked(self) -> bool:
        """Whether what it signs counts no longer."""
        return self.revoked_at is not None


def signer(message: Signed, phones: Iterable[Phone]) -> Phone | None:
    """Return the phone whose key signed the message, None if none of them; ids may coincide between providers."""
    for phone in phones:
        try:
            verify(message, phone.public_key)
        except BadSignature:
            continue
        return phone
    return None


def new_code() -> str:
    """Return an enrolment code of 60 random bits, in groups of four.

    A thousand guesses a second for the 24 hours of a code's life would find it with a chance of 1 in 10^10, so
    guesses are not slowed down.
    """
    letters = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    return "-".join(letters[start : start + _GROUP] for start in range(0, CODE_LENGTH, _GROUP))


def code_hash(code: str) -> bytes | None:
    """Return what is stored of a code, however its letters were cased and grouped; None for what can be no code."""
    letters = "".join(code.split()).replace("-", "").upper()
    if len(letters) != CODE_LENGTH or not set(letters) <= set(CODE_LETTERS):
        return None
    return hashlib.sha256(letters.encode("ascii")).digest()
