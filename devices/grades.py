"""How far a check-in's evidence as a whole can be believed: one grade, with every doubt named.

The caller brings the facts as plain values: what the fence said, and whose tag or card the link is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Grade = Literal["proven", "corroborated", "located", "tagged", "uncertain", "declared", "contradicted"]
GRADES: tuple[Grade, ...] = get_args(Grade)
"""Every grade, best first."""

Doubt = Literal[
    "coarse_fix",
    "location_indeterminate",
    "location_withheld",
    "manual_reason",
    "mock_location",
    "no_accuracy",
    "no_fence",
    "outside_fence",
    "stale_fix",
    "tag_other_client",
    "tag_signature_bad",
    "tag_unknown",
]

TagOutcome = Literal["proven", "this_client", "other_client", "unknown", "bad_signature"]
"""What a tag or card was found to be; `proven` is an NTAG 424 that verifies, its counter new."""

STALE_AFTER_SECONDS = 120
COARSE_ABOVE_M = 100

_TAG_DOUBTS: dict[TagOutcome, Doubt] = {
    "other_client": "tag_other_client",
    "unknown": "tag_unknown",
    "bad_signature": "tag_signature_bad",
}


@dataclass(frozen=True, slots=True)
class Fix:
    """A disclosed location after judgement.

    `verdict` is the fence's, None when the client has no fence or is unknown; `a95_m` the radius in metres
    that holds the true place with 95 % chance, None when the phone gave no accuracy; `age_seconds` the fix's
    age at the check-in.
    """

    verdict: Literal["inside", "outside", "indeterminate"] | None
    a95_m: float | None
    age_seconds: int
    mock: bool


@dataclass(frozen=True, slots=True)
class Grading:
    """A grade and the doubts beside it, sorted."""

    grade: Grade
    doubts: tuple[Doubt, ...]


def grade(
    fix: Fix | None,
    *,
    location_withheld: bool = False,
    tags: Sequence[TagOutcome] = (),
    manual: bool = False,
) -> Grading:
    """Grade the evidence of one check-in.

    `fix` is None when no location was disclosed; `tags` has one outcome for each link read. A contradiction
    outweighs everything else. A fix that is stale either way, or coarse, can neither place nor corroborate; a
    stale one cannot contradict either, for it says where the phone was before, whereas a coarse one outside
    is outside by more than its own radius.
    """
    doubts: set[Doubt] = {_TAG_DOUBTS[tag] for tag in tags if tag in _TAG_DOUBTS}
    if fix is not None:
        doubts |= _fix_doubts(fix)
    if location_withheld:
        doubts.add("location_withheld")
    if manual:
        doubts.add("manual_reason")
    return Grading(_grade(fix, doubts, tags, location_withheld), tuple(sorted(doubts)))


def _fix_doubts(fix: Fix) -> set[Doubt]:
    found: dict[Doubt, bool] = {
        "no_fence": fix.verdict is None,
        "outside_fence": fix.verdict == "outside",
        "location_indeterminate": fix.verdict == "indeterminate",
        "no_accuracy": fix.a95_m is None,
        "coarse_fix": fix.a95_m is not None and fix.a95_m > COARSE_ABOVE_M,
        "stale_fix": abs(fix.age_seconds) > STALE_AFTER_SECONDS,
        "mock_location": fix.mock,
    }
    return {doubt for doubt, holds in found.items() if holds}


def _grade(fix: Fix | None, doubts: set[Doubt], tags: Sequence[TagOutcome], withheld: bool) -> Grade:
    stale = "stale_fix" in doubts
    if doubts & {"mock_location", "tag_other_client"} or ("outside_fence" in doubts and not stale):
        return "contradicted"
    if "proven" in tags:
        return "proven"
    inside = fix is not None and fix.verdict == "inside" and not stale and "coarse_fix" not in doubts
    if inside:
        return "corroborated" if "this_client" in tags else "located"
    if "this_client" in tags:
        return "tagged"
    return "uncertain" if fix is not None or withheld else "declared"
