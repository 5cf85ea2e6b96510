"""The messages in which visits are shown and changed."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from devices.messages import ManualReason
from ecm.audit.domain import StoredCheckIn
from ecm.visits.domain import Amendment, Limits, Stay, Visit, exceptions_at, status
from ecm.visits.model import Withdrawal
from ecm.visits.service import Day, Detail
from ecm.visits.store import Acknowledgement, StoredVisit, WrittenAmendment
from ecm.words.codes import Code, Instant, Memo


class NewAmendmentMessage(msgspec.Struct, forbid_unknown_fields=True):
    """A changed arrival or departure of one carer; the member that is null stays as it was."""

    amendment: UUID
    carer: Code
    made_at: Instant
    reason: ManualReason
    in_at: Instant | None = None
    out_at: Instant | None = None
    memo: Memo | None = None


class NewAcknowledgementMessage(msgspec.Struct, forbid_unknown_fields=True):
    """That an exception of the visit may stand.

    `occurrence` is the planned start of the visit that was looked at; null stands for whatever is planned now.
    """

    exception: Code
    carer: Code | None = None
    memo: Memo | None = None
    occurrence: Instant | None = None


class NewWithdrawalMessage(msgspec.Struct, forbid_unknown_fields=True):
    """That an amendment does not count, and why."""

    reason: Memo


class AmendmentShown(Amendment, frozen=True):
    """An amendment with when the service wrote it down; `withdrawn` tells who took it back, null where it counts."""

    recorded_at: datetime
    withdrawn: Withdrawal | None


class StayShown(msgspec.Struct):
    """One carer's part in a visit; seconds of elapsed time, null while arrival or departure is unknown."""

    carer: str
    in_at: datetime | None
    out_at: datetime | None
    delivered_seconds: int | None
    in_grade: str | None
    out_grade: str | None
    in_check_in: str | None
    out_check_in: str | None
    amended: bool


class ExceptionShown(msgspec.Struct):
    """Something about a visit that a person must fix or may acknowledge.

    `between` names the two things that cannot both be true, where it is that: `check-in <device>/<id>`,
    `amendment <id>`, `visit <code>`, `outcome <code>`.
    """

    kind: str
    handling: str
    carer: str | None
    acknowledged: bool
    between: list[str]


class VisitShown(msgspec.Struct):
    """A visit as of the answer's instant."""

    provider: UUID
    visit: str
    client: str
    commission: str | None
    planned_start: datetime | None
    planned_minutes: int | None
    carers_needed: int
    status: str
    stays: list[StayShown]
    exceptions: list[ExceptionShown]
    cancelled: str | None
    version: int


class DayShown(msgspec.Struct):
    """The visits of a day in the order of their planned start; `as_of` is the instant their status holds for."""

    day: date
    as_of: datetime
    visits: list[VisitShown]


class VisitDetailShown(msgspec.Struct):
    """A visit with all that it rests on.

    `amendments` holds the withdrawn ones too, and those made before the visit was planned, which name an unplanned one.
    `acknowledgements` holds those of every occurrence; the exceptions tell what is acknowledged of the one planned now.
    """

    as_of: datetime
    day: date
    changed_at: datetime
    visit: VisitShown
    check_ins: tuple[StoredCheckIn, ...]
    amendments: tuple[AmendmentShown, ...]
    acknowledgements: tuple[Acknowledgement, ...]


def day_shown(found: Day, limits: Limits) -> DayShown:
    """Shape a day for an answer."""
    return DayShown(
        found.day,
        found.as_of,
        [
            _visit_shown(
                stored,
                found.as_of,
                limits,
                found.acknowledged.get((stored.provider, stored.visit.visit), frozenset()),
            )
            for stored in found.visits
        ],
    )


def detail_shown(found: Detail, limits: Limits) -> VisitDetailShown:
    """Shape a visit with its evidence for an answer."""
    planned_start = found.stored.visit.planned_start
    acknowledged = frozenset(
        (one.exception, one.carer) for one in found.acknowledgements if one.occurrence == planned_start
    )
    return VisitDetailShown(
        as_of=found.as_of,
        day=found.stored.visit.day,
        changed_at=found.stored.changed_at,
        visit=_visit_shown(found.stored, found.as_of, limits, acknowledged),
        check_ins=found.check_ins,
        amendments=tuple(_amendment_shown(one) for one in found.amendments),
        acknowledgements=found.acknowledgements,
    )


def _amendment_shown(written: WrittenAmendment) -> AmendmentShown:
    fields = msgspec.structs.asdict(written.amendment)
    return AmendmentShown(**fields, recorded_at=written.recorded_at, withdrawn=written.withdrawal)


def _visit_shown(
    stored: StoredVisit, now: datetime, limits: Limits, acknowledged: frozenset[tuple[str, str | None]]
) -> VisitShown:
    visit: Visit = stored.visit
    return VisitShown(
        provider=stored.provider,
        visit=visit.visit,
        client=visit.client,
        commission=visit.commission,
        planned_start=visit.planned_start,
        planned_minutes=visit.planned_minutes,
        carers_needed=visit.carers_needed,
        status=status(visit, now, limits, stored.next_start),
        stays=[_stay_shown(stay) for stay in visit.stays],
        exceptions=[
            ExceptionShown(one.kind, one.handling, one.carer, (one.kind, one.carer) in acknowledged, list(one.between))
            for one in exceptions_at(visit, now, limits)
        ],
        cancelled=visit.cancelled,
        version=stored.version,
    )


def _stay_shown(stay: Stay) -> StayShown:
    return StayShown(
        carer=stay.carer,
        in_at=stay.in_at,
        out_at=stay.out_at,
        delivered_seconds=stay.delivered_seconds,
        in_grade=stay.in_grade,
        out_grade=stay.out_grade,
        in_check_in=stay.in_check_in,
        out_check_in=stay.out_check_in,
        amended=bool(stay.amendments),
    )
