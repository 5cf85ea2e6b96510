"""The run: load through the service, the leader killed in the middle, and promises set against what is there."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from uuid import UUID

import msgspec

from simulators.load.ledger import Entry, read_ledger
from simulators.load.run import Result
from tests.patroni.cluster import TTL_SECONDS, Cluster, Node
from tests.running import RunningService, client, running_service

LONG_BURST_SECONDS = TTL_SECONDS + 15.0
BEFORE_AND_AFTER = 200
DEVICES = 40
_PATIENCE_SECONDS = 120.0
_STORED = "SELECT count(*) FROM check_ins"
_WATCHERS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '% watcher'"
_RECORDED = re.compile(r'^ecm_check_in_answers_total\{status="recorded"\} (\S+)', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Round:
    """One burst with one death in it.

    `leader_seconds` is from the death until another node led, `gap_seconds` the longest time in which no check-in
    was answered as recorded.
    """

    ledger: list[Entry]
    load: Result
    leader_seconds: float
    gap_seconds: float


@dataclass(frozen=True, slots=True)
class _Load:
    """One burst: `rate` check-ins a second for so many seconds."""

    folder: Path
    number: int
    rate: float
    seconds: float

    @property
    def ledger(self) -> Path:
        return self.folder / f"ledger-{self.number}.jsonl"

    @property
    def summary(self) -> Path:
        return self.folder / f"load-{self.number}.json"


@dataclass(frozen=True, slots=True)
class Counts:
    """What the run came to; times in seconds, everything else in check-ins unless its name says otherwise."""

    leaders_killed: int
    posted: int
    answered: int
    answered_and_missing: int
    stored_twice: int
    answered_otherwise_than_stored: int
    answered_only_on_retry: int
    never_answered_but_stored: int
    never_answered_and_not_stored: int
    requests_answered_503: int
    requests_without_reply: int
    still_to_be_folded: int
    seconds_until_the_next_leader: float
    longest_gap_seconds: float

    @property
    def holds(self) -> bool:
        """Whether every promise was kept, and every item accepted in the end."""
        return not (
            self.answered_and_missing
            or self.stored_twice
            or self.answered_otherwise_than_stored
            or self.never_answered_and_not_stored
            or self.still_to_be_folded
        )

    def __str__(self) -> str:
        return "\n".join(f"{field.name.replace('_', ' '):34} {getattr(self, field.name):>8}" for field in fields(self))


async def fail_over(
    cluster: Cluster, folder: Path, *, kills: int, rate: float, burst_seconds: float = LONG_BURST_SECONDS
) -> Counts:
    """Serve from the cluster, kill its leader so often, each time in a burst of `rate` check-ins/s, and count.

    A burst longer than the failover goes on into the next leader's time; a shorter one is sent again into it.
    """
    async with running_service(folder / "state", ECM_DATABASE_URL=cluster.url) as service:
        rounds = [await _round(cluster, service, _Load(folder, n, rate, burst_seconds)) for n in range(kills)]
        leader = await cluster.leader()
        await _until_count(cluster, leader, "SELECT count(*) FROM fold_requests", at_most=0)
        await _until_count(cluster, leader, _WATCHERS, at_least=1)
        async with client(service) as session, session.get("/readyz") as reply:
            assert reply.status == 200, await reply.text()
        rows = await cluster.ask_database(leader, "SELECT device_id, check_in_id, received_at FROM check_ins")
        waiting = await cluster.ask_database(leader, "SELECT count(*) FROM fold_requests")
    stored = [((row["device_id"], row["check_in_id"]), row["received_at"]) for row in rows]
    return _counted(rounds, stored, waiting[0][0])


async def _round(cluster: Cluster, service: RunningService, load: _Load) -> Round:
    clock = asyncio.get_running_loop().time
    leader = await cluster.leader()
    before = await _stored(cluster, leader)
    async with _loading(service, load) as loading:
        await _until_count(cluster, leader, _STORED, at_least=before + BEFORE_AND_AFTER)
        watching = asyncio.create_task(_longest_gap(service, loading))
        killed = clock()
        await leader.kill()
        successor = await cluster.leader()
        leader_seconds = clock() - killed
        assert successor is not leader
        kept = await _stored(cluster, successor)
        await _until_count(cluster, successor, _STORED, at_least=kept + BEFORE_AND_AFTER)
        await cluster.start(leader)
        gap_seconds = await watching
        assert loading.returncode == 0, "the load ended badly"
    await cluster.whole()
    result = msgspec.json.decode(load.summary.read_bytes(), type=Result)
    return Round(read_ledger(load.ledger), result, leader_seconds, gap_seconds)


async def _longest_gap(service: RunningService, loading: asyncio.subprocess.Process) -> float:
    """Watch what the service counts until the load ends."""
    clock = asyncio.get_running_loop().time
    longest, recorded, since = 0.0, 0.0, clock()
    async with client(service) as session:
        while loading.returncode is None:
            async with session.get("/metrics") as reply:
                found = float(_RECORDED.findall(await reply.text())[0])
            if found > recorded:
                longest, recorded, since = max(longest, clock() - since), found, clock()
            await asyncio.sleep(0.1)
    return longest


@asynccontextmanager
async def _loading(service: RunningService, load: _Load) -> AsyncIterator[asyncio.subprocess.Process]:
    """The project's own load generator, with a ledger: it posts each item until it is answered."""
    options = {
        "service": service.url,
        "operator-token-file": service.state / "operator-token",
        "keep": load.folder / "phones.json",
        "devices": DEVICES,
        "rate": load.rate,
        "seconds": load.seconds,
        "give-up": _PATIENCE_SECONDS,
        "ledger": load.ledger,
        "out": load.summary,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "simulators", "load", *words)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def _stored(cluster: Cluster, node: Node) -> int:
    return int((await cluster.ask_database(node, _STORED))[0][0])


async def _until_count(
    cluster: Cluster, node: Node, question: str, *, at_least: int = 0, at_most: int | None = None
) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            found = (await cluster.ask_database(node, question))[0][0]
            if found >= at_least and (at_most is None or found <= at_most):
                return
            await asyncio.sleep(0.1)


def _counted(
    rounds: Sequence[Round], stored: Sequence[tuple[tuple[UUID, UUID], datetime]], still_to_be_folded: int
) -> Counts:
    entries = [entry for each in rounds for entry in each.ledger]
    there = dict(stored)
    answered = {(entry.device, entry.check_in): entry for entry in entries if entry.status in {"recorded", "duplicate"}}
    unanswered = {(entry.device, entry.check_in) for entry in entries} - answered.keys()
    return Counts(
        leaders_killed=len(rounds),
        posted=len(answered) + len(unanswered),
        answered=len(answered),
        answered_and_missing=len(answered.keys() - there.keys()),
        stored_twice=len(stored) - len({check_in for (_, check_in), _ in stored}),
        answered_otherwise_than_stored=sum(
            entry.recorded_at != there.get(key, entry.recorded_at) for key, entry in answered.items()
        ),
        answered_only_on_retry=sum(entry.attempts > 1 for entry in answered.values()),
        never_answered_but_stored=len(unanswered & there.keys()),
        never_answered_and_not_stored=len(unanswered - there.keys()),
        requests_answered_503=sum(each.load.load.statuses.get("503", 0) for each in rounds),
        requests_without_reply=sum(sum(each.load.load.errors.values()) for each in rounds),
        still_to_be_folded=still_to_be_folded,
        seconds_until_the_next_leader=round(max(each.leader_seconds for each in rounds), 1),
        longest_gap_seconds=round(max(each.gap_seconds for each in rounds), 1),
    )
