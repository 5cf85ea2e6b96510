"""What intake counts."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


@dataclass(frozen=True, slots=True)
class IntakeMetrics:
    """The counters of one process's intake."""

    answers: Counter
    refusals: Counter
    slowed: Counter
    declined: Counter
    group_size: Histogram
    commit_seconds: Histogram
    waiting_bytes: Gauge
    skew_seconds: Histogram
    lag_seconds: Histogram


def intake_metrics(registry: CollectorRegistry) -> IntakeMetrics:
    """Register the counters."""
    return IntakeMetrics(
        answers=Counter("ecm_check_in_answers", "Check-ins answered, by answer", ["status"], registry=registry),
        refusals=Counter("ecm_check_in_refusals", "Check-ins refused, by reason", ["reason"], registry=registry),
        slowed=Counter(
            "ecm_intake_slowed", "Requests of phones that sent too much that cannot be read", registry=registry
        ),
        declined=Counter(
            "ecm_intake_declined", "Requests asked to come back because too many were waiting", registry=registry
        ),
        group_size=Histogram(
            "ecm_intake_group_size",
            "Check-ins stored by one transaction",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000),
            registry=registry,
        ),
        commit_seconds=Histogram(
            "ecm_intake_commit_seconds", "Time from taking a group to its COMMIT", registry=registry
        ),
        waiting_bytes=Gauge(
            "ecm_intake_waiting_bytes",
            "Requests waiting to be taken in",
            registry=registry,
            multiprocess_mode="livesum",
        ),
        skew_seconds=Histogram(
            "ecm_check_in_skew_seconds",
            "How far a phone's clock was off, either way",
            buckets=(1, 5, 30, 120, 600, 3_600, 86_400, 31_536_000),
            registry=registry,
        ),
        lag_seconds=Histogram(
            "ecm_check_in_lag_seconds",
            "Time from check-in to its arrival",
            buckets=(1, 5, 30, 120, 600, 3_600, 14_400, 86_400, 604_800),
            registry=registry,
        ),
    )
