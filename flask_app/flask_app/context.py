"""What a request stands in: the application's settings, its client of the REST service, and the request's id."""

import re
import secrets
from typing import cast

from flask import Flask, current_app, g, request

from flask_app.client import Client
from flask_app.settings import Settings

REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def init_app(app: Flask, settings: Settings) -> None:
    """Give the application its settings and its client."""
    app.extensions["settings"] = settings
    app.extensions["client"] = Client(settings, request_id)


def settings() -> Settings:
    """Return the settings of the current application."""
    return cast("Settings", current_app.extensions["settings"])


def client() -> Client:
    """Return the REST client of the current application."""
    return cast("Client", current_app.extensions["client"])


def request_id() -> str:
    """Return the id that nginx gave the request, or one made here where it gave none that is safe to log."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
    return cast("str", g.request_id)
