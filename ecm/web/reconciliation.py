"""Delivered against commissioned hours: choose whose and when, read each line with its trace, download the files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final
from uuid import UUID

import msgspec
from aiohttp import web

from ecm.care.service import CARE
from ecm.http.paging import NumberedPage
from ecm.http.requests import CLOCK, account_of, read_query
from ecm.payments.jobs import Form, Part
from ecm.payments.service import PAYMENTS, Hours, HoursQuery
from ecm.web.rendering import Shell, address, render
from ecm.words.civil_time import london_day
from ecm.words.problems import Problem
from ecm.words.roles import Account
from reports.contracts import Contract

LINES_A_PAGE: Final = 200
_TITLE: Final = "Delivered against commissioned hours"


class ReconciliationPageQuery(msgspec.Struct):
    """What the form sends: `contract` is a code and version such as A@1, and without it each line has its own."""

    first: date | None = msgspec.field(name="from", default=None)
    last: date | None = msgspec.field(name="to", default=None)
    provider: UUID | None = None
    council: Annotated[str, msgspec.Meta(max_length=20)] | None = None
    contract: Annotated[str, msgspec.Meta(pattern=r"^([^@]{1,40}@[1-9][0-9]{0,8})?$")] | None = None
    page: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1


@dataclass(frozen=True, slots=True)
class Partner:
    """Whom the hours can be with: a provider for a council officer, a council for an office."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class ReconciliationView:
    """The form and, where it could be answered, the hours. `parameter` is what the form calls the partner."""

    query: HoursQuery
    parameter: str
    partner: str | None
    partners: list[Partner]
    contracts: list[Contract]
    contract: str | None
    number: int
    mistake: str | None
    hours: Hours | None

    def parameters(self) -> dict[str, object]:
        """What names this reconciliation in an address of this page."""
        return {
            self.parameter: self.partner,
            "from": self.query.first,
            "to": self.query.last,
            "contract": self.contract,
        }

    @property
    def page(self) -> NumberedPage:
        """Which of the lines are shown."""
        return NumberedPage(self.number, LINES_A_PAGE, 0 if self.hours is None else self.hours.message.totals.lines)

    def download(self, kind: Form) -> str:
        """Return the address of the file."""
        contract = {"contract": self.query.contract, "version": self.query.version}
        return address("/v1/reconciliation", **(self.parameters() | contract | {"format": kind}))

    def page_address(self, number: int) -> str:
        """Return the address of a page of lines."""
        return address("/reconciliation", **self.parameters(), page=number)


async def get_reconciliation(request: web.Request) -> web.StreamResponse:
    """Show the form, and the hours of what it asks for: at first the current day with the first partner."""
    account = account_of(request)
    chosen = read_query(request, ReconciliationPageQuery)
    partners = await _partners(request, account)
    query = _query(request, account, chosen, partners)
    mistake, status, hours = None, 200, None
    part = Part((chosen.page - 1) * LINES_A_PAGE, LINES_A_PAGE)
    if partners or query.council or query.provider:
        try:
            hours = await request.app[PAYMENTS].hours(account, query, part)
        except Problem as problem:
            mistake, status = problem.detail, problem.kind.status
    contracts = await request.app[CARE].contracts(account)
    council = account.council or query.council
    view = ReconciliationView(
        query=query,
        parameter="provider" if account.council else "council",
        partner=str(query.provider) if account.council and query.provider else query.council,
        partners=partners,
        contracts=[contract for contract in contracts if contract.council == council],
        contract=chosen.contract,
        number=chosen.page,
        mistake=mistake,
        hours=hours,
    )
    return await render(request, "reconciliation.html", Shell(_TITLE), view, status)


async def _partners(request: web.Request, account: Account) -> list[Partner]:
    if account.provider is not None:
        councils = await request.app[PAYMENTS].councils(account.provider)
        return [Partner(council, name) for council, name in councils]
    return [Partner(str(provider), name) for provider, name in await request.app[CARE].providers(account)]


def _query(
    request: web.Request, account: Account, chosen: ReconciliationPageQuery, partners: Sequence[Partner]
) -> HoursQuery:
    today = london_day(request.app[CLOCK].now())
    provider, council = chosen.provider, chosen.council or None
    if account.council is not None and provider is None and partners:
        provider = UUID(partners[0].key)
    if account.provider is not None and council is None and partners:
        council = partners[0].key
    code, _, version = (chosen.contract or "").partition("@")
    return HoursQuery(
        first=chosen.first or chosen.last or today,
        last=chosen.last or chosen.first or today,
        council=council,
        provider=provider,
        contract=code or None,
        version=int(version) if version else None,
    )
