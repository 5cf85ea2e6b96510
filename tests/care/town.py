"""A small town to import into: a council, a provider with a branch, its accounts, and files that fit together."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

from ecm.care.domain import Branch, ImportKind, ImportReport, Provider
from ecm.care.service import Care
from ecm.db.pool import Database
from ecm.intake.fold_requests import FoldRequests
from ecm.phones.service import Phones
from ecm.words.roles import Account
from reports.contracts import example_contract

COUNCIL = "E10000015"
NOW = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)

CARERS = "carer,branch\nW-001,L1\nW-002,L1\n"
CLIENTS = (
    "client,branch,council,name,address,latitude,longitude,lives_alone\n"
    'C-0001,L1,E10000015,Ada Invented,"1 High Street, Hertford",51.7957,-0.0779,yes\n'
    "C-0002,L1,E10000015,,,51.80,-0.08,no\n"
)
COMMISSIONS = (
    "commission,client,council,contract,service,start_date,days,start_time,minutes,carers\n"
    "K-1,C-0001,E10000015,A,personal care,2026-01-01,MTWTFSS,08:00,30,1\n"
    "K-2,C-0002,E10000015,A,personal care,2026-01-01,MTWTF--,12:30,45,2\n"
)
ROSTER = (
    "visit,client,commission,start,minutes,carers\n"
    "V-1,C-0001,K-1,2026-11-20T08:00,30,W-001\n"
    "V-2,C-0002,K-2,2026-11-20T12:30,45,W-001;W-002\n"
    "V-3,C-0001,,2026-11-20T19:00+00:00,30,W-002\n"
)
FILES: dict[ImportKind, str] = {"carers": CARERS, "clients": CLIENTS, "commissions": COMMISSIONS, "roster": ROSTER}


class StillClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.instant = NOW

    def now(self) -> datetime:
        return self.instant


@dataclass(frozen=True, slots=True)
class Town:
    """A council, a provider and who works for them."""

    database: Database
    clock: StillClock
    care: Care
    phones: Phones
    provider: UUID
    operator: Account
    coordinator: Account

    async def take(self, kind: ImportKind, text: str | bytes, *, dry_run: bool = False) -> ImportReport:
        """Import a file of the coordinator's, or of the operator's for UPRNs."""
        account = self.operator if kind == "uprns" else self.coordinator
        body = text.encode() if isinstance(text, str) else text
        return await self.care.import_file(account, kind, body, dry_run=dry_run)

    async def take_all(self) -> None:
        """Import the four files of the town."""
        for kind, text in FILES.items():
            report = await self.take(kind, text)
            assert report.stored, report.rejected


def coordinator_of(provider: UUID) -> Account:
    """Somebody in the office of a provider."""
    return Account(uuid4(), "office", "coordinator", provider, None)


async def build_town(database: Database) -> Town:
    clock = StillClock()
    care, phones = Care(database, clock, FoldRequests()), Phones(database, clock)
    operator = Account(uuid4(), "operator", "operator", None, None)
    await care.store_council(operator, COUNCIL, "Hertfordshire")
    contract = example_contract("a")
    assert contract.council == COUNCIL
    await care.store_contract(operator, contract)
    provider = uuid4()
    branch = Branch("L1", "Hertford", "1-000000001", "1-000000002")
    await care.store_provider(operator, Provider(provider, "Invented Care", (branch,)))
    return Town(database, clock, care, phones, provider, operator, coordinator_of(provider))
