import uuid
from datetime import timedelta

import pytest
from msgspec.structs import replace

from simulators.conclusions import Conclusions, Line, ProviderConclusions
from simulators.expectations import Expectations, expectations_of
from simulators.happenings import Mischief
from simulators.morning import steps_of
from simulators.outbox import Outbox
from simulators.replies import Alert, Candidate, Visit, VisitException, VisitStay
from simulators.score import SINCE, Difference, score, since_the_end

ANY = uuid.UUID(int=0)


@pytest.fixture(scope="module")
def expected(truth):
    return [expectations_of(told, steps_of(truth)[-1]) for told in truth.providers]


@pytest.fixture
def outbox(tmp_path):
    with Outbox(tmp_path / "phones.jsonl") as kept:
        yield kept


def perfect(expectation: Expectations) -> ProviderConclusions:
    """What a service concludes that makes the most of everything it was told."""
    visits, lines = [], []
    for number, visit in enumerate(expectation.visits):
        name = visit.visit or f"unplanned:{uuid.UUID(int=number)}"
        stays = [
            VisitStay(stay.carer, stay.in_at, stay.out_at, stay.seconds, stay.in_grade, stay.out_grade)
            for stay in visit.known.stays
        ]
        exceptions = [VisitException(kind) for kind in visit.known.exceptions]
        visits.append(Visit(name, visit.client, visit.known.status, stays, exceptions))
        lines.append(Line("", name, visit.client, None, "delivered", None, visit.known.paid))
    alerts = [
        Alert(ANY, alert.kind, alert.client, min(alert.states or ["open"]), alert.visit, alert.start)
        for alert in expectation.alerts
        if alert.certain
    ]
    candidates = [
        Candidate(ANY, want.type, "withdrawn" if want.withdrawn else "screening", [want.visit], level=want.level)
        for want in expectation.candidates
        if want.certain
    ]
    return ProviderConclusions(ANY, visits, alerts, candidates, lines)


def unexplained(expected: list[Expectations], providers: list[ProviderConclusions], outbox: Outbox) -> list[Difference]:
    return [d for d in score(expected, Conclusions(providers, []), outbox, []) if not d.explained]


def test_a_service_that_concludes_all_that_can_be_known_leaves_nothing_unexplained(expected, outbox):
    differences = score(expected, Conclusions([perfect(e) for e in expected], []), outbox, [])
    assert all(difference.explained and difference.reason for difference in differences)
    assert any("without any electronic evidence" in difference.reason for difference in differences)
    assert any("no out tap" in difference.reason for difference in differences)


def test_a_visit_nobody_saw_is_explained_in_status_pay_and_alert(expected, outbox):
    [unseen] = [v for e in expected for v in e.visits if v.mischief is Mischief.UNSEEN]
    differences = score(expected, Conclusions([perfect(e) for e in expected], []), outbox, [])
    about = {d.what for d in differences if d.subject == unseen.visit}
    assert {"status", "alert missed_visit"} <= about


def wrong_status(p):
    return replace(p, visits=[replace(p.visits[0], status="presumed_missed"), *p.visits[1:]])


def wrong_time(p):
    visit = next(v for v in p.visits if v.stays)
    stay = replace(visit.stays[0], in_at=visit.stays[0].in_at + timedelta(seconds=1))
    changed = replace(visit, stays=[stay, *visit.stays[1:]])
    return replace(p, visits=[changed if v is visit else v for v in p.visits])


def wrong_grade(p):
    visit = next(v for v in p.visits if v.stays)
    changed = replace(visit, stays=[replace(visit.stays[0], in_grade="proven"), *visit.stays[1:]])
    return replace(p, visits=[changed if v is visit else v for v in p.visits])


def stranger_came(p):
    visit = next(v for v in p.visits if v.stays)
    changed = replace(visit, stays=[*visit.stays, VisitStay("W-999")])
    return replace(p, visits=[changed if v is visit else v for v in p.visits])


def wrong_pay(p):
    return replace(p, lines=[replace(p.lines[0], paid_minutes=p.lines[0].paid_minutes + 1), *p.lines[1:]])


def line_gone(p):
    return replace(p, lines=p.lines[1:])


def visit_gone(p):
    return replace(p, visits=p.visits[1:])


def visit_twice(p):
    return replace(p, visits=[*p.visits, replace(p.visits[0], visit="unplanned:another")])


def exceptions_gone(p):
    return replace(p, visits=[replace(v, exceptions=[]) for v in p.visits])


def alert_gone(p):
    return replace(p, alerts=p.alerts[1:])


def alert_twice(p):
    return replace(p, alerts=[*p.alerts, p.alerts[0]])


def alert_for_nothing(p):
    return replace(p, alerts=[*p.alerts, Alert(ANY, "late_visit", "C-0", "open", "V-0")])


def alert_not_withdrawn(p):
    return replace(p, alerts=[replace(a, state="open") for a in p.alerts])


def alert_of_another_start(p):
    missed = next(a for a in p.alerts if a.kind == "missed_visit")
    changed = replace(missed, occurred_at=missed.occurred_at + timedelta(hours=1))
    return replace(p, alerts=[changed if a is missed else a for a in p.alerts])


def exception_for_nothing(p):
    visit = replace(p.visits[0], exceptions=[*p.visits[0].exceptions, VisitException("times_reversed")])
    return replace(p, visits=[visit, *p.visits[1:]])


def stays_made_one(p):
    visit = next(v for v in p.visits if len({stay.carer for stay in v.stays}) < len(v.stays))
    changed = replace(visit, stays=visit.stays[:1])
    return replace(p, visits=[changed if v is visit else v for v in p.visits])


def candidate_gone(p):
    return replace(p, candidates=p.candidates[1:])


def candidate_for_nothing(p):
    return replace(p, candidates=[*p.candidates, Candidate(ANY, "DEATH", "proposed", ["V-0"])])


def candidate_of_another_level(p):
    return replace(p, candidates=[replace(c, level=c.level and c.level - 1) for c in p.candidates])


def candidate_withdrawn(p):
    return replace(p, candidates=[replace(c, state="withdrawn") for c in p.candidates])


@pytest.mark.parametrize(
    "mistake",
    [
        wrong_status,
        wrong_time,
        wrong_grade,
        stranger_came,
        wrong_pay,
        line_gone,
        visit_gone,
        visit_twice,
        exceptions_gone,
        alert_gone,
        alert_twice,
        alert_for_nothing,
        alert_not_withdrawn,
        alert_of_another_start,
        exception_for_nothing,
        stays_made_one,
        candidate_gone,
        candidate_for_nothing,
        candidate_of_another_level,
        candidate_withdrawn,
    ],
)
def test_every_mistake_of_the_service_is_left_unexplained(expected, outbox, mistake):
    providers = [perfect(e) for e in expected]
    providers[1] = mistake(providers[1])
    assert unexplained(expected, providers, outbox)


def test_a_lost_check_in_and_an_office_act_that_failed_are_faults(expected, outbox):
    found = score(expected, Conclusions([perfect(e) for e in expected], ["V-1/in"]), outbox, ["V-2/welfare"])
    assert {d.what for d in found if not d.explained} == {"V-1/in", "V-2/welfare"}


def test_a_later_run_tells_its_own_differences_and_explains_what_people_changed_since_but_nothing_that_is_gone() -> (
    None
):
    def differing(subject: str, concluded: str = "10", reason: str = "") -> Difference:
        return Difference(subject, "paid minutes", "20", concluded, bool(reason), reason)

    at_the_end = [differing("V-1"), differing("V-2"), differing("V-3", reason="no signal")]
    now = [differing("V-2"), differing("V-3", reason="no signal"), differing("V-4"), differing("V-5", "no such visit")]
    now.append(differing("ledger", "lost"))
    told = {difference.subject: difference.reason for difference in since_the_end(at_the_end, now)}
    assert told == {"V-2": "", "V-3": "no signal", "V-4": SINCE, "V-5": "", "ledger": ""}
