"""Packages: what is found, what is chosen, what is refused with which sentence."""

import json
import os
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from defect_api.model_package import WEIGHTS, ModelPackage, PackageError, find_candidates, find_packages, read_package
from tests.defect_api.conftest import card_document


def write_card(models_dir: Path, name: str, version: str, **changes: Any) -> Path:
    folder = models_dir / name / version
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps(card_document(name=name, version=version, **changes)))
    return folder


def candidates(models_dir: Path, wanted: str) -> list[str]:
    return [package.key for package in find_candidates(models_dir, wanted)[0]]


def test_the_candidates_are_those_that_are_named_newest_first(tmp_path: Path) -> None:
    write_card(tmp_path, "a", "1", created_at="2026-03-01T00:00:00Z")
    write_card(tmp_path, "a", "2", created_at="2026-05-01T00:00:00Z")
    write_card(tmp_path, "b", "1", created_at="2026-04-01T00:00:00Z")
    for key in ("a/1", "a/2", "b/1"):
        (tmp_path / key / WEIGHTS).touch()
    write_card(tmp_path, "b", "retired")  # its card alone is kept
    assert candidates(tmp_path, "") == ["a/2", "b/1", "a/1"]
    assert candidates(tmp_path, "a") == ["a/2", "a/1"]
    assert candidates(tmp_path, "a/1") == ["a/1"]


@pytest.mark.parametrize(("wanted", "sentence"), [("c", "no model package 'c'"), ("a/9", "no model package 'a/9'")])
def test_a_missing_package_is_told(tmp_path: Path, wanted: str, sentence: str) -> None:
    write_card(tmp_path, "a", "1")
    packages, (complaint,) = find_candidates(tmp_path, wanted)
    assert not packages
    assert sentence in complaint


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    assert find_candidates(tmp_path, "") == ([], ["no model package in the models folder"])


@pytest.mark.parametrize("closed", ["", "/b", "/b/1"])
def test_a_folder_that_may_not_be_entered_is_told_apart_from_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: str
) -> None:
    write_card(tmp_path, "a", "1")
    (tmp_path / "b" / "1").mkdir(parents=True)
    shut = {tmp_path.joinpath(closed.strip("/")), tmp_path / "lost+found"}
    (tmp_path / "lost+found").mkdir()
    monkeypatch.setattr(os, "access", lambda path, _mode: path not in shut)
    _, complaints = find_packages(tmp_path)
    assert complaints == [f"the service may not look into the models folder{closed}"]


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


def with_libraries(tmp_path: Path, models_dir: Path, **libraries: str) -> ModelPackage:
    shutil.copytree(models_dir, tmp_path / "models")
    card = tmp_path / "models" / "tiny" / "1" / "model.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "libraries": libraries}))
    return read_package(card.parent)


def test_a_package_made_with_libraries_as_new_as_ours_is_sound(tmp_path: Path, models_dir: Path) -> None:
    with_libraries(tmp_path, models_dir, keras=version("keras"), numpy="1").check_libraries()


@pytest.mark.parametrize(
    ("library", "sentence"),
    [("keras", f"made with keras 9.0.1, and this service has {version('keras')}"), ("pixie", "this service has none")],
)
def test_a_library_that_is_too_old_is_told(tmp_path: Path, models_dir: Path, library: str, sentence: str) -> None:
    with pytest.raises(PackageError, match=f"model tiny/1: .*{sentence}"):
        with_libraries(tmp_path, models_dir, **{library: "9.0.1"}).check_libraries()


def test_missing_weights_are_told(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"model.keras cannot be read \(No such file"):
        read_package(write_card(tmp_path, "a", "1")).verify()


@pytest.mark.parametrize(
    "changes",
    [
        {"calibration": {"method": "isotonic", "feature": "mean_of_largest", "pixels": 5, "x": [0, 1], "y": [1, 0]}},
        {"threshold": {"value": 0, "uncertainty": 0.1, "min_region_px": 1}},
        {"digest": "md5:0"},
        {"libraries": {"keras": "new"}},
        {"golden": []},
        {"surprise": 1},
    ],
)
def test_cards_that_make_no_sense_are_refused(tmp_path: Path, changes: dict[str, Any]) -> None:
    with pytest.raises(PackageError, match="not a valid card"):
        read_package(write_card(tmp_path, "a", "1", **changes))
