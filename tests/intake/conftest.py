"""A provider with one client at home in Leeds, one carer, and a phone that signs."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from prometheus_client import CollectorRegistry

from devices.keys import PrivateKey
from devices.messages import CheckInBody, Direction, Evidence, Gps, LinkRead, Manual
from devices.sd_jwt import link_to, sign_check_in
from ecm.db.pool import Database
from ecm.intake.domain import Answer
from ecm.intake.metrics import intake_metrics
from ecm.intake.service import Intake
from geofences.fences import Circle, to_json

HOME = (53.8008, -1.5491)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
AT_HOME = Gps(HOME[0], HOME[1], 10.0, "w3c", 2, False)


class SetClock:
    """A clock that stands where the test puts it."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


async def post(intake: Intake, *items: object, sent_at: datetime = NOON, source: str = "") -> list[Answer]:
    """Submit items as a phone does."""
    receipt = await intake.submit(msgspec.json.encode({"sent_at": sent_at, "check_ins": items}), source)
    return receipt.answers


@dataclass
class Phone:
    """Signs check-ins as a carer's phone does, each chained to the one before."""

    provider: UUID
    carer: str = "W-1"
    device_id: UUID = field(default_factory=uuid4)
    key: PrivateKey = field(default_factory=PrivateKey.generate)
    sequence: int = 0
    previous: str | None = None

    def sign(
        self,
        direction: Direction = "in",
        *,
        at: datetime = NOON,
        gps: Gps | None = AT_HOME,
        client: str | None = "C-1",
        check_in: UUID | None = None,
        card: str | None = None,
        manual: Manual | None = None,
        carer: str | None = None,
    ) -> str:
        self.sequence += 1
        body = CheckInBody(
            version=1,
            check_in=check_in or uuid4(),
            sequence=self.sequence,
            previous=self.previous,
            direction=direction,
            at=at,
            carer=carer or self.carer,
            client=client,
            evidence=Evidence(qr=LinkRead(card) if card else None, manual=manual),
        )
        posted = sign_check_in(self.key, self.device_id, body, gps)
        self.previous = link_to(posted)
        return posted

    def many(self, count: int) -> list[str]:
        return [self.sign(at=NOON + timedelta(seconds=number)) for number in range(count)]


async def enrol(superuser: asyncpg.Connection, phone: Phone) -> None:
    """Put a phone into the database as enrolment does."""
    await superuser.execute(
        "INSERT INTO devices (provider_id, device_id, carer, public_key, enrolled_at) VALUES ($1, $2, $3, $4, $5)",
        phone.provider,
        phone.device_id,
        phone.carer,
        msgspec.json.encode(phone.key.public_jwk()).decode(),
        NOON,
    )
    await raise_directory_version(superuser, phone.provider)


async def raise_directory_version(superuser: asyncpg.Connection, provider: UUID) -> None:
    """What every change to a provider's directory does in its own transaction."""
    await superuser.execute(
        "INSERT INTO reference_versions VALUES ($1, 1)"
        " ON CONFLICT (provider_id) DO UPDATE SET version = reference_versions.version + 1",
        provider,
    )


async def arrange_provider(superuser: asyncpg.Connection) -> UUID:
    """Store a provider with client C-1 (fenced, 200 m), C-2 (no fence), carers W-1 and W-2, and one QR card of C-1."""
    found = uuid4()
    await superuser.execute("INSERT INTO councils VALUES ('E08000035', 'Leeds')")
    await superuser.execute("INSERT INTO providers VALUES ($1, 'Synthetic Care', $2)", found, NOON)
    await superuser.execute("INSERT INTO provider_keys VALUES ($1, $2)", found, bytes(32))
    await superuser.execute("INSERT INTO branches VALUES ($1, 'L1', 'Leeds', '1-000000001', '1-000000002')", found)
    for carer in ("W-1", "W-2"):
        await superuser.execute("INSERT INTO carers VALUES ($1, $2, 'L1')", found, carer)
    for client in ("C-1", "C-2"):
        await superuser.execute(
            "INSERT INTO clients VALUES ($1, $2, 'L1', 'E08000035', NULL, false, false)", found, client
        )
    await superuser.execute(
        "INSERT INTO fences VALUES ($1, 'C-1', $2)", found, to_json(Circle(HOME[0], HOME[1], 200.0))
    )
    return found


@pytest.fixture
async def provider(superuser: asyncpg.Connection) -> UUID:
    """The provider that `arrange_provider` describes."""
    return await arrange_provider(superuser)


@pytest.fixture
async def phone(superuser: asyncpg.Connection, provider: UUID) -> Phone:
    """An enrolled phone of carer W-1."""
    phone = Phone(provider)
    await enrol(superuser, phone)
    return phone


@pytest.fixture
def clock() -> SetClock:
    """A clock that says noon."""
    return SetClock(NOON)


@pytest.fixture
async def intake(database: Database, clock: SetClock) -> AsyncIterator[Intake]:
    """A running intake on a fresh database."""
    running = Intake(database, clock, intake_metrics(CollectorRegistry()), waiting_limit=1_000_000)
    async with running.running():
        yield running
