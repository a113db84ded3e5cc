"""The gallery: inspections with their thumbnails, filtered, sorted and paged; what a person ticks there is deleted."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from flask_app import context, errors
from flask_app.access_log import logger
from flask_app.client import NotFound, ServiceError, ServiceRefused
from flask_app.errors import Problem
from flask_app.filters import Wanted, wanted
from flask_app.record import RecordPage

blueprint = Blueprint("history", __name__)

# what the REST service exports to (README.md, exports), as a person would say it
EXPORTS = {
    "csv": "Defects (CSV)",
    "coco": "COCO",
    "labelme": "LabelMe",
    "yolo": "YOLO",
    "cvat": "CVAT",
    "kaggle": "Kaggle",
    "masks": "Masks (PNG)",
    "pdf": "PDF reports",
    "report": "HTML reports",
}
SORTS = {
    ("created_at", "desc"): "Newest first",
    ("created_at", "asc"): "Oldest first",
    ("defect_probability", "desc"): "Most probable defect first",
    ("defect_probability", "asc"): "Least probable defect first",
    ("defect_area_px", "desc"): "Largest defect area first",
    ("defect_area_px", "asc"): "Smallest defect area first",
}
# fills rows of 2, 3, 4 and 6
PAGE_SIZE = 48
# a screen on the wall shows the newest in full and the others in rows
WALL_SIZE = 25
# the REST service exports as many at once
MOST_TICKED = 500


@blueprint.get("/history")
def gallery() -> str | Response:
    """Show a page of the inspections that the address wants; `view=wall` is for a screen on the wall of a line.

    Where a filter is refused, the form and the reason are shown, with status 400.
    """
    want = wanted(request.args, datetime.now(UTC))
    wall = request.args.get("view") == "wall"
    cursor = request.args.get("cursor") or None
    limit = WALL_SIZE if wall else PAGE_SIZE
    query = {**want.query, "limit": limit, "cursor": cursor}
    try:
        page = context.client().inspections(query)
    except ServiceRefused as error:
        return errors.answer(Problem(400, error.detail), "history.html", **_filled(want, cursor, None))
    return render_template("wall.html" if wall else "history.html", problem=None, **_filled(want, cursor, page))


@blueprint.post("/history/delete")
def delete() -> WerkzeugResponse:
    """Delete the inspections that were ticked, once that is confirmed; a script that wants JSON has asked already."""
    want = wanted(request.args, datetime.now(UTC))
    identifiers = request.form.getlist("id")
    if len(identifiers) > MOST_TICKED:
        abort(400, f"At most {MOST_TICKED} inspections can be deleted at once.")
    if not (errors.wants_json() or request.form.get("confirmed")):
        return Response(render_template("delete.html", identifiers=identifiers, want=want))
    deleted = sum(_delete(identifier) for identifier in identifiers)
    if errors.wants_json():
        return jsonify(deleted=deleted)
    return redirect(url_for("history.gallery", **want.given), 303)


def _filled(want: Wanted, cursor: str | None, page: RecordPage | None) -> dict[str, Any]:
    """Return what the templates are filled with."""
    return {"want": want, "cursor": cursor, "page": page, "types": _types(), "exports": EXPORTS, "sorts": SORTS}


def _delete(identifier: str) -> bool:
    try:
        context.client().delete(identifier)
    except NotFound:  # somebody else did
        return False
    return True


def _types() -> list[str]:
    """Return the defect types that the models know; none where the service does not say, and any can be typed."""
    try:
        models = context.client().models()
    except ServiceError as error:
        logger.warning("no defect types to choose from: %s", error)
        return []
    return sorted({name for model in models for name in model.card.classes})
