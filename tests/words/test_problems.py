"""Problems: a stable type for machines, a sentence for people."""

from ecm.words import problems
from ecm.words.problems import INVALID, RETRY_AFTER_SECONDS, Problem, ProblemType, unavailable


def test_a_problem_carries_its_type_its_sentence_and_what_else_is_said():
    problem = INVALID.because("The day is no day.", headers={"X-A": "1"}, members={"row": 3})
    assert isinstance(problem, Problem)
    assert (problem.kind, problem.detail, str(problem)) == (INVALID, "The day is no day.", "The day is no day.")
    assert (problem.headers, problem.members) == ({"X-A": "1"}, {"row": 3})
    plain = INVALID.because("No.")
    assert (plain.headers, plain.members) == ({}, {})


def test_no_two_types_share_a_slug_and_each_is_an_error_of_http():
    types = [each for each in vars(problems).values() if isinstance(each, ProblemType)]
    assert len({each.slug for each in types}) == len(types) >= 12
    assert all(400 <= each.status < 600 for each in types)


def test_a_service_that_cannot_just_now_says_when_to_come_back():
    problem = unavailable("Later, please.")
    assert (problem.kind.slug, problem.kind.status) == ("unavailable", 503)
    assert problem.headers == {"Retry-After": str(RETRY_AFTER_SECONDS)}
