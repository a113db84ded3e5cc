"""Health and metrics, for the internal HTTP socket; nginx never routes here from outside."""

from typing import cast

from flask import Blueprint, Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST

from flask_app.metrics import Metrics

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that this process answers; whether the REST service does is its own /readyz to tell."""
    return {"status": "ok"}


@blueprint.get("/metrics")
def metrics() -> Response:
    """Give the figures to Prometheus."""
    text = cast("Metrics", current_app.extensions["metrics"]).text()
    return Response(text, content_type=CONTENT_TYPE_LATEST)
