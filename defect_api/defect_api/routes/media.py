"""`/v1/media`: what lies on the media volume. The files themselves are served by nginx."""

from flask import Response
from flask_openapi3 import APIBlueprint, Tag

from defect_api.listing import MediaPage, media_page
from defect_api.schemas import COMMON_RESPONSES, PageQuery
from defect_api.state import state

api = APIBlueprint(
    "media",
    __name__,
    url_prefix="/v1/media",
    abp_tags=[Tag(name="media")],
    abp_responses=COMMON_RESPONSES,
)


@api.get("", summary="List the media volume, newest first", responses={200: MediaPage})
def list_media(query: PageQuery) -> Response:
    """A page of file names, and the cursor of the next."""
    page = media_page(state().media, query.limit, query.cursor)
    return Response(page.model_dump_json(), content_type="application/json")
