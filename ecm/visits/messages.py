"""The messages in which visits are shown and changed."""

from datetime import date, datetime
from uuid import UUID

import msgspec

from devices.messages import ManualReason
from ecm.audit.messages import CheckInShown, check_in_shown
from ecm.visits.domain import Amendment, Call, Rules, Visit, exceptions_at, status
from ecm.visits.service import Day, Detail
from ecm.visits.store import Acknowledgement, StoredVisit
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


class AmendmentShown(msgspec.Struct):
    """An amendment with who made it; it stands beside the check-ins and never replaces one."""

    amendment: UUID
    visit: str
    carer: str
    in_at: datetime | None
    out_at: datetime | None
    made_at: datetime
    made_by: str
    reason: str
    memo: str | None


class NewAcknowledgementMessage(msgspec.Struct, forbid_unknown_fields=True):
    """That an exception of the visit may stand."""

    exception: Code
    carer: Code | None = None
    memo: Memo | None = None


class AcknowledgementShown(msgspec.Struct):
    """Who let an exception stand, and when."""

    exception: str
    carer: str | None
    acknowledged_by: str
    acknowledged_at: datetime
    memo: str | None


class CallShown(msgspec.Struct):
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
    """Something about a visit that a person must fix or may acknowledge."""

    kind: str
    handling: str
    carer: str | None
    acknowledged: bool


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
    calls: list[CallShown]
    exceptions: list[ExceptionShown]
    cancelled: str | None
    version: int


class DayShown(msgspec.Struct):
    """The visits of a day in the order of their planned start; `as_of` is the instant their status holds for."""

    day: date
    as_of: datetime
    visits: list[VisitShown]


class VisitDetailShown(msgspec.Struct):
    """A visit with all that it rests on."""

    as_of: datetime
    day: date
    changed_at: datetime
    visit: VisitShown
    check_ins: list[CheckInShown]
    amendments: list[AmendmentShown]
    acknowledgements: list[AcknowledgementShown]


def day_shown(found: Day, rules: Rules) -> DayShown:
    """Shape a day for an answer."""
    return DayShown(
        found.day,
        found.as_of,
        [
            _visit_shown(
                stored,
                found.as_of,
                rules,
                found.acknowledged.get((stored.provider, stored.visit.visit), frozenset()),
            )
            for stored in found.visits
        ],
    )


def detail_shown(found: Detail, rules: Rules) -> VisitDetailShown:
    """Shape a visit with its evidence for an answer."""
    acknowledged = frozenset((made.exception, made.carer) for made in found.acknowledgements)
    return VisitDetailShown(
        as_of=found.as_of,
        day=found.stored.visit.day,
        changed_at=found.stored.changed_at,
        visit=_visit_shown(found.stored, found.as_of, rules, acknowledged),
        check_ins=[check_in_shown(check_in) for check_in in found.check_ins],
        amendments=[amendment_shown(made) for made in found.amendments],
        acknowledgements=[acknowledgement_shown(made) for made in found.acknowledgements],
    )


def amendment_shown(made: Amendment) -> AmendmentShown:
    """Shape an amendment for an answer."""
    return AmendmentShown(
        amendment=made.amendment_id,
        visit=made.visit,
        carer=made.carer,
        in_at=made.in_at,
        out_at=made.out_at,
        made_at=made.made_at,
        made_by=made.made_by,
        reason=made.reason,
        memo=made.memo,
    )


def acknowledgement_shown(made: Acknowledgement) -> AcknowledgementShown:
    """Shape an acknowledgement for an answer."""
    return AcknowledgementShown(made.exception, made.carer, made.acknowledged_by, made.acknowledged_at, made.memo)


def _visit_shown(
    stored: StoredVisit, now: datetime, rules: Rules, acknowledged: frozenset[tuple[str, str | None]]
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
        status=status(visit, now, rules, stored.next_start),
        calls=[_call_shown(call) for call in visit.calls],
        exceptions=[
            ExceptionShown(one.kind, one.handling, one.carer, (one.kind, one.carer) in acknowledged)
            for one in exceptions_at(visit, now, rules)
        ],
        cancelled=visit.cancelled,
        version=stored.version,
    )


def _call_shown(call: Call) -> CallShown:
    return CallShown(
        carer=call.carer,
        in_at=call.in_at,
        out_at=call.out_at,
        delivered_seconds=call.delivered_seconds,
        in_grade=call.in_grade,
        out_grade=call.out_grade,
        in_check_in=call.in_check_in,
        out_check_in=call.out_check_in,
        amended=bool(call.amendments),
    )
