import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic import ValidationError

from flask_app.settings import Settings

ROOT = Path(__file__).parents[2]
HEAVY = ("numpy", "tensorflow", "keras", "cv2", "defect_api")


def test_defaults_are_the_containers() -> None:
    settings = Settings()
    assert str(settings.api_url) == "http://defect-api-service:9090/"
    assert settings.max_upload_bytes == 16 * 1024 * 1024


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_READ_TIMEOUT_S", "5.5")
    monkeypatch.setenv("API_TOKEN", "secret")
    settings = Settings()
    assert settings.api_read_timeout_s == 5.5
    assert settings.api_token.get_secret_value() == "secret"
    assert "secret" not in repr(settings)


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_UPLOAD_MB", "")
    assert Settings().max_upload_mb == 16


@pytest.mark.parametrize(
    ("name", "value"),
    [("API_URL", "not an address"), ("MAX_UPLOAD_MB", "0"), ("LOG_LEVEL", "LOUD"), ("API_READ_TIMEOUT_S", "75")],
)
def test_nonsense_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()


def test_settings_cannot_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().log_level = "DEBUG"  # type: ignore[misc]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_each_setting_is_described_with_its_unit_and_stands_in_the_readme(name: str) -> None:
    description = Settings.model_fields[name].description or ""
    assert description.endswith(").")
    assert f"`{name.upper()}`" in (ROOT / "README.md").read_text()


def test_the_site_runs_without_the_heavy_libraries() -> None:
    code = f"import sys, flask_app.app; print([name for name in {HEAVY} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_the_sites_dependencies_name_none_of_them() -> None:
    project = tomllib.loads((ROOT / "flask_app" / "pyproject.toml").read_text())["project"]
    assert not [line for line in project["dependencies"] if line.startswith(HEAVY)]
