"""Ready means right: only a model that gives its card's answers is put in service."""

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from defect_api.model_package import PackageError
from defect_api.overlay import decode_png, encode_png
from defect_api.problems import NotReady
from defect_api.served_model import ModelSlot, ServedModel, load_model
from defect_api.settings import Settings


@pytest.fixture
def copied(tmp_path: Path, models_dir: Path) -> Path:
    shutil.copytree(models_dir, tmp_path / "models")
    return tmp_path / "models" / "tiny" / "1"


def change_card(package: Path, **changes: Any) -> None:
    card = json.loads((package / "model.json").read_text())
    (package / "model.json").write_text(json.dumps({**card, **changes}))


def load(package: Path) -> ServedModel:
    return load_model(Settings(models_dir=package.parents[1]))


def test_a_sound_package_is_loaded(copied: Path) -> None:
    facts = load(copied).facts
    assert (facts.name, facts.version, facts.engine, facts.precision) == ("tiny", "1", "keras", "f32")


def test_a_map_that_is_off_is_refused(copied: Path) -> None:
    expected = decode_png((copied / "golden/a_prob.png").read_bytes())
    (copied / "golden/a_prob.png").write_bytes(encode_png(np.roll(expected, 30, axis=1)))
    with pytest.raises(PackageError, match=r"the map of golden sheet golden/a.png is off by"):
        load(copied)


def test_a_mask_that_is_off_is_refused(copied: Path) -> None:
    expected = decode_png((copied / "golden/a_prob.png").read_bytes())
    (copied / "golden/a_prob.png").write_bytes(encode_png(np.roll(expected, 1, axis=1)))
    with pytest.raises(PackageError, match="pooled Dice on the golden sheets is"):
        load(copied)


@pytest.mark.parametrize("answer", [{"verdict": "clean", "types": []}, {"types": ["dark"]}])
def test_a_verdict_or_class_that_is_off_is_refused(copied: Path, answer: dict[str, Any]) -> None:
    golden = json.loads((copied / "model.json").read_text())["golden"][0]
    change_card(copied, golden=[{**golden, **answer}])
    with pytest.raises(PackageError, match="came out defect"):
        load(copied)


def test_a_missing_golden_sheet_is_told(copied: Path) -> None:
    (copied / "golden/a.png").unlink()
    with pytest.raises(PackageError, match=r"golden file golden/a\.png cannot be read"):
        load(copied)


def test_weights_that_keras_cannot_load_are_told(copied: Path) -> None:
    from defect_api.model_package import file_digest

    (copied / "model.keras").write_bytes(b"no model")
    change_card(copied, digest=file_digest(copied / "model.keras"))
    with pytest.raises(PackageError, match="Keras cannot load it"):
        load(copied)


def test_a_precision_without_tolerance_is_refused(copied: Path) -> None:
    change_card(copied, tolerance={})
    with pytest.raises(PackageError, match="no tolerance for f32"):
        load(copied)


def test_the_slot_is_not_ready_while_loading_and_ready_after(model: ServedModel) -> None:
    release = threading.Event()

    def load_later() -> ServedModel:
        release.wait(10)
        return model

    slot = ModelSlot(load_later)
    with pytest.raises(NotReady, match="being loaded"):
        _ = slot.model
    release.set()
    slot.wait(10)
    assert slot.model is model


def test_the_slot_says_why_nothing_is_in_service() -> None:
    def fail() -> ServedModel:
        raise PackageError("model a/1: something is wrong")

    slot = ModelSlot(fail)
    slot.wait(10)
    with pytest.raises(NotReady, match=r"No model is in service: model a/1: something is wrong\."):
        _ = slot.model
