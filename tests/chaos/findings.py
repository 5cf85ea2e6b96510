"""What was answered set against what is stored: counts that must all be zero, and some that only inform."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec

from simulators.load.ledger import Entry, read_ledger
from simulators.load.wire import Parcel

_STORED = """
    SELECT provider_id, device_id, check_in_id, sequence, previous_digest, link_digest,
        sha256(signed_part::bytea) AS text, received_at, (provider_id, device_id, check_in_id) IN (
            SELECT provider_id, device_id, check_in_id FROM check_in_locations
        ) AS located
    FROM check_ins
"""
_SEALED = "SELECT provider_id, device_id, check_in_id, leaf_index FROM log_entries"
_HEADS = "SELECT provider_id, tree_size FROM log_heads"
_WAITING = "SELECT count(*) FROM fold_requests"
_FAILED = "SELECT count(*) FROM signature_failures"
_PROMISED = frozenset({"recorded", "duplicate"})


class Zeros(msgspec.Struct, frozen=True):
    """What a single one of breaks a promise."""

    answered_and_missing: int
    stored_twice: int
    sequence_out_of_order: int
    unanswered_and_not_stored: int
    never_answered: int
    wrongly_refused: int
    called_a_conflict: int
    first_answer_changed: int
    stored_and_never_posted: int
    stored_without_location: int
    signature_failed: int
    not_folded: int
    not_sealed: int
    sealed_twice: int
    sealed_and_not_stored: int
    log_out_of_order: int

    def failures(self) -> dict[str, int]:
        """The counts that are not zero."""
        return {name: count for name, count in msgspec.structs.asdict(self).items() if count}


class Facts(msgspec.Struct, frozen=True):
    """How much there was of everything."""

    devices: int
    posted: int
    answers: int
    recorded: int
    duplicates: int
    stored: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A check-in as the database holds it; `text` is the digest of the signed part."""

    provider: UUID
    device: UUID
    check_in: UUID
    sequence: int
    previous: bytes | None
    link: bytes
    text: bytes
    received_at: datetime
    located: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """All that the database holds that is counted here."""

    check_ins: Sequence[Stored]
    sealed: Sequence[tuple[UUID, UUID, UUID, int]]
    heads: dict[UUID, int]
    waiting: int
    failed: int


async def waiting_to_be_folded(dsn: str) -> int:
    """How many requests to fold are left."""
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval(_WAITING))
    finally:
        await connection.close()


async def read(dsn: str) -> Kept:
    """Read what the database holds, past every row policy."""
    connection = await asyncpg.connect(dsn)
    try:
        return Kept(
            [Stored(*row) for row in await connection.fetch(_STORED)],
            [tuple(row) for row in await connection.fetch(_SEALED)],
            {row["provider_id"]: row["tree_size"] for row in await connection.fetch(_HEADS)},
            await connection.fetchval(_WAITING),
            await connection.fetchval(_FAILED),
        )
    finally:
        await connection.close()


def judge(posted: Sequence[Parcel], ledger: Path, kept: Kept) -> tuple[Zeros, Facts]:
    """Count everything."""
    entries = read_ledger(ledger)
    sent = {UUID(check_in) for parcel in posted for check_in in parcel.check_ins}
    stored = {row.check_in: row for row in kept.check_ins}
    by_status: dict[str, set[UUID]] = defaultdict(set)
    for entry in entries:
        if entry.status is not None:
            by_status[entry.status].add(entry.check_in)
    answered = {check_in for ids in by_status.values() for check_in in ids}
    promised = by_status["recorded"] | by_status["duplicate"]
    unanswered = sent - answered
    seals = Counter(place[:3] for place in kept.sealed)
    keys = {(row.provider, row.device, row.check_in) for row in kept.check_ins}
    zeros = Zeros(
        answered_and_missing=len(promised - stored.keys()),
        stored_twice=_repeated(row.check_in for row in kept.check_ins) + _repeated(row.text for row in kept.check_ins),
        sequence_out_of_order=_out_of_order(kept.check_ins),
        unanswered_and_not_stored=len(unanswered - stored.keys()),
        never_answered=len(unanswered),
        wrongly_refused=len(by_status["refused"]),
        called_a_conflict=len(by_status["conflict"]),
        first_answer_changed=_changed(entries, stored),
        stored_and_never_posted=len(stored.keys() - sent),
        stored_without_location=sum(not row.located for row in kept.check_ins),
        signature_failed=kept.failed,
        not_folded=kept.waiting,
        not_sealed=len(keys - seals.keys()),
        sealed_twice=sum(count - 1 for count in seals.values()),
        sealed_and_not_stored=len(seals.keys() - keys),
        log_out_of_order=_log_out_of_order(kept),
    )
    facts = Facts(
        devices=len({row.device for row in kept.check_ins}),
        posted=len(sent),
        answers=sum(entry.status is not None for entry in entries),
        recorded=sum(entry.status == "recorded" for entry in entries),
        duplicates=sum(entry.status == "duplicate" for entry in entries),
        stored=len(kept.check_ins),
    )
    return zeros, facts


def _repeated(values: Iterable[object]) -> int:
    return sum(count - 1 for count in Counter(values).values())


def _out_of_order(rows: Sequence[Stored]) -> int:
    """Count the check-ins that do not follow on the one before: a gap, a second of the same number, a broken link."""
    devices: dict[tuple[UUID, UUID], list[Stored]] = defaultdict(list)
    for row in rows:
        devices[row.provider, row.device].append(row)
    wrong = 0
    for chain in devices.values():
        chain.sort(key=lambda row: row.sequence)
        last, link = 0, None
        for row in chain:
            wrong += row.sequence != last + 1 or row.previous != link
            last, link = row.sequence, row.link
    return wrong


def _changed(entries: Sequence[Entry], stored: dict[UUID, Stored]) -> int:
    """Count the answers that name another instant than the first, which the database holds."""
    return sum(
        entry.recorded_at != stored[entry.check_in].received_at
        for entry in entries
        if entry.status in _PROMISED and entry.check_in in stored
    )


def _log_out_of_order(kept: Kept) -> int:
    """Count the providers whose log is not 0, 1, 2 … up to the size its head gives."""
    leaves: dict[UUID, list[int]] = defaultdict(list)
    for provider, _, _, index in kept.sealed:
        leaves[provider].append(index)
    return sum(sorted(leaves[provider]) != list(range(size)) for provider, size in kept.heads.items()) + len(
        leaves.keys() - kept.heads.keys()
    )
