"""How tests call `defect-inspect`: a folder of pictures, and the model that it finds."""

from pathlib import Path

import pytest

from defect_api.command_line import main
from tests.defect_api.conftest import DARK, png, sheet

DEFECTIVE = png(sheet((100, 50, 40, 30, DARK)))
CLEAN = png(sheet())


@pytest.fixture(autouse=True)
def _environment(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELS_DIR", str(models_dir))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in" / "deeper").mkdir(parents=True)
    (tmp_path / "in" / "a.png").write_bytes(CLEAN)
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    return tmp_path / "in"


def inspect(*arguments: Path | str) -> int:
    return main([str(argument) for argument in arguments])
