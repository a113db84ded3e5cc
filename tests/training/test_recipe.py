"""Recipes: one small file describes a run."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from training import network, recipe
from training.commands import OWN_RECIPE, RECIPE
from training.examples import DataError
from training.losses import Loss


def changed(text: str, line: str, other: str, folder: Path) -> Path:
    """Write a recipe that has another line in the place of one that it has."""
    assert line in text
    path = folder / "own.toml"
    path.write_text(text.replace(line, other, 1))
    return path


def test_the_recipes_that_come_along_are_read() -> None:
    large, small = (recipe.load(RECIPE.with_name(f"{name}.toml")) for name in ("steel-unet", "steel-unet-small"))

    for read in (large, small):
        assert {stage.reduction for stage in read.finetuning} == {2}
        assert read.finetuning[-1].pyramid == (2,)
        assert [stage.loss.overlap for stage in read.finetuning] == ["dice", "dice", "lovasz"]
    assert not large.pretraining
    assert [stage.crop for stage in small.pretraining] == [(128, 128), (224, 224), (192, 192), (192, 192)]
    assert {stage.reduction for stage in small.pretraining} == {1}
    assert small.pretraining[0].changes.scale == (0.5, 0.85)


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
    assert recipe.load(RECIPE).network == network.Architecture("efficientnet-lite2", (160, 96, 64))
    assert recipe.load(path).network == network.Architecture("resnet34", (16, 8))


def test_an_unknown_encoder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN_RECIPE.read_text() + '[network]\nencoder = "vgg"\n')

    with pytest.raises(DataError, match=r"'vgg', which is none of efficientnet-lite0, efficientnet-lite2, resnet34"):
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

    with pytest.raises(DataError, match=rf"own\.toml is no recipe \(finetuning\[0\]: crop .* {sentence}"):
        recipe.load(path)


@pytest.mark.parametrize(
    ("line", "other", "sentence"),
    [
        ("folds = 3\n", "", "folds is missing"),
        ("folds = 3\n", "folds = 3\npace = 3\n", "pace is unknown"),
        ("folds = 3\n", 'folds = 3\ntext = "seed = 2"\n', "text is unknown"),
        ("crop = [256, 256]\n", "crop = [256, 256]\nreductions = 2\n", r"finetuning\[0\].reductions is unknown"),
        ("peak_rate = 1e-3\n", "pace = 3\n", r"finetuning\[0\].schedule.pace is unknown"),
        ("[[finetuning]]", "[finetuning]", r"its stages are no list of tables; write each as \[\[finetuning\]\]"),
    ],
)
def test_a_recipe_with_something_unknown_or_missing_is_refused(
    tmp_path: Path, line: str, other: str, sentence: str
) -> None:
    path = changed(OWN_RECIPE.read_text(), line, other, tmp_path)

    with pytest.raises(DataError, match=rf"own\.toml is no recipe \(.*{sentence}"):
        recipe.load(path)


@pytest.mark.parametrize(
    ("line", "wrong", "sentence"),
    [
        ("seed = 1\n", 'seed = "x"\n', "seed = 'x', and it should be a valid integer"),
        ("seed = 1\n", "seed = -1\n", "seed = -1, and it should be greater than or equal to 0"),
        ("seed = 1\n", "seed = 2020-01-01\n", "seed = '2020-01-01', and it should be a valid integer"),
        ("seed = 1\n", "seed = 1\nnetwork = 5\n", "network = 5, and it should"),
        ("seed = 1\n", "seed = 1\nnetwork.widths = 32\n", r"network\.widths = 32, and it should"),
        ("folds = 3\n", "folds = 3.0\n", r"folds = 3\.0, and it should be a valid integer"),
        ("folds = 3\n", "folds = 1\n", "folds = 1, and it should be greater than or equal to 2"),
        ("steps = 600\n", 'steps = "2"\n', r"finetuning\[0\]\.schedule\.steps = '2', and it should be a valid integer"),
        ("steps = 600\n", "steps = 0\n", "steps = 0, and it should be greater"),
        ("steps = 600\n", "steps = 600\ncheckpoint_every = 0\n", "checkpoint_every = 0, and it should be greater"),
        ("batch = 8\n", "batch = 0\n", "batch = 0, and it should be greater"),
        ("peak_rate = 1e-3\n", 'peak_rate = "2e-3"\n', "peak_rate = '2e-3', and it should be a valid number"),
        ("peak_rate = 1e-3\n", "peak_rate = nan\n", "peak_rate = nan, and it should be a finite number"),
        ("average = 0.99\n", "average = 99\n", "average = 99, and it should be less than 1"),
        ("crop = [256, 256]\n", "crop = [256]\n", r"crop\[1\] is missing"),
        ("crop = [256, 256]\n", "crop = [256, 256]\nreduction = 0\n", "reduction = 0, and it should be greater"),
        ("crop = [256, 256]\n", "crop = [256, 256]\npyramid = [0]\n", r"pyramid\[0\] = 0, and it should be greater"),
        ("crop = [256, 256]\n", 'crop = [256, 256]\nfrozen_blocks = "3"\n', "frozen_blocks = '3', and it should"),
        ("[finetuning.changes]\n", "[finetuning.changes]\nscale = 1.0\n", r"changes\.scale = 1\.0, and it should"),
        ("[finetuning.changes]\n", '[finetuning.changes]\nnoise = "6"\n', r"changes\.noise = '6', and it should"),
        ("seed = 1\n", "seed = 1\nnetwork.widths = [32, 0]\n", r"network\.widths\[1\] = 0, and it should be greater"),
        ("seed = 1\n", "seed = 1\nnetwork.widths = [32]\n", r"network\.widths = \[32\], and it should have at least 2"),
        ("[finetuning.changes]\n", "[finetuning.changes]\nnoise = -1\n", r"noise = -1, and it should be greater"),
        ("[finetuning.changes]\n", "[finetuning.changes]\nblur_share = 2\n", r"blur_share = 2, and it should be less"),
        ("[finetuning.changes]\n", "[finetuning.changes]\ngain = [0, 1]\n", r"gain: \[0.0, 1.0\] is no range.*than 0"),
        ("[finetuning.changes]\n", "[finetuning.changes]\nscale = [2, 1]\n", r"scale: \[2.0, 1.0\] is no range"),
        ("pasted = 0.3\n", "pasted = -0.1\n", r"mix\.pasted = -0\.1, and it should be greater"),
        ("clean_picture = 0.35\n", "clean_picture = 0.7\n", r"mix: defect 0\.4 and clean_picture 0\.7, which are more"),
        ("[[finetuning]]\n", "[[finetuning]]\nloss.weight = -1\n", r"loss\.weight = -1, and it should be greater"),
        ("[[finetuning]]\n", 'known_weaknesses = "text"\n[[finetuning]]\n', "known_weaknesses = 'text', and it should"),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(tmp_path: Path, line: str, wrong: str, sentence: str) -> None:
    plain = re.sub(r"(?s)known_weaknesses = \[.*?\n\]\n", "", OWN_RECIPE.read_text())
    path = changed(plain, line, wrong, tmp_path)

    with pytest.raises(DataError, match=rf"own\.toml is no recipe \(.*{sentence}[^()\n]*\); start from"):
        recipe.load(path)


@pytest.mark.parametrize("line", ["folds = 3", "  folds=3  # as few as can be", "folds = 2"])
def test_the_folds_are_set_to_another_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN_RECIPE.read_text().replace("folds = 3", line))

    read = recipe.load(path, folds=2)

    assert (read.folds, read.source["folds"]) == (2, 2)
    path.write_text(read.text)
    assert recipe.load(path) == read


def test_folds_that_cannot_be_set_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN_RECIPE.read_text().replace("folds = 3", '"folds" = 3'))

    with pytest.raises(DataError, match="its folds could not be set to 2; write them on a line like folds = 2"):
        recipe.load(path, folds=2)


def test_a_recipe_without_a_stage_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text("seed = 1\nfolds = 3\nfinetuning = []\n")

    with pytest.raises(DataError, match=r"finetuning = \[\], and it should have at least 1 item"):
        recipe.load(path)


def test_a_missing_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.toml is no recipe"):
        recipe.load(tmp_path / "gone.toml")
