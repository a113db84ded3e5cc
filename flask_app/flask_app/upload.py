"""The upload page: takes one picture, has the REST service judge it, and leads to its prediction."""

from typing import Any

from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as WerkzeugResponse

from flask_app import context, errors
from flask_app.access_log import logger
from flask_app.client import ServiceRefused, Upload
from flask_app.errors import Problem
from flask_app.media import PICTURE_ENDINGS
from flask_app.record import Record
from flask_app.wording import thumbnail_url

blueprint = Blueprint("upload", __name__)

PARTS = ("file", "image")
# room for what multipart/form-data puts around the file
FRAMING_BYTES = 4096
# the REST service's own limits, repeated before sending (defect_api/defect_api/images.py)
LIMITS = {"min_side": 64, "max_side": 8192, "max_pixels": 40_000_000}


@blueprint.get("/upload")
def form() -> str:
    """Show the form."""
    return render_template("upload.html", problem=None, **_filled())


@blueprint.post("/upload")
def send() -> WerkzeugResponse:
    """Have the picture judged: 303 to its prediction (201 for clients that prefer JSON), or the form and the reason."""
    picture = _picture()
    if picture is None:
        return _refuse(Problem(422, "No picture was chosen."))
    upload = Upload(picture.filename or "", picture.content_type or None, picture.stream)
    try:
        record = context.client().inspect_upload(upload)
    except ServiceRefused as error:
        logger.warning("upload refused: %s", error)
        return _refuse(errors.of_service(error))
    address = url_for("prediction.show", filename=record.files.original)
    return _created(address, record) if errors.wants_json() else redirect(address, 303)


def limits() -> dict[str, int]:
    """Return what a picture must keep to, for the form's text and its script (bytes and pixels)."""
    settings = context.settings()
    return {"max_mb": settings.max_upload_mb, "max_bytes": settings.max_upload_bytes - FRAMING_BYTES, **LIMITS}


def _filled() -> dict[str, Any]:
    """Return what the template is filled with."""
    return {"limits": limits(), "endings": PICTURE_ENDINGS}


def _picture() -> FileStorage | None:
    parts = (part for name in PARTS for part in request.files.getlist(name))
    # a form sent without a choice has a part with an empty name
    return next((part for part in parts if part.filename), None)


def _refuse(problem: Problem) -> Response:
    return errors.answer(problem, "upload.html", **_filled())


def _created(address: str, record: Record) -> Response:
    response = jsonify(
        location=address,
        id=record.id,
        verdict=record.verdict,
        reasons=[reason.message for reason in record.reasons],
        defect_probability=record.defect_probability,
        doubtful=record.is_doubtful,
        thumbnail=thumbnail_url(record),
    )
    response.status_code = 201
    response.headers["Location"] = address
    return response
