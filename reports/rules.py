"""The rules that turn one line's delivered minutes into paid minutes, in the order its contract declares.

Sources: the payment rules that English councils publish, and Ombudsman decisions where a rule answers one.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from reports.contracts import Contract, Pays, SecondCarer, further_carer_rule
from reports.entries import DELIVERED, Entry, delivered_seconds
from reports.periods import local
from reports.rows import Attendance, Slot
from reports.snaps import apply_bands, apply_tolerance, apply_visit_cap
from reports.trace import minutes_text
from reports.worksheet import Worksheet

ELECTRONIC_PROOF = frozenset({"proven", "corroborated", "located", "tagged"})
CLIENT_CAUSED = frozenset({"no_reply", "client_refused", "client_absent_known", "cancelled_short_notice"})
CARER_LATE = frozenset({"late", "late_visit"})

_NEVER_PAID = {
    "missed_provider": "The provider missed this visit, so it pays 0.",
    "merged": "This visit was merged into another, so it pays 0.",
    "planned_in_error": "This visit was planned in error, so it pays 0.",
    "second_carer_missing": "A carer was commissioned here and did not come, so this carer's time pays 0.",
    "not_rostered": "The council commissioned this visit and the roster holds none for it, so it pays 0.",
    "planned": "This visit has not begun and is not missed yet, so it pays 0 so far.",
    "in_progress": "This visit is not yet over, so it pays 0 so far.",
}


def evaluate(entry: Entry) -> Worksheet:
    """Everything that concerns one line alone: all rules but the weekly cap and the rate."""
    sheet = Worksheet()
    _amended(entry.attendance, sheet)
    if entry.slot is None:
        _unscheduled(entry, sheet)
    elif entry.contract is not None:
        if entry.attendance.outcome in DELIVERED:
            _delivered(entry, entry.slot, entry.contract, sheet)
        else:
            _undelivered(entry, entry.slot, entry.contract, sheet)
        if entry.contract.cap == "visit":
            apply_visit_cap(entry.slot.minutes, sheet)
    return sheet


def _amended(attendance: Attendance, sheet: Worksheet) -> None:
    if attendance.amendments:
        sheet.flag("amended")
        sheet.apply(
            "amendment",
            sheet.minutes,
            f"A person amended the times ({', '.join(sorted(attendance.amendments))}); the check-ins stay as sent.",
        )


def _check_ins(attendance: Attendance) -> tuple[str, ...]:
    named = (attendance.in_check_in, *attendance.inner_check_ins, attendance.out_check_in)
    return tuple(check_in for check_in in named if check_in is not None)


def _measured(attendance: Attendance, sheet: Worksheet) -> int | None:
    """Count whole minutes delivered; without both times count none, and return None."""
    seconds = delivered_seconds(attendance)
    if seconds is None:
        _no_times(attendance, sheet)
        return None
    if seconds < 0:
        sheet.flag("impossible_times")
        sheet.apply(
            "whole minutes", 0, "The departure lies before the arrival, so no time counts.", _check_ins(attendance)
        )
        return None
    minutes, rest = divmod(seconds, 60)
    sheet.counted = minutes
    dropped = f" and {rest} seconds were delivered; the seconds are dropped" if rest else " were delivered"
    sheet.apply(
        "whole minutes", minutes, f"{minutes_text(minutes)}{dropped}{_between(attendance)}.", _check_ins(attendance)
    )
    return seconds


def _between(attendance: Attendance) -> str:
    if attendance.in_at is None or attendance.out_at is None:
        return ""
    if attendance.stays > 1:
        whole = f"between {_clock(attendance.in_at)} and {_clock(attendance.out_at)}"
        return f" (in {attendance.stays} stays {whole}, the time between them left out)"
    return f" (in at {_clock(attendance.in_at)}, out at {_clock(attendance.out_at)})"


def _clock(instant: datetime) -> str:
    return local(instant).time().isoformat("seconds")


def _no_times(attendance: Attendance, sheet: Worksheet) -> None:
    flag, because = "no_times", "There is neither an arrival nor a departure, so no time counts."
    if attendance.in_at is not None:
        flag = "no_out"
        because = "There is an arrival and no departure: a person must fix that before any time counts."
    elif attendance.out_at is not None:
        flag = "no_in"
        because = "There is a departure and no arrival: a person must fix that before any time counts."
    sheet.flag(flag)
    sheet.apply("whole minutes", 0, because, _check_ins(attendance))


def _unscheduled(entry: Entry, sheet: Worksheet) -> None:
    if entry.attendance.outcome in DELIVERED:
        _measured(entry.attendance, sheet)
    sheet.excess = sheet.counted
    sheet.flag("unscheduled")
    because = "No commissioned visit stands behind this call, so it pays 0."
    if entry.wrong_dates:
        sheet.flag("wrong_contract_dates")
        because = f"Commission {entry.attendance.commission} buys nothing on this day, so this call pays 0."
    sheet.apply("outcome", 0, because)


def _delivered(entry: Entry, slot: Slot, contract: Contract, sheet: Worksheet) -> None:
    attendance = entry.attendance
    seconds = _measured(attendance, sheet)
    if seconds is None or not _evidence_is_paid(attendance, contract, sheet):
        return
    if not entry.first_present:
        seconds = _FURTHER_CARER[contract.second_carer](seconds, attendance, sheet)
    if seconds * 2 < slot.minutes * 60:
        sheet.flag("under_half")
    for rule in contract.order():
        if rule == "bands":
            apply_bands(contract, sheet)
        elif rule == "tolerance" and contract.tolerance is not None:
            apply_tolerance(contract.tolerance, slot.minutes, sheet)


def _evidence_is_paid(attendance: Attendance, contract: Contract, sheet: Worksheet) -> bool:
    for which, grade in (("arrival", attendance.in_grade), ("departure", attendance.out_grade)):
        if grade is not None and grade not in contract.grades_paid:
            sheet.flag("grade_not_paid")
            sheet.apply(
                "evidence",
                0,
                f"The evidence of the {which} is graded {grade}, which this contract does not pay.",
                _check_ins(attendance),
            )
            return False
    return True


def _overlap(seconds: int, attendance: Attendance, sheet: Worksheet) -> int:
    shared = min(seconds, attendance.overlap_seconds or 0)
    together = shared // 60
    sheet.apply(
        further_carer_rule("overlap"),
        together,
        f"A further carer is paid for time with the first, {together} of {minutes_text(sheet.counted)}.",
    )
    sheet.counted = together
    return shared


# What a contract may say of carers after the first: each leaves the seconds that may be paid, and says why.
_FURTHER_CARER: Mapping[SecondCarer, Callable[[int, Attendance, Worksheet], int]] = {"overlap": _overlap}


def _undelivered(entry: Entry, slot: Slot, contract: Contract, sheet: Worksheet) -> None:
    attendance = entry.attendance
    outcome = attendance.outcome
    if outcome == "second_carer_missing":
        sheet.flag("second_carer_missing")
    if outcome in _NEVER_PAID:
        if outcome == "missed_provider" and delivered_seconds(attendance):
            sheet.flag("made_good_late")
        sheet.apply("outcome", 0, _NEVER_PAID[outcome])
        return
    pays: Pays | None = getattr(contract.outcomes, outcome, None)
    if not entry.known or pays is None:
        sheet.flag("unknown_outcome")
        sheet.apply("outcome", 0, f"The contract has no rule for the outcome {outcome}, so it pays 0.")
        return
    if _not_of_the_clients_making(outcome, attendance, sheet):
        return
    planned = slot.minutes if attendance.planned_minutes is None else min(attendance.planned_minutes, slot.minutes)
    if pays == "presence":
        _presence(outcome, planned, attendance, contract, sheet)
    elif pays == "planned":
        sheet.apply("outcome", planned, f"The outcome {outcome} pays the planned {minutes_text(planned)}.")
    elif pays == "delivered":
        _measured(attendance, sheet)
    else:
        sheet.apply("outcome", 0, f"The outcome {outcome} pays 0 under this contract.")


def _not_of_the_clients_making(outcome: str, attendance: Attendance, sheet: Worksheet) -> bool:
    """Without a planned time, or with the carer already late, the client is not the cause.

    Ombudsman, Nottinghamshire, 19 002 730, and Gateshead, 24 002 763.
    """
    if outcome not in CLIENT_CAUSED:
        return False
    if attendance.planned_start is None:
        sheet.flag("no_planned_start")
        because = "The visit had no planned time, so the client cannot have missed it, and it pays 0."
    elif any(exception.partition(":")[0] in CARER_LATE for exception in attendance.exceptions):
        sheet.flag("carer_was_late")
        because = f"The carer was already late, so {outcome} is not of the client's making, and it pays 0."
    else:
        return False
    sheet.apply("outcome", 0, because)
    return True


def _presence(outcome: str, planned: int, attendance: Attendance, contract: Contract, sheet: Worksheet) -> None:
    ends = ((attendance.in_check_in, attendance.in_grade), (attendance.out_check_in, attendance.out_grade))
    proofs = tuple(check_in for check_in, grade in ends if check_in and grade in ELECTRONIC_PROOF)
    needed = 1 if contract.presence_check_ins == "one" else 2
    shown_by = f"{contract.presence_check_ins} electronic check-in{'s' if needed == 2 else ''}"
    if len(proofs) >= needed:
        because = f"presence is shown by {shown_by}, so it pays the planned {minutes_text(planned)}."
        sheet.apply("outcome", planned, f"The outcome {outcome} pays as attended: {because}", proofs)
        return
    sheet.flag("presence_not_shown")
    because = f"The outcome {outcome} pays as attended only if presence is shown by {shown_by}, so it pays 0."
    sheet.apply("outcome", 0, because, proofs)
