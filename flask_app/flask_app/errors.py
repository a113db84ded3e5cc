"""Errors as pages: what happened, what to do, and the request's id; as problem documents for scripts that want JSON."""

from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, json, make_response, render_template, request
from werkzeug.exceptions import HTTPException, InternalServerError

from flask_app import context
from flask_app.access_log import logger
from flask_app.client import PROBLEM_TYPE, ServiceError

HEADLINES = {
    400: "That request made no sense",
    401: "The site may not write",
    403: "Refused: sent from another site",
    404: "Nothing here by that name",
    405: "Not possible here",
    409: "What is stored does not allow it",
    413: "The picture is too large",
    415: "Not a picture that can be judged",
    422: "That cannot be used",
    429: "Too many requests at once",
    500: "Something broke on our side",
    502: "The inspection service failed",
    503: "The inspection service is away or busy",
    507: "Nothing could be stored",
}
ADVICE = {
    401: "The inspection service wants a token that the site does not have: API_TOKEN must be the same for both.",
    403: "Open the upload page of this site and send the picture from there.",
    404: "Check the spelling, or look for it in the history or the media listing.",
    413: "Send it with fewer pixels or in a format that compresses, such as PNG or JPEG.",
    429: "Wait a moment, then try again. Nothing was lost.",
    500: "Try again. If it stays, tell whoever runs this system the number below.",
    502: "Try again. If it stays, tell whoever runs this system the number below.",
    503: "It may be starting. Wait a moment, then try again. Nothing was lost.",
    507: "Whoever runs this system has to make room on the media volume, or make it writable.",
}

SENTENCES = {
    400: "The request could not be read.",
    404: "This site has no page at that address.",
    405: "This address does not take what was sent.",
    500: "The page could not be made.",
}


@dataclass(frozen=True)
class Problem:
    """Hold one error as a person reads it."""

    status: int
    detail: str
    retry_after_s: int | None = None

    @property
    def headline(self) -> str:
        """Return what happened, in a few words."""
        return HEADLINES.get(self.status, HTTPStatus(self.status).phrase)

    @property
    def advice(self) -> str:
        """Return what to do about it, or nothing."""
        return ADVICE.get(self.status, "")


def of_service(error: ServiceError) -> Problem:
    """Turn what the REST client raised into what a person reads."""
    return Problem(error.status, error.detail, error.retry_after_s)


def answer(problem: Problem, template: str = "error.html", **values: object) -> Response:
    """Answer with the problem: as a page made from `template`, or as a problem document where JSON is preferred."""
    if wants_json():
        response = _document(problem)
    else:
        page = render_template(template, problem=problem, request_id=context.request_id(), **values)
        response = make_response(page, problem.status)
    if problem.retry_after_s is not None:
        response.headers["Retry-After"] = str(problem.retry_after_s)
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


def wants_json() -> bool:
    """Tell whether the client prefers JSON to a page; `*/*` means a page."""
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def init_app(app: Flask) -> None:
    """Answer every error of the application with a page of ours."""
    app.register_error_handler(ServiceError, _on_service_error)
    app.register_error_handler(HTTPException, _on_http_error)


def _document(problem: Problem) -> Response:
    document = {
        "type": "about:blank",
        "title": problem.headline,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.path,
        "request_id": context.request_id(),
    }
    return Response(json.dumps(document), problem.status, content_type=PROBLEM_TYPE)


def _on_service_error(error: ServiceError) -> Response:
    logger.warning("REST service: %s (%s)", error, error.__cause__ or "its own answer")
    return answer(of_service(error))


def _on_http_error(error: HTTPException) -> Response:
    # redirects are none of this handler's: Flask sends them as they are
    status = error.code or InternalServerError.code
    response = answer(Problem(status, _sentence(error, status)))
    # Allow of a 405 and the like
    for name, value in error.get_headers():
        if name != "Content-Type":
            response.headers[name] = value
    return response


def _sentence(error: HTTPException, status: int) -> str:
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return f"A request may have at most {context.settings().max_upload_mb} MB."
    # what was raised without a sentence of ours has Werkzeug's
    if error.description == type(error).description and status in SENTENCES:
        return SENTENCES[status]
    return error.description or HTTPStatus(status).description
