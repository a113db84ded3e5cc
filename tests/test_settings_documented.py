"""Every setting has a row in README.md's configuration table and can be given to the containers."""

import re
from pathlib import Path

import pytest

from defect_api.settings import Settings as ApiSettings
from flask_app.settings import Settings as SiteSettings
from nginx.local.render import DEFAULTS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
LAUNCHER = {"PORT", "STATE_DIR", "LISTEN_ADDRESS"}
# the images decide where things lie in them
PLACES = {"MEDIA_DIR", "STATE_DIR"}
COMPOSE_FILES = (ROOT / "docker-compose.yml", ROOT / "nginx/docker-compose.tls.yml")
COMPOSE = {name for path in COMPOSE_FILES for name in re.findall(r"\$\{([A-Z_]+)[:?}-]", path.read_text())}
# where the parts find each other; whoever runs the images elsewhere decides that
CLUSTER = ("SITE_UPSTREAM", "API_UPSTREAM", "RESOLVER", "SITE_SOCKET", "SITE_HTTP")
IMAGES = "".join((ROOT / folder / "Dockerfile").read_text() for folder in ("nginx", "flask_app", "defect_api"))
SERVICES = {*DEFAULTS, *(name.upper() for name in (*ApiSettings.model_fields, *SiteSettings.model_fields))}
SETTINGS = {*SERVICES, *LAUNCHER, *COMPOSE}


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_setting_has_a_row_in_the_table(name: str) -> None:
    assert re.search(rf"^\|[^|]*`{name}`", README, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(SERVICES - PLACES))
def test_a_setting_can_be_given_to_the_containers(name: str) -> None:
    given = re.search(rf"^ +{name}: |\$\{{{name}[:?]", COMPOSE_FILES[0].read_text(), re.MULTILINE)
    of_the_image = re.search(rf"^(?:ENV|   ) +{name}=", (ROOT / "nginx/Dockerfile").read_text(), re.MULTILINE)
    assert given or of_the_image


@pytest.mark.parametrize("name", CLUSTER)
def test_what_a_cluster_decides_is_in_a_table_with_the_images_default(name: str) -> None:
    default = re.search(rf"^(?:ENV|   ) +{name}=(\S+)", IMAGES, re.MULTILINE)
    assert default
    assert f"| `{name}` | {default[1]} |" in README
