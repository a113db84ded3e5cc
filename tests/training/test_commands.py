"""The command line from a folder of pictures to a package, in small."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import keras
import pytest

from defect_api.card import Input
from defect_api.model_package import find_packages, read_package
from defect_api.settings import SHIPPED_MODELS
from tests.training.test_fit import full_disk
from training import datasets, golden, network, sheets, starts, trained_on
from training.commands import OWN_RECIPE, main
from training.examples import DataError
from training.runs import EXPORTED, Run

pytestmark = pytest.mark.usefixtures("untraced")
RECIPE = """
seed = 1
folds = 2
[[pretraining]]
crop = [32, 32]
mix = {}
changes = {}
schedule = { steps = 1, batch = 1 }
[[finetuning]]
reduction = 2
pyramid = [2]
crop = [128, 128]
mix = {}
changes = {}
schedule = { steps = 1, batch = 1 }
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return written(tmp_path / "own", first_seed=0)


def written(folder: Path, first_seed: int) -> Path:
    """Write two defective and two clean pictures."""
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    (folder / "classes.txt").write_text("scratch\n")
    for seed, defects in enumerate([[1], [1], [], []], first_seed):
        sheet = sheets.generate(seed, width=320, defects=defects)
        assert cv2.imwrite(str(folder / "images" / f"{seed}.png"), sheet.image)
        assert cv2.imwrite(str(folder / "masks" / f"{seed}.png"), sheet.mask)
    return folder


def test_a_folder_of_own_pictures_ends_as_a_model_package(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(golden, "CANDIDATES", 3)
    recipe, run, models = tmp_path / "recipe.toml", tmp_path / "run", tmp_path / "models"
    recipe.write_text(RECIPE)
    earlier, of_run = written(tmp_path / "earlier", first_seed=10), ["--data", str(data), "--run", str(run)]
    train = ["train", *of_run, "--pretraining-data", str(earlier), "--fold", "0", "--no-final"]

    assert main([*train, "--recipe", str(recipe)]) == 0
    # the run goes on by the recipe that it began with
    assert main(train) == 0
    assert main(["train", *of_run]) == 1
    assert "run was trained from another start, the network pre-trained on earlier" in capsys.readouterr().err
    assert main(["evaluate", *of_run, "--resamples", "20"]) == 0
    assert "pooled Dice: hard, any defect" in capsys.readouterr().out
    assert (
        main(["package", *of_run, "--resamples", "20", "--models", str(models), "--name", "own", "--version", "2"]) == 0
    )

    package = read_package(models / "own" / "2")
    package.verify()
    assert package.card.training["folds"] == 2
    assert package.card.classes == ["scratch"]
    assert [data.name for data in package.card.data] == ["own", "earlier"]
    assert package.card.input == Input(stride=128, height=(192, 320), width=(240, 1600))
    seen = [example for folder in (data, earlier) for example in datasets.find(folder).examples]
    assert trained_on.listed(package.path) == set(datasets.digests(seen))
    assert main(["package", *of_run, "--models", str(models), "--name", "Own"]) == 1
    assert "'Own/1' cannot name a package" in capsys.readouterr().err
    assert main(["package", *of_run, "--models", str(models), "--name", "own", "--version", "2"]) == 1
    assert "own/2 is there already" in capsys.readouterr().err
    assert read_package(package.path) == package
    (run / "fold-0" / EXPORTED).unlink()
    assert main(["package", *of_run, "--models", str(models), "--name", "own"]) == 1
    assert "train the final one" in capsys.readouterr().err


@pytest.mark.parametrize("classes", ["scratch", "scratch\ndent\nhole\nrust"])
def test_generated_sheets_are_not_mixed_into_other_classes(
    data: Path, tmp_path: Path, classes: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "classes.txt").write_text(classes)

    assert main(["train", "--data", str(data), "--run", str(tmp_path / "run")]) == 1

    assert "show Severstal's classes, and those of own are others; set its" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_network_is_not_pre_trained_on_what_is_judged(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    other = written(tmp_path / "other", first_seed=10)
    for part in ("images", "masks"):
        shutil.copyfile(data / part / "0.png", other / part / "copy.png")
    places = ["--pretraining-data", str(other), "--run", str(tmp_path / "run")]

    assert main(["train", "--data", str(data), *places, "--recipe", str(tmp_path / "recipe.toml")]) == 1

    assert "the network pre-trained on other was trained on pictures of own" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_recipe_without_pre_training_takes_no_data_for_it(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", "--data", str(data), "--pretraining-data", str(written(tmp_path / "other", first_seed=10))]

    assert main([*command, "--run", str(tmp_path / "run"), "--recipe", str(OWN_RECIPE)]) == 1

    said = "the recipe has no [[pretraining]] for other; add one, or leave that data out"
    assert said in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
    with pytest.raises(DataError, match=re.escape(said)):
        Run(tmp_path / "run", datasets.find(data), OWN_RECIPE).pretrain(datasets.find(tmp_path / "other"))


@pytest.mark.parametrize(
    ("start", "encoder", "having"),
    [
        ("", "efficientnet-lite2", "efficientnet-lite0 in the recipe, or start from imagenet"),
        (
            starts.IMAGENET,
            "resnet34",
            "efficientnet-lite0 or efficientnet-lite2 in the recipe, or start from a package",
        ),
    ],
)
def test_an_encoder_that_has_no_weights_to_start_from_is_refused(
    data: Path, tmp_path: Path, start: str, encoder: str, having: str
) -> None:
    (tmp_path / "recipe.toml").write_text(f'{RECIPE}\n[network]\nencoder = "{encoder}"\n')

    with pytest.raises(DataError, match=f"has no weights for the encoder {encoder}; choose {having}"):
        Run(tmp_path / "run", datasets.find(data), tmp_path / "recipe.toml", start=starts.chosen(start))
    assert not (tmp_path / "run").exists()


def test_a_package_s_network_is_trained_on_unless_the_recipe_says_another(data: Path, tmp_path: Path) -> None:
    shipped = starts.chosen(str(find_packages(SHIPPED_MODELS)[0][0].path))
    silent, other = tmp_path / "silent.toml", tmp_path / "other.toml"
    silent.write_text(RECIPE)

    begun = Run(tmp_path / "run", datasets.find(data), silent, start=shipped)
    resumed = Run(tmp_path / "run", datasets.find(data), silent, start=shipped)

    assert begun.recipe.network == starts.architecture(shipped) != network.DEFAULT
    assert resumed.recipe == Run(tmp_path / "run", datasets.find(data)).recipe == begun.recipe
    with pytest.raises(DataError, match="was trained from another start"):
        Run(tmp_path / "run", datasets.find(data), silent, start=starts.chosen(starts.IMAGENET))
    for text in ('encoder = "efficientnet-lite0"', "widths = [160, 96, 64]"):
        other.write_text(f"{RECIPE}\n[network]\n{text}\n")
        with pytest.raises(DataError, match=r"its encoder is .*-lite2 and the recipe's .*-lite0.*take \[network\] out"):
            Run(tmp_path / "new", datasets.find(data), other, start=shipped)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("number", [-1, 2])
def test_an_unknown_fold_is_refused(data: Path, tmp_path: Path, number: int) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE)
    run = Run(tmp_path / "run", datasets.find(data), tmp_path / "recipe.toml")

    with pytest.raises(DataError, match=f"there is no fold {number}; the recipe's are 0 to 1"):
        run.train_fold(number, keras.Model())
    assert not list(run.folder.glob("fold-*"))


def test_a_run_of_another_recipe_is_refused(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "recipe.toml").write_text(RECIPE)

    assert main(["train", "--data", str(data), "--run", str(run), "--recipe", str(OWN_RECIPE)]) == 1
    assert "is of another recipe than" in capsys.readouterr().err


@pytest.mark.parametrize("changed", ["labels", "scene", "name"])
def test_a_run_does_not_go_on_with_other_data(data: Path, tmp_path: Path, changed: str) -> None:
    recipe, dataset = tmp_path / "recipe.toml", datasets.find(data)
    recipe.write_text(RECIPE)
    first, *others = dataset.examples
    picture, mask = first.load()
    changes: dict[str, Any] = {"labels": {"load": lambda: (picture, mask + 1)}}
    other = replace(first, **changes.get(changed, {changed: "another"}))
    Run(tmp_path / "run", dataset, recipe)

    Run(tmp_path / "run", dataset)
    with pytest.raises(DataError, match="run was trained on other pictures, labels or scenes; choose another folder"):
        Run(tmp_path / "run", replace(dataset, examples=[other, *others]))


def test_a_run_that_was_begun_by_an_earlier_version_goes_on(data: Path, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.toml").write_text(RECIPE)

    run = Run(tmp_path / "run", datasets.find(data))
    assert run.recipe.folds == 2
    assert run.start == starts.chosen("")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["recipe.toml"]


def test_a_run_without_a_fold_has_nothing_to_report(data: Path, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE)

    with pytest.raises(DataError, match="has no fold yet"):
        Run(tmp_path / "run", datasets.find(data), recipe).judged()


@pytest.mark.parametrize("command", ["evaluate", "package", "report"])
def test_a_folder_without_a_run_is_named(
    data: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "report.html")] if command == "report" else []

    assert main([command, "--data", str(data), "--run", str(tmp_path / "typo"), *out]) == 1

    assert capsys.readouterr().err.startswith(f"{tmp_path / 'typo'} holds no run; train one first")


@pytest.mark.parametrize(
    ("option", "number"), [("--height", "0"), ("--width", "-3"), ("--seed", "-1"), ("--count", "0"), ("--count", "x")]
)
def test_sheets_that_cannot_be_are_refused(
    tmp_path: Path, option: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["sheets", option, number, "--out", str(tmp_path / "sheets")])

    assert re.search(f"argument {option}: ({number} is less than|invalid number value)", capsys.readouterr().err)
    assert not (tmp_path / "sheets").exists()


def test_a_stop_by_the_keyboard_ends_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sheets, "write", stopped)

    assert main(["sheets", "--out", str(tmp_path)]) == 130
    assert capsys.readouterr().err == "stopped; run the command again, what was finished is kept\n"


def test_a_full_disk_is_told_with_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with full_disk(after=1000):
        assert main(["sheets", "--count", "1", "--width", "320", "--out", str(tmp_path / "sheets")]) == 1

    file = tmp_path / "sheets" / "sheet-0001.png"
    assert capsys.readouterr().err.startswith(f"{file}: File too large; free some space and run the command again")


def test_of_two_files_the_one_that_is_written_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "write", lambda *_: shutil.copyfile(__file__, tmp_path / "full"))

    with full_disk(after=1000):
        assert main(["sheets", "--out", str(tmp_path)]) == 1

    assert capsys.readouterr().err.startswith(f"{tmp_path / 'full'}: File too large; free some space")


def test_the_system_s_own_errors_name_the_file_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()

    assert main(["sheets", "--out", str(tmp_path / "file" / "sheets")]) == 1
    message = capsys.readouterr().err
    assert message.startswith(f"{tmp_path / 'file' / 'sheets' / 'masks'}: Not a directory; ")
    assert message.endswith("run the command again, what was finished is kept\n")
