"""`/v1/models`: the model packages and their cards."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from defect_api.model_package import find_packages
from defect_api.schemas import ModelEntry, ModelList, problem_responses
from defect_api.state import state

api = APIBlueprint(
    "models",
    __name__,
    url_prefix="/v1/models",
    abp_tags=[Tag(name="models")],
    abp_responses=problem_responses(422, 500),
)


@api.get("", summary="List the model packages, newest first", responses={200: ModelList})
def list_models() -> Response:
    """Each with its whole card; `active` marks the one in service."""
    packages, _ = find_packages(state().settings.models_dir)
    served = state().slot.card
    items = [
        ModelEntry(
            name=package.card.name,
            version=package.card.version,
            digest=package.card.digest,
            active=package.card == served,
            card=package.card,
        )
        for package in packages
    ]
    listed = ModelList(items=items, complaints=state().slot.complaints)
    return Response(listed.model_dump_json(), content_type="application/json")
