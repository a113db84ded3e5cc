"""What Prometheus is told. With PROMETHEUS_MULTIPROC_DIR set, the figures of all workers are added up."""

import os

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST
REQUESTS = Counter("defect_api_requests_total", "Requests answered", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("defect_api_request_seconds", "Time to answer a request", ["route"])
STAGE_SECONDS = Histogram(
    "defect_api_stage_seconds",
    "Time of one stage of an inspection",
    ["stage"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
VERDICTS = Counter("defect_api_inspections_total", "Inspections stored", ["verdict"])


def exposition() -> bytes:
    """Return the metrics in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # prometheus_client annotates it in part
    return generate_latest(registry)
