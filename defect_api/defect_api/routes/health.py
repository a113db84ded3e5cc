"""Whether the process lives, whether the service is right, and what it has done so far."""

from flask import Response, jsonify
from flask_openapi3 import APIBlueprint, Tag

from defect_api.metrics import CONTENT_TYPE, Standing, exposition
from defect_api.schemas import COMMON_RESPONSES, Readiness, problem_responses
from defect_api.state import state

api = APIBlueprint("health", __name__, abp_tags=[Tag(name="health")], abp_responses=COMMON_RESPONSES)
JSON_OBJECT = {"content": {"application/json": {"schema": {"type": "object"}}}}


@api.get("/livez", summary="The process answers", responses={200: JSON_OBJECT})
def livez() -> Response:
    """200 as long as requests are answered at all."""
    return jsonify(status="alive")


@api.get("/readyz", summary="The golden sheets came out right", responses={200: Readiness, **problem_responses(503)})
def readyz() -> Response:
    """503 with the reason until a model is in service that gave the answers its card expects."""
    slot = state().slot
    ready = Readiness(status="ready", model=slot.model.facts, complaints=slot.complaints)
    return jsonify(ready.model_dump())


@api.get("/metrics", summary="Figures for Prometheus", responses={200: {"content": {"text/plain": {}}}})
def metrics() -> Response:
    """Of all workers together."""
    slot = state().slot
    standing = Standing(slot.facts, len(slot.complaints), state().settings.queue, state().media.disk())
    return Response(exposition(standing), content_type=CONTENT_TYPE)
