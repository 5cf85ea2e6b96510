from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.grades import GRADES, Doubt, Fix, Grade, Grading, TagOutcome, grade

INSIDE = Fix(verdict="inside", a95_m=20, age_seconds=5, mock=False)
OUTSIDE = Fix(verdict="outside", a95_m=20, age_seconds=5, mock=False)
UNSURE = Fix(verdict="indeterminate", a95_m=80, age_seconds=5, mock=False)
NO_FENCE = Fix(verdict=None, a95_m=20, age_seconds=5, mock=False)
STALE = Fix(verdict="inside", a95_m=20, age_seconds=121, mock=False)
COARSE = Fix(verdict="inside", a95_m=100.1, age_seconds=5, mock=False)

fixes = st.none() | st.builds(
    Fix,
    verdict=st.sampled_from([None, "inside", "outside", "indeterminate"]),
    a95_m=st.none() | st.floats(0, 1000),
    age_seconds=st.integers(-1000, 1000),
    mock=st.booleans(),
)
outcomes = st.lists(st.sampled_from(get_args(TagOutcome)), max_size=2)


def test_the_grades_run_from_proven_to_contradicted():
    assert GRADES == ("proven", "corroborated", "located", "tagged", "uncertain", "declared", "contradicted")
    assert get_args(Grade) == GRADES


@pytest.mark.parametrize(
    ("fix", "others", "expected"),
    [
        (None, {"tags": ["proven"]}, ("proven", ())),
        (UNSURE, {"tags": ["proven"]}, ("proven", ("location_indeterminate",))),
        (INSIDE, {"tags": ["this_client"]}, ("corroborated", ())),
        (INSIDE, {}, ("located", ())),
        (INSIDE, {"manual": True}, ("located", ("manual_reason",))),
        (INSIDE, {"tags": ["unknown"]}, ("located", ("tag_unknown",))),
        (INSIDE, {"tags": ["bad_signature"]}, ("located", ("tag_signature_bad",))),
        (None, {"tags": ["this_client"]}, ("tagged", ())),
        (None, {"tags": ["this_client"], "location_withheld": True}, ("tagged", ("location_withheld",))),
        (UNSURE, {"tags": ["this_client"]}, ("tagged", ("location_indeterminate",))),
        (NO_FENCE, {"tags": ["this_client"]}, ("tagged", ("no_fence",))),
        (STALE, {"tags": ["this_client"]}, ("tagged", ("stale_fix",))),
        (UNSURE, {}, ("uncertain", ("location_indeterminate",))),
        (NO_FENCE, {}, ("uncertain", ("no_fence",))),
        (STALE, {}, ("uncertain", ("stale_fix",))),
        (COARSE, {}, ("uncertain", ("coarse_fix",))),
        (None, {"location_withheld": True}, ("uncertain", ("location_withheld",))),
        (
            Fix("indeterminate", None, 0, mock=False),
            {},
            ("uncertain", ("location_indeterminate", "no_accuracy")),
        ),
        (Fix("outside", 20, 121, mock=False), {}, ("uncertain", ("outside_fence", "stale_fix"))),
        (None, {"manual": True}, ("declared", ("manual_reason",))),
        (None, {"tags": ["unknown"]}, ("declared", ("tag_unknown",))),
        (OUTSIDE, {}, ("contradicted", ("outside_fence",))),
        (OUTSIDE, {"tags": ["this_client"]}, ("contradicted", ("outside_fence",))),
        (OUTSIDE, {"tags": ["proven"]}, ("contradicted", ("outside_fence",))),
        (Fix("outside", 5000, 5, mock=False), {}, ("contradicted", ("coarse_fix", "outside_fence"))),
        (Fix("inside", 20, 5, mock=True), {}, ("contradicted", ("mock_location",))),
        (INSIDE, {"tags": ["other_client"]}, ("contradicted", ("tag_other_client",))),
        (INSIDE, {"tags": ["this_client", "other_client"]}, ("contradicted", ("tag_other_client",))),
    ],
)
def test_each_kind_of_evidence_has_its_grade_and_doubts(fix, others, expected):
    assert grade(fix, **others) == Grading(*expected)


def test_a_fix_of_120_seconds_and_100_metres_is_still_good():
    assert grade(Fix("inside", 100, 120, mock=False)).grade == "located"
    assert grade(Fix("inside", 100, -120, mock=False)).grade == "located"
    assert grade(Fix("inside", 100, -121, mock=False)).grade == "uncertain"


@given(fixes, outcomes, st.booleans(), st.booleans())
def test_doubts_are_known_sorted_and_never_twice(fix, tags, withheld, manual):
    doubts = grade(fix, location_withheld=withheld, tags=tags, manual=manual).doubts
    assert list(doubts) == sorted(set(doubts))
    assert set(doubts) <= set(get_args(Doubt))


@given(fixes, outcomes, st.booleans(), st.booleans())
def test_promise_3_no_evidence_is_too_odd_to_grade_and_only_good_fixes_place(fix, tags, withheld, manual):
    graded = grade(fix, location_withheld=withheld, tags=tags, manual=manual)
    if graded.grade in {"corroborated", "located"}:
        assert fix.verdict == "inside"
        assert not set(graded.doubts) & {"stale_fix", "coarse_fix", "mock_location", "outside_fence"}
