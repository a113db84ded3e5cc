"""The application factory: puts the site together from its parts."""

from flask import Flask
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_app import (
    access_log,
    assets,
    context,
    errors,
    health,
    history,
    media,
    metrics,
    pages,
    prediction,
    protection,
    statistics,
    upload,
    wording,
)
from flask_app.settings import Settings

BLUEPRINTS = tuple(part.blueprint for part in (pages, upload, prediction, history, statistics, media, health))


def create_app(settings: Settings | None = None) -> Flask:
    """Build the site; without settings, they are read from the environment."""
    settings = settings or Settings()
    app = Flask("flask_app")
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_bytes
    app.jinja_options = {"undefined": StrictUndefined, "trim_blocks": True, "lstrip_blocks": True}
    # nginx is the one proxy in front
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # type: ignore[method-assign]
    context.init_app(app, settings)
    # measuring begins first and ends last, so that refusals are counted and logged too
    metrics.init_app(app)
    access_log.init_app(app, settings.log_level)
    protection.init_app(app)
    assets.init_app(app)
    errors.init_app(app)
    wording.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    return app
