"""An imported network's output becomes the package's: P(any defect), then the classes, which sum to it."""

from pathlib import Path
from typing import Literal

import keras
import numpy as np
import pytest

from tests.training.keras2_files import Values, convolution, network, pixels, write_architecture
from training import keras2_architecture, keras2_contract, keras2_layers


def answers(activation: str, background: Literal["first", "last"], biases: list[float], tmp_path: Path) -> Values:
    """Wrap a network that answers the same everywhere, and return what it says of one pixel."""
    model = network("m", [pixels("i", 3), convolution("c", "i", len(biases), 1, activation=activation)], "c")
    rebuilt = keras2_architecture.read(write_architecture(tmp_path / "flat.json", model))
    rebuilt.leaves[0].layer.set_weights([np.zeros((1, 1, 3, len(biases))), np.array(biases)])
    served = keras2_contract.wrap(rebuilt, keras2_contract.Surroundings(1 / 255, 1, background))
    values: Values = served(np.zeros((1, 2, 2, 1), np.uint8)).numpy()[0, 0, 0]
    return values


def test_a_softmax_loses_its_background(tmp_path: Path) -> None:
    biases = [np.log(0.5), np.log(0.2), np.log(0.3)]

    np.testing.assert_allclose(answers("softmax", "first", biases, tmp_path), [0.5, 0.2, 0.3], atol=1e-6)
    np.testing.assert_allclose(answers("softmax", "last", biases, tmp_path), [0.7, 0.5, 0.2], atol=1e-6)


def test_several_sigmoids_are_joined_as_if_independent(tmp_path: Path) -> None:
    either = 1 - 0.25 * 0.5

    said = answers("sigmoid", "first", [np.log(3), 0.0], tmp_path)

    np.testing.assert_allclose(said, [either, either * 0.6, either * 0.4], atol=1e-6)


@pytest.mark.parametrize("size", [(2, 2), (3, 4), (5, 1)])
def test_bilinear_enlargement_is_that_of_keras(size: tuple[int, int]) -> None:
    x = np.random.default_rng(1).random((2, 5, 7, 3), np.float32)
    start = keras.Input((None, None, 3))
    config = {"name": "up", "size": list(size), "interpolation": "bilinear"}
    model = keras.Model(start, keras2_layers.make("UpSampling2D", config)(start))

    expected = keras.layers.UpSampling2D(size, interpolation="bilinear")(x)

    np.testing.assert_allclose(model(x), expected, atol=1e-6)
