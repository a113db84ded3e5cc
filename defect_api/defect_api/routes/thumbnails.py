"""`/v1/inspections/<id>/thumbnail`: the sheet with its contours, small, for galleries; made when it is asked for."""

import hashlib

from flask import Response, request
from flask_openapi3 import APIBlueprint, Tag

from defect_api.record import Record
from defect_api.schemas import COMMON_RESPONSES, InspectionPath, ThumbnailQuery, problem_responses
from defect_api.state import state
from defect_api.stored import stored_original
from defect_api.thumbnail import draw_thumbnail

YEAR_S = 365 * 24 * 3600
# part of the tag: another drawing wants another number, and reaches browsers that ask. An address with a version, such
# as the site's, shows what it did until the sheet is judged anew
DRAWING = 1
PICTURE = {"content": {"image/webp": {"schema": {"type": "string", "format": "binary"}}}}

api = APIBlueprint(
    "thumbnails",
    __name__,
    url_prefix="/v1/inspections",
    abp_tags=[Tag(name="inspections")],
    abp_responses=COMMON_RESPONSES,
)


@api.get(
    "/<inspection_id>/thumbnail",
    summary="See an inspection, small",
    responses={200: PICTURE, 304: None, **problem_responses(404, 409, 503)},
)
def thumbnail(path: InspectionPath, query: ThumbnailQuery) -> Response:
    """The sheet with the contours of its defects, at most 640 x 360 px."""
    record = state().media.record(path.inspection_id)
    response = Response(content_type="image/webp")
    response.set_etag(_tag(record))
    # under an address with a version it stays what it is; otherwise browsers ask whether it did
    response.headers["Cache-Control"] = f"private, max-age={YEAR_S}, immutable" if query.v else "private, no-cache"
    response.make_conditional(request)
    if response.status_code == 200:
        with state().inspector.room.of(record.image.pixels):
            response.set_data(draw_thumbnail(stored_original(state().media, record), record.defects))
    return response


def _tag(record: Record) -> str:
    version = f"{DRAWING} {record.image.sha256} {record.model.digest} {record.created_at}"
    return hashlib.sha256(version.encode()).hexdigest()[:32]
