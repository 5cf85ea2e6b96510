"""What is told of visits to Prometheus."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Gauge


@dataclass(frozen=True, slots=True)
class BacklogMetrics:
    """What waits to be folded, as last measured by the process that does the chores."""

    waiting: Gauge
    oldest_seconds: Gauge


def backlog_metrics(registry: CollectorRegistry) -> BacklogMetrics:
    """Register the gauges; of several processes, the one that measured last and still lives is shown."""
    return BacklogMetrics(
        waiting=Gauge(
            "ecm_fold_requests_waiting",
            "Check-ins and changes waiting to be folded into visits",
            registry=registry,
            multiprocess_mode="livemostrecent",
        ),
        oldest_seconds=Gauge(
            "ecm_fold_oldest_seconds",
            "How long the oldest check-in that waits to be folded has been stored",
            registry=registry,
            multiprocess_mode="livemostrecent",
        ),
    )
