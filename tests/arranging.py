"""Rows to test with: a provider with clients, carers and a roster, and check-ins as intake stores them."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import asyncpg
import msgspec

from devices.keys import PrivateKey, PublicKey
from ecm.db.pool import Database
from ecm.visits.service import Visits
from ecm.words.civil_time import LONDON
from ecm.words.roles import Account, Role

COUNCIL = "E10000015"
OTHER_COUNCIL = "E10000016"
DAY = date(2026, 11, 20)
DEVICE = UUID(int=1)


class HandClock:
    """A clock that the test moves."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def move_to(self, instant: datetime) -> None:
        self._now = instant


def at(clock: str, day: date = DAY) -> datetime:
    """The instant at which the clocks in England show `HH:MM` or `HH:MM:SS` on this day."""
    hour, minute, second = (int(part) for part in f"{clock}:00".split(":")[:3])
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=LONDON).astimezone(UTC)


def digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


@dataclass
class Arranged:
    """A provider with one branch, and ways to add to it. Care rows go in behind the service's back."""

    database: Database
    superuser: asyncpg.Connection
    provider: UUID = field(default_factory=uuid4)
    branch: str = "L1"
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def begin(self) -> "Arranged":
        for council in (COUNCIL, OTHER_COUNCIL):
            await self.superuser.execute(
                "INSERT INTO councils (council_id, name) VALUES ($1, $1) ON CONFLICT DO NOTHING", council
            )
        await self._put("providers", provider_id=self.provider, name="Invented Care", stored_at=at("00:00"))
        await self._own(
            "branches",
            branch_id=self.branch,
            name="Office",
            cqc_provider_id="1-000000001",
            cqc_location_id="1-000000002",
        )
        return self

    async def carer(self, carer: str) -> str:
        await self._own("carers", carer=carer, branch_id=self.branch)
        return carer

    async def phone(self, carer: str = "W-001", device: UUID = DEVICE) -> PublicKey:
        """Enrol a phone, with a key that follows from its id."""
        key = PrivateKey.from_seed(2 * device.bytes)
        await self._own(
            "devices",
            device_id=device,
            carer=await self.carer(carer),
            public_key=msgspec.json.encode(key.public_jwk()).decode(),
            enrolled_at=at("00:00"),
        )
        return key.public

    async def client(
        self, client: str, *, council: str = COUNCIL, lives_alone: bool = False, lacks_capacity: bool = False
    ) -> str:
        await self._own(
            "clients",
            client=client,
            branch_id=self.branch,
            council_id=council,
            lives_alone=lives_alone,
            lacks_capacity=lacks_capacity,
        )
        return client

    async def commission(
        self, commission: str, client: str, *, council: str = COUNCIL, time_critical: bool = False
    ) -> str:
        await self._own(
            "commissions",
            commission=commission,
            client=client,
            council_id=council,
            contract="A",
            service="personal care",
            start_date=DAY - timedelta(days=90),
            days="MTWTFSS",
            start_time=datetime(2026, 1, 1, 8, tzinfo=UTC).time(),
            minutes=30,
            carers=1,
            time_critical=time_critical,
            short_visit_agreed=False,
        )
        return commission

    async def visit(
        self,
        visit: str,
        client: str,
        start: datetime,
        *,
        minutes: int = 30,
        carers: tuple[str, ...] = ("W-001",),
        commission: str | None = None,
        cancelled: str | None = None,
    ) -> str:
        await self._own(
            "planned_visits",
            visit=visit,
            client=client,
            commission=commission,
            start_at=start,
            minutes=minutes,
            carers=list(carers),
            carers_needed=max(1, len(carers)),
            cancelled=cancelled,
        )
        await self.ask(client, start)
        return visit

    async def ask(self, client: str, around: datetime) -> None:
        """Ask for a fold, as an import does."""
        await self._own("fold_requests", client=client, around=around)

    async def check_in(
        self,
        client: str | None,
        direction: str,
        when: datetime,
        *,
        carer: str = "W-001",
        device: UUID = DEVICE,
        check_in: UUID | None = None,
        hint: str | None = None,
        grade: str = "located",
        received_at: datetime | None = None,
        sequence: int | None = None,
    ) -> tuple[UUID, UUID]:
        """Store a check-in with its request to be folded, as the intake role."""
        number = next(self.numbers)
        key = (self.provider, device, check_in or UUID(int=number))
        signed = f"header.{number}.signature"
        async with self.database.transaction("arrange_check_in", role="intake") as connection:
            await connection.execute(
                """
                INSERT INTO check_ins (provider_id, device_id, check_in_id, sequence, direction, carer, client,
                    visit_hint, device_at, received_at, skew_seconds, occurred_at, evidence, grade, doubts,
                    message_digest, link_digest, signed_part)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $9, '{gps}', $11, '{}', $12, $13, $14)
                """,
                *key,
                number if sequence is None else sequence,
                direction,
                carer,
                client,
                hint,
                when,
                received_at or when,
                grade,
                digest(f"{signed}~disclosure~"),
                digest(signed),
                signed,
            )
            await connection.execute(
                "INSERT INTO fold_requests (provider_id, client, around, device_id, check_in_id, link_digest)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                self.provider,
                client,
                when,
                *key[1:],
                digest(signed),
            )
        return key[1], key[2]

    def account(self, role: Role = "coordinator") -> Account:
        return Account(uuid4(), f"a {role}", role, self.provider, None)

    async def rows(self, table: str) -> list[asyncpg.Record]:
        """Look behind the scenes at all rows of this provider."""
        return await self.superuser.fetch(f"SELECT * FROM {table} WHERE provider_id = $1", self.provider)

    async def _own(self, table: str, **columns: object) -> None:
        await self._put(table, provider_id=self.provider, **columns)

    async def _put(self, table: str, **columns: object) -> None:
        names = ", ".join(columns)
        values = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        await self.superuser.execute(
            f"INSERT INTO {table} ({names}) VALUES ({values}) ON CONFLICT DO NOTHING", *columns.values()
        )


def officer(council: str = COUNCIL) -> Account:
    return Account(uuid4(), "an officer", "council_officer", None, council)


async def fold_what_waits(visits: Visits, limit: int = 200) -> None:
    """Fold whatever waits, until nothing is left."""
    while await visits.fold_pending(limit):
        pass
