"""Addresses of static files that change when their contents do, so that browsers may keep them for good."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, request

YEAR_S = 365 * 24 * 3600
DIGEST_LENGTH = 12


def init_app(app: Flask) -> None:
    """Add `?v=<digest of the contents>` to every static address of the application."""
    folder = Path(app.static_folder or "")

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and (version := _version(folder / values["filename"])):
            values["v"] = version

    # nginx serves these files; this is for a site that runs without it
    app.get_send_file_max_age = _max_age  # type: ignore[assignment, method-assign]


def _max_age(_filename: str | None) -> int | None:
    return YEAR_S if "v" in request.args else None


@cache
def _version(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:DIGEST_LENGTH]
    except OSError:
        return None
