"""What was measured, as a table for people, a list for machines and a picture."""

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from statistics import median

import msgspec


@dataclass(frozen=True, slots=True)
class Measure:
    """One measurement of one path. Latencies in milliseconds, processor time in microseconds a check-in.

    `folded_us` is the service's and PostgreSQL's time together until everything stored was folded into visits too,
    and `catch_up` how many seconds after the last answer that was.
    """

    requests: float
    check_ins: float
    p50: float | None = None
    p99: float | None = None
    service_us: float | None = None
    postgres_us: float | None = None
    folded_us: float | None = None
    catch_up: float | None = None
    megabytes: float | None = None
    declined: float = 0.0


@dataclass(slots=True)
class Row:
    """A row of the table: a path, or a limit, with its measurements of all rounds.

    `limit` names the row whose check-ins a second are this one's limit; `reach` is the ratio to reach.
    """

    name: str
    kind: str
    limit: str | None = None
    reach: float | None = None
    measures: list[Measure] = field(default_factory=list)


class Entry(msgspec.Struct, frozen=True):
    """One number of build/bench/intake.json."""

    name: str
    unit: str
    median: float
    min: float
    max: float
    limit: float | None
    ratio: float | None


def entry(name: str, unit: str, values: Sequence[float], limit: float | None = None) -> Entry:
    """Return a number with its spread, and its ratio to a limit."""
    middle = median(values)
    ratio = None if not limit else round(middle / limit, 3)
    return Entry(name, unit, round(middle, 3), round(min(values), 3), round(max(values), 3), limit, ratio)


def entries(paths: Sequence[Row]) -> list[Entry]:
    """Return every number of every path."""
    rows = {path.name: path for path in paths if path.measures}
    found = []
    for path in rows.values():
        limit = rows.get(path.limit or "")
        of_limit = limit.measures if limit else []
        found.append(
            entry(
                f"{path.name}: check-ins",
                "1/s",
                [measure.check_ins for measure in path.measures],
                round(median(measure.check_ins for measure in of_limit), 1) if of_limit else None,
            )
        )
        for what, unit in (
            ("p50", "ms"),
            ("p99", "ms"),
            ("service_us", "µs"),
            ("postgres_us", "µs"),
            ("folded_us", "µs"),
            ("catch_up", "s"),
            ("megabytes", "MB"),
        ):
            values = [value for each in path.measures if (value := getattr(each, what)) is not None]
            limits = [value for each in of_limit if (value := getattr(each, what)) is not None]
            if values:
                compared = round(median(limits), 3) if limits and what in {"p50", "p99"} else None
                found.append(entry(f"{path.name}: {what}", unit, values, compared))
    return found


def table(paths: Sequence[Row], rounds: int) -> str:
    """Return the Markdown table, ready for docs/performance.md."""
    rows = {path.name: path for path in paths if path.measures}
    lines = [
        f"{machine()}; {rounds} interleaved rounds, order reversed every second round; medians (least–most)",
        "",
        "| path | requests/s | check-ins/s | p50 ms | p99 ms | CPU µs/check-in: service | PostgreSQL"
        " | both, until folded | folded after s | peak MB | of its limit | reach |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for path in rows.values():
        limit = rows.get(path.limit or "")
        ratio = f"{_median(path, 'check_ins') / _median(limit, 'check_ins'):.2f} of {limit.name}" if limit else ""
        spread = sorted(measure.check_ins for measure in path.measures)
        cells = [
            f"*{path.name}*" if path.kind == "limit" else path.name,
            f"{_median(path, 'requests'):,.0f}",
            f"{_median(path, 'check_ins'):,.0f} ({spread[0]:,.0f}–{spread[-1]:,.0f})",
            *(
                _cell(path, what, places)
                for what, places in (
                    ("p50", 2),
                    ("p99", 2),
                    ("service_us", 0),
                    ("postgres_us", 0),
                    ("folded_us", 0),
                    ("catch_up", 1),
                    ("megabytes", 0),
                )
            ),
            ratio,
            "" if path.reach is None else f"≥ {path.reach:.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def picture(paths: Sequence[Row]) -> str:
    """Return an SVG of the ratios to the limits, with what is to be reached."""
    rows = {path.name: path for path in paths if path.measures}
    shown = [
        (path.name, _median(path, "check_ins") / _median(rows[path.limit], "check_ins"), path.limit, path.reach)
        for path in rows.values()
        if path.limit in rows
    ]
    height = 70 + 46 * len(shown)
    bars = []
    for number, (name, ratio, limit, reach) in enumerate(shown):
        top = 52 + 46 * number
        colour = "#2f6f4f" if reach is None or ratio >= reach else "#b3541e"
        bars.append(
            f'<text x="12" y="{top + 8}">{escape(name)}</text>'
            f'<text x="12" y="{top + 24}" class="small">limit: {escape(limit or "")}</text>'
            f'<rect x="330" y="{top - 6}" width="{min(ratio, 1.2) * 400:.1f}" height="24" fill="{colour}"/>'
            f'<text x="{338 + min(ratio, 1.2) * 400:.1f}" y="{top + 11}">{ratio:.2f}</text>'
        )
        if reach is not None:
            x = 330 + reach * 400
            bars.append(f'<path d="M{x:.1f} {top - 11}v34" class="reach"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 {height}" role="img" aria-label="Intake paths as'
        ' shares of their limits"><style>text{font:15px sans-serif;fill:#222}.small{font-size:12px;fill:#555}'
        ".reach{stroke:#222;stroke-width:2;stroke-dasharray:4 3}.axis{stroke:#999}</style>"
        f'<rect width="880" height="{height}" fill="#fff"/>'
        f'<text x="12" y="24">Check-ins a second as a share of the limit (dashed: to be reached)</text>'
        f'<path d="M730 36v{height - 46}" class="axis"/><text x="722" y="{height - 4}" class="small">1.0</text>'
        f"{''.join(bars)}</svg>\n"
    )


def write(paths: Sequence[Row], found: Sequence[Entry], folder: Path) -> None:
    """Write intake.json and intake.svg."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "intake.json").write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    (folder / "intake.svg").write_text(picture(paths), encoding="utf-8")


def machine() -> str:
    """Return the date, the machine and the commit."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    memory = next((int(line.split()[1]) // 2**20 for line in _lines("/proc/meminfo") if line.startswith("MemT")), 0)
    commit = _git("rev-parse", "--short", "HEAD") + (" with changes" if _git("status", "--porcelain", "-uno") else "")
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} × {model}, {memory} GB, {platform.system()}"
        f" {platform.release()}, Python {platform.python_version()}, commit {commit}, load average {load:.1f} at the"
        " end"
    )


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], check=False, capture_output=True, text=True).stdout.strip()


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


def _median(path: Row, what: str) -> float:
    return float(median(getattr(measure, what) for measure in path.measures))


def _cell(path: Row, what: str, places: int) -> str:
    values = [value for each in path.measures if (value := getattr(each, what)) is not None]
    return f"{median(values):,.{places}f}" if values else ""
