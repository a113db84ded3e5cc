"""`/get_defect_contour`, the first contract. What it answers is made in `first_contract`."""

from flask import Response, jsonify, request
from flask_openapi3 import APIBlueprint, Tag

from defect_api.access import writes
from defect_api.first_contract import OldRefusal, answer, parse_enlargement
from defect_api.schemas import COMMON_RESPONSES, problem_responses
from defect_api.state import state

api = APIBlueprint("first", __name__, abp_tags=[Tag(name="first contract")], abp_responses=COMMON_RESPONSES)

PARAMETERS = [
    {
        "name": "filename",
        "in": "query",
        "schema": {"type": "string"},
        "description": "a picture on the media volume, 1600x256 or 800x128",
    },
    {
        "name": "enlarge_by",
        "in": "query",
        "schema": {"type": "string"},
        "description": "factor of the answer's frame, 1 to 4; anything else means 1",
    },
]
RESPONSES = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}},
    403: {
        "description": "a plain sentence; a problem where a page of another site posts",
        "content": {"text/plain": {"schema": {"type": "string"}}, **problem_responses(403)[403]["content"]},
    },
    **problem_responses(401, 409, 503, 507),
}


@api.get(
    "/get_defect_contour",
    summary="Contour of a stored picture",
    responses=RESPONSES,
    openapi_extensions={"parameters": PARAMETERS},
    security=[{}, {"bearer": []}],
)
@api.post(
    "/get_defect_contour",
    summary="Contour of a stored picture",
    responses=RESPONSES,
    openapi_extensions={"parameters": PARAMETERS},
    security=[{}, {"bearer": []}],
)
@writes
def get_defect_contour() -> Response:
    """Kept for clients of the first system; parameters in the address or as form fields."""
    filename = request.values.get("filename")
    if not filename:
        return _refusal(OldRefusal("filename missing"))
    try:
        card = state().slot.model.package.card
        enlarge_by = parse_enlargement(request.values.get("enlarge_by"))
        return jsonify(answer(state().inspector, state().media, card, filename, enlarge_by))
    except OldRefusal as refusal:
        return _refusal(refusal)


def _refusal(refusal: OldRefusal) -> Response:
    return Response(str(refusal), 403, content_type="text/plain; charset=utf-8")
