"""Packages: what is found, what is chosen, what is refused with which sentence."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from defect_api.model_package import PackageError, choose_package, find_packages, read_package
from tests.defect_api.conftest import card_document


def write_card(models_dir: Path, name: str, version: str, **changes: Any) -> Path:
    folder = models_dir / name / version
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps(card_document(name=name, version=version, **changes)))
    return folder


def test_the_newest_is_chosen_by_default(tmp_path: Path) -> None:
    write_card(tmp_path, "a", "1", created_at="2026-03-01T00:00:00Z")
    write_card(tmp_path, "a", "2", created_at="2026-05-01T00:00:00Z")
    write_card(tmp_path, "b", "1", created_at="2026-04-01T00:00:00Z")
    assert choose_package(tmp_path, "").key == "a/2"
    assert choose_package(tmp_path, "b").key == "b/1"
    assert choose_package(tmp_path, "a/1").key == "a/1"


@pytest.mark.parametrize(("wanted", "sentence"), [("c", "no model package 'c'"), ("a/9", "no model package 'a/9'")])
def test_a_missing_package_is_told(tmp_path: Path, wanted: str, sentence: str) -> None:
    write_card(tmp_path, "a", "1")
    with pytest.raises(PackageError, match=sentence):
        choose_package(tmp_path, wanted)


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="no model package in the models folder"):
        choose_package(tmp_path, "")


def test_a_bad_card_is_told_and_does_not_hide_a_good_one(tmp_path: Path) -> None:
    write_card(tmp_path, "good", "1")
    write_card(tmp_path, "bad", "1", classes=[])
    packages, complaints = find_packages(tmp_path)
    assert [package.key for package in packages] == ["good/1"]
    assert len(complaints) == 1
    assert "bad/1" in complaints[0]
    assert "classes" in complaints[0]


def test_a_card_in_anothers_folder_is_refused(tmp_path: Path) -> None:
    write_card(tmp_path, "a", "1").rename(tmp_path / "a" / "2")
    with pytest.raises(PackageError, match=r"a/2: model\.json says it is a/1"):
        read_package(tmp_path / "a" / "2")


def test_damaged_weights_are_noticed(tmp_path: Path, models_dir: Path) -> None:
    shutil.copytree(models_dir, tmp_path / "models")
    package = read_package(tmp_path / "models" / "tiny" / "1")
    package.verify()
    damaged = bytearray(package.weights.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    package.weights.write_bytes(damaged)
    with pytest.raises(PackageError, match="digest differs"):
        package.verify()


def test_missing_weights_are_told(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"model.keras cannot be read \(No such file"):
        read_package(write_card(tmp_path, "a", "1")).verify()


@pytest.mark.parametrize(
    "changes",
    [
        {"calibration": {"method": "isotonic", "feature": "mean_of_largest", "pixels": 5, "x": [0, 1], "y": [1, 0]}},
        {"threshold": {"value": 0, "uncertainty": 0.1, "min_region_px": 1}},
        {"digest": "md5:0"},
        {"golden": []},
        {"surprise": 1},
    ],
)
def test_cards_that_make_no_sense_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(PackageError, match="not a valid card"):
        read_package(write_card(tmp_path, "a", "1", **changes))
