"""The messages of the imports: their history, what undoing does, and plans."""

from datetime import datetime
from typing import Annotated

import msgspec

from ecm.care.domain import ImportKind, PlannedBefore, RosterVisit, StoredImport


class PlannedInErrorMessage(msgspec.Struct, forbid_unknown_fields=True):
    """Why a visit should never have been planned, in words and without names."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=r"^[^\x00]+$")]


class PlannedVisitShown(msgspec.Struct):
    """A planned visit; `cancelled` is the outcome it was given, null while it stands."""

    visit: str
    client: str
    commission: str | None
    planned_start: datetime
    planned_minutes: int
    carers: tuple[str, ...]
    carers_needed: int
    cancelled: str | None


class PlanVersion(msgspec.Struct):
    """What was planned until `changed_at`; `reason` where a person gave one."""

    changed_at: datetime
    changed_by: str
    reason: str | None
    planned: PlannedVisitShown


class PlanVersionList(msgspec.Struct):
    """Earlier plans of a visit, the oldest first."""

    plans: list[PlanVersion]


class ImportList(msgspec.Struct):
    """Imports, the newest first, and how many there are."""

    imports: list[StoredImport]
    total: int


class LeftAsIs(msgspec.Struct, frozen=True):
    """A record that undoing does not put back, and why."""

    code: str
    reason: str


class UndoReport(msgspec.Struct, frozen=True):
    """What undoing an import did or would do; `left` are at most 1,000 of `left_total`."""

    dry_run: bool
    stored: bool
    kind: ImportKind
    put_back: int
    taken_off: int
    left: tuple[LeftAsIs, ...]
    left_total: int


def planned_shown(visit: RosterVisit) -> PlannedVisitShown:
    """Show a planned visit."""
    return PlannedVisitShown(
        visit=visit.code,
        client=visit.client,
        commission=visit.commission,
        planned_start=visit.start_at,
        planned_minutes=visit.minutes,
        carers=visit.carers,
        carers_needed=visit.carers_needed,
        cancelled=visit.cancelled,
    )


def version_shown(version: PlannedBefore) -> PlanVersion:
    """Show what was planned before."""
    return PlanVersion(version.changed_at, version.changed_by, version.reason, planned_shown(version.visit))
