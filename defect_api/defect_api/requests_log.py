"""Request ids, and one JSON line on standard output for each request and each message."""

import json
import logging
import re
import sys
import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from http import HTTPMethod

from flask import Flask, Response, g, has_request_context, request
from werkzeug.exceptions import HTTPException

from defect_api.metrics import REQUEST_SECONDS, REQUESTS
from defect_api.record import rfc3339

SERVICE = "defect-api-service"
REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
CHUNK = 1 << 16  # bytes that are read at once of a body that nobody wanted
QUIET = ("/livez", "/readyz", "/metrics")
log = logging.getLogger("defect_api.requests")


class JsonFormatter(logging.Formatter):
    """Formats a log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: time, level, service, process, request id, message, and what a request's line adds."""
        line = {
            "time": rfc3339(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname,
            "service": SERVICE,
            "process": record.process,
            "request_id": request_id() if has_request_context() else None,
            "message": record.getMessage(),
            **getattr(record, "request", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure_logging(level: str) -> None:
    """Send every log line of this process to standard output as JSON."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=level, force=True)


def request_id() -> str:
    """Return the id of the current request: the front door's, or a new one if it sent none that is sound."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    return str(g.request_id)


def log_requests(app: Flask) -> None:
    """Give every answer of `app` its request id, a log line and its place in the metrics."""

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def read_to_the_end(response: Response) -> Response:
        # the server would close on what is left, and nginx, still sending, answer 502 for a service that is away
        with suppress(HTTPException):
            while request.stream.read(CHUNK):
                pass
        return response

    @app.after_request
    def finish(response: Response) -> Response:
        seconds = time.perf_counter() - g.get("started", time.perf_counter())
        route = request.url_rule.rule if request.url_rule else "unknown"
        # strangers must not make up label values
        method = request.method if request.method in HTTPMethod.__members__ else "unknown"
        REQUESTS.labels(method=method, route=route, status=response.status_code).inc()
        REQUEST_SECONDS.labels(method=method, route=route).observe(seconds)
        response.headers["X-Request-ID"] = request_id()
        line = {
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "duration_ms": round(seconds * 1000, 1),
        }
        level = logging.DEBUG if route in QUIET else logging.INFO
        log.log(level, "%s %s %s", request.method, request.path, response.status_code, extra={"request": line})
        return response
