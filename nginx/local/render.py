"""Renders the nginx templates from the environment, replacing each `${NAME}`; nginx's own `$name`s stay."""

import re
from collections.abc import Mapping
from pathlib import Path

TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
SUFFIX = ".template"

# what an operator may set, with the defaults that the image has too, but for the certificate's paths
DEFAULTS = {
    "MAX_UPLOAD_MB": "16",
    "RATE_LIMIT": "50",
    "RATE_BURST": "100",
    "UPLOAD_RATE_LIMIT": "20",
    "UPLOAD_RATE_BURST": "40",
    "CONNECTION_LIMIT": "50",
    "METRICS_PUBLIC": "off",
    "SERVER_NAMES": "",
    "TLS_PORT": "2443",
    "TLS_CERT": "",
    "TLS_KEY": "",
}
# where things lie: decided by whoever starts the platform
PLACES = (
    "LISTEN", "LISTEN_ADDRESS", "PORT", "SITE_UPSTREAM", "API_UPSTREAM", "RESOLVER",
    "STATIC_DIR", "MEDIA_DIR", "ERROR_DIR", "CONF_DIR", "TEMP_DIR", "ACCESS_LOG",
)  # fmt: skip
VARIABLES = (*DEFAULTS, *PLACES)
VARIABLE = re.compile(r"\$\{([A-Z_]+)\}")
# an operator's value must not be able to end a directive
UNSAFE = re.compile(r"[^\S ]|[;{}\"'\\$#]")


def render(template: str, values: Mapping[str, str]) -> str:
    """Replace each `${NAME}` in `template` by its value; nginx's own `$name`s stay.

    Raises KeyError for a variable without a value and ValueError for a value that nginx would read as syntax.
    """
    return VARIABLE.sub(lambda found: _value(found.group(1), values), template)


def render_folder(templates: Path, target: Path, values: Mapping[str, str]) -> None:
    """Render every template below `templates` to the same place below `target`, as the nginx image does."""
    for template in sorted(templates.rglob(f"*{SUFFIX}")):
        rendered = target / template.relative_to(templates).with_suffix("")
        rendered.parent.mkdir(parents=True, exist_ok=True)
        rendered.write_text(render(template.read_text(), values))


def _value(name: str, values: Mapping[str, str]) -> str:
    value = values[name]
    if UNSAFE.search(value):
        raise ValueError(f"{name} must not contain line ends, quotes or any of ; {{ }} $ # \\: {value!r}")
    return value
