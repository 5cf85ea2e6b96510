"""The counts of chaos: each notices what it is there to notice."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from simulators.load.wire import Parcel
from tests.chaos.findings import Kept, Stored, judge

PROVIDER, DEVICE = UUID(int=1), UUID(int=2)
AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
IDS = [UUID(int=100 + number) for number in range(3)]


def stored(number: int, **other: Any) -> Stored:
    """The check-in of that number in a chain of one device."""
    usual: dict[str, Any] = {
        "provider": PROVIDER,
        "device": DEVICE,
        "check_in": IDS[number],
        "sequence": number + 1,
        "previous": bytes([number]) if number else None,
        "link": bytes([number + 1]),
        "text": bytes([number]),
        "received_at": AT,
        "located": True,
    }
    return Stored(**{**usual, **other})


def answer(number: int, status: str | None = "recorded", at: datetime = AT) -> dict[str, object]:
    """A line of the ledger."""
    return {
        "device": str(DEVICE),
        "check_in": str(IDS[number]),
        "sequence": number + 1,
        "status": status,
        "recorded_at": at.isoformat(),
        "reason": None,
        "attempts": 1,
    }


ALL = [stored(0), stored(1), stored(2)]
ANSWERS = [answer(0), answer(1), answer(2)]
LEAVES = [(PROVIDER, DEVICE, check_in, index) for index, check_in in enumerate(IDS)]


def failures(folder: Path, answers=ANSWERS, check_ins=ALL, leaves=LEAVES, waiting=0, failed=0) -> dict[str, int]:
    """What is counted when all three were posted, in one request."""
    ledger = folder / "ledger.jsonl"
    ledger.write_text("".join(json.dumps(line) + "\n" for line in answers))
    posted = [Parcel(0, 3, "", tuple(map(str, IDS)), b"")]
    return judge(posted, ledger, Kept(check_ins, leaves, {PROVIDER: len(leaves)}, waiting, failed))[0].failures()


def test_what_was_answered_stored_and_sealed_once_counts_nothing(tmp_path):
    assert failures(tmp_path, [*ANSWERS, answer(1, "duplicate")]) == {}


@pytest.mark.parametrize(
    ("wrong", "counted"),
    [
        ({"check_ins": ALL[:2]}, {"answered_and_missing": 1, "sealed_and_not_stored": 1}),
        ({"check_ins": [*ALL, stored(2)]}, {"stored_twice": 2, "sequence_out_of_order": 1}),
        ({"check_ins": [*ALL[:2], stored(2, previous=b"other")]}, {"sequence_out_of_order": 1}),
        ({"check_ins": [*ALL[:2], stored(2, sequence=4)]}, {"sequence_out_of_order": 1}),
        ({"answers": ANSWERS[:2]}, {"never_answered": 1}),
        ({"answers": [*ANSWERS[:2], answer(2, None)]}, {"never_answered": 1}),
        (
            {"answers": ANSWERS[:2], "check_ins": ALL[:2], "leaves": LEAVES[:2]},
            {"never_answered": 1, "unanswered_and_not_stored": 1},
        ),
        ({"answers": [*ANSWERS, answer(0, "refused")]}, {"wrongly_refused": 1}),
        ({"answers": [*ANSWERS, answer(0, "conflict")]}, {"called_a_conflict": 1}),
        ({"answers": [*ANSWERS, answer(0, "duplicate", AT + timedelta(seconds=1))]}, {"first_answer_changed": 1}),
        ({"check_ins": [*ALL[:2], stored(2, located=False)]}, {"stored_without_location": 1}),
        ({"failed": 1}, {"signature_failed": 1}),
        ({"waiting": 4}, {"not_folded": 4}),
        ({"leaves": LEAVES[:2]}, {"not_sealed": 1}),
        ({"leaves": [*LEAVES, (PROVIDER, DEVICE, IDS[0], 3)]}, {"sealed_twice": 1}),
        ({"leaves": [*LEAVES[:2], (PROVIDER, DEVICE, IDS[2], 3)]}, {"log_out_of_order": 1}),
    ],
    ids=str,
)
def test_promises_1_2_and_5_each_breach_is_counted(tmp_path, wrong, counted):
    assert failures(tmp_path, **wrong) == counted


def test_a_check_in_that_nobody_posted_is_counted(tmp_path):
    invented = stored(0, device=UUID(int=9), check_in=UUID(int=9), text=b"invented")
    leaves = [*LEAVES, (PROVIDER, UUID(int=9), UUID(int=9), 3)]
    assert failures(tmp_path, check_ins=[*ALL, invented], leaves=leaves) == {"stored_and_never_posted": 1}
