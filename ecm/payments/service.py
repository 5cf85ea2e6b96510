"""Setting delivered against commissioned hours for a council and a provider."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

import msgspec
from aiohttp import web

from ecm.care.domain import Commission
from ecm.db.pool import Connection, Database
from ecm.payments import domain, store
from ecm.payments.domain import FoldedVisit, View
from ecm.payments.drawing import Draw
from ecm.payments.messages import ReconciliationMessage
from ecm.payments.orders import Drawn, Form, Order, Part, Refused
from ecm.visits.service import RULES
from ecm.words.clock import Clock
from ecm.words.problems import INVALID, NOT_FOUND
from ecm.words.roles import Account
from reports.contracts import Contract
from reports.periods import Period, whole_weeks

LONGEST_PERIOD: Final = timedelta(days=400)
_AT_ONCE: Final = 2
_TOLD: Final = msgspec.json.Decoder(ReconciliationMessage)


@dataclass(frozen=True, slots=True)
class Asked:
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
    told: ReconciliationMessage


@dataclass(frozen=True, slots=True)
class _Read:
    council_name: str
    provider_name: str
    contracts: list[Contract]
    commissions: list[Commission]
    visits: list[FoldedVisit]
    replay: Contract | None
    read: Period


class Payments:
    """The steps of each use of payments. Frames are worked on by `draw`, in another process (promise 12)."""

    def __init__(self, database: Database, clock: Clock, draw: Draw) -> None:
        self._database = database
        self._clock = clock
        self._draw = draw
        self._working = asyncio.Semaphore(_AT_ONCE)

    async def councils(self, provider: UUID) -> list[tuple[str, str]]:
        """Return the ids and names of the councils that commission a provider."""
        async with self._database.transaction("councils", provider=provider, read_only=True) as connection:
            return await store.councils_of_provider(connection, provider)

    async def file(self, account: Account, asked: Asked, form: Form) -> Drawn:
        """Set delivered against commissioned hours as they are known now, and return them as the bytes of a file.

        Raises `invalid` for a period or contract that cannot be used, `not-found` for a council, provider or contract
        that is not the asker's to see.
        """
        _, drawn = await self._drawn(account, asked, form)
        return drawn

    async def hours(self, account: Account, asked: Asked, part: Part) -> Hours:
        """Return the same with some of its lines, for a page. Raises as `file` does."""
        read, drawn = await self._drawn(account, asked, "json", part)
        told = await asyncio.to_thread(_TOLD.decode, drawn.content)
        return Hours(read.council_name, read.provider_name, read.replay, told)

    async def _drawn(self, account: Account, asked: Asked, form: Form, part: Part | None = None) -> tuple[_Read, Drawn]:
        council, provider = _parties(account, asked)
        period = _period(asked)
        async with self._working:
            async with self._database.transaction(
                "read_reconciliation",
                provider=account.provider,
                council=account.council,
                read_only=True,
                isolation="repeatable_read",
            ) as connection:
                read = await _read(connection, council, provider, period, asked)
            view = View(provider, council, self._clock.now(), RULES)
            reply = await self._draw(_order(read, period, view, form, part))
        if isinstance(reply, Refused):
            raise INVALID.because(reply.detail)
        return read, reply


PAYMENTS: Final = web.AppKey("payments", Payments)


def _parties(account: Account, asked: Asked) -> tuple[str, UUID]:
    council, provider = account.council or asked.council, account.provider or asked.provider
    if council is None:
        raise INVALID.because("Say which council's hours you want: council is missing.")
    if provider is None:
        raise INVALID.because("Say which provider's hours you want: provider is missing.")
    if asked.council not in {None, council} or asked.provider not in {None, provider}:
        raise NOT_FOUND.because("These hours are not your account's to see.")
    return council, provider


def _period(asked: Asked) -> Period:
    for name, day in (("from", asked.first), ("to", asked.last)):
        if not 2000 <= day.year < 2100:
            raise INVALID.because(f"{name} is in the year {day.year}; it must lie between 2000 and 2099.")
    if asked.last < asked.first:
        raise INVALID.because(f"The period ends on {asked.last}, before it begins on {asked.first}.")
    if asked.last - asked.first >= LONGEST_PERIOD:
        raise INVALID.because(f"The period is longer than {LONGEST_PERIOD.days} days; ask for its parts.")
    if asked.version is not None and asked.contract is None:
        raise INVALID.because("version says which version of a contract to use: contract is missing.")
    return Period(asked.first, asked.last)


async def _read(connection: Connection, council: str, provider: UUID, period: Period, asked: Asked) -> _Read:
    council_name = await store.council_name(connection, council)
    provider_name = await store.provider_name(connection, provider)
    if council_name is None or provider_name is None or not await store.deals(connection, provider, council):
        raise NOT_FOUND.because(f"Nothing is commissioned between the council {council} and the provider {provider}.")
    contracts = await store.contracts(connection, council)
    replay = _replay(contracts, council, asked)
    governing = contracts if replay is None else [replay]
    wider = whole_weeks(period, [contract for contract in governing if contract.cap == "week"])
    commissions = await store.commissions(connection, provider, council, wider)
    visits = await store.visits(connection, provider, council, wider)
    return _Read(council_name, provider_name, contracts, commissions, visits, replay, wider)


def _replay(contracts: Sequence[Contract], council: str, asked: Asked) -> Contract | None:
    """Choose the version to replay: as asked, else that of the last day, else the contract's first."""
    if asked.contract is None:
        return None
    versions = [contract for contract in contracts if contract.code == asked.contract]
    if not versions:
        raise NOT_FOUND.because(f"The council {council} has no contract {asked.contract} here.")
    if asked.version is not None:
        for contract in versions:
            if contract.version == asked.version:
                return contract
        raise NOT_FOUND.because(f"The contract {asked.contract} of {council} has no version {asked.version} here.")
    return domain.valid_version(versions, asked.contract, asked.last) or min(versions, key=_begins)


def _begins(contract: Contract) -> tuple[date, int]:
    return contract.valid_from, contract.version


def _order(read: _Read, period: Period, view: View, form: Form, part: Part | None) -> Order:
    return Order(
        form=form,
        part=part,
        provider_name=read.provider_name,
        view=view,
        period=period,
        read=read.read,
        contracts=read.contracts,
        commissions=read.commissions,
        visits=read.visits,
        replay=read.replay,
    )
