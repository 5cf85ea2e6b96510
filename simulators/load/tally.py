"""What was sent and what came back, counted; and the sentence and the document that say so."""

from collections import Counter
from datetime import UTC, datetime
from typing import Final, Self

import msgspec

from simulators.load.histogram import Histogram
from simulators.load.wire import ANSWERS

_SHARES: Final = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99_9", 0.999))


class Tally:
    """The counts of one sender, or of several added up.

    `accepted` holds the latencies of requests answered 200, `declined` of those answered otherwise: both from the
    instant each was due. `on_time` counts the check-ins, `requests_on_time` the requests, that were answered 200
    within `nanoseconds`: open loop the time of sending, flat out the time to the last answer.
    """

    def __init__(self) -> None:
        self.accepted = Histogram()
        self.declined = Histogram()
        self.answers: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.errors: Counter[str] = Counter()
        self.sent = 0
        self.retries = 0
        self.on_time = 0
        self.requests_on_time = 0
        self.not_sent = 0
        self.unanswered = 0
        self.nanoseconds = 0

    def add(self, other: Self) -> None:
        """Add what another sender counted over the same time."""
        self.accepted.add(other.accepted)
        self.declined.add(other.declined)
        self.answers.update(other.answers)
        self.statuses.update(other.statuses)
        self.errors.update(other.errors)
        self.sent += other.sent
        self.retries += other.retries
        self.on_time += other.on_time
        self.requests_on_time += other.requests_on_time
        self.not_sent += other.not_sent
        self.unanswered += other.unanswered
        self.nanoseconds = max(self.nanoseconds, other.nanoseconds)


class Latency(msgspec.Struct, frozen=True):
    """Percentiles in milliseconds, from the instant a request was due to its answer."""

    count: int
    mean: float
    p50: float
    p90: float
    p99: float
    p99_9: float
    max: float


class Summary(msgspec.Struct, frozen=True):
    """One run. Rates count what was answered 200 within `seconds`; `answers` and `statuses` count everything.

    `not_sent` requests were due and found no free connection before the end; `unanswered` ones were sent and got no
    reply in time.
    """

    at: datetime
    seconds: float
    requests_per_second: float
    check_ins_per_second: float
    latency: Latency
    declined_latency: Latency
    answers: dict[str, int]
    statuses: dict[str, int]
    errors: dict[str, int]
    sent: int
    retries: int
    not_sent: int
    unanswered: int


def summarise(tally: Tally) -> Summary:
    """Return what a tally comes to."""
    seconds = max(tally.nanoseconds, 1) / 1e9
    return Summary(
        at=datetime.now(UTC),
        seconds=round(seconds, 3),
        requests_per_second=round(tally.requests_on_time / seconds, 1),
        check_ins_per_second=round(tally.on_time / seconds, 1),
        latency=_latency(tally.accepted),
        declined_latency=_latency(tally.declined),
        answers={answer: tally.answers[answer] for answer in ANSWERS},
        statuses={str(status): count for status, count in sorted(tally.statuses.items())},
        errors=dict(sorted(tally.errors.items())),
        sent=tally.sent,
        retries=tally.retries,
        not_sent=tally.not_sent,
        unanswered=tally.unanswered,
    )


def describe(summary: Summary) -> str:
    """Return a summary as lines for a terminal."""
    latency, declined = summary.latency, summary.declined_latency
    lines = [
        f"{summary.requests_per_second:,.0f} requests/s, {summary.check_ins_per_second:,.0f} check-ins/s"
        f" over {summary.seconds:.2f} s",
        f"latency  {_spelt(latency)}",
        *([f"declined {_spelt(declined)}"] if declined.count else []),
        f"answers  {_counts(summary.answers)}",
        f"statuses {_counts(summary.statuses)}",
        f"errors   {_counts(summary.errors)}; retries {summary.retries:,}, not sent {summary.not_sent:,},"
        f" unanswered {summary.unanswered:,}",
    ]
    return "\n".join(lines)


def _latency(histogram: Histogram) -> Latency:
    shares = {name: round(histogram.milliseconds(share), 3) for name, share in _SHARES}
    mean = histogram.total / max(histogram.count, 1) / 1e6
    return Latency(count=histogram.count, mean=round(mean, 3), max=round(histogram.largest / 1e6, 3), **shares)


def _spelt(latency: Latency) -> str:
    return (
        f"p50 {latency.p50:.2f} ms, p90 {latency.p90:.2f}, p99 {latency.p99:.2f}, p99.9 {latency.p99_9:.2f},"
        f" max {latency.max:.2f} ({latency.count:,} requests)"
    )


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "none"
