"""Setting delivered against commissioned hours for a council and a provider."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import msgspec
from aiohttp import web

from ecm.db.pool import Connection, Database
from ecm.payments import store
from ecm.payments.domain import Sources, valid_version
from ecm.payments.hours_process import Produce
from ecm.payments.jobs import Form, Job, Part, Produced, Refused
from ecm.payments.messages import ReconciliationMessage
from ecm.visits.service import LIMITS
from ecm.words.clock import Clock
from ecm.words.problems import INVALID, NOT_FOUND
from ecm.words.roles import Account
from reports.contracts import Contract
from reports.periods import Period, whole_weeks

LONGEST_PERIOD: Final = timedelta(days=400)
_AT_ONCE: Final = 2
_MESSAGE: Final = msgspec.json.Decoder(ReconciliationMessage)


@dataclass(frozen=True, slots=True)
class HoursQuery:
    """What somebody asks for: local days, both included; `contract` replays them all under that contract.

    `version` None takes the version valid on the last day. The council or provider that is the asker's own may be None.
    """

    first: date
    last: date
    council: str | None = None
    provider: UUID | None = None
    contract: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Hours:
    """Some lines of a period with all its sums, and the names of those it is between. `replay` None: own contracts."""

    council_name: str
    provider_name: str
    replay: Contract | None
    message: ReconciliationMessage


class Payments:
    """The steps of each use of payments. Hours are worked out by `produce`, in another process (promise 12)."""

    def __init__(self, database: Database, clock: Clock, produce: Produce) -> None:
        self._database = database
        self._clock = clock
        self._produce = produce
        self._working = asyncio.Semaphore(_AT_ONCE)

    async def councils(self, provider: UUID) -> list[tuple[str, str]]:
        """Return the ids and names of the councils that commission a provider."""
        async with self._database.transaction("councils", provider=provider, read_only=True) as connection:
            return await store.councils_of_provider(connection, provider)

    async def file(self, account: Account, query: HoursQuery, form: Form) -> Produced:
        """Set delivered against commissioned hours as they are known now, and return them as the bytes of a file.

        Raises `invalid` for a period or contract that cannot be used, `not-found` for a council, provider or contract
        that is not the asker's to see.
        """
        _, produced = await self._work_out(account, query, form)
        return produced

    async def hours(self, account: Account, query: HoursQuery, part: Part) -> Hours:
        """Return the same with some of its lines, for a page. Raises as `file` does."""
        sources, produced = await self._work_out(account, query, "json", part)
        message = await asyncio.to_thread(_MESSAGE.decode, produced.content)
        return Hours(sources.council_name, sources.provider_name, sources.replay, message)

    async def _work_out(
        self, account: Account, query: HoursQuery, form: Form, part: Part | None = None
    ) -> tuple[Sources, Produced]:
        council, provider = _parties(account, query)
        period = _period(query)
        async with self._working:
            async with self._database.transaction(
                "read_reconciliation",
                provider=account.provider,
                council=account.council,
                read_only=True,
                isolation="repeatable_read",
            ) as connection:
                sources = await _read(connection, council, provider, period, query)
            now = self._clock.now()
            reply = await self._produce(Job(form=form, part=part, now=now, limits=LIMITS, sources=sources))
        if isinstance(reply, Refused):
            raise INVALID.because(reply.detail)
        return sources, reply


PAYMENTS: Final = web.AppKey("payments", Payments)


def _parties(account: Account, query: HoursQuery) -> tuple[str, UUID]:
    council, provider = account.council or query.council, account.provider or query.provider
    if council is None:
        raise INVALID.because("Say which council's hours you want: council is missing.")
    if provider is None:
        raise INVALID.because("Say which provider's hours you want: provider is missing.")
    if query.council not in {None, council} or query.provider not in {None, provider}:
        raise NOT_FOUND.because("These hours are not your account's to see.")
    return council, provider


def _period(query: HoursQuery) -> Period:
    for name, day in (("from", query.first), ("to", query.last)):
        if not 2000 <= day.year < 2100:
            raise INVALID.because(f"{name} is in the year {day.year}; it must lie between 2000 and 2099.")
    if query.last < query.first:
        raise INVALID.because(f"The period ends on {query.last}, before it begins on {query.first}.")
    if query.last - query.first >= LONGEST_PERIOD:
        raise INVALID.because(f"The period is longer than {LONGEST_PERIOD.days} days; ask for its parts.")
    if query.version is not None and query.contract is None:
        raise INVALID.because("version says which version of a contract to use: contract is missing.")
    return Period(query.first, query.last)


async def _read(connection: Connection, council: str, provider: UUID, period: Period, query: HoursQuery) -> Sources:
    council_name = await store.council_name(connection, council)
    provider_name = await store.provider_name(connection, provider)
    if council_name is None or provider_name is None or not await store.deals(connection, provider, council):
        raise NOT_FOUND.because(f"Nothing is commissioned between the council {council} and the provider {provider}.")
    contracts = await store.contracts(connection, council)
    replay = _replay(contracts, council, query)
    governing = contracts if replay is None else [replay]
    wider = whole_weeks(period, [contract for contract in governing if contract.cap == "week"])
    return Sources(
        council=council,
        council_name=council_name,
        provider=provider,
        provider_name=provider_name,
        period=period,
        read=wider,
        contracts=contracts,
        commissions=await store.commissions(connection, provider, council, wider),
        visits=await store.visits(connection, provider, council, wider),
        replay=replay,
    )


def _replay(contracts: Sequence[Contract], council: str, query: HoursQuery) -> Contract | None:
    """Choose the version to replay: as asked, else that of the last day, else the contract's first."""
    if query.contract is None:
        return None
    versions = [contract for contract in contracts if contract.code == query.contract]
    if not versions:
        raise NOT_FOUND.because(f"The council {council} has no contract {query.contract} here.")
    if query.version is not None:
        for contract in versions:
            if contract.version == query.version:
                return contract
        raise NOT_FOUND.because(f"The contract {query.contract} of {council} has no version {query.version} here.")
    return valid_version(versions, query.contract, query.last) or min(versions, key=_begins)


def _begins(contract: Contract) -> tuple[date, int]:
    return contract.valid_from, contract.version
