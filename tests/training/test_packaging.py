"""A model package: written whole, read back by the service's own loader, proven on its golden sheets."""

from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from defect_api.card import Metric, PixelThreshold, Platt
from defect_api.model_package import read_package
from defect_api.segmenter import KerasSegmenter
from defect_api.served_model import ServedModel
from training import packaging, predictions
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
