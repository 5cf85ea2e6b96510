"""Enrolling a carer's phone with a one-time code, and revoking it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from aiohttp import web

from devices.encoding import Unreadable
from devices.enrolment import check_proof
from devices.keys import BadKey, BadSignature, PublicKey
from ecm.audit.domain import EventTag
from ecm.audit.service import record
from ecm.db.errors import ConstraintViolated
from ecm.db.pool import Connection, Database
from ecm.db.reference import mark_reference_changed
from ecm.phones import domain, store
from ecm.phones.domain import Phone
from ecm.words.clock import Clock
from ecm.words.problems import INVALID, NOT_FOUND, Problem, ProblemType
from ecm.words.roles import Account

CODE_UNKNOWN: Final = ProblemType("code-unknown", 404, "There is no such enrolment code")
CODE_USED: Final = ProblemType("code-used", 409, "The enrolment code has been used")
CODE_EXPIRED: Final = ProblemType("code-expired", 410, "The enrolment code has expired")
PROOF_WRONG: Final = ProblemType("proof-wrong", 422, "The phone does not prove that it holds its key")
KEY_UNUSABLE: Final = ProblemType("key-unusable", 422, "The public key cannot be used")
DEVICE_KNOWN: Final = ProblemType("device-known", 409, "A device of this id is enrolled")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A one-time code, shown this once; type it into the carer's phone before it expires."""

    code: str
    carer: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A phone, and whether this enrolment made it one (rather than an earlier, equal one)."""

    phone: Phone
    is_new: bool


async def phones_of_ids(connection: Connection, device_ids: Collection[UUID]) -> list[Phone]:
    """Find the phones of any provider that have these ids; needs the intake role, which sees them all."""
    return await store.phones_of_ids(connection, device_ids)


class Phones:
    """The steps of each use of phones."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def offer(self, account: Account, provider: UUID, carer: str) -> Enrolment:
        """Make a code that enrols one phone of a carer within 24 hours; raises `invalid` for an unknown carer."""
        code, now = domain.new_code(), self._clock.now()
        expires_at = now + domain.CODE_LIFE
        try:
            async with self._database.transaction("offer_enrolment", provider=provider) as connection:
                await store.insert_enrolment(
                    connection,
                    provider,
                    domain.code_hash(code) or b"",
                    carer=carer,
                    created_by=account.account_id,
                    created_at=now,
                    expires_at=expires_at,
                )
                await record(
                    connection,
                    provider,
                    EventTag.ENROLMENT_OFFERED,
                    account.username,
                    carer,
                    {"expires_at": expires_at.isoformat()},
                    now,
                )
        except ConstraintViolated as broken:
            if broken.name == "enrolments_carer_known":
                raise INVALID.because(f"There is no carer {carer}; import the carers first.") from None
            raise
        return Enrolment(code, carer, expires_at)

    async def enrol(self, code: str, device_id: UUID, jwk: Mapping[str, object], proof: str) -> Enrolled:
        """Enrol the phone that shows an unused code and proves that it holds the private key of `jwk`.

        The same code, device and key again give the same answer. Raises the problems `key-unusable`, `proof-wrong`,
        `code-unknown`, `code-used`, `code-expired` and `device-known`.
        """
        public_key = _key(jwk)
        try:
            check_proof(proof, public_key, device_id, code)
        except Unreadable as error:
            raise PROOF_WRONG.because(error.detail) from None
        except BadSignature as error:
            raise PROOF_WRONG.because(str(error)) from None
        hashed = domain.code_hash(code)
        provider = None if hashed is None else await self._provider_of(hashed, device_id)
        if hashed is None or provider is None:
            raise CODE_UNKNOWN.because("Nobody has offered this code; check each letter and digit of it.")
        try:
            async with self._database.transaction("enrol_device", provider=provider) as connection:
                now = self._clock.now()
                carer = await store.use_enrolment(connection, provider, hashed, device_id, now)
                if carer is None:
                    return await _enrolled_before(connection, provider, hashed, device_id, public_key)
                phone = Phone(provider, device_id, carer, public_key, now, None)
                await store.insert_phone(connection, phone)
                await mark_reference_changed(connection, provider)
                await record(
                    connection,
                    provider,
                    EventTag.PHONE_ENROLLED,
                    str(device_id),
                    str(device_id),
                    {"carer": carer},
                    now,
                )
        except ConstraintViolated as broken:
            if broken.name == "devices_pkey":
                raise _device_known() from None
            raise
        return Enrolled(phone, is_new=True)

    async def listed(self, provider: UUID) -> list[Phone]:
        """List a provider's phones, the revoked ones too."""
        async with self._database.transaction("phones", provider=provider, read_only=True) as connection:
            return await store.phones(connection, provider)

    async def revoke(self, account: Account, provider: UUID, device_id: UUID) -> Phone:
        """Refuse whatever a phone signs from now on; raises `not-found` for an unknown phone."""
        async with self._database.transaction("revoke_device", provider=provider) as connection:
            now = self._clock.now()
            if await store.revoke_phone(connection, provider, device_id, now):
                await mark_reference_changed(connection, provider)
                await record(
                    connection,
                    provider,
                    EventTag.PHONE_REVOKED,
                    account.username,
                    str(device_id),
                    {},
                    now,
                )
            phone = await store.phone(connection, provider, device_id)
        if phone is None:
            raise NOT_FOUND.because("You have no device of this id.")
        return phone

    async def _provider_of(self, hashed: bytes, device_id: UUID) -> UUID | None:
        """Find who offered a code, before anybody's provider is known.

        Raises `device-known` when another provider has a device of that id: a check-in names its device alone.
        """
        async with self._database.transaction("find_enrolment", role="intake", read_only=True) as connection:
            provider = await store.provider_of_enrolment(connection, hashed)
            others = await store.phones_of_ids(connection, [device_id])
        if provider is not None and any(other.provider != provider for other in others):
            raise _device_known()
        return provider


PHONES: Final = web.AppKey("phones", Phones)


def _key(jwk: Mapping[str, object]) -> PublicKey:
    try:
        return PublicKey.from_jwk(jwk)
    except BadKey as error:
        raise KEY_UNUSABLE.because(str(error)) from None


async def _enrolled_before(
    connection: Connection, provider: UUID, hashed: bytes, device_id: UUID, public_key: PublicKey
) -> Enrolled:
    used_by = await store.enrolment_device(connection, provider, hashed)
    if used_by is None:
        raise CODE_EXPIRED.because("The code was not used in the 24 hours of its life; ask the office for another.")
    phone = await store.phone(connection, provider, device_id) if used_by == device_id else None
    if phone is None or phone.public_key != public_key:
        raise CODE_USED.because("The code has enrolled another phone or key; ask the office for another code.")
    return Enrolled(phone, is_new=False)


def _device_known() -> Problem:
    return DEVICE_KNOWN.because("A device of this id is already enrolled; a new enrolment needs a new device id.")
