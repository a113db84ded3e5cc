"""The service does what its OpenAPI document says: schemathesis makes requests from it and looks at the answers."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from flask import Flask

from tests.defect_api.second_contract import DEFECTIVE

HERE = Path(__file__).parent
# an identifier that is there, so that more than refusals is seen; a 422 says what a schema cannot, such as that a
# cursor is none of ours or that two parameters go together
CONFIGURATION = """
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 422, 429, "5xx"]

[[operations]]
include-path-regex = "inspection_id"
include-method = "GET"
parameters = {{ inspection_id = "{inspection_id}" }}
"""


@pytest.fixture
def service(app: Flask, serve: Callable[..., str]) -> str:
    return serve(app)


def test_schemathesis_finds_no_failure(service: str, tmp_path: Path) -> None:
    known = requests.post(f"{service}/v1/inspections", files={"image": ("a.png", DEFECTIVE)}, timeout=60).json()["id"]
    configuration = tmp_path / "schemathesis.toml"
    hooks = f'hooks = "{HERE / "schemathesis_pictures.py"}"\n'
    configuration.write_text(hooks + CONFIGURATION.format(inspection_id=known))
    program = Path(sys.executable).with_name("schemathesis")
    options = ["--checks", "all", "--max-examples", "5", "--generation-deterministic", "--no-color"]
    done = subprocess.run(
        [program, "--config-file", configuration, "run", f"{service}/openapi.json", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
