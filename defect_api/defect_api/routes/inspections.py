"""`/v1/inspections`: post a picture, read, list and delete inspections."""

import re
from http import HTTPStatus

from flask import Response, request, url_for
from flask_openapi3 import APIBlueprint, Tag
from pydantic import ValidationError
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from defect_api.access import writes
from defect_api.errors import invalid_parameters, problem_document
from defect_api.inspection import Upload
from defect_api.judgement import CARDS_OWN
from defect_api.listing import RecordPage, record_page
from defect_api.media import told
from defect_api.names import bare_name
from defect_api.neighbours import NeighbourQuery, Neighbours, neighbours
from defect_api.parameters import refuse_repeated
from defect_api.problems import BadRequest, NotFound, Problem, Unprocessable, UnsupportedMedia
from defect_api.record import Record
from defect_api.schemas import (
    COMMON_RESPONSES,
    INSPECTION_BODY,
    MAX_PICTURES,
    Batch,
    BatchResult,
    Curve,
    CurvePoint,
    InspectionPath,
    InspectionQuery,
    Options,
    ProblemDocument,
    RecordQuery,
    StoredPicture,
    TermsQuery,
    problem_responses,
)
from defect_api.state import state

# what stands behind the last backslash, but for one that marks a quotation mark
WINDOWS_PATH = re.compile(r'filename="(?:[^"\\]|\\.)*\\(?P<name>[^"\\]+)"')
# a name of 1000 characters and its options; parsed, a body is a hundred times as large
MAX_JSON_BYTES = 1 << 16

api = APIBlueprint(
    "inspections",
    __name__,
    url_prefix="/v1/inspections",
    abp_tags=[Tag(name="inspections")],
    abp_responses=COMMON_RESPONSES,
)


@api.post(
    "",
    summary="Inspect one picture or several",
    responses={
        201: Record,
        200: Record,
        207: Batch,
        **problem_responses(400, 401, 403, 404, 409, 413, 415, 503, 507),
    },
    openapi_extensions={"requestBody": INSPECTION_BODY},
    security=[{}, {"bearer": []}],
)
@writes
def create(query: InspectionQuery) -> Response:
    """201 when the inspection is new, 200 when it is known, 207 with one outcome a part for several parts."""
    if request.mimetype == "multipart/form-data":
        return _from_form(query)
    if request.mimetype == "application/json":
        return _from_volume(query)
    if request.mimetype.startswith("image/"):
        _check_model(query.model)
        data = request.get_data(cache=False)
        # of a body without a length as much is taken as may be sent; reading on tells that there is more
        request.stream.read(1)
        upload = Upload(data, bare_name(query.filename), request.mimetype)
        return _answer(*state().inspector.inspect(upload, query.terms))
    raise UnsupportedMedia("Send a picture as multipart/form-data, as an image/* body, or a name as application/json.")


@api.get("", summary="List inspections", responses={200: RecordPage, **problem_responses(503)})
def list_inspections(query: RecordQuery) -> Response:
    """A page of those that all filters want, newest first unless sorted otherwise, and the cursor of the next."""
    page = record_page(state().history, query)
    return _json(page.model_dump_json())


@api.get("/<inspection_id>", summary="Read an inspection", responses={200: Record, **problem_responses(404, 409, 503)})
def get(path: InspectionPath, query: TermsQuery) -> Response:
    """The stored record, or what its maps say on other terms; the model does not run."""
    record = state().media.record(path.inspection_id)
    if query.terms != CARDS_OWN:
        record = state().inspector.replay(record, query.terms)
    return _json(record.model_dump_json())


@api.get(
    "/<inspection_id>/curve",
    summary="Count and area of the defects against the threshold",
    responses={200: Curve, **problem_responses(404, 409, 503)},
)
def curve(path: InspectionPath) -> Response:
    """Answered from the stored maps."""
    points = state().inspector.curve(state().media.record(path.inspection_id))
    named = [CurvePoint(threshold=threshold, count=count, area_px=area) for threshold, count, area in points]
    return _json(Curve(points=named).model_dump_json())


@api.get(
    "/<inspection_id>/neighbours",
    summary="Find the inspections before and after it in a filtered list",
    responses={200: Neighbours, **problem_responses(404, 409, 503)},
)
def beside(path: InspectionPath, query: NeighbourQuery) -> Response:
    """Filters and order are those of the list; previous and next are as one reads it."""
    record = state().media.record(path.inspection_id)
    return _json(neighbours(state().history, record, query).model_dump_json())


@api.delete(
    "/<inspection_id>",
    summary="Delete an inspection and its files",
    responses={204: None, **problem_responses(401, 403, 404, 409, 507)},
    security=[{}, {"bearer": []}],
)
@writes
def delete(path: InspectionPath) -> Response:
    """Nothing of the inspection stays."""
    state().history.delete(path.inspection_id)
    return Response(status=HTTPStatus.NO_CONTENT)


def _from_form(query: InspectionQuery) -> Response:
    # larger parts are kept in files while they are read
    with told():
        parts = request.files.getlist("image")
    if not parts:
        raise BadRequest("There is no file in a part named 'image'; the part needs a file name too.")
    # an option that is sent as a file, as many libraries make it easy to, would be passed over like a picture's
    if other := next((name for name in request.files if name != "image"), None):
        raise Unprocessable(
            f"The part '{bare_name(other)}' is a file; pictures are named 'image', options are no files."
        )
    if query.filename:
        raise Unprocessable("'filename' names a picture that is the body itself; in a form its part has a name.")
    refuse_repeated(request.form)
    if len(parts) > MAX_PICTURES:
        raise Unprocessable(f"One request may carry at most {MAX_PICTURES} pictures.")
    try:
        options = Options.model_validate({**query.model_dump(exclude={"filename"}), **request.form.to_dict()})
    except ValidationError as error:
        return invalid_parameters(error)
    _check_model(options.model)
    if len(parts) == 1:
        return _answer(*_inspect_part(parts[0], options))
    results = [_batch_result(part, options) for part in parts]
    return _json(Batch(results=results).model_dump_json(), HTTPStatus.MULTI_STATUS)


def _from_volume(query: InspectionQuery) -> Response:
    if len(request.get_data()) > MAX_JSON_BYTES:
        raise RequestEntityTooLarge
    try:
        document = request.get_json()
    except RecursionError as error:
        raise BadRequest("The JSON body is nested too deeply.") from error
    if not isinstance(document, dict):
        raise BadRequest('The JSON body must be an object such as {"filename": "..."}.')
    try:
        stored = StoredPicture.model_validate({**query.model_dump(exclude_none=True), **document})
    except ValidationError as error:
        return invalid_parameters(error)
    _check_model(stored.model)
    return _answer(*state().inspector.inspect_stored(stored.filename, stored.terms))


def _inspect_part(part: FileStorage, options: Options) -> tuple[Record, bool]:
    upload = Upload(part.read(), _name(part), part.mimetype)
    return state().inspector.inspect(upload, options.terms)


def _name(part: FileStorage) -> str:
    """Return a part's file name without folders: Werkzeug takes a backslash that is not doubled for a mark to drop."""
    sent = WINDOWS_PATH.search(part.headers.get("Content-Disposition", ""))
    return bare_name(sent["name"] if sent else part.filename)


def _batch_result(part: FileStorage, options: Options) -> BatchResult:
    try:
        record, new = _inspect_part(part, options)
    except Problem as problem:
        document = ProblemDocument.model_validate(problem_document(problem))
        return BatchResult(status=problem.status, problem=document)
    return BatchResult(status=_status(new), inspection=record)


def _check_model(wanted: str | None) -> None:
    package = state().slot.model.package
    if wanted not in (None, "", package.card.name, package.key):
        raise NotFound(f"The model '{wanted}' is not in service; {package.key} is.")


def _status(new: bool) -> HTTPStatus:
    return HTTPStatus.CREATED if new else HTTPStatus.OK


def _answer(record: Record, new: bool) -> Response:
    response = _json(record.model_dump_json(), _status(new))
    if new:
        response.headers["Location"] = url_for("inspections.get", inspection_id=record.id)
    return response


def _json(document: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(document, status, content_type="application/json")
