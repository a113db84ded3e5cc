"""Ready means right: only a model that gives its card's answers is put in service."""

import json
import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from defect_api.images import Grey
from defect_api.loading import load_model
from defect_api.model_package import PackageError, file_digest
from defect_api.png import decode_png, encode_png
from defect_api.problems import NotReady
from defect_api.served_model import ModelSlot, ServedModel
from defect_api.settings import Settings
from tests.defect_api.conftest import DARK, sheet


def change_card(package: Path, **changes: Any) -> None:
    card = json.loads((package / "model.json").read_text())
    (package / "model.json").write_text(json.dumps({**card, **changes}))


def load(package: Path) -> ServedModel:
    return load_model(Settings(models_dir=package.parents[1], engine="keras"))


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


@pytest.mark.parametrize("name", ["golden/a.png", "golden/a_prob.png", "golden/a_class.png"])
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"no picture")])
def test_a_golden_file_that_is_missing_or_damaged_is_told(
    copied: Path, name: str, damage: Callable[[Path], Any]
) -> None:
    damage(copied / name)
    with pytest.raises(PackageError, match=f"golden file {re.escape(name)} cannot be read"):
        load(copied)


def test_a_golden_map_of_another_size_is_told(copied: Path) -> None:
    (copied / "golden/a_prob.png").write_bytes(encode_png(sheet(width=800)))
    with pytest.raises(PackageError, match=r"golden/a_prob\.png is not of the size of its golden sheet"):
        load(copied)


def only_golden(package: Path, seen: Grey, expected: Grey) -> None:
    """Replace the golden sheets by one, clean by its card: what the network is given, and what it should find in it."""
    for name, picture in (("b", seen), ("b_prob", quantise_dark(expected)), ("b_class", np.zeros_like(seen))):
        (package / "golden" / f"{name}.png").write_bytes(encode_png(picture))
    files = {"sheet": "golden/b.png", "probability_map": "golden/b_prob.png", "class_map": "golden/b_class.png"}
    change_card(package, golden=[{**files, "verdict": "clean", "types": []}])


def quantise_dark(picture: Grey) -> Grey:
    return np.where(picture == DARK, 255, 0).astype(np.uint8)


CLEAN, SMALL, SMALLEST = sheet(), sheet((9, 9, 19, 1, DARK)), sheet((9, 9, 20, 1, DARK))


@pytest.mark.parametrize(("seen", "expected"), [(CLEAN, SMALL), (SMALL, CLEAN), (SMALL, SMALL), (CLEAN, CLEAN)])
def test_no_mask_and_one_below_the_smallest_region_are_equal(copied: Path, seen: Grey, expected: Grey) -> None:
    only_golden(copied, seen, expected)
    assert load(copied).package.key == "tiny/1"


def test_a_region_of_the_smallest_size_that_is_too_many_is_refused(copied: Path) -> None:
    only_golden(copied, SMALLEST, CLEAN)
    with pytest.raises(PackageError, match="came out defect"):
        load(copied)


def test_a_region_of_the_smallest_size_that_is_missed_is_refused(copied: Path) -> None:
    only_golden(copied, CLEAN, SMALLEST)
    with pytest.raises(PackageError, match=r"pooled Dice on the golden sheets is 0\.0000"):
        load(copied)


def test_damaged_weights_are_not_served(copied: Path) -> None:
    with (copied / "model.keras").open("r+b") as file:
        file.truncate(1000)
    with pytest.raises(PackageError, match="digest differs"):
        load(copied)


def test_a_newer_library_is_told_before_keras_is_asked(copied: Path) -> None:
    change_card(copied, libraries={"keras": "99.0"})
    with pytest.raises(PackageError, match=r"made with keras 99\.0, and this service has"):
        load(copied)


def newer(copied: Path, version: str, **changes: Any) -> Path:
    """Add a newer package beside the one that is copied."""
    package = shutil.copytree(copied, copied.with_name(version))
    change_card(package, version=version, created_at=f"2026-02-{int(version):02}T00:00:00Z", **changes)
    return package


def test_the_newest_that_passes_is_loaded(copied: Path) -> None:
    newer(copied, "2")
    newer(copied, "3", tolerance={})
    assert load(copied).package.key == "tiny/2"


def test_where_none_passes_each_is_told(copied: Path) -> None:
    change_card(copied, tolerance={})
    newer(copied, "2", digest="sha256:" + "0" * 64)
    with pytest.raises(PackageError, match=r"tiny/2: .*digest differs.*; model tiny/1: .*no tolerance"):
        load(copied)


def test_weights_that_keras_cannot_load_are_told(copied: Path) -> None:
    (copied / "model.keras").write_bytes(b"no model")
    change_card(copied, digest=file_digest(copied / "model.keras"))
    with pytest.raises(PackageError, match="Keras cannot run it; the log has the reason"):
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


def test_a_folder_that_cannot_be_written_is_told() -> None:
    def load_in_vain() -> ServedModel:
        raise PermissionError(13, "Permission denied", "/srv/state/models")

    slot = ModelSlot(load_in_vain)
    assert slot.wait(10)
    with pytest.raises(NotReady, match=r"a folder cannot be read or written \(Permission denied\)"):
        _ = slot.model


def test_the_slot_switches_and_tells_what_is_not_served(model: ServedModel) -> None:
    slot = ModelSlot(lambda: model, lambda: ["model a/2: no"])
    slot.wait(10)
    other = ServedModel(model.package, model.segmenter)
    slot.switch(other)
    assert slot.model is other
    assert slot.complaints == ["model a/2: no"]
