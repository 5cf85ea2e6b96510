"""What about a visit a person must fix or may acknowledge. Typed as in the field's open code list."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from ecm.visits.model import DECLARED, CheckIn, Handling, Limits, PlannedVisit, Stay, VisitException

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


def stay_exceptions(
    stay: Stay, check_ins: Iterable[CheckIn], plan: PlannedVisit | None, limits: Limits
) -> Iterator[VisitException]:
    """Yield what is to be said of one stay; `check_ins` are those that gave its times, without repeats."""
    kinds = set(_of_times(stay))
    kinds.update(_of_evidence(stay, check_ins))
    if plan is None:
        kinds.add("unscheduled")
    else:
        kinds.update(_against_plan(stay, plan, limits))
    for kind in sorted(kinds):
        yield exception(kind, stay.carer)


def visit_exceptions(stays: tuple[Stay, ...], plan: PlannedVisit | None) -> Iterator[VisitException]:
    """Yield what is to be said of the visit as a whole: somebody came, but fewer carers than are needed."""
    if plan is not None and plan.cancelled is None and 0 < len(stays) < plan.carers_needed:
        yield exception("second_carer_missing", None)


def _of_times(stay: Stay) -> Iterator[str]:
    if stay.in_at is None:
        yield "no_in"
    if stay.out_at is None:
        yield "no_out"
    if stay.in_at is not None and stay.out_at is not None and stay.out_at < stay.in_at:
        yield "times_reversed"
    if stay.repeat_check_ins:
        yield "duplicate"


def _of_evidence(stay: Stay, check_ins: Iterable[CheckIn]) -> Iterator[str]:
    for check_in in check_ins:
        for doubt in check_in.doubts:
            if doubt in _DOUBTS or (doubt.startswith("tag_") and doubt in HANDLING):
                yield doubt
    if DECLARED in {stay.in_grade, stay.out_grade}:
        yield "manual"


def _against_plan(stay: Stay, plan: PlannedVisit, limits: Limits) -> Iterator[str]:
    if plan.carers and stay.carer not in plan.carers:
        yield "carer_replaced"
    if plan.cancelled is not None:
        return
    if stay.in_at is not None and stay.in_at - plan.start > limits.late:
        yield "late"
    if stay.in_at is not None and plan.start - stay.in_at > limits.early:
        yield "early"
    if stay.delivered_seconds is not None:
        planned_seconds = plan.minutes * 60
        if stay.delivered_seconds * 100 < planned_seconds * limits.too_short_percent:
            yield "too_short"
        if stay.delivered_seconds > planned_seconds + limits.too_long_minutes * 60:
            yield "too_long"
    if _perfect(stay, plan):
        yield "perfect_times"


def _perfect(stay: Stay, plan: PlannedVisit) -> bool:
    return (
        stay.in_grade == stay.out_grade == DECLARED
        and _same_minute(stay.in_at, plan.start)
        and _same_minute(stay.out_at, plan.end)
    )


def _same_minute(instant: datetime | None, minute: datetime) -> bool:
    return instant is not None and timedelta() <= instant - minute < timedelta(minutes=1)
