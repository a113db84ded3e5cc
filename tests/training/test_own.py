"""Bring your own: a small folder of pictures and masks ends as a model package that the service serves."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import cv2
import keras
import numpy as np
import pytest

from defect_api.conditions import reasons
from defect_api.model_package import CARD, WEIGHTS, ModelPackage, file_digest, find_packages, read_package
from defect_api.segmenter import KerasSegmenter
from defect_api.served_model import ServedModel
from defect_api.settings import SHIPPED_MODELS
from training import datasets, folds, golden, sheets, starts, trained_on
from training.commands import main
from training.datasets import Dataset
from training.examples import IGNORED, DataError, Example

pytestmark = pytest.mark.usefixtures("untraced")
RECIPE = """
seed = 1
folds = 3
known_weaknesses = ["made for a test"]
[[finetuning]]
crop = [64, 64]
mix = {}
changes = {}
schedule = { steps = 1, batch = 1 }
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Make a folder of two defective and two clean pictures, as a person would label them."""
    folder = tmp_path / "rolls"
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for seed, defects in enumerate([[1], [1], [], []]):
        sheet = sheets.generate(seed, height=128, width=320, defects=defects)
        assert cv2.imwrite(str(folder / "images" / f"{seed}.png"), sheet.image)
        assert cv2.imwrite(str(folder / "masks" / f"{seed}.png"), sheet.mask)
    return folder


@pytest.fixture
def command(data: Path, tmp_path: Path) -> list[str]:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    options = {"--models": "models", "--run": "run", "--recipe": "recipe.toml"}
    places = [part for option, name in options.items() for part in (option, str(tmp_path / name))]
    return ["own", str(data), "--name", "plant", "--start", "imagenet", "--resamples", "10", *places]


def test_a_folder_ends_as_a_package_that_is_served(
    command: list[str], data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(golden, "CANDIDATES", 3)

    assert main(command) == 0
    assert f"make run MODEL=plant/1 MODELS_DIR={tmp_path / 'models'}" in capsys.readouterr().out

    package = read_package(tmp_path / "models" / "plant" / "1")
    package.verify()
    model = ServedModel(package, KerasSegmenter(package.weights))
    model.prove()
    assert reasons(model.maps(sheets.generate(9, defects=[1]).image).observed) == []
    assert {reason.code for reason in reasons(model.maps(np.full((128, 320), 128, np.uint8)).observed)} >= {"blank"}
    card = package.card
    assert card.classes == ["class 1"]
    assert [part.name for part in card.data] == ["rolls"]
    assert card.training["folds"] == 2  # of the three planned, as there are but two scenes of each kind
    assert card.input.height == (96, 256)
    assert card.input.width == (240, 1600)
    figures = {figure.name: figure.value for figure in card.metrics}
    assert {"pooled Dice", "picture Brier score"} <= set(figures)
    assert figures["pooled Dice on openvino f32"] == pytest.approx(figures["pooled Dice on keras f32"], abs=0.001)
    refused = next(figure for figure in card.metrics if figure.name == "sheets refused per 100")
    assert refused.interval is not None
    assert refused.interval[1] - refused.interval[0] > 30  # per 100, as four pictures tell next to nothing
    assert "<h1>rolls</h1>" in (tmp_path / "run" / "report.html").read_text()

    assert_limits_are_renewed(package, data)

    weights = package.weights.read_bytes()
    again = [*command, "--version", "2"]
    assert_refused(command, "plant/1 is there already; choose another name or version", capsys)
    assert_refused([*again, "--start", ""], "run was trained from another start, imagenet; choose that", capsys)
    for kind in ("images", "masks"):
        shutil.copyfile(data / kind / "3.png", data / kind / "4.png")
    assert_refused(again, "run was trained on other pictures", capsys)
    assert package.weights.read_bytes() == weights
    seen = f"{package.path} was trained on pictures of rolls"
    assert_refused([*again, "--start", str(package.path)], seen, capsys)
    assert_only_seen_pictures_are_refused(package, datasets.find(data))


def assert_refused(command: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) == 1
    assert sentence in capsys.readouterr().err


def assert_limits_are_renewed(package: ModelPackage, data: Path) -> None:
    assert main(["limits", "--package", str(package.path), "--data", str(data), "--version", "1b"]) == 0
    renewed = read_package(package.path.with_name("1b"))
    ServedModel(renewed, KerasSegmenter(renewed.weights)).prove()
    assert renewed.card.operating_points == package.card.operating_points
    methods = {figure.name: figure.method for figure in renewed.card.metrics}
    assert "pictures that the network was trained on" in methods["sheets refused per 100"]
    # each is told once
    assert sorted(methods) == sorted(figure.name for figure in renewed.card.metrics)
    assert set(methods) == {figure.name for figure in package.card.metrics}
    assert trained_on.listed(renewed.path) == trained_on.listed(package.path)


def assert_only_seen_pictures_are_refused(package: ModelPackage, dataset: Dataset) -> None:
    seen, new, start = dataset.examples[0], picture(20, True), starts.chosen(str(package.path))
    starts.check_unseen(start, replace(dataset, examples=[new]))
    with pytest.raises(DataError, match="or give pictures of new scenes only"):
        starts.check_unseen(start, replace(dataset, name="renamed", examples=[new, replace(seen, name="new")]))
    # an earlier version listed no pictures, but the sets' names
    (package.path / trained_on.FILE).unlink()
    start = starts.chosen(str(package.path))
    starts.check_unseen(start, replace(dataset, name="bars"))
    with pytest.raises(DataError, match="was trained on pictures of rolls"):
        starts.check_unseen(start, dataset)


def picture(seed: int, defective: bool, scene: str = "") -> Example:
    sheet = sheets.generate(seed, height=64, width=320, defects=[3] if defective else [])
    return Example(str(seed), lambda: (sheet.image, sheet.mask), scene=scene)


@pytest.mark.parametrize(("defective", "clean", "count"), [(9, 9, 5), (3, 8, 3), (8, 2, 2)])
def test_small_sets_are_judged_in_fewer_folds(defective: int, clean: int, count: int) -> None:
    pictures = [picture(n, n < defective, scene=str(n)) for n in range(defective + clean)]

    assert folds.fold_count(pictures, most=5, seed=1) == count


def test_scenes_that_show_both_kinds_are_dealt_too() -> None:
    pictures = [picture(n, n % 3 == 0, scene=f"coil {n // 3}") for n in range(12)]

    count = folds.fold_count(pictures, most=5, seed=1)

    assert count == 4
    for fold in folds.split(pictures, count, 1):
        assert {bool(example.defects()) for example in fold.judging} == {True, False}


@pytest.mark.parametrize(
    ("scenes", "sentence"),
    [("abcc", "2 scenes with defects and 1 without"), ("aabc", "1 scenes with defects and 2 without")],
)
def test_too_few_scenes_are_refused_before_training(scenes: str, sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        folds.fold_count([picture(n, n < 2, scene) for n, scene in enumerate(scenes)], most=5, seed=1)


def test_a_picture_of_which_nothing_is_known_is_no_defective_one() -> None:
    sheet = sheets.generate(1, height=64, width=320, defects=[])
    unknown = Example("unknown", lambda: (sheet.image, np.full_like(sheet.mask, IGNORED)), scene="unknown")

    with pytest.raises(DataError, match="1 scenes with defects and 2 without"):
        folds.fold_count([picture(1, True, "a"), picture(2, False, "b"), unknown], most=5, seed=1)


def test_near_copies_count_once(data: Path) -> None:
    for kind in ("images", "masks"):
        pixels = cv2.imread(str(data / kind / "2.png"), cv2.IMREAD_GRAYSCALE)
        assert pixels is not None
        assert cv2.imwrite(str(data / kind / "3.png"), np.asarray(pixels[:, ::-1]))

    with pytest.raises(DataError, match="2 scenes with defects and 1 without"):
        folds.fold_count(datasets.find(data).examples, most=5, seed=1)


@pytest.mark.parametrize(
    ("option", "value", "sentence"),
    [
        ("--recipe", "gone.toml", r"gone\.toml is no recipe"),
        ("--start", "nowhere/1", r"nowhere/1 is no start: model nowhere/1: model\.json cannot be read"),
        ("--name", "My Rolls", "'My Rolls/1' cannot name a package"),
    ],
)
def test_a_bad_choice_ends_with_one_sentence(
    command: list[str], option: str, value: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, option, value]) == 1

    assert re.match(sentence, capsys.readouterr().err)


def test_a_start_of_another_kind_is_refused_and_no_run_begun(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    package = tmp_path / "imported" / "1"
    package.mkdir(parents=True)
    pixels = keras.Input((None, None, 1))
    keras.Model(pixels, keras.layers.Conv2D(2, 1)(pixels)).save(package / WEIGHTS)
    changes = {"name": "imported", "version": "1", "digest": file_digest(package / WEIGHTS)}
    card = find_packages(SHIPPED_MODELS)[0][0].card.model_copy(update=changes)
    (package / CARD).write_text(card.model_dump_json())

    assert main([*command, "--start", str(package)]) == 1

    assert "its network is of another kind than" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_start_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / starts.FILE).write_text("{}")

    with pytest.raises(DataError, match=r"start\.json cannot be read"):
        starts.kept(tmp_path)


@pytest.mark.parametrize(
    ("terms", "start"),
    [(datasets.SEVERSTAL, str(find_packages(SHIPPED_MODELS)[0][0].path)), (datasets.NEU_SEG, "")],
)
def test_a_start_that_saw_a_public_set_is_refused_for_any_part_of_it(terms: tuple[str, str], start: str) -> None:
    dataset = Dataset("another part", ("class 1",), [picture(1, True)], *terms)

    starts.check_unseen(starts.chosen("imagenet"), dataset)
    with pytest.raises(DataError, match="was trained on pictures of another part"):
        starts.check_unseen(starts.chosen(start), dataset)


def test_the_data_behind_the_start_are_the_package_s_too() -> None:
    shipped = find_packages(SHIPPED_MODELS)[0][0]

    assert [part.name for part in starts.chosen("").data] == ["NEU-Seg, training split"]
    assert list(starts.chosen(str(shipped.path)).data) == shipped.card.data
    assert starts.chosen("imagenet").data == ()
