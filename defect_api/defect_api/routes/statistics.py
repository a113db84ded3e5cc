"""`/v1/statistics`: what the inspections come to, counted by the index."""

from datetime import UTC, datetime

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from defect_api.schemas import COMMON_RESPONSES, StatisticsQuery, problem_responses
from defect_api.state import state
from defect_api.statistics import Statistics, statistics

api = APIBlueprint(
    "statistics",
    __name__,
    url_prefix="/v1/statistics",
    abp_tags=[Tag(name="inspections")],
    abp_responses=COMMON_RESPONSES,
)


@api.get("", summary="Count what the filters want", responses={200: Statistics, **problem_responses(503)})
def read(query: StatisticsQuery) -> Response:
    """Over time, by verdict, type, area and probability, against the time before and against the card's limits."""
    found = statistics(state().history, query, query.time_zone, datetime.now(UTC))
    return Response(found.model_dump_json(), content_type="application/json")
