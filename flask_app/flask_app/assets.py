"""Addresses of static files that change when their contents do, and which modules a script imports."""

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, request

YEAR_S = 365 * 24 * 3600
DIGEST_LENGTH = 12
IMPORTED = re.compile(r'^(?:import|\} from) .*?"(\.[^"]+\.js)";$', re.MULTILINE)


def init_app(app: Flask) -> None:
    """Add `?v=<digest of the contents>` to every static address of the application."""
    folder = Path(app.static_folder or "")

    @app.url_defaults
    def add_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static" and (version := _version(folder / values["filename"])):
            values["v"] = version

    app.jinja_env.globals["imports_of"] = lambda script: imports_of(folder, script)
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


@cache
def imports_of(folder: Path, script: str) -> tuple[str, ...]:
    """Return the modules that a script imports, and those that they import, as names below `folder`, each once.

    A page names them, so that a browser fetches all at once and not one level after the other.
    """
    found: dict[str, None] = {}
    waiting = [script]
    while waiting:
        importer = folder / waiting.pop()
        # a bundle is there once it is built
        text = importer.read_text() if importer.exists() else ""
        for name in IMPORTED.findall(text):
            module = (importer.parent / name).resolve().relative_to(folder.resolve()).as_posix()
            if module not in found:
                found[module] = None
                waiting.append(module)
    return tuple(found)
