"""A model package: written whole, read back by the service's own loader, proven on its golden sheets."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from defect_api.card import Metric, PixelThreshold, Platt
from defect_api.model_package import read_package
from defect_api.segmenter import KerasSegmenter
from defect_api.served_model import ServedModel
from tests.training.drawn import SHIPPED, drawn, drawn_folder
from training import bf16, datasets, int8, packaging, predictions, trained_on
from training.commands import main
from training.examples import DataError, Example
from training.golden import GoldenError
from training.operating_point import OperatingPoint

POINT = OperatingPoint(
    PixelThreshold(value=0.5, uncertainty=0.05, min_region_px=100),
    Platt(method="platt", feature="mean_of_largest", pixels=256, slope=1.0, intercept=0.0),
)
FIGURES = [Metric(name="pooled Dice", value=0.5, interval=(0.4, 0.6), data="generated", method="test")]
DESCRIPTION = packaging.Description(
    name="tiny",
    version="1",
    text="A network for the test.",
    classes=("class 1", "class 2", "class 3", "class 4"),
    data=(),
    weights_licence="MIT",
    training={"seed": 1},
)


def weights(folder: Path, background: float) -> Path:
    """Export a network whose answer is the same everywhere; its background logit is `background`."""
    pixels = keras.Input((None, None, 1), dtype="uint8")
    scaled = layers.Rescaling(1 / 255)(pixels)
    bias = keras.initializers.Constant([background, 0.0, 0.0, 0.0, 0.0])
    logits = layers.Conv2D(5, 1, kernel_initializer="zeros", bias_initializer=bias)(scaled)
    return predictions.export(keras.Model(pixels, logits), folder / "exported.keras")


def test_a_package_is_read_and_proven_by_the_service(tmp_path: Path) -> None:
    written = packaging.write(weights(tmp_path, background=5.0), POINT, FIGURES, DESCRIPTION, tmp_path / "models")

    package = read_package(tmp_path / "models" / "tiny" / "1")
    package.verify()
    ServedModel(package, KerasSegmenter(package.weights)).prove()
    assert package == written
    assert [golden.verdict for golden in package.card.golden] == ["clean", "clean"]


def test_a_network_without_a_stable_answer_leaves_nothing(tmp_path: Path) -> None:
    wavering = weights(tmp_path, background=1.386)  # P(any) = 4 / (4 + e^1.386) = 0.5, the threshold itself

    with pytest.raises(GoldenError, match="stable answer"):
        packaging.write(wavering, POINT, FIGURES, DESCRIPTION, tmp_path / "models")

    assert not list((tmp_path / "models" / "tiny").iterdir())


def test_a_version_that_is_there_is_never_replaced(tmp_path: Path) -> None:
    models = tmp_path / "models"
    earlier = packaging.write(weights(tmp_path, background=5.0), POINT, FIGURES, DESCRIPTION, models)

    with pytest.raises(DataError, match="tiny/1 is there already"):
        packaging.write(weights(tmp_path, background=4.0), POINT, FIGURES, DESCRIPTION, models)

    assert read_package(models / "tiny" / "1") == earlier


@pytest.mark.parametrize("command", ["limits", "bf16", "int8", "refusals", "engines"])
def test_a_package_is_measured_on_no_pictures_but_those_that_it_was_trained_on(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bf16, "has_bf16", lambda: True)
    monkeypatch.setattr(int8, "CALIBRATION", 1)
    drawn_folder(tmp_path / "rolls", 2)
    further = ["--version", "b", "--models", str(tmp_path / "models")] if command not in ("refusals", "engines") else []

    code = main([command, "--package", str(SHIPPED), "--data", str(tmp_path / "rolls"), *further])

    key = f"{SHIPPED.parent.name}/{SHIPPED.name}"
    told = f"{key} was not trained on 2 of the 2 pictures of rolls; give the data set that it was trained on\n"
    assert (code, capsys.readouterr().err) == (1, told)
    assert not (tmp_path / "models").exists()


def test_pictures_that_are_not_judged_need_not_be_listed_nor_any_by_an_earlier_package(tmp_path: Path) -> None:
    set_of_two = drawn(2)
    seen, other = set_of_two.examples
    listed = replace(DESCRIPTION, pictures=datasets.digests([seen]))
    models, exported = tmp_path / "models", weights(tmp_path, background=5.0)
    package = packaging.write(exported, POINT, FIGURES, listed, models)
    earlier = packaging.write(exported, POINT, FIGURES, replace(DESCRIPTION, version="0"), models)

    trained_on.check(package, replace(set_of_two, examples=[seen, replace(other, for_judging=False)]))
    trained_on.check(earlier, set_of_two)
    with pytest.raises(DataError, match=r"tiny/1 was not trained on 1 of the 2 pictures of drawn"):
        trained_on.check(package, set_of_two)


@pytest.mark.parametrize(
    ("name", "version"), [("own rolls", "1"), ("../own", "1"), ("own", "1/2"), ("own", "1 b"), ("", "1"), ("own", "")]
)
def test_what_is_no_folders_name_is_refused(name: str, version: str) -> None:
    with pytest.raises(DataError, match="cannot name a package"):
        packaging.target(Path("models"), name, version)


def clean(height: int, width: int) -> Example:
    picture = np.zeros((height, width), np.uint8)
    return Example("clean", lambda: (picture, picture))


def test_sizes_near_those_of_the_smallest_and_the_largest_picture_are_allowed() -> None:
    allowed = packaging.size_ranges([clean(100, 2000), clean(400, 480)])

    assert allowed == ((75, 500), (360, 2500))
