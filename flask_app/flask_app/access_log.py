"""One JSON line on standard output for each request, and for what the code logs while it runs."""

import json
import logging
import sys
import time
from datetime import UTC, datetime

from flask import Flask, Response, g, has_request_context, request

from flask_app import context

SERVICE = "flask_app"
REQUEST_FIELDS = ("method", "path", "status", "duration_ms")
# probes come every few seconds and would drown the rest
QUIET_PATHS = ("/healthz", "/metrics")

logger = logging.getLogger("flask_app")


class JsonFormatter(logging.Formatter):
    """Write a log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with the id of the request that it belongs to."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "service": SERVICE,
            "request_id": context.request_id() if has_request_context() else None,
        }
        line |= {field: getattr(record, field) for field in REQUEST_FIELDS if hasattr(record, field)}
        line["message"] = record.getMessage()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class StandardOutput(logging.Handler):
    """Write each line to what is standard output when it is written."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record, whole."""
        try:
            sys.stdout.write(self.format(record) + "\n")
            sys.stdout.flush()
        except OSError:
            # nobody reads the log any more; the request is still to be answered
            self.handleError(record)


def init_app(app: Flask, level: str) -> None:
    """Log every request of the application, and give every answer its X-Request-ID."""
    handler = StandardOutput()
    handler.setFormatter(JsonFormatter())
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False
    app.before_request(_start)
    app.after_request(_finish)


def _start() -> None:
    g.started = time.perf_counter()


def _finish(response: Response) -> Response:
    response.headers["X-Request-ID"] = context.request_id()
    fields = {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "duration_ms": round((time.perf_counter() - g.started) * 1000, 1),
    }
    level = logging.DEBUG if request.path in QUIET_PATHS else logging.INFO
    logger.log(level, "%s %s", request.method, request.path, extra=fields)
    return response
