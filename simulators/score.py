"""The truth set against what the service concluded: every difference explained, or a fault.

A difference is explained when the service concluded exactly what follows from all that reached it, and the reason
it could know no better is given. Anything else is unexplained.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from simulators.conclusions import Conclusions, Line, ProviderConclusions
from simulators.expectations import (
    AlertExpectation,
    CandidateExpectation,
    Expectations,
    VisitExpectation,
)
from simulators.intruder import EXPECTED as INTRUDERS
from simulators.outbox import Outbox
from simulators.replies import Alert, Candidate, Visit, VisitStay
from simulators.slots import KnownStay

_GONE = frozenset({"withdrawn", "dismissed", "merged"})
_UNPLANNED = "unplanned:"
_NO_SUCH_VISIT = "no such visit"
_LOST = frozenset({"lost", _NO_SUCH_VISIT})
SINCE = "it was changed after the morning had ended"
_OF_OCCURRENCES = frozenset({"late_visit", "missed_visit"})


class Difference(msgspec.Struct, frozen=True):
    """One thing in which truth and conclusion differ; `reason` says why when it is `explained`."""

    subject: str
    what: str
    truth: str
    concluded: str
    explained: bool
    reason: str


def score(
    expected: Sequence[Expectations], concluded: Conclusions, outbox: Outbox, undone: Iterable[str]
) -> list[Difference]:
    """Every difference between the truth and what was concluded, unexplained ones first."""
    found = lost_since(concluded)
    found += [_fault("office", act, "done", "could not be done") for act in undone]
    found += _ledger(outbox)
    for expectation, conclusion in zip(expected, concluded.providers, strict=True):
        found += _visits(expectation, conclusion)
        found += _alerts(expectation.alerts, conclusion.alerts)
        found += _seen_otherwise(expectation)
        found += _candidates(expectation.candidates, conclusion.candidates)
    return sorted(found, key=lambda d: (d.explained, d.subject, d.what))


def lost_since(concluded: Conclusions) -> list[Difference]:
    """Check-ins that were answered and are no longer there: never explained, however long ago."""
    return [_fault("ledger", key, "still there", "lost") for key in concluded.lost]


def since_the_end(at_the_end: Iterable[Difference], now: Iterable[Difference]) -> list[Difference]:
    """The differences of now; one that was not there when the morning ended is explained by what people did since.

    Not so where something is gone: nobody can delete a visit or a check-in.
    """
    known = {(difference.subject, difference.what) for difference in at_the_end}
    return sorted(
        (
            difference
            if difference.explained or (difference.subject, difference.what) in known or difference.concluded in _LOST
            else msgspec.structs.replace(difference, explained=True, reason=SINCE)
            for difference in now
        ),
        key=lambda d: (d.explained, d.subject, d.what),
    )


def _fault(subject: str, what: str, truth: object, concluded: object) -> Difference:
    return Difference(subject, what, _said(truth), _said(concluded), explained=False, reason="")


def _said(value: object) -> str:
    if value is None:
        return "unknown"
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _ledger(outbox: Outbox) -> list[Difference]:
    """Honest check-ins are recorded once, the intruder's are not; nothing may be left waiting."""
    found = []
    recorded = Counter(entry.key for entry in outbox.answers if entry.status == "recorded")
    for entry in outbox.answers:
        want = INTRUDERS.get(entry.key)
        if want is not None and (entry.status, entry.reason) != want and want[0] != "conflict":
            found.append(_fault(entry.key, "answer", want, (entry.status, entry.reason)))
        elif want is not None and entry.status != want[0]:
            found.append(_fault(entry.key, "answer", want[0], entry.status))
        elif want is None and entry.status not in {"recorded", "duplicate"}:
            found.append(_fault(entry.key, "answer", "recorded", f"{entry.status}: {entry.reason}"))
    found += [_fault(key, "answer", "recorded once", f"{n} times") for key, n in recorded.items() if n > 1]
    if outbox.unanswered():
        found.append(_fault("ledger", "unanswered", 0, outbox.unanswered()))
    return found


def _visits(expected: Expectations, concluded: ProviderConclusions) -> list[Difference]:
    found: list[Difference] = []
    by_id = {visit.visit: visit for visit in concluded.visits}
    extra: dict[str, list[Visit]] = defaultdict(list)
    for visit in concluded.visits:
        if visit.visit.startswith(_UNPLANNED):
            extra[visit.client].append(visit)
    paid = _paid_by_visit(concluded.lines)
    met: set[str] = set()
    for expectation in expected.visits:
        subject = expectation.visit or f"unplanned stay on {expectation.client}"
        unplanned = extra[expectation.client]
        seen = by_id.get(expectation.visit) if expectation.visit else next(iter(unplanned), None)
        if seen is None:
            found.append(_fault(subject, "visit", expectation.known.status, _NO_SUCH_VISIT))
            continue
        met.add(seen.visit)
        found += _visit(subject, expectation, seen, paid.get(seen.visit))
    found += [_fault(name, "visit", "never was", "is there") for name in sorted(set(by_id) - met)]
    return found


def _paid_by_visit(lines: Iterable[Line]) -> dict[str, int]:
    paid: dict[str, int] = {}
    for line in lines:
        if line.visit is not None:
            paid[line.visit] = paid.get(line.visit, 0) + line.paid_minutes
    return paid


def _visit(subject: str, expected: VisitExpectation, seen: Visit, paid: int | None) -> list[Difference]:
    known = expected.known
    real = expected.real or known
    found = [
        *_compare(subject, "status", real.status, known.status, seen.status, expected.reason),
        *_compare(subject, "paid minutes", real.paid, known.paid, paid, expected.reason),
    ]
    if expected.real is None:
        found.append(Difference(subject, "visit", "never was", "is there", True, expected.reason))
    for carer in sorted({stay.carer for stay in known.stays} | {stay.carer for stay in seen.stays}):
        really, told = ([stay for stay in one.stays if stay.carer == carer] for one in (real, known))
        shown_of = [stay for stay in seen.stays if stay.carer == carer]
        found += _stays_of(subject, carer, really, told, shown_of, expected.reason)
    shown = {exception.kind for exception in seen.exceptions}
    found += [_fault(subject, "exception", kind, "not shown") for kind in sorted(known.exceptions - shown)]
    found += [_fault(subject, "exception", "none", kind) for kind in sorted(shown - known.exceptions)]
    return found


def _stays_of(
    subject: str,
    carer: str,
    real: Sequence[KnownStay],
    known: Sequence[KnownStay],
    seen: Sequence[VisitStay],
    reason: str,
) -> list[Difference]:
    """One carer's stays at one visit: as many as can be known, each with what can be known of it."""
    if len(seen) != len(known):
        return [_fault(subject, f"stays of {carer}", len(known), len(seen))]
    if len(real) == len(known):
        pairs = zip(real, known, seen, strict=True)
        return [each for true, told, shown in pairs for each in _stay(subject, true, told, shown, reason)]
    found = [Difference(subject, f"stays of {carer}", str(len(real)), str(len(seen)), True, reason)]
    pairs = zip(known, known, seen, strict=True)
    return found + [each for true, told, shown in pairs for each in _stay(subject, true, told, shown, reason)]


def _stay(subject: str, real: KnownStay, known: KnownStay, seen: VisitStay, reason: str) -> list[Difference]:
    who = known.carer
    found = [
        *_compare(subject, f"{who} in", real.in_at, known.in_at, seen.in_at, reason),
        *_compare(subject, f"{who} out", real.out_at, known.out_at, seen.out_at, reason),
        *_compare(subject, f"{who} seconds", real.seconds, known.seconds, seen.delivered_seconds, reason),
    ]
    for what, want, got in (
        ("in grade", known.in_grade, seen.in_grade),
        ("out grade", known.out_grade, seen.out_grade),
    ):
        if want != got:
            found.append(_fault(subject, f"{who} {what}", want, got))
    return found


def _compare(subject: str, what: str, real: object, known: object, concluded: object, reason: str) -> list[Difference]:
    if concluded == real:
        return []
    explained = concluded == known
    truth = _said(real) if explained else f"{_said(real)} (knowable: {_said(known)})"
    return [Difference(subject, what, truth, _said(concluded), explained, reason if explained else "")]


def _alerts(expected: Sequence[AlertExpectation], concluded: Sequence[Alert]) -> list[Difference]:
    found: list[Difference] = []
    by_name: dict[tuple[str, str | None, datetime | None], list[Alert]] = defaultdict(list)
    for alert in concluded:
        by_name[alert.kind, alert.visit, alert.occurred_at if alert.kind in _OF_OCCURRENCES else None].append(alert)
    for want in expected:
        subject = want.visit or want.client
        seen = by_name.pop((want.kind, want.visit, want.start), [])
        if not seen and want.certain:
            found.append(_fault(subject, f"alert {want.kind}", "raised", "not raised"))
        if len(seen) > 1:
            found.append(_fault(subject, f"alert {want.kind}", "raised once", f"raised {len(seen)} times"))
        if seen and want.states is not None and seen[0].state not in want.states:
            found.append(_fault(subject, f"alert {want.kind}", " or ".join(sorted(want.states)), seen[0].state))
    found += [
        _fault(visit or str(alerts[0].client), f"alert {kind}", "nothing to raise", alerts[0].state)
        for (kind, visit, _), alerts in by_name.items()
    ]
    return found


def _seen_otherwise(expected: Expectations) -> list[Difference]:
    """Missed-visit alerts that rightly stand by all that is known, although somebody was there."""
    standing = {a.visit for a in expected.alerts if a.kind == "missed_visit" and a.states == frozenset({"open"})}
    return [
        Difference(str(visit.visit), "alert missed_visit", "care was given", "standing", True, visit.reason)
        for visit in expected.visits
        if visit.visit in standing and visit.real is not None and visit.real.status in {"done", "done_late"}
    ]


def _candidates(expected: Sequence[CandidateExpectation], concluded: Sequence[Candidate]) -> list[Difference]:
    found: list[Difference] = []
    by_name: dict[tuple[str, str | None], list[Candidate]] = defaultdict(list)
    for candidate in concluded:
        named: list[str | None] = [*candidate.visits] or [None]
        for visit in named:
            by_name[candidate.type, visit].append(candidate)
    for want in expected:
        found += _candidate(want, by_name.pop((want.type, want.visit), []))
    found += [
        _fault(visit or "provider", f"candidate {kind}", "nothing to raise", candidate.state)
        for (kind, visit), candidates in by_name.items()
        for candidate in candidates
    ]
    return found


def _candidate(want: CandidateExpectation, seen: Sequence[Candidate]) -> list[Difference]:
    """A candidate may leave withdrawn or merged ones behind as facts come in; at most one may stand."""
    what = f"candidate {want.type}"
    standing = [candidate for candidate in seen if candidate.state not in _GONE]
    if want.withdrawn:
        found = [_fault(want.visit, what, "withdrawn", candidate.state) for candidate in standing]
        if want.certain and not seen:
            found.append(_fault(want.visit, what, "raised and withdrawn", "not raised"))
        return found
    if not want.certain and not seen:
        return []
    if len(standing) != 1:
        return [_fault(want.visit, what, "one stands", f"{len(standing)} stand, {len(seen)} raised")]
    if want.level is not None and standing[0].level != want.level:
        return [_fault(want.visit, f"{what} level", want.level, standing[0].level)]
    return []
