"""PNG files: what is written is read by others as it was, and what is no PNG is told."""

import io

import numpy as np
import pytest
from PIL import Image

from defect_api.png import decode_png, encode_png

NOISE = np.random.default_rng(0).integers(0, 256, (50, 70, 3)).astype(np.uint8)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=["PNG"])


@pytest.mark.parametrize("q", [NOISE[..., 0], NOISE[:1, :, 0], NOISE[:, :1, 0], np.zeros((256, 1600), np.uint8)])
def test_maps_survive_exactly(q: np.ndarray) -> None:
    np.testing.assert_array_equal(decode_png(encode_png(q)), q)
    np.testing.assert_array_equal(np.asarray(opened(encode_png(q))), q)


def test_colours_survive_exactly() -> None:
    np.testing.assert_array_equal(np.asarray(opened(encode_png(NOISE)))[..., ::-1], NOISE)


def test_levels_are_looked_up_in_a_palette() -> None:
    palette = NOISE.reshape(-1, 3)[:256]
    picture = opened(encode_png(NOISE[..., 0], palette))
    assert picture.mode == "P"
    np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), palette[NOISE[..., 0]])


@pytest.mark.parametrize("data", [b"", b"nothing", encode_png(NOISE[..., 0])[:-20]])
def test_what_is_no_whole_png_is_told(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a PNG"):
        decode_png(data)
