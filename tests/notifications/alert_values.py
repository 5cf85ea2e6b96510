"""Alerts and facts to test notifications with: one missed visit of eight o'clock, known of at nine."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from ecm.alerts.domain import Alert, Fact, FactKind
from ecm.notifications.domain import Assessment, Circumstances, Policy, Surroundings, assess

PLANNED = datetime(2026, 11, 20, 8, tzinfo=UTC)
AWARE = PLANNED + timedelta(hours=1)
LATER = AWARE + timedelta(hours=3)
PROVIDER = UUID(int=9)
DISPROOF = "Disproved by check-in 1/2."
DISPROVED: dict[str, Any] = {"state": "withdrawn", "state_reason": DISPROOF}


def alert(kind: str = "missed_visit", number: int = 1, **known: Any) -> Alert:
    values: dict[str, Any] = {
        "alert_id": UUID(int=number),
        "branch_id": "L1",
        "kind": kind,
        "client": "C-0001",
        "visit": "V-1",
        "occurred_at": PLANNED,
        "raised_at": AWARE,
        "carer": None,
        "source": "watcher",
        "raised_by": "service",
    }
    return Alert(**values | known)


def fact(kind: FactKind, minutes: int = 30, **known: Any) -> Fact:
    return fact_at(kind, AWARE + timedelta(minutes=minutes), **known)


def fact_at(kind: FactKind, when: datetime, **known: Any) -> Fact:
    values: dict[str, Any] = {"alert_id": UUID(int=1), "fact_id": UUID(int=2), "memo": None, "cause": None}
    return Fact(kind=kind, at=when, recorded_by="coordinator:a", recorded_at=when, **values | known)


CONTACT = fact("welfare_contact")
HARM = fact("harm")
CONCERN = fact("safeguarding_raised")


def assessed(
    found: Alert, circumstances: Circumstances | None = None, around: Surroundings | None = None, now: datetime = LATER
) -> Assessment:
    return assess(found, circumstances or Circumstances(), around or Surroundings(), Policy(), now)
