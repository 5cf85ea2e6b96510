"""What processes cost, read from /proc (Linux): processor time and memory, each of a process and all below it."""

import os
from collections.abc import Iterable
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def tree(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    found = [pid]
    for parent in found:
        try:
            tasks = list((_PROC / str(parent) / "task").iterdir())
            children = [(task / "children").read_text() for task in tasks]
        except (FileNotFoundError, ProcessLookupError):
            continue
        found.extend(int(child) for each in children for child in each.split())
    return found


def on_duty(pid: int, duty: str) -> list[int]:
    """Return those processes of a running service that do one duty: `serve` answers phones, `chores` the rest."""
    return [each for each in tree(pid) if f"--duty={duty}" in _words(each)]


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process and its descendants, those it has waited for included."""
    ticks = 0
    for each in tree(pid):
        try:
            fields = (_PROC / str(each) / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        ticks += sum(map(int, fields[11:15]))
    return ticks / _TICK


def peak_megabytes(pids: Iterable[int]) -> float:
    """Return the largest resident set any of the processes has had since `forget_peaks`."""
    return max((_status(pid, "VmHWM:") for pid in pids), default=0.0)


def resident_megabytes(pids: Iterable[int]) -> float:
    """Return the largest resident set among the processes now."""
    return max((_status(pid, "VmRSS:") for pid in pids), default=0.0)


def forget_peaks(pids: Iterable[int]) -> None:
    """Let the peaks begin anew; without the right to (another user's process) they stay those since the start."""
    for pid in pids:
        try:
            (_PROC / str(pid) / "clear_refs").write_text("5")
        except (PermissionError, FileNotFoundError):
            continue


def _words(pid: int) -> list[str]:
    try:
        return (_PROC / str(pid) / "cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def _status(pid: int, name: str) -> float:
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(name)), 0.0)
