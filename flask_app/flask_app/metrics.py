"""Prometheus metrics of the site: requests by route and status, and how long they took."""

import os
import time
from http import HTTPMethod, HTTPStatus

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

try:
    from uwsgi import worker_id as process_number  # type: ignore[import-untyped]  # uWSGI brings it
except ImportError:  # not served by uWSGI
    from os import getpid as process_number

# the last bucket is beyond the read time-out of the slowest page, which waits for an inspection
BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


class Metrics:
    """Count one application's requests; with PROMETHEUS_MULTIPROC_DIR set, together with its sister processes."""

    def __init__(self) -> None:
        self._own = CollectorRegistry()
        labels = ("method", "route")
        self._requests = Counter("site_requests", "Requests answered.", (*labels, "status"), registry=self._own)
        # without labels, so that it is there before the first failure, and its increase is seen
        self._failures = Counter("site_failures", "Requests answered 500.", registry=self._own)
        self._seconds = Histogram(
            "site_request_duration_seconds", "Time to the answer.", labels, registry=self._own, buckets=BUCKETS_S
        )

    def start(self) -> None:
        """Note when the request began."""
        g.metrics_started = time.perf_counter()

    def finish(self, response: Response) -> Response:
        """Count the request under its route, not its path, so that strangers cannot make up label values."""
        route = request.url_rule.rule if request.url_rule else "none"
        method = request.method if request.method in HTTPMethod.__members__ else "none"
        self._requests.labels(method, route, str(response.status_code)).inc()
        if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
            self._failures.inc()
        self._seconds.labels(method, route).observe(time.perf_counter() - g.metrics_started)
        return response

    def text(self) -> bytes:
        """Return all figures in Prometheus' text format."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self._own)
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


def init_app(app: Flask) -> None:
    """Count every request of the application."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        # a recycled worker counts on in its predecessor's files: those of a process would stay, and be read, for good
        values.ValueClass = values.MultiProcessValue(process_number)  # type: ignore[no-untyped-call]  # as below
    metrics = app.extensions["metrics"] = Metrics()
    app.before_request(metrics.start)
    app.after_request(metrics.finish)
