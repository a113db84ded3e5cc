"""`/v1/models`: the model packages and their cards."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from defect_api.card import Card
from defect_api.problems import NotFound
from defect_api.schemas import (
    COMMON_RESPONSES,
    ModelEntry,
    ModelList,
    ModelOperatingPoints,
    ModelPath,
    ModelQuery,
    problem_responses,
)
from defect_api.state import state

api = APIBlueprint(
    "models",
    __name__,
    url_prefix="/v1/models",
    abp_tags=[Tag(name="models")],
    abp_responses=COMMON_RESPONSES,
)


@api.get("", summary="List the model packages, newest first", responses={200: ModelList})
def list_models() -> Response:
    """Each with its whole card; `active` marks the one in service."""
    served = state().slot.card
    items = [
        ModelEntry(name=card.name, version=card.version, digest=card.digest, active=card == served, card=card)
        for card in state().cards
    ]
    listed = ModelList(items=items, complaints=state().slot.complaints)
    return Response(listed.model_dump_json(), content_type="application/json")


@api.get(
    "/<model_name>/operating-points",
    summary="What each threshold is expected to lead to",
    responses={200: ModelOperatingPoints, **problem_responses(404)},
)
def operating_points(path: ModelPath, query: ModelQuery) -> Response:
    """From the card: misses and false calls per 100 sheets, with 95 % intervals, thresholds rising."""
    card = _card(path.model_name, query.version)
    if card.operating_points is None:
        raise NotFound(f"The card of {card.name}/{card.version} has no operating points.")
    answer = ModelOperatingPoints(
        name=card.name, version=card.version, digest=card.digest, **card.operating_points.model_dump()
    )
    return Response(answer.model_dump_json(), content_type="application/json")


def _card(name: str, version: str | None) -> Card:
    wanted = [card for card in state().cards if card.name == name and version in (None, card.version)]
    if not wanted:
        raise NotFound(f"There is no model '{name}'." if version is None else f"There is no model '{name}/{version}'.")
    served = state().slot.card
    return served if served in wanted else wanted[0]
