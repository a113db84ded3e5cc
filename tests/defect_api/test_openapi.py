"""The service does what its OpenAPI document says: schemathesis makes requests from it and looks at the answers."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

HERE = Path(__file__).parent
# of each operation; more find more, and take longer
EXAMPLES = os.environ.get("EXAMPLES", "5")
# a 422 says what a schema cannot, such as that a cursor is none of ours or that two parameters go together
CONFIGURATION = f"""
hooks = "{HERE / "schemathesis_pictures.py"}"

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 422, 429, "5xx"]
"""


@pytest.fixture
def service(app: Flask, serve: Callable[..., str]) -> str:
    return serve(app)


def test_schemathesis_finds_no_failure(service: str, tmp_path: Path) -> None:
    configuration = tmp_path / "schemathesis.toml"
    configuration.write_text(CONFIGURATION)
    program = Path(sys.executable).with_name("schemathesis")
    patience = ["--request-timeout", "300", "--max-response-time", "300"]
    options = ["--checks", "all", "--max-examples", EXAMPLES, "--generation-deterministic", "--no-color", *patience]
    done = subprocess.run(
        [program, "--config-file", configuration, "run", f"{service}/openapi.json", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=7200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
