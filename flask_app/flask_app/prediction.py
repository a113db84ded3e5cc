"""The prediction page: one inspection, found by any name that leads to it."""

import re
from datetime import UTC, datetime

from flask import Blueprint, abort, render_template, request

from flask_app import context, viewer
from flask_app.client import NotFound, ServiceRefused
from flask_app.explanation import explain
from flask_app.filters import wanted
from flask_app.history import EXPORTS
from flask_app.record import Record

blueprint = Blueprint("prediction", __name__)

# the names of an inspection's files (defect_api/defect_api/inspection.py), the first contract's answers too
INSPECTION_FILE = re.compile(
    r"(?P<id>.{1,80}-[0-9a-f]{16})(?:\.[a-z0-9]{1,5}|_(?:view|overlay|prob|class|mask)\.png|_[1-4]\.json)"
)


@blueprint.get("/prediction")
def show() -> str:
    """Show the inspection of `filename`; the filters and the order of the list it was found in may follow."""
    filename = request.args.get("filename", "")
    # no file is called so, and the service refuses to look it up
    if not filename or "\0" in filename:
        abort(404, "The address names no picture: it ends in ?filename=...")
    record = find(filename)
    want = wanted(request.args, datetime.now(UTC))
    around = viewer.surroundings(record, want)
    marks = viewer.marks(record, around)
    return render_template(
        "prediction.html",
        record=record,
        pictures=pictures_of(record),
        reasons=explain(record, around.model.card.threshold if around.model else None),
        facts=viewer.facts(record, around),
        unmovable=viewer.unmovable(around),
        marks=marks,
        apart=viewer.are_apart(marks),
        expected=viewer.expected(record, around),
        around=around,
        want=want,
        exports=EXPORTS,
        most_rows=viewer.MOST_ROWS,
    )


def find(filename: str) -> Record:
    """Return the record of an inspection's file, of a picture on the media volume, or of an uploaded name.

    Raises NotFound where there is none, and the other ServiceErrors of the client.
    """
    return _known(filename) or _judged(filename)


def pictures_of(record: Record) -> dict[str, str]:
    """Return the files of the pictures that this inspection has, in the order in which they stand."""
    files = record.files
    names = {"original": files.view or files.original, "overlay": files.overlay, "heat": files.probability_map}
    return {picture: name for picture, name in names.items() if name}


def _known(filename: str) -> Record | None:
    """Look up an inspection by its file's name: looking must not judge anew, even under a newer model."""
    match = INSPECTION_FILE.fullmatch(filename)
    if not match:
        return None
    try:
        return context.client().inspection(match["id"])
    except NotFound:
        return None


def _judged(filename: str) -> Record:
    """Have a picture on the media volume judged; a name that is none may be one that was uploaded."""
    client = context.client()
    try:
        return client.inspect_media(filename)
    except ServiceRefused as refusal:
        if refusal.status not in (404, 422):
            raise
        newest = client.newest_inspection(filename)
        if newest:
            return newest
        if isinstance(refusal, NotFound) and INSPECTION_FILE.fullmatch(filename):
            raise NotFound(404, f"The inspection of {filename} is not here, or was deleted.") from refusal
        raise
