"""What Prometheus is told. With PROMETHEUS_MULTIPROC_DIR set, the figures of all workers are added up."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Summary,
    generate_latest,
    values,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from defect_api.limit_use import measurements
from defect_api.record import ModelFacts, Record

_numbers: dict[int, int] = {}


def count_as(number: int) -> None:
    """Have this process count on in the files of the one that had this number before it and has ended.

    Files of its own would stay when it ends, for the sums in them, and be read for good.
    """
    _numbers[os.getpid()] = number


def _number() -> int:
    pid = os.getpid()
    return _numbers.get(pid, pid)


if SHARED := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
    # the figures below open their files there as soon as they are made
    Path(SHARED).mkdir(parents=True, exist_ok=True)
    values.ValueClass = values.MultiProcessValue(_number)  # type: ignore[no-untyped-call]  # as below
CONTENT_TYPE = CONTENT_TYPE_LATEST
REQUESTS = Counter("defect_api_requests_total", "Requests answered", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("defect_api_request_seconds", "Time to answer a request", ["method", "route"])
REFUSALS = Counter("defect_api_refusals_total", "Requests or parts of them answered with a problem", ["reason"])
# an increase is seen from a figure that was there before: the first refusal is to be told of as well
ALERTED = ("busy", "media-volume-full", "media-volume-read-only", "internal-error")
HELD = Gauge("defect_api_inspections_held", "Inspections being worked on", multiprocess_mode="livesum")
STAGE_SECONDS = Histogram(
    "defect_api_stage_seconds",
    "Time of one stage of an inspection",
    ["stage", "model", "engine"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
INSPECTIONS = Counter("defect_api_inspections_total", "Inspections stored", ["verdict", "model", "engine"])
NO_VERDICTS = Counter("defect_api_no_verdict_reasons_total", "Why inspections had no verdict", ["reason"])
DEFECTS = Counter("defect_api_defects_total", "Defects found", ["type", "model"])
CONDITIONS = Summary("defect_api_condition", "Statistics of the pictures, in their own units", ["statistic"])
LIMIT_USE = Histogram(
    "defect_api_condition_limit_use",
    "How near the pictures' statistics come to the limits of the model's card; beyond 1 there is no verdict",
    ["statistic"],
    buckets=(0.25, 0.5, 0.75, 0.9, 1, 2),
)


@dataclass(frozen=True)
class Standing:
    """What is so at the moment, as opposed to what is counted; `media` is the volume's size and free room in bytes."""

    model: ModelFacts | None
    complaints: int
    places: int
    media: tuple[int, int] | None


class _StandingCollector(Collector):
    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def collect(self) -> Iterator[GaugeMetricFamily]:
        standing = self._standing
        yield GaugeMetricFamily("defect_api_ready", "1 where a proven model is in service", value=bool(standing.model))
        yield GaugeMetricFamily(
            "defect_api_refused_packages", "Model packages that are not served though tried", value=standing.complaints
        )
        yield GaugeMetricFamily(
            "defect_api_inspections_limit", "Inspections that all workers hold at most", value=standing.places
        )
        if standing.media:
            size, free = standing.media
            yield GaugeMetricFamily(
                "defect_api_media_size_bytes", "Size of the disk that the media volume is on", value=size
            )
            yield GaugeMetricFamily(
                "defect_api_media_free_bytes", "Room that the service can still use on it", value=free
            )
        info = GaugeMetricFamily("defect_api_model_info", "The model in service", labels=list(ModelFacts.model_fields))
        if standing.model:
            info.add_metric(list(standing.model.model_dump().values()), 1)
        yield info


def count_inspection(record: Record) -> None:
    """Count an inspection that was stored, with its stages."""
    model, engine = f"{record.model.name}/{record.model.version}", record.model.engine
    INSPECTIONS.labels(record.verdict, model, engine).inc()
    for reason in record.reasons:
        NO_VERDICTS.labels(reason.code).inc()
    for defect in record.defects:
        DEFECTS.labels(defect.type, model).inc()
    for statistic, measured in measurements(record).items():
        CONDITIONS.labels(statistic).observe(measured.value)
        if measured.use is not None:
            LIMIT_USE.labels(statistic).observe(measured.use)
    for stage, milliseconds in record.timings_ms.model_dump().items():
        STAGE_SECONDS.labels(stage, model, engine).observe(milliseconds / 1000)


def exposition(standing: Standing) -> bytes:
    """Return the metrics in Prometheus' text format."""
    now = CollectorRegistry()
    now.register(_StandingCollector(standing))
    if not SHARED:
        return generate_latest(REGISTRY) + generate_latest(now)
    MultiProcessCollector(now)  # type: ignore[no-untyped-call]  # prometheus_client annotates it in part
    return generate_latest(now)
