"""A council with contracts A and B, a provider, a client with a commission, and visits folded as a test asks."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from ecm.care.domain import Commission
from ecm.db.pool import Database
from ecm.payments import hours_worker
from ecm.payments.domain import Sources
from ecm.payments.jobs import Job, Reply, packed, read_job, read_reply
from ecm.payments.service import Payments
from ecm.visits import store as visits_store
from ecm.visits.domain import Amendment, CheckIn, Limits, PlannedVisit, fold
from ecm.visits.refolding import Folded
from ecm.words.roles import Account
from reports.contracts import Contract, contract_to_json, example_contract
from reports.periods import Period
from tests import arranging
from tests.arranging import COUNCIL, HandClock

CLIENT = "C-0001"
DAY = date(2026, 11, 18)
MIDNIGHT = datetime(2026, 11, 19, tzinfo=UTC)


def at(clock: str, day: date = DAY) -> datetime:
    """The instant at which the clocks of England show this on the day."""
    return arranging.at(clock, day)


def taps(carer: str, arrival: datetime, departure: datetime | None, client: str = CLIENT) -> list[CheckIn]:
    """The check-ins of one carer's stay."""
    phone = uuid4()
    check_ins = [CheckIn(phone, uuid4(), carer, client, "in", arrival, "located", (), 12.0)]
    if departure is not None:
        check_ins.append(CheckIn(phone, uuid4(), carer, client, "out", departure, "located", (), 14.0))
    return check_ins


def commission(**changes: Any) -> Commission:
    """A visit a day since January, as it is stored."""
    given: dict[str, Any] = {
        "code": "K-1",
        "client": CLIENT,
        "council": COUNCIL,
        "contract": "A",
        "service": "personal care",
        "start_date": DAY.replace(month=1),
        "end_date": None,
        "days": "MTWTFSS",
        "start_time": time(8),
        "minutes": 30,
        "carers": 1,
        "time_critical": False,
        "short_visit_agreed": False,
    }
    return Commission(**given | changes)


def sources(**changes: Any) -> Sources:
    """A day of one commission, and no visits."""
    period = changes.get("period", Period(DAY, DAY))
    given: dict[str, Any] = {
        "council": COUNCIL,
        "council_name": "Hertfordshire",
        "provider": UUID(int=1),
        "provider_name": "Synthetic Care",
        "period": period,
        "read": period,
        "contracts": [example_contract("a")],
        "commissions": [commission()],
        "visits": [],
        "replay": None,
    }
    return Sources(**given | changes)


async def produce_here(job: Job) -> Reply:
    """Do a job in this process, from the same bytes and to the same bytes as in the other."""
    reply = await asyncio.to_thread(lambda: packed(hours_worker.produce(read_job(packed(job)))))
    return read_reply(reply)


@dataclass
class World:
    """The database as the tests arrange it, and the service under test."""

    superuser: asyncpg.Connection
    database: Database
    clock: HandClock
    provider: UUID = field(default_factory=uuid4)

    @property
    def payments(self) -> Payments:
        return Payments(self.database, self.clock, produce_here)

    @property
    def officer(self) -> Account:
        return Account(uuid4(), "officer", "council_officer", None, COUNCIL)

    @property
    def coordinator(self) -> Account:
        return Account(uuid4(), "coordinator", "coordinator", self.provider, None)

    async def arrange(self) -> None:
        await self.superuser.execute("INSERT INTO councils VALUES ($1, 'Hertfordshire')", COUNCIL)
        await self.superuser.execute("INSERT INTO providers VALUES ($1, 'Synthetic Care', $2)", self.provider, MIDNIGHT)
        await self.superuser.execute(
            "INSERT INTO branches VALUES ($1, 'L1', 'North', '1-000000001', '1-000000002')", self.provider
        )
        for contract in (example_contract("a"), example_contract("b")):
            await self.contract(contract)
        for carer in ("W-1", "W-2"):
            await self.superuser.execute("INSERT INTO carers VALUES ($1, $2, 'L1')", self.provider, carer)
        await self.client(CLIENT)

    async def contract(self, contract: Contract) -> None:
        await self.superuser.execute(
            "INSERT INTO contracts VALUES ($1, $2, $3, $4, $5)",
            contract.council,
            contract.code,
            contract.version,
            contract_to_json(contract).decode(),
            MIDNIGHT,
        )

    async def client(self, client: str, council: str = COUNCIL) -> None:
        await self.superuser.execute(
            "INSERT INTO clients VALUES ($1, $2, 'L1', $3, NULL, false, false)", self.provider, client, council
        )

    async def commission(self, code: str = "K-1", **changes: Any) -> None:
        bought = {
            "client": CLIENT,
            "council_id": COUNCIL,
            "contract": "A",
            "service": "personal care",
            "start_date": DAY,
            "end_date": None,
            "days": "MTWTFSS",
            "start_time": time(8),
            "minutes": 30,
            "carers": 1,
            "time_critical": False,
            "short_visit_agreed": False,
        } | changes
        await self.superuser.execute(
            f"INSERT INTO commissions (provider_id, commission, {', '.join(bought)})"
            f" VALUES ($1, $2, {', '.join(f'${number}' for number in range(3, 3 + len(bought)))})",
            self.provider,
            code,
            *bought.values(),
        )

    async def fold(
        self,
        planned: list[PlannedVisit],
        check_ins: list[CheckIn] | None = None,
        amendments: list[Amendment] | None = None,
        *,
        day: date = DAY,
        client: str = CLIENT,
        council: str = COUNCIL,
    ) -> None:
        """Store the visits of a client and day as the fold makes them."""
        visits = fold(client, day, planned, check_ins or [], amendments or [], Limits())
        async with self.database.transaction("arrange_visits", provider=self.provider) as connection:
            folded = [Folded(visit, council, visits_store.document(visit)) for visit in visits]
            await visits_store.write_visits(connection, self.provider, folded, MIDNIGHT)


def plan(visit: str = "V-1", start: str = "08:00", *, day: date = DAY, **changes: Any) -> PlannedVisit:
    """A visit of the roster."""
    given: dict[str, Any] = {"client": CLIENT, "commission": "K-1", "minutes": 30, "carers": ("W-1",)} | changes
    return PlannedVisit(visit=visit, start=at(start, day), **given)
