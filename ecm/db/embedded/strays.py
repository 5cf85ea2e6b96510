"""What an earlier life of the embedded server may have left behind: processes, and a pid file that lies."""

import os
import signal
import subprocess
import time
from pathlib import Path

_PROC = Path("/proc")
_POLL_SECONDS = 0.005


def recorded_pid(data: Path) -> int | None:
    """The pid that the data directory's pid file names, alive or not; None without a readable pid file."""
    lines = _pid_file(data)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def stray_pids(data: Path) -> frozenset[int]:
    """Every live PostgreSQL process that works in `data`, whoever started it.

    On Linux /proc is asked: the working directory of such a process is its data directory, so a pid that has
    been given to another program since, or a shell that stands in the folder, is not mistaken for one.
    Elsewhere only the recorded pid is looked at, by the name of its program.
    """
    if _PROC.joinpath("self", "cwd").exists():
        found = (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())
        return frozenset(pid for pid in found if _works_in(pid, data))
    pid = recorded_pid(data)
    return frozenset() if pid is None or not _is_postgres(pid) else frozenset({pid})


def dismiss_strays(data: Path, patience_seconds: float = 20.0) -> frozenset[int]:
    """Have an orphaned server of `data` stop; give the pids that were found, once all of them are gone.

    Its parent is dead, so nobody uses it rightly: the caller holds the lock. A postmaster is asked for a fast
    shutdown (committed work stays); after half the patience, and for children whose postmaster was killed,
    every process is told to quit at once, which recovery repairs. Raises TimeoutError if some stay.
    """
    found = stray_pids(data)
    left = found
    postmaster = recorded_pid(data)
    if postmaster in left:
        _send(frozenset({postmaster}), signal.SIGINT)
    started = time.monotonic()
    hurried = False
    while left:
        waited = time.monotonic() - started
        if waited > patience_seconds:
            raise TimeoutError(f"PostgreSQL processes {sorted(left)} of {data} do not stop")
        if not hurried and waited > patience_seconds / 2:
            _send(left, signal.SIGQUIT)
            hurried = True
        time.sleep(_POLL_SECONDS)
        left = stray_pids(data)
    return found


def kill_all(data: Path, pids: frozenset[int]) -> None:
    """Kill -9 these processes of `data` and wait until they are gone, whatever takes their place meanwhile."""
    _send(pids, signal.SIGKILL)
    while pids & stray_pids(data):
        time.sleep(_POLL_SECONDS)


def _send(pids: frozenset[int], number: signal.Signals) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _pid_file(data: Path) -> list[str]:
    try:
        return data.joinpath("postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def _works_in(pid: int, data: Path) -> bool:
    try:
        folder = _PROC.joinpath(str(pid), "cwd").readlink()
        program = _PROC.joinpath(str(pid), "exe").readlink()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False
    return folder == data and program.name.startswith("postgres")


def _is_postgres(pid: int) -> bool:
    shown = subprocess.run(  # noqa: S603 – fixed words and a number
        ["/bin/ps", "-o", "comm=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return "postgres" in shown.stdout
