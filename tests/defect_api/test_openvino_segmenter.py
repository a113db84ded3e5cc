"""OpenVINO gives the reference's answers, at every size, from several threads."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from defect_api import openvino_export
from defect_api.openvino_segmenter import SIZES, OpenVinoSegmenter
from defect_api.places import Places
from defect_api.segmenter import KerasSegmenter, segment
from training.enlarging import restored

STRIDE = 4
TOLD_TO_END = """
import gc, signal, sys
from pathlib import Path
import numpy as np
from defect_api.openvino_segmenter import OpenVinoSegmenter
from defect_api.places import Places
segmenter = OpenVinoSegmenter(Path(sys.argv[1]), "f32", 1, Places(1))
for width in (32, 64):
    segmenter.forward(np.zeros((1, 32, width, 1), np.uint8))
del segmenter
gc.collect()
signal.signal(signal.SIGTERM, lambda *_: sys.exit("in order"))
signal.raise_signal(signal.SIGTERM)
"""
SHAPES = [(64, 160), (32, 32), (64, 96), (128, 64), (96, 224)]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network with all that differs between engines: strides, nearest enlargement, padding, two outputs."""
    keras.utils.set_random_seed(1)
    pixels = keras.Input((None, None, 1), dtype="uint8")
    x = keras.layers.Rescaling(1 / 128, offset=-1)(pixels)
    x = keras.layers.Conv2D(8, 3, strides=STRIDE, padding="same", activation="relu6")(x)
    novelty = keras.layers.Dense(1)(keras.layers.GlobalAveragePooling2D()(x))
    x = keras.layers.UpSampling2D(STRIDE)(x)
    x = keras.ops.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
    x = keras.layers.Conv2D(3, 3, activation="softmax")(x)
    path: Path = tmp_path_factory.mktemp("weights") / "model.keras"
    keras.Model(pixels, [x, novelty]).save(path)
    return path


@pytest.fixture(scope="module")
def segmenter(weights: Path) -> OpenVinoSegmenter:
    openvino_export.export(weights, weights.with_name("network.xml"))
    return OpenVinoSegmenter(weights.with_name("network.xml"), "f32", 1, Places(2))


@pytest.fixture(scope="module")
def reference(weights: Path) -> KerasSegmenter:
    return KerasSegmenter(weights)


def batch(seed: int, shape: tuple[int, int]) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (1, *shape, 1)).astype(np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
def test_one_form_serves_every_size(
    segmenter: OpenVinoSegmenter, reference: KerasSegmenter, shape: tuple[int, int]
) -> None:
    for answer, expected in zip(segmenter.forward(batch(3, shape)), reference.forward(batch(3, shape)), strict=True):
        assert answer is not None
        assert expected is not None
        np.testing.assert_allclose(answer, expected, atol=1e-5)
        assert answer.dtype == np.float32
    assert segmenter.forward(batch(3, shape))[0].std() > 0.01


def test_several_threads_get_their_own_answers(segmenter: OpenVinoSegmenter, reference: KerasSegmenter) -> None:
    batches = [batch(seed, SHAPES[seed % len(SHAPES)]) for seed in range(40)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(segmenter.forward, batches))
    for answer, sent in zip(answers, batches, strict=True):
        np.testing.assert_allclose(answer[0], reference.forward(sent)[0], atol=1e-5)


def test_few_sizes_are_kept(segmenter: OpenVinoSegmenter) -> None:
    for shape in SHAPES:
        segmenter.forward(batch(1, shape))
    assert segmenter._sized.cache_info().currsize == SIZES < len(SHAPES)


@pytest.mark.usefixtures("segmenter")
def test_a_process_whose_network_is_gone_still_handles_signals(weights: Path) -> None:
    program = [sys.executable, "-c", TOLD_TO_END, str(weights.with_name("network.xml"))]

    ended = subprocess.run(program, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stderr) == (1, "in order\n")


def test_a_last_enlargement_is_left_to_the_segmenter(tmp_path: Path) -> None:
    pixels = keras.Input((None, None, 1), dtype="uint8")
    x = keras.layers.Rescaling(1 / 255)(pixels)
    probabilities = keras.layers.Conv2D(3, 5, strides=4, padding="same", activation="softmax")(x)
    keras.Model(pixels, restored(probabilities, (4, 4))).save(tmp_path / "model.keras")
    openvino_export.export(tmp_path / "model.keras", tmp_path / "network.xml")
    segmenter = OpenVinoSegmenter(tmp_path / "network.xml", "f32", 1, Places(1))
    assert segmenter.forward(batch(1, (64, 96)))[0].shape == (1, 16, 24, 3)
    grey = batch(2, (61, 90))[0, :, :, 0]
    found, wanted = (segment(each, grey, STRIDE) for each in (segmenter, KerasSegmenter(tmp_path / "model.keras")))
    np.testing.assert_allclose(found.probability, wanted.probability, atol=1e-5)
    # rounding to 8 bits before or after the enlargement decides where classes are as likely
    assert np.count_nonzero(found.classes != wanted.classes) < 0.01 * grey.size


def test_a_network_with_one_output_tells_no_novelty(weights: Path, tmp_path: Path) -> None:
    network = keras.saving.load_model(weights, compile=False)
    keras.Model(network.input, network.outputs[0]).save(tmp_path / "model.keras")
    openvino_export.export(tmp_path / "model.keras", tmp_path / "network.xml")
    assert OpenVinoSegmenter(tmp_path / "network.xml", "f32", 1, Places(1)).forward(batch(1, (32, 32)))[1] is None
