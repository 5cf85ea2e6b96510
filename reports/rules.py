"""The rules that turn one line's delivered minutes into paid minutes, in the order its contract declares.

Sources: the payment rules that English councils publish, and Ombudsman decisions where a rule answers one.
"""

from datetime import datetime

from reports.contracts import Contract, Pays
from reports.entries import DELIVERED, Entry, delivered_seconds
from reports.periods import local
from reports.rows import Call, Slot
from reports.snaps import apply_bands, apply_tolerance, apply_visit_cap
from reports.trace import minutes_text
from reports.worksheet import Worksheet

ELECTRONIC_PROOF = frozenset({"proven", "corroborated", "located", "tagged"})
CLIENT_CAUSED = frozenset({"no_reply", "client_refused", "client_absent_known", "cancelled_short_notice"})
CARER_LATE = frozenset({"late", "late_visit"})

_NEVER_PAID = {
    "missed_provider": "The provider missed this visit, so it pays 0.",
    "merged": "This visit was merged into another, so it pays 0.",
    "second_carer_missing": "A carer was commissioned here and did not come, so this carer's time pays 0.",
    "not_rostered": "The council commissioned this visit and the roster holds none for it, so it pays 0.",
    "planned": "This visit has not begun and is not missed yet, so it pays 0 so far.",
    "in_progress": "This visit is not yet over, so it pays 0 so far.",
}


def evaluate(entry: Entry) -> Worksheet:
    """Everything that concerns one line alone: all rules but the weekly cap and the rate."""
    sheet = Worksheet()
    if entry.call is not None:
        _amended(entry.call, sheet)
    if entry.slot is None:
        _unscheduled(entry, sheet)
    elif entry.contract is not None:
        if entry.outcome in DELIVERED and entry.call is not None:
            _delivered(entry, entry.call, entry.slot, entry.contract, sheet)
        else:
            _undelivered(entry, entry.slot, entry.contract, sheet)
        if entry.contract.cap == "visit":
            apply_visit_cap(entry.slot.minutes, sheet)
    return sheet


def _amended(call: Call, sheet: Worksheet) -> None:
    if call.amendments:
        sheet.flag("amended")
        sheet.apply(
            "amendment",
            sheet.minutes,
            f"A person amended the times ({', '.join(call.amendments)}); the check-ins stay as sent.",
        )


def _check_ins(call: Call) -> tuple[str, ...]:
    return tuple(check_in for check_in in (call.in_check_in, call.out_check_in) if check_in is not None)


def _measured(call: Call, sheet: Worksheet) -> int | None:
    """Count whole minutes delivered; without both times count none, and return None."""
    seconds = delivered_seconds(call)
    if seconds is None:
        _no_times(call, sheet)
        return None
    if seconds < 0:
        sheet.flag("impossible_times")
        sheet.apply("whole minutes", 0, "The departure lies before the arrival, so no time counts.", _check_ins(call))
        return None
    minutes, rest = divmod(seconds, 60)
    sheet.counted = minutes
    dropped = f" and {rest} seconds were delivered; the seconds are dropped" if rest else " were delivered"
    sheet.apply("whole minutes", minutes, f"{minutes_text(minutes)}{dropped}{_between(call)}.", _check_ins(call))
    return seconds


def _between(call: Call) -> str:
    if call.in_at is None or call.out_at is None:
        return ""
    return f" (in at {_clock(call.in_at)}, out at {_clock(call.out_at)})"


def _clock(instant: datetime) -> str:
    return local(instant).time().isoformat("seconds")


def _no_times(call: Call, sheet: Worksheet) -> None:
    flag, because = "no_times", "There is neither an arrival nor a departure, so no time counts."
    if call.in_at is not None:
        flag = "no_out"
        because = "There is an arrival and no departure: a person must fix that before any time counts."
    elif call.out_at is not None:
        flag = "no_in"
        because = "There is a departure and no arrival: a person must fix that before any time counts."
    sheet.flag(flag)
    sheet.apply("whole minutes", 0, because, _check_ins(call))


def _unscheduled(entry: Entry, sheet: Worksheet) -> None:
    if entry.call is None:
        return
    if entry.outcome in DELIVERED:
        _measured(entry.call, sheet)
    sheet.excess = sheet.counted
    sheet.flag("unscheduled")
    because = "No commissioned visit stands behind this call, so it pays 0."
    if entry.wrong_dates:
        sheet.flag("wrong_contract_dates")
        because = f"Commission {entry.commission} buys nothing on this day, so this call pays 0."
    sheet.apply("outcome", 0, because)


def _delivered(entry: Entry, call: Call, slot: Slot, contract: Contract, sheet: Worksheet) -> None:
    seconds = _measured(call, sheet)
    if seconds is None or not _evidence_is_paid(call, contract, sheet):
        return
    if not entry.first_present:
        seconds = min(seconds, call.overlap_seconds or 0)
        _overlap(seconds // 60, sheet)
    if seconds * 2 < slot.minutes * 60:
        sheet.flag("under_half")
    for rule in contract.order():
        if rule == "bands":
            apply_bands(contract, sheet)
        elif rule == "tolerance" and contract.tolerance is not None:
            apply_tolerance(contract.tolerance, slot.minutes, sheet)


def _evidence_is_paid(call: Call, contract: Contract, sheet: Worksheet) -> bool:
    for which, grade in (("arrival", call.in_grade), ("departure", call.out_grade)):
        if grade is not None and grade not in contract.grades_paid:
            sheet.flag("grade_not_paid")
            sheet.apply(
                "evidence",
                0,
                f"The evidence of the {which} is graded {grade}, which this contract does not pay.",
                _check_ins(call),
            )
            return False
    return True


def _overlap(together: int, sheet: Worksheet) -> None:
    sheet.apply(
        "second carer's overlap",
        together,
        f"A further carer is paid for time with the first, {together} of {minutes_text(sheet.counted)}.",
    )
    sheet.counted = together


def _undelivered(entry: Entry, slot: Slot, contract: Contract, sheet: Worksheet) -> None:
    outcome, call = entry.outcome, entry.call
    if outcome == "second_carer_missing":
        sheet.flag("second_carer_missing")
    if outcome in _NEVER_PAID:
        if outcome == "missed_provider" and call is not None and delivered_seconds(call):
            sheet.flag("made_good_late")
        sheet.apply("outcome", 0, _NEVER_PAID[outcome])
        return
    pays: Pays | None = getattr(contract.outcomes, outcome, None)
    if call is None or pays is None:
        sheet.flag("unknown_outcome")
        sheet.apply("outcome", 0, f"The contract has no rule for the outcome {outcome}, so it pays 0.")
        return
    if _not_of_the_clients_making(outcome, call, sheet):
        return
    planned = slot.minutes if call.planned_minutes is None else min(call.planned_minutes, slot.minutes)
    if pays == "presence":
        _presence(outcome, planned, call, contract, sheet)
    elif pays == "planned":
        sheet.apply("outcome", planned, f"The outcome {outcome} pays the planned {minutes_text(planned)}.")
    elif pays == "delivered":
        _measured(call, sheet)
    else:
        sheet.apply("outcome", 0, f"The outcome {outcome} pays 0 under this contract.")


def _not_of_the_clients_making(outcome: str, call: Call, sheet: Worksheet) -> bool:
    """Without a planned time, or with the carer already late, the client is not the cause.

    Ombudsman, Nottinghamshire, 19 002 730, and Gateshead, 24 002 763.
    """
    if outcome not in CLIENT_CAUSED:
        return False
    if call.planned_start is None:
        sheet.flag("no_planned_start")
        because = "The visit had no planned time, so the client cannot have missed it, and it pays 0."
    elif any(exception.partition(":")[0] in CARER_LATE for exception in call.exceptions):
        sheet.flag("carer_was_late")
        because = f"The carer was already late, so {outcome} is not of the client's making, and it pays 0."
    else:
        return False
    sheet.apply("outcome", 0, because)
    return True


def _presence(outcome: str, planned: int, call: Call, contract: Contract, sheet: Worksheet) -> None:
    ends = ((call.in_check_in, call.in_grade), (call.out_check_in, call.out_grade))
    proofs = tuple(check_in for check_in, grade in ends if check_in and grade in ELECTRONIC_PROOF)
    needed = 1 if contract.presence_check_ins == "one" else 2
    asked = f"{contract.presence_check_ins} electronic check-in{'s' if needed == 2 else ''}"
    if len(proofs) >= needed:
        because = f"presence is shown by {asked}, so it pays the planned {minutes_text(planned)}."
        sheet.apply("outcome", planned, f"The outcome {outcome} pays as attended: {because}", proofs)
        return
    sheet.flag("presence_not_shown")
    because = f"The outcome {outcome} pays as attended only if presence is shown by {asked}, so it pays 0."
    sheet.apply("outcome", 0, because, proofs)
