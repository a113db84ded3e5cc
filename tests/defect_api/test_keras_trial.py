"""Keras as the last resort is tried apart: TensorFlow stays in a process, and its memory, until that ends."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from defect_api import compiled_form, loading
from defect_api.engines import KERAS, Engines
from defect_api.loading import Loaded, load_package
from defect_api.model_package import PackageError, read_package
from defect_api.settings import Settings
from nginx.local.__main__ import ROOT
from tests.defect_api.test_served_model import change_card, newer

SERVE = """
import sys
from pathlib import Path
from defect_api.model_choice import ModelChooser
from defect_api.settings import Settings
settings = Settings(models_dir=Path(sys.argv[1]), state_dir=Path(sys.argv[2]))
chooser = ModelChooser(settings)
model = chooser.load()
print(model.package.key, model.facts.engine, *sorted({"keras", "tensorflow"} & set(sys.modules)))
print(*chooser.complaints())
"""


def misjudged(package: Path) -> Path:
    """Have a package expect of its golden sheet what no engine says."""
    card = json.loads((package / "model.json").read_text())
    change_card(package, golden=[{**golden, "types": []} for golden in card["golden"]])
    return package


def test_a_worker_never_holds_tensorflow_unless_its_engine_is_keras(copied: Path, tmp_path: Path) -> None:
    shutil.rmtree(copied / "compiled")
    # the newest fails on every engine, on Keras as well
    misjudged(newer(copied, "2"))
    command = [sys.executable, "-c", SERVE, str(copied.parents[1]), str(tmp_path / "state")]
    served = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert served.stdout.splitlines() == [
        "tiny/1 openvino",
        "model tiny/2: golden sheet golden/a.png came out defect ['bright', 'dark']",
    ]


@pytest.fixture
def no_export(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a package without a form, and none that could be made."""
    shutil.rmtree(copied / "compiled")
    failed = subprocess.CompletedProcess[str]([], 1, "", "")
    monkeypatch.setattr(compiled_form, "run_apart", lambda *_command: failed)


def load(package: Path, state: Path) -> Loaded:
    return load_package(read_package(package), Engines(Settings(state_dir=state)))


@pytest.mark.usefixtures("no_export")
def test_keras_serves_what_openvino_cannot_run(copied: Path, tmp_path: Path) -> None:
    loaded = load(copied, tmp_path)
    assert loaded.option == KERAS
    assert loaded.complaints == ("model tiny/1: it cannot be exported for OpenVINO; the log has the reason",)


@pytest.mark.parametrize(
    ("ended", "sentence"),
    [
        (subprocess.CompletedProcess([], -9, "", ""), "model tiny/1: Keras cannot run it; the log has the reason"),
        (subprocess.TimeoutExpired([], 600), "model tiny/1: Keras took more than 600 s to try it"),
    ],
)
@pytest.mark.usefixtures("no_export")
def test_a_trial_of_keras_that_does_not_end_well_is_told(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: Any, sentence: str
) -> None:
    monkeypatch.setattr(loading, "run_apart", Mock(side_effect=[ended]))
    with pytest.raises(PackageError) as refused:
        load(copied, tmp_path)
    assert str(refused.value).endswith(f"; {sentence}")
