"""What about a visit a person must fix or may acknowledge. Typed as in the field's open code list."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from ecm.visits.model import DECLARED, Call, CheckIn, Handling, PlannedVisit, Rules, VisitException

HANDLING: Final = MappingProxyType[str, Handling](
    {
        "no_in": "fix",
        "no_out": "fix",
        "times_reversed": "fix",
        "second_carer_missing": "fix",
        "unknown_carer": "fix",
        "unknown_client": "fix",
        "unscheduled": "acknowledge",
        "duplicate": "acknowledge",
        "outside_fence": "acknowledge",
        "location_indeterminate": "acknowledge",
        "location_withheld": "acknowledge",
        "mock_location": "acknowledge",
        "carer_not_device_owner": "acknowledge",
        "clock_skew": "acknowledge",
        "tag_unknown": "acknowledge",
        "tag_signature_bad": "acknowledge",
        "tag_other_client": "acknowledge",
        "tag_replay": "acknowledge",
        "manual": "acknowledge",
        "too_short": "acknowledge",
        "too_long": "acknowledge",
        "late": "acknowledge",
        "early": "acknowledge",
        "carer_replaced": "acknowledge",
        "perfect_times": "acknowledge",
    }
)

_DOUBTS: Final = frozenset(
    {
        "unknown_carer",
        "unknown_client",
        "outside_fence",
        "location_indeterminate",
        "location_withheld",
        "mock_location",
        "carer_not_device_owner",
        "clock_skew",
    }
)


def exception(kind: str, carer: str | None) -> VisitException:
    """Make an exception of a known kind; raises KeyError for one that is not in `HANDLING`."""
    return VisitException(kind, HANDLING[kind], carer)


def call_exceptions(
    call: Call, check_ins: Iterable[CheckIn], plan: PlannedVisit | None, rules: Rules
) -> Iterator[VisitException]:
    """Yield what is to be said of one call; `check_ins` are those that gave its times, without repeats."""
    kinds = set(_of_times(call))
    kinds.update(_of_evidence(call, check_ins))
    if plan is None:
        kinds.add("unscheduled")
    else:
        kinds.update(_against_plan(call, plan, rules))
    for kind in sorted(kinds):
        yield exception(kind, call.carer)


def visit_exceptions(calls: tuple[Call, ...], plan: PlannedVisit | None) -> Iterator[VisitException]:
    """Yield what is to be said of the visit as a whole: somebody came, but fewer carers than are needed."""
    if plan is not None and plan.cancelled is None and 0 < len(calls) < plan.carers_needed:
        yield exception("second_carer_missing", None)


def _of_times(call: Call) -> Iterator[str]:
    if call.in_at is None:
        yield "no_in"
    if call.out_at is None:
        yield "no_out"
    if call.in_at is not None and call.out_at is not None and call.out_at < call.in_at:
        yield "times_reversed"
    if call.repeat_check_ins:
        yield "duplicate"


def _of_evidence(call: Call, check_ins: Iterable[CheckIn]) -> Iterator[str]:
    for check_in in check_ins:
        for doubt in check_in.doubts:
            if doubt in _DOUBTS or (doubt.startswith("tag_") and doubt in HANDLING):
                yield doubt
    if DECLARED in {call.in_grade, call.out_grade}:
        yield "manual"


def _against_plan(call: Call, plan: PlannedVisit, rules: Rules) -> Iterator[str]:
    if plan.carers and call.carer not in plan.carers:
        yield "carer_replaced"
    if plan.cancelled is not None:
        return
    if call.in_at is not None and call.in_at - plan.start > rules.late:
        yield "late"
    if call.in_at is not None and plan.start - call.in_at > rules.early:
        yield "early"
    if call.delivered_seconds is not None:
        planned_seconds = plan.minutes * 60
        if call.delivered_seconds * 100 < planned_seconds * rules.too_short_percent:
            yield "too_short"
        if call.delivered_seconds > planned_seconds + rules.too_long_minutes * 60:
            yield "too_long"
    if _perfect(call, plan):
        yield "perfect_times"


def _perfect(call: Call, plan: PlannedVisit) -> bool:
    return (
        call.in_grade == call.out_grade == DECLARED
        and _same_minute(call.in_at, plan.start)
        and _same_minute(call.out_at, plan.end)
    )


def _same_minute(instant: datetime | None, minute: datetime) -> bool:
    return instant is not None and timedelta() <= instant - minute < timedelta(minutes=1)
