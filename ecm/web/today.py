"""The day: what is due, going on, done, late and missed, with the exceptions of each visit and the open alerts."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec
from aiohttp import web

from ecm.alerts.domain import Alert
from ecm.alerts.service import ALERTS
from ecm.care.service import CARE
from ecm.http.paging import NumberedPage
from ecm.http.requests import CLOCK, account_of, read_query
from ecm.intake.homes import HOMES, Numbers
from ecm.visits.domain import Limits, Visit
from ecm.visits.messages import VisitShown, day_shown
from ecm.visits.service import VISITS, Day
from ecm.web.rendering import Shell, day_words, render
from ecm.web.session import see_other
from ecm.words.civil_time import london_day
from ecm.words.problems import INVALID
from ecm.words.roles import OFFICE, Account

Group = Literal["due", "in_progress", "done", "late", "missed", "cancelled", "attention"]
ROWS_A_PAGE: Final = 200
ALERTS_A_PAGE: Final = 100
GROUPS: Final[tuple[tuple[Group, str], ...]] = (
    ("due", "Due"),
    ("in_progress", "In progress"),
    ("done", "Done"),
    ("late", "Late"),
    ("missed", "Missed"),
    ("cancelled", "Cancelled"),
    ("attention", "To fix or acknowledge"),
)
_GROUP_OF: Final[dict[str, Group]] = {
    "due": "due",
    "in_progress": "in_progress",
    "end_unknown": "attention",
    "done": "done",
    "done_late": "done",
    "late": "late",
    "presumed_missed": "missed",
    "missed": "missed",
    "cancelled": "cancelled",
}


class TodayQuery(msgspec.Struct):
    """Which day, whose visits and which of them; `page` is of the visits and `alerts` of the open alerts."""

    day: date | None = None
    provider: UUID | None = None
    status: Group | None = None
    page: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1
    alerts: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1


@dataclass(frozen=True, slots=True)
class Count:
    """How many visits of the day are in a group."""

    group: Group
    name: str
    number: int


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit as shown, and those of its rostered carers who have not come."""

    visit: VisitShown
    expected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TodayView:
    """The page of a day; `page` counts the visits in the group that is looked at, and `rows` are those it shows.

    `alerts` are those that page `alert_page` of the open alerts shows, the gravest first. `live_on` is
    the first day of whose visits alerts are raised.
    """

    day: date
    today: date
    as_of: datetime
    query: TodayQuery
    providers: list[tuple[UUID, str]]
    provider: UUID | None
    counts: list[Count]
    total: int
    rows: Sequence[VisitRow]
    page: NumberedPage
    alerts: list[Alert]
    alert_page: NumberedPage
    live_on: date | None
    may_act: bool
    numbers: Numbers

    @property
    def before(self) -> date:
        """The day before."""
        return self.day - timedelta(days=1)

    @property
    def after(self) -> date:
        """The day after."""
        return self.day + timedelta(days=1)


async def get_today(request: web.Request) -> web.StreamResponse:
    """Show the visits of a day; an operator, who has none, is led to the imports."""
    account = account_of(request)
    if account.role == "operator":
        return see_other("/imports")
    query = read_query(request, TodayQuery)
    today = london_day(request.app[CLOCK].now())
    day = query.day or today
    if not 2001 <= day.year < 2099:
        raise INVALID.because("The day must lie between 2001 and 2098.")
    providers = await request.app[CARE].providers(account) if account.council else []
    provider = query.provider or account.provider or (providers[0][0] if providers else None)
    visits = request.app[VISITS]
    found = await visits.day(account, day, provider)
    rows = await asyncio.to_thread(_rows, found, visits.limits)
    matching = [row for row in rows if query.status is None or query.status in _groups(row.visit)]
    alerts, alert_page = await _open_alerts(request, account, query.alerts if day == today else None)
    page = NumberedPage(query.page, ROWS_A_PAGE, len(matching))
    view = TodayView(
        day=day,
        today=today,
        as_of=found.as_of,
        query=query,
        providers=providers,
        provider=provider,
        counts=_counts(rows),
        total=len(rows),
        rows=matching[page.skipped : page.last],
        page=page,
        alerts=alerts,
        alert_page=alert_page,
        live_on=await _live_day(request, provider),
        may_act=account.role in OFFICE,
        numbers=Numbers() if account.provider is None else await request.app[HOMES].numbers(account.provider),
    )
    return await render(request, "today.html", Shell(_title(day, today)), view)


def _title(day: date, today: date) -> str:
    return "Today’s visits" if day == today else f"Visits on {day_words(day)}"


def _rows(found: Day, limits: Limits) -> list[VisitRow]:
    shown = day_shown(found, limits).visits
    return [VisitRow(visit, _expected(visit, stored.visit)) for visit, stored in zip(shown, found.visits, strict=True)]


def _expected(shown: VisitShown, visit: Visit) -> tuple[str, ...]:
    came = {stay.carer for stay in shown.stays}
    return tuple(carer for carer in visit.rostered if carer not in came)


def _groups(visit: VisitShown) -> set[Group]:
    groups = {_GROUP_OF[visit.status]}
    if any(not exception.acknowledged for exception in visit.exceptions):
        groups.add("attention")
    return groups


def _counts(rows: list[VisitRow]) -> list[Count]:
    found = Counter(group for row in rows for group in _groups(row.visit))
    return [Count(group, name, found[group]) for group, name in GROUPS]


async def _open_alerts(request: web.Request, account: Account, number: int | None) -> tuple[list[Alert], NumberedPage]:
    """A page of the open alerts, the gravest first; none on another day, or for who may see none."""
    if account.provider is None or number is None:
        return [], NumberedPage(1, ALERTS_A_PAGE, 0)
    return await request.app[ALERTS].open_gravest_first(account.provider, number, ALERTS_A_PAGE)


async def _live_day(request: web.Request, provider: UUID | None) -> date | None:
    return None if provider is None else (await request.app[CARE].live_days([provider])).get(provider)
