"""A second, slow and obvious fold, written from docs/visits.md alone: what the fold of `ecm.visits` is set against.

It shares nothing with the fold but the shapes of what goes in. `fold_everything` takes one client's whole history.
How check-ins become stays and find their visits stands in `second_stays`, how amendments change them and how they fill
slots in `second_slots`, each with its readings of the page.

Where the page leaves two readings, this is how it is read here:

- Of the evidence's doubts, those are exceptions that the pages have words for. No reply and a refusal are the outcomes
  `no_reply` and `client_refused`.
- Status: cancelled, then in progress, then missed, then nobody came, then a departure overdue, then done. What is known
  counts at every instant.
- Nobody is replaced where nobody is rostered. "The first arrival in a slot" is the earliest known one.
- Of what came to a cancelled visit the first check-in is the first in time.
- "A carer stayed for half": any one carer, all their stays together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from ecm.visits.model import Amendment, CheckIn, PlannedVisit
from ecm.web.plain_words import EXCEPTIONS
from ecm.words.civil_time import LONDON, london_day
from tests.visits.second_slots import PlainSlot, amended, minute, seat, seconds, slot_times
from tests.visits.second_stays import HOUR, MINUTE, Stay, by_time, distinct, placed_stays

NO_ANSWER = ("no_reply", "client_refused")


@dataclass(frozen=True)
class PlainStay:
    """A stay as it is compared; `seconds` None: not known, `slot` None: looking on."""

    carer: str
    in_at: datetime | None
    out_at: datetime | None
    seconds: int | None
    slot: int | None
    shared_with: tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """An exception as it is compared."""

    kind: str
    carer: str | None
    between: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Visit:
    """A visit as it is compared."""

    code: str
    day: date
    planned_start: datetime | None
    planned_minutes: int | None
    cancelled: str | None
    stays: tuple[PlainStay, ...]
    slots: tuple[PlainSlot, ...]
    exceptions: frozenset[Said]


def fold_everything(
    planned: Iterable[PlannedVisit], check_ins: Iterable[CheckIn], amendments: Iterable[Amendment]
) -> list[Visit]:
    """Fold all that is known of one client, visits by their codes."""
    plans = sorted({plan.visit: plan for plan in planned}.values(), key=lambda plan: plan.visit)
    taps = distinct(check_ins)
    stays, skewed = placed_stays(plans, taps)
    stays = amended(stays, plans, list(amendments))
    plan_of = {plan.visit: plan for plan in plans}
    codes = sorted({*plan_of, *(stay.visit for stay in stays if stay.visit is not None)})
    for code in codes:
        seat([stay for stay in stays if stay.visit == code], plan_of.get(code))
    day_of = {f"unplanned:{tap.check_in_id}": london_day(tap.occurred_at) for tap in taps}
    visits = []
    for code in codes:
        plan = plan_of.get(code)
        here = [stay for stay in stays if stay.visit == code]
        visits.append(
            Visit(
                code=code,
                day=london_day(plan.start) if plan else day_of[code],
                planned_start=plan.start if plan else None,
                planned_minutes=plan.minutes if plan else None,
                cancelled=plan.cancelled if plan else None,
                stays=plain_stays(here),
                slots=slot_times(here),
                exceptions=frozenset(all_said(plan, here, skewed)),
            )
        )
    return visits


def plain_stays(stays: list[Stay]) -> tuple[PlainStay, ...]:
    plain = [
        PlainStay(stay.carer, stay.in_at, stay.out_at, seconds(stay.length), stay.slot, tuple(sorted(stay.shares)))
        for stay in stays
    ]
    return tuple(sorted(plain, key=repr))


# ------------------------------------------------------------------ exceptions


def all_said(plan: PlannedVisit | None, here: list[Stay], skewed: set[str]) -> list[Said]:
    said: list[Said] = []
    for stay in here:
        said += said_of_times(stay, plan)
        said += said_of_evidence(stay, skewed)
        said += said_of_place(stay, here, plan)
    for slot in slot_times(here):
        said += said_of_slot(slot, [stay for stay in here if stay.slot == slot.slot], plan)
    if plan is not None:
        said += said_of_visit(plan, here)
    return said


def said_of_times(stay: Stay, plan: PlannedVisit | None) -> list[Said]:
    said = []
    answered = plan is None or plan.cancelled not in NO_ANSWER
    if stay.in_at is None and answered:
        said.append(Said("no_in", stay.carer))
    if stay.out_at is None and answered:
        said.append(Said("no_out", stay.carer))
    if stay.in_at is not None and stay.out_at is not None and stay.out_at < stay.in_at:
        said.append(Said("times_reversed", stay.carer))
    in_by_hand = stay.in_typed is not None or (stay.arrival is not None and stay.arrival.grade == "declared")
    out_by_hand = stay.out_typed is not None or (stay.departure is not None and stay.departure.grade == "declared")
    times = [minute(when) for when in (stay.in_at, stay.out_at) if when is not None]
    if plan and in_by_hand and out_by_hand and times == [minute(plan.start), minute(plan.end)]:
        said.append(Said("perfect_times", stay.carer))
    said += [Said("amended_against_check_in", stay.carer, frozenset(pair)) for pair in stay.against]
    return said


def said_of_evidence(stay: Stay, skewed: set[str]) -> list[Said]:
    said = []
    doubts = {doubt for one in stay.check_ins for doubt in one.doubts if doubt in EXCEPTIONS}
    if any(one.ref in skewed for one in stay.check_ins):
        doubts.add("clock_skew")
    said += [Said(doubt, stay.carer) for doubt in doubts]
    if any(one.grade == "declared" for one in stay.check_ins):
        said.append(Said("manual", stay.carer))
    return said


def said_of_place(stay: Stay, here: list[Stay], plan: PlannedVisit | None) -> list[Said]:
    said = []
    if plan is None:
        said.append(Said("unscheduled", stay.carer))
    if stay.repeats:
        said.append(Said("duplicate", stay.carer))
    if len([one for one in here if one.carer == stay.carer]) > 1:
        said.append(Said("paused", stay.carer))
    if stay.slot is None:
        said.append(Said("looking_on", stay.carer))
    elif plan is not None and plan.carers and stay.carer not in plan.carers:
        said.append(Said("carer_replaced", stay.carer))
    if stay.shares:
        said.append(Said("shared_stay", stay.carer, frozenset(f"visit {code}" for code in stay.shares)))
    return said


def said_of_slot(slot: PlainSlot, stays: list[Stay], plan: PlannedVisit | None) -> list[Said]:
    first = min(stays, key=lambda stay: (stay.sign, stay.carer, stay.place)).carer
    said = [Said("handed_over", first)] if len({stay.carer for stay in stays}) > 1 else []
    if plan is None or plan.cancelled is not None:
        return said
    arrivals = [stay.in_at for stay in stays if stay.in_at is not None]
    if arrivals and min(arrivals) > plan.start + 30 * MINUTE:
        said.append(Said("late", first))
    if arrivals and min(arrivals) < plan.start - 30 * MINUTE:
        said.append(Said("early", first))
    if slot.seconds is not None and all(stay.length is not None for stay in stays):
        if 2 * slot.seconds < plan.minutes * 60:
            said.append(Said("too_short", first))
        if slot.seconds > (plan.minutes + 15) * 60:
            said.append(Said("too_long", first))
    return said


def said_of_visit(plan: PlannedVisit, here: list[Stay]) -> list[Said]:
    if plan.cancelled is None:
        filled = {stay.slot for stay in here if stay.slot is not None}
        return [Said("second_carer_missing", None)] if here and len(filled) < plan.carers_needed else []
    stayed = {
        carer: sum((stay.length for stay in here if stay.carer == carer and stay.length), timedelta())
        for carer in {stay.carer for stay in here}
    }
    if plan.cancelled in NO_ANSWER and not any(2 * length >= plan.minutes * MINUTE for length in stayed.values()):
        return []
    taps = sorted((one for stay in here for one in stay.check_ins), key=by_time)
    first = min(here, key=lambda stay: (stay.sign, stay.carer), default=None)
    typed = (first.in_typed or first.out_typed) if first else None
    facts = [f"check-in {tap.ref}" for tap in taps] + ([f"amendment {typed}"] if typed else [])
    return [Said("cancelled_but_attended", None, frozenset({f"outcome {plan.cancelled}", facts[0]}))] if facts else []


# ------------------------------------------------------------------ as time passes


def overdue_from(visit: Visit, in_at: datetime) -> datetime:
    if visit.planned_minutes is None:
        return in_at + 4 * HOUR
    return in_at + visit.planned_minutes * MINUTE + HOUR


def status(visit: Visit, now: datetime, next_start: datetime | None) -> str:
    """What the visit is at an instant; `next_start` is the client's next planned visit."""
    if visit.cancelled is not None:
        return "cancelled"
    planned = (visit.planned_minutes or 0) * MINUTE
    signs = [stay.in_at or (stay.out_at - planned if stay.out_at else None) for stay in visit.stays]
    first = min((sign for sign in signs if sign is not None), default=None)
    still_in = [stay.in_at for stay in visit.stays if stay.in_at is not None and stay.out_at is None]
    if any(now <= overdue_from(visit, in_at) for in_at in still_in):
        return "in_progress"
    if visit.planned_start is not None:
        missed = missed_from(visit.planned_start, visit.planned_minutes or 0, next_start)
        if now >= missed and (first is None or first >= missed):
            return "missed"
        if first is None:
            return while_nobody_came(visit.planned_start, now)
    return "end_unknown" if still_in else how_done(visit)


def missed_from(start: datetime, minutes: int, next_start: datetime | None) -> datetime:
    eleven = datetime.combine(london_day(start), time(23), LONDON).astimezone(UTC)
    return max(min(eleven, next_start or eleven), start + minutes * MINUTE, start + HOUR)


def while_nobody_came(start: datetime, now: datetime) -> str:
    if now >= start + HOUR:
        return "presumed_missed"
    return "late" if now > start + 30 * MINUTE else "due"


def how_done(visit: Visit) -> str:
    arrivals = [stay.in_at for stay in visit.stays if stay.in_at is not None]
    late = visit.planned_start and arrivals and min(arrivals) > visit.planned_start + 30 * MINUTE
    return "done_late" if late else "done"


def exceptions_at(visit: Visit, now: datetime) -> frozenset[Said]:
    """Those exceptions for which it is time."""
    overdue = {
        stay.carer
        for stay in visit.stays
        if stay.in_at is not None and stay.out_at is None and now > overdue_from(visit, stay.in_at)
    }
    return frozenset(
        said
        for said in visit.exceptions
        if (said.kind != "no_out" or said.carer in overdue)
        and (
            said.kind != "second_carer_missing"
            or (visit.planned_start is not None and now > visit.planned_start + 30 * MINUTE)
        )
    )
