"""Recipes: one small file describes a run."""

from dataclasses import replace
from pathlib import Path

import pytest

from training import network, recipe
from training.commands import OWN_RECIPE, RECIPE
from training.examples import DataError
from training.losses import Loss


def test_the_shipped_recipe_is_read() -> None:
    read = recipe.load(RECIPE)

    assert [stage.crop for stage in read.pretraining] == [(128, 128), (224, 224), (192, 192), (192, 192)]
    assert {stage.reduction for stage in read.pretraining} == {1}
    assert {stage.reduction for stage in read.finetuning} == {2}
    assert read.finetuning[-1].pyramid == (2,)
    assert read.pretraining[0].changes.scale == (0.5, 0.85)
    assert [stage.loss.overlap for stage in read.finetuning] == ["dice", "dice", "lovasz"]


def test_a_stage_is_like_the_one_before_but_for_what_it_says(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        f'{OWN_RECIPE.read_text()}\n[[finetuning]]\nschedule.steps = 7\n[[finetuning]]\nloss.overlap = "lovasz"\n'
    )

    first, second, third = recipe.load(path).finetuning

    assert second == replace(first, schedule=replace(first.schedule, steps=7))
    assert third == replace(second, loss=Loss("lovasz"))


def test_the_network_is_chosen_by_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"

    path.write_text(OWN_RECIPE.read_text() + '[network]\nencoder = "resnet34"\nwidths = [16, 8]\n')

    assert recipe.load(OWN_RECIPE).network == network.DEFAULT
    assert recipe.load(RECIPE).network == network.Architecture(widths=(160, 96, 64))
    assert recipe.load(path).network == network.Architecture("resnet34", (16, 8))


def test_an_unknown_encoder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN_RECIPE.read_text() + '[network]\nencoder = "vgg"\n')

    with pytest.raises(DataError, match=r"'vgg', which is none of efficientnet-lite0, resnet34"):
        recipe.load(path)


def test_an_unknown_overlap_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN_RECIPE.read_text() + '[finetuning.loss]\noverlap = "iou"\n')

    with pytest.raises(DataError, match=r"'iou', which is none of dice, lovasz"):
        recipe.load(path)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [("crop = [250, 256]", "multiples of 32 px"), ("crop = [256, 96]\npyramid = [2]\nreduction = 2", "of 128 px")],
)
def test_a_crop_that_the_network_cannot_take_is_refused(tmp_path: Path, lines: str, sentence: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN_RECIPE.read_text().replace("crop = [256, 256]", lines))

    with pytest.raises(DataError, match=rf"own\.toml is no recipe \(crop .* {sentence}"):
        recipe.load(path)


@pytest.mark.parametrize(
    ("line", "other", "sentence"),
    [
        ("folds = 3\n", "", "folds"),
        ("folds = 3\n", "folds = 1\n", "folds = 1, and it takes two at the least"),
        ("folds = 3\n", "folds = 3\npace = 3\n", "unknown in a recipe: pace"),
        ("crop = [256, 256]\n", "crop = [256, 256]\nreductions = 2\n", "unknown in a stage: reductions"),
        ("peak_rate = 1e-3\n", "pace = 3\n", "pace"),
        ("[[finetuning]]", "[finetuning]", r"its stages are one table; write each as \[\[finetuning\]\]"),
        ("seed = 1\n", "seed = 1\nnetwork = 5\n", "items"),
    ],
)
def test_a_recipe_with_something_unknown_or_missing_is_refused(
    tmp_path: Path, line: str, other: str, sentence: str
) -> None:
    path = tmp_path / "own.toml"
    assert line in OWN_RECIPE.read_text()
    path.write_text(OWN_RECIPE.read_text().replace(line, other, 1))

    with pytest.raises(DataError, match=rf"own\.toml is no recipe \(.*{sentence}"):
        recipe.load(path)


def test_a_recipe_without_a_stage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("seed = 1\nfolds = 3\nfinetuning = []\n")

    with pytest.raises(DataError, match="it has no stage of fine-tuning"):
        recipe.load(path)


def test_a_missing_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.toml is no recipe"):
        recipe.load(tmp_path / "gone.toml")
