"""The media listing: what lies on the media volume, newest first. The files themselves are nginx's."""

from flask import Blueprint, render_template, request

from flask_app import context

blueprint = Blueprint("media", __name__)

# what nginx serves of the volume (nginx/templates)
PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
SERVED_ENDINGS = (*PICTURE_ENDINGS, ".json")


@blueprint.get("/media/")
def listing() -> str:
    """Show one page of the listing; `cursor` says where it begins."""
    cursor = request.args.get("cursor") or None
    limit = context.settings().media_page_size
    page = context.client().media(limit=limit, cursor=cursor)
    return render_template("media.html", page=page, cursor=cursor, pictures=PICTURE_ENDINGS, served=SERVED_ENDINGS)
