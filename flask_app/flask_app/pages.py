"""The pages that explain: home and about."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from flask_app import context, measured
from flask_app.access_log import logger
from flask_app.client import ServiceError
from flask_app.record import Model

blueprint = Blueprint("pages", __name__)


@blueprint.get("/index")
@blueprint.get("/home")
@blueprint.get("/")
def home() -> str:
    """Say what this is and how to use it."""
    return render_template("home.html", origin=request.host_url.rstrip("/"))


@blueprint.get("/about")
def about() -> str:
    """Explain the figures, and show the card of the model that judges now where the service is there to ask."""
    model = _active_model()
    return render_template("about.html", model=model, measured=measured.together(model.card.metrics) if model else ())


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """Send browsers that do not read the page's link to the icon."""
    return redirect(url_for("static", filename="favicon.svg"))


def _active_model() -> Model | None:
    try:
        return context.client().active_model()
    except ServiceError as error:
        logger.warning("no model card: %s", error)
        return None
