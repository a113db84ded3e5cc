"""Padding, tiling and the reference engine."""

import numpy as np
import pytest
from numpy.typing import NDArray

from defect_api import segmenter
from defect_api.model_package import ModelPackage
from defect_api.segmenter import KerasSegmenter, segment
from defect_api.served_model import ServedModel
from tests.defect_api.conftest import BRIGHT, DARK, sheet

Answer = tuple[NDArray[np.float32], NDArray[np.float32] | None]


class Recorder:
    """An engine that answers the pixel value as probability and remembers the sizes it was given."""

    engine, precision = "recorder", "f32"

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, batch: NDArray[np.uint8]) -> Answer:
        self.shapes.append(batch.shape)
        value = batch.astype(np.float32) / 255
        return np.concatenate([value, value * (value < 0.5), value * (value >= 0.5)], axis=-1), None


@pytest.mark.parametrize(
    "shape", [(256, 1600), (128, 800), (64, 64), (257, 1601), (700, 2500), (1300, 300), (65, 4099)]
)
def test_every_pixel_gets_its_own_answer(shape: tuple[int, int]) -> None:
    grey = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    probability, classes, _ = segment(Recorder(), grey, stride=32)
    np.testing.assert_allclose(probability, grey / 255, atol=1e-6)
    np.testing.assert_array_equal(classes, grey >= 128)


@pytest.mark.parametrize("shape", [(64, 64), (50, 70), (600, 2500)])
def test_a_coarser_answer_is_enlarged(shape: tuple[int, int]) -> None:
    class Coarse(Recorder):
        def forward(self, batch: NDArray[np.uint8]) -> Answer:
            output, novelty = super().forward(batch)
            return output[:, 4::8, 4::8], novelty

    slope = np.tile(np.arange(shape[1]) * 255 // shape[1], (shape[0], 1)).astype(np.uint8)
    probability, classes, _ = segment(Coarse(), slope, stride=32)
    inner = (slice(8, -24), slice(8, -24))
    np.testing.assert_allclose(probability[inner], slope[inner] / 255, atol=0.02)
    assert classes[0, 0] == 0
    assert classes[0, -1] == 1


@pytest.mark.parametrize("shape", [(256, 1600), (100, 333), (1100, 5000)])
def test_the_network_is_given_multiples_of_the_stride_and_bounded_tiles(shape: tuple[int, int]) -> None:
    recorder = Recorder()
    segment(recorder, np.zeros(shape, np.uint8), stride=32)
    for _, height, width, channels in recorder.shapes:
        assert height % 32 == width % 32 == 0
        assert height <= segmenter.TILE_HEIGHT
        assert width <= segmenter.TILE_WIDTH
        assert channels == 1


@pytest.mark.parametrize(
    ("shape", "tile", "count"),
    [((1024, 4096), (448, 1472), 9), ((513, 300), (384, 320), 2), ((512, 2049), (512, 1152), 2)],
)
def test_tiles_of_one_size_cover_a_picture_with_little_to_spare(
    shape: tuple[int, int], tile: tuple[int, int], count: int
) -> None:
    recorder = Recorder()
    segment(recorder, np.zeros(shape, np.uint8), stride=64)
    assert recorder.shapes == [(1, *tile, 1)] * count


def test_a_sheet_is_one_tile() -> None:
    recorder = Recorder()
    segment(recorder, np.zeros((256, 1600), np.uint8), stride=32)
    assert recorder.shapes == [(1, 256, 1600, 1)]


def test_seams_are_blended() -> None:
    class Wavering(Recorder):
        def forward(self, batch: NDArray[np.uint8]) -> Answer:
            output, novelty = super().forward(batch)
            output[...] = 1.0 if len(self.shapes) % 2 else 0.0
            return output, novelty

    probability, _, _ = segment(Wavering(), np.zeros((256, 3900), np.uint8), stride=32)
    assert set(np.unique(probability[0])) > {0.0, 1.0}
    assert np.abs(np.diff(probability[0])).max() < 0.02


def test_a_model_with_one_output_has_one_class() -> None:
    class Binary(Recorder):
        def forward(self, batch: NDArray[np.uint8]) -> Answer:
            return super().forward(batch)[0][..., :1], None

    _, classes, _ = segment(Binary(), np.full((64, 64), 200, np.uint8), stride=32)
    assert not classes.any()


def test_keras_tells_dark_from_bright(model: ServedModel) -> None:
    probability, classes, _ = segment(model.segmenter, sheet((10, 10, 20, 20, DARK), (60, 10, 20, 20, BRIGHT)), 32)
    assert probability[15, 15] > 0.99
    assert probability[100, 100] < 0.01
    assert (classes[15, 15], classes[15, 65]) == (0, 1)


def test_two_models_share_one_process(package: ModelPackage) -> None:
    probabilities, novelty = KerasSegmenter(package.weights).forward(np.zeros((1, 32, 32, 1), np.uint8))
    assert probabilities.shape == (1, 32, 32, 3)
    assert novelty is None


@pytest.mark.parametrize(("width", "brightest"), [(1600, 200), (3900, 200)])
def test_a_picture_is_as_novel_as_its_strangest_tile(width: int, brightest: int) -> None:
    class Doubting(Recorder):
        def forward(self, batch: NDArray[np.uint8]) -> Answer:
            return super().forward(batch)[0], batch.max(axis=(1, 2)).astype(np.float32)

    grey = np.zeros((250, width), np.uint8)
    grey[20, 30] = brightest
    assert segment(Doubting(), grey, stride=32).novelty == brightest
    assert segment(Recorder(), grey, stride=32).novelty is None


def test_the_likeliest_class_is_the_first_of_the_largest() -> None:
    by_class = np.random.default_rng(0).integers(0, 4, (5, 40, 50)).astype(np.float32) / 4
    np.testing.assert_array_equal(segmenter._likeliest(list(by_class)), by_class.argmax(axis=0))
