"""kill -9 of the service and of PostgreSQL in the middle of the rehearsed morning."""

import asyncio
import os
import random
import signal
import sys
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from ecm.db.embedded.server import EmbeddedServer
from ecm.process.parent import DATABASE_NAME
from simulators.outbox import Outbox

KILLS = 8
ITEMS_BETWEEN_KILLS = 12


def children(pid: int) -> list[int]:
    """The processes that a process started and that still run."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def kill(pids: list[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def answered(journal: Path) -> int:
    """How many answers the phones have written down so far."""
    return journal.read_bytes().count(b'"type":"answered"') if journal.exists() else 0


async def kill_now_and_then(rehearsal: int, state: Path, journal: Path) -> int:
    """Kill the service or its PostgreSQL whenever a few more items were answered; return how often."""
    chance, done, next_at = random.Random(20), 0, 1
    while done < KILLS:
        await asyncio.sleep(0.02)
        service = children(rehearsal)
        postmaster_file = state / "data" / "postmaster.pid"
        if answered(journal) < next_at or not service:
            continue
        if chance.random() < 0.5:
            kill(service)
        else:
            with suppress(FileNotFoundError, IndexError, ValueError):
                postmaster = int(postmaster_file.read_text().split()[0])
                kill([postmaster, *children(postmaster)])
        done += 1
        next_at = answered(journal) + ITEMS_BETWEEN_KILLS
    return done


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes to kill in /proc")
async def test_promises_1_and_2_whatever_is_killed_every_answered_check_in_is_there_once(server_folder: Path) -> None:
    state = server_folder / "crash"
    journal = state / "rehearsal" / "phones.jsonl"
    rehearsal = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulators",
        "day",
        "--state",
        str(state),
        "--scale",
        "0.5",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    killing = asyncio.create_task(kill_now_and_then(rehearsal.pid, state, journal))
    try:
        said, _ = await rehearsal.communicate()
    finally:
        killing.cancel()
        if rehearsal.returncode is None:
            rehearsal.terminate()
            await rehearsal.wait()
    assert killing.done(), "the morning was over before everything had been killed"
    assert killing.result() == KILLS
    assert rehearsal.returncode == 0, said.decode()

    with Outbox(journal) as outbox:
        assert outbox.unanswered() == 0
        promised = {
            answer.check_in
            for answer in outbox.answers
            if answer.check_in is not None and answer.status in {"recorded", "duplicate"}
        }
    assert len(promised) > 50
    async with EmbeddedServer(state) as postgres:
        stored = await stored_check_ins(postgres)
    assert sorted(stored) == sorted(set(stored)), "something is stored twice"
    assert promised <= set(stored), "something answered is missing"


async def stored_check_ins(postgres: EmbeddedServer) -> list[UUID]:
    connection = await asyncpg.connect(postgres.dsn(database=DATABASE_NAME))
    try:
        return [row["check_in_id"] for row in await connection.fetch("SELECT check_in_id FROM check_ins")]
    finally:
        await connection.close()
