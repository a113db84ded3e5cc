"""Rendering the templates, and what nginx itself says of the result."""

import re
import subprocess
from pathlib import Path

import pytest

from nginx.local.render import DEFAULTS, TEMPLATES, VARIABLE, VARIABLES, render
from tests.nginx.conftest import configure

DOCKERFILE = (TEMPLATES.parent / "Dockerfile").read_text()


def test_listed_variables_are_replaced_and_those_of_nginx_stay() -> None:
    assert render("limit ${RATE_LIMIT} for $host;", {"RATE_LIMIT": "5"}) == "limit 5 for $host;"


def test_a_variable_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError, match="PORT"):
        render("listen ${PORT};", {})


@pytest.mark.parametrize("value", ["1; return 200", "1\n", "{", '"', "$host", "a#b"])
def test_a_value_cannot_be_syntax(value: str) -> None:
    with pytest.raises(ValueError, match="RATE_LIMIT must not contain"):
        render("${RATE_LIMIT}", {"RATE_LIMIT": value})


def test_the_templates_use_exactly_the_listed_variables() -> None:
    used = {name for path in TEMPLATES.rglob("*.template") for name in VARIABLE.findall(path.read_text())}
    assert used == set(VARIABLES)


def test_the_image_replaces_the_same_variables() -> None:
    found = re.search(r'NGINX_ENVSUBST_FILTER="\^\((.*)\)\$"', DOCKERFILE)
    assert found
    assert set(found.group(1).split("|")) == set(VARIABLES)


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_image_has_the_same_defaults(name: str) -> None:
    found = re.search(rf'^(?:ENV|   ) +{name}="?([^" \n\\]*)', DOCKERFILE, re.MULTILINE)
    assert found
    assert name in ("TLS_CERT", "TLS_KEY") or found.group(1) == DEFAULTS[name]


@pytest.mark.parametrize("settings", [{}, {"METRICS_PUBLIC": "on"}, {"LISTEN_ADDRESS": "0.0.0.0"}])  # noqa: S104
def test_nginx_accepts_the_rendered_configuration(nginx_program: str, tmp_path: Path, settings: dict[str, str]) -> None:
    home = tmp_path / "a folder with spaces"
    configure(home, **settings)
    command = [nginx_program, "-t", "-q", "-e", "stderr", "-c", str(home / "nginx/nginx.conf")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, cwd=home)
    assert (checked.returncode, checked.stderr) == (0, "")
