"""Every failure as `application/problem+json`; what was not foreseen is logged in full and told as an id only."""

import json
import logging
from http import HTTPStatus

from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException

from defect_api.metrics import REFUSALS
from defect_api.problems import Problem, Unprocessable
from defect_api.requests_log import request_id

log = logging.getLogger(__name__)
# types are named here, not after HTTP's phrases: those change between Python versions
KNOWN = {
    HTTPStatus.NOT_FOUND: ("not-found", "There is nothing at this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method-not-allowed", "This address does not take that method."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("content-too-large", "The request is larger than this service accepts."),
}
OTHER = ("bad-request", "The request could not be understood.")


def register_error_handlers(app: Flask) -> None:
    """Answer each exception that leaves a route of `app` with its problem document."""
    app.register_error_handler(Problem, problem_response)
    app.register_error_handler(HTTPException, _http_exception)
    app.register_error_handler(Exception, _unexpected)


def problem_document(problem: Problem) -> dict[str, object]:
    """Return the document of `problem` for the current request, and count it."""
    REFUSALS.labels(problem.slug).inc()
    return problem.document(request_id(), request.path)


def problem_response(problem: Problem) -> Response:
    """Return the answer that tells `problem`."""
    document = json.dumps(problem_document(problem))
    response = Response(document, problem.status, content_type="application/problem+json")
    if problem.retry_after_s is not None:
        response.headers["Retry-After"] = str(problem.retry_after_s)
    if problem.status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = 'Bearer realm="defect-api"'
    return response


def invalid_parameters(error: ValidationError) -> Response:
    """Return the answer for parameters that are not as the OpenAPI document says."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    subject = f"The parameter '{name}' is not valid" if name else "The parameters are not valid"
    return problem_response(Unprocessable(f"{subject}: {first['msg'].removeprefix('Value error, ')}."))


def _http_exception(error: HTTPException) -> ResponseReturnValue:
    # what has its response with it, and redirects, are none of this handler's: Flask sends them as they are
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    slug, detail = KNOWN.get(status, OTHER)
    problem = Problem(detail)
    problem.status, problem.slug = status, slug
    response = problem_response(problem)
    # an Allow header belongs to 405
    for key, value in error.get_headers():
        if key not in ("Content-Type", "Content-Length"):
            response.headers[key] = value
    return response


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.error("unexpected failure", exc_info=error)
    return problem_response(
        Problem("The service failed on this request; its log has the details under the request id.")
    )
