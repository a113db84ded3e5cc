"""The OpenAPI document and a page to read it; Swagger UI's assets come from its package, not from elsewhere."""

from importlib.resources import files
from pathlib import Path
from typing import cast

from flask import Blueprint, Response, current_app, jsonify, render_template, request, send_from_directory
from flask_openapi3 import OpenAPI

ASSETS = Path(str(files("flask_openapi3_swagger"))) / "templates" / "swagger"
# swagger ui writes style attributes and draws its icons from data addresses; scripts stay our own
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

blueprint = Blueprint(
    "docs", __name__, template_folder="../templates", static_folder="../static", static_url_path="/docs/static"
)


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Answer the OpenAPI document, whose server is the prefix that the request came through."""
    described = cast("OpenAPI", current_app).api_doc
    return jsonify({**described, "servers": [{"url": request.script_root or "/"}]})


@blueprint.get("/docs")
def page() -> Response:
    """Answer the page."""
    response = Response(render_template("docs.html"))
    response.headers["Content-Security-Policy"] = POLICY
    return response


@blueprint.get("/docs/assets/<path:name>")
def asset(name: str) -> Response:
    """Answer one of Swagger UI's own files."""
    return send_from_directory(ASSETS, name, max_age=86400)
