"""Values to test visits with: one client, times in Europe/London of a named day, ids that count up."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from ecm.visits.domain import FAR, NEAR, Amendment, CheckIn, Limits, PlannedVisit, Reach, Visit, fold, fold_all
from ecm.visits.limits import LONG_MINUTES
from ecm.visits.model import Direction
from ecm.words.civil_time import LONDON

CLIENT = "C-0001"
DAY = date(2026, 11, 20)
LIMITS = Limits()


def at(clock: str, day: date = DAY) -> datetime:
    """The instant at which the clocks show `HH:MM` or `HH:MM:SS` on this day."""
    hour, minute, second = (int(part) for part in f"{clock}:00".split(":")[:3])
    local = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=LONDON)
    return local.astimezone(UTC)


def tap(number: int, direction: Direction, when: datetime, **fields: Any) -> CheckIn:
    usual = CheckIn(
        device_id=UUID(int=1),
        check_in_id=UUID(int=number),
        direction=direction,
        occurred_at=when,
        carer="W-001",
        client=CLIENT,
        grade="located",
    )
    return msgspec.structs.replace(usual, **fields)


def plan(visit: str, start: datetime, minutes: int = 30, **fields: Any) -> PlannedVisit:
    usual = PlannedVisit(visit=visit, start=start, minutes=minutes, client=CLIENT, commission="K-1", carers=("W-001",))
    return msgspec.structs.replace(usual, **fields)


def amend(
    number: int, visit: str, in_at: datetime | None = None, out_at: datetime | None = None, **fields: Any
) -> Amendment:
    usual = Amendment(
        amendment_id=UUID(int=number),
        visit=visit,
        in_at=in_at,
        out_at=out_at,
        carer="W-001",
        made_at=at("18:00") + timedelta(minutes=number),
        made_by="coordinator",
        reason="NO_OUT",
        memo=None,
    )
    return msgspec.structs.replace(usual, **fields)


def folded(
    planned: Iterable[PlannedVisit] = (),
    check_ins: Iterable[CheckIn] = (),
    amendments: Iterable[Amendment] = (),
    day: date = DAY,
    limits: Limits = LIMITS,
) -> tuple[Visit, ...]:
    return fold(CLIENT, day, planned, check_ins, amendments, limits)


def whole(
    planned: Iterable[PlannedVisit] = (), check_ins: Iterable[CheckIn] = (), amendments: Iterable[Amendment] = ()
) -> tuple[Visit, ...]:
    return fold_all(planned, check_ins, amendments, LIMITS)


def reach(longest_minutes: int) -> Reach:
    """How far a client's visits reach, by the longest that is planned."""
    return FAR if longest_minutes > LONG_MINUTES else NEAR


def only(visits: tuple[Visit, ...]) -> Visit:
    (visit,) = visits
    return visit


def kinds(visit: Visit) -> set[str]:
    return {made.kind for made in visit.exceptions}
