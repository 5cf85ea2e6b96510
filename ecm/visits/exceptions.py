"""What about a visit a person must fix or may acknowledge. Typed as in the field's open code list."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from types import MappingProxyType
from typing import Final

from devices.messages import READING_DOUBTS
from ecm.visits.amended import Attended
from ecm.visits.limits import Limits
from ecm.visits.model import AT_THE_DOOR, DECLARED, Handling, PlannedVisit, Stay, VisitException
from ecm.visits.slots import SlotTime, slot_times

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
        "paused": "acknowledge",
        "handed_over": "acknowledge",
        "looking_on": "acknowledge",
        "shared_stay": "acknowledge",
        "cancelled_but_attended": "acknowledge",
        "amended_against_check_in": "acknowledge",
        "overlapping_stays": "acknowledge",
        "two_homes_at_once": "acknowledge",
        "phone_in_two_homes": "acknowledge",
        "double_planned": "acknowledge",
        "sequence_reversed": "acknowledge",
        "attached_by_office": "acknowledge",
        "client_from_tag": "acknowledge",
        **dict.fromkeys(READING_DOUBTS, "acknowledge"),
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
        "attached_by_office",
        "client_from_tag",
        *READING_DOUBTS,
    }
)


def exceptions_of(
    came: Sequence[tuple[Attended, Stay]], plan: PlannedVisit | None, limits: Limits
) -> tuple[VisitException, ...]:
    """Return what is to be said of a visit, in order: of each stay, of each slot, and of the whole."""
    found = set(_of_the_whole(came, plan))
    for attended, stay in came:
        found.update(_of_stay(attended, stay, plan))
    for carer in _paused(stay for _, stay in came):
        found.add(_exception("paused", carer))
    for slot in slot_times(stay for _, stay in came):
        found.update(_of_slot(slot, plan, limits))
    return tuple(sorted(found, key=lambda one: (one.kind, one.carer or "", one.between)))


def _exception(kind: str, carer: str | None, *between: str) -> VisitException:
    return VisitException(kind, HANDLING[kind], carer, between)


def _of_the_whole(came: Sequence[tuple[Attended, Stay]], plan: PlannedVisit | None) -> Iterator[VisitException]:
    if plan is None or not came:
        return
    if plan.cancelled is None:
        if len({stay.slot for _, stay in came} - {None}) < plan.carers_needed:
            yield _exception("second_carer_missing", None)
    elif _attended(came, plan):
        yield _exception("cancelled_but_attended", None, f"outcome {plan.cancelled}", _first_sign(came))


def _attended(came: Sequence[tuple[Attended, Stay]], plan: PlannedVisit) -> bool:
    """Say whether a visit that was cancelled was made. After no reply or a refusal a call at the door was not."""
    if plan.cancelled not in AT_THE_DOOR:
        return True
    seconds: Counter[str] = Counter()
    for _, stay in came:
        seconds[stay.carer] += stay.delivered_seconds or 0
    return max(seconds.values()) * 2 >= plan.minutes * 60


def _first_sign(came: Sequence[tuple[Attended, Stay]]) -> str:
    """The visit's first check-in, or without one the amendment of its first stay."""
    taps = [tap for attended, _ in came for tap in (attended.arrival, attended.departure, *attended.repeats) if tap]
    if taps:
        return f"check-in {min(taps, key=lambda tap: tap.order).ref}"
    return f"amendment {came[0][0].amended_in or came[0][0].amended_out}"


def _of_stay(attended: Attended, stay: Stay, plan: PlannedVisit | None) -> Iterator[VisitException]:
    at_the_door = plan is not None and plan.cancelled in AT_THE_DOOR
    kinds = set(_of_evidence(attended))
    if plan is None:
        kinds.add("unscheduled")
    if stay.slot is None:
        kinds.add("looking_on")
    elif plan is not None and plan.carers and stay.carer not in plan.carers:
        kinds.add("carer_replaced")
    if not at_the_door:
        kinds.update(kind for kind, time in (("no_in", stay.in_at), ("no_out", stay.out_at)) if time is None)
    if stay.in_at is not None and stay.out_at is not None and stay.out_at < stay.in_at:
        kinds.add("times_reversed")
    if plan is not None and _perfect(attended, plan):
        kinds.add("perfect_times")
    for kind in sorted(kinds):
        yield _exception(kind, stay.carer)
    if stay.shared_with:
        yield _exception("shared_stay", stay.carer, *(f"visit {other}" for other in stay.shared_with))
    yield from _amended_against(attended)


def _of_evidence(attended: Attended) -> Iterator[str]:
    for check_in in (attended.arrival, attended.departure, *attended.repeats):
        if check_in is None:
            continue
        for doubt in check_in.doubts:
            if doubt in _DOUBTS or (doubt.startswith("tag_") and doubt in HANDLING):
                yield doubt
        if check_in.grade == DECLARED:
            yield "manual"
    if attended.repeats:
        yield "duplicate"
    if attended.turned:
        yield "clock_skew"


def _amended_against(attended: Attended) -> Iterator[VisitException]:
    if attended.shared_with:
        return
    for amendment, amended, check_in in (
        (attended.amended_in, attended.in_at, attended.instead_of_in),
        (attended.amended_out, attended.out_at, attended.instead_of_out),
    ):
        if amendment is None or amended is None or check_in is None:
            continue
        if _minute(amended) != _minute(check_in.occurred_at):
            facts = f"amendment {amendment}", f"check-in {check_in.ref}"
            yield _exception("amended_against_check_in", attended.carer, *facts)


def _paused(stays: Iterable[Stay]) -> Iterator[str]:
    carers = sorted(stay.carer for stay in stays)
    yield from (carer for carer, own in groupby(carers) if len(list(own)) > 1)


def _of_slot(slot: SlotTime, plan: PlannedVisit | None, limits: Limits) -> Iterator[VisitException]:
    carer = slot.stays[0].carer
    if len({stay.carer for stay in slot.stays}) > 1:
        yield _exception("handed_over", carer)
    if plan is None or plan.cancelled is not None:
        return
    arrived_at = min((stay.in_at for stay in slot.stays if stay.in_at is not None), default=None)
    if arrived_at is not None and arrived_at - plan.start > limits.late:
        yield _exception("late", carer)
    if arrived_at is not None and plan.start - arrived_at > limits.early:
        yield _exception("early", carer)
    if slot.seconds is not None and all(stay.delivered_seconds is not None for stay in slot.stays):
        planned_seconds = plan.minutes * 60
        if slot.seconds * 100 < planned_seconds * limits.too_short_percent:
            yield _exception("too_short", carer)
        if slot.seconds > planned_seconds + limits.too_long_minutes * 60:
            yield _exception("too_long", carer)


def _perfect(attended: Attended, plan: PlannedVisit) -> bool:
    """Both times by hand, and to the minute as planned."""
    by_hand = all(
        amendment is not None or (check_in is not None and check_in.grade == DECLARED)
        for amendment, check_in in (
            (attended.amended_in, attended.arrival),
            (attended.amended_out, attended.departure),
        )
    )
    return by_hand and _same_minute(attended.in_at, plan.start) and _same_minute(attended.out_at, plan.end)


def _same_minute(instant: datetime | None, minute: datetime) -> bool:
    return instant is not None and timedelta() <= instant - minute < timedelta(minutes=1)


def _minute(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)
