"""Augmentation: picture and mask stay together, and sizes are as asked for."""

import numpy as np
import pytest

from training import augment, sheets

STILL = augment.Changes(scale=(1.0, 1.0), small_share=0.0, tilt_deg=0.0)


@pytest.mark.parametrize("seed", range(4))
def test_a_mask_moves_with_its_picture(seed: int) -> None:
    mask = sheets.generate(1, defects=[4], width=320, dark_side=False).mask
    picture = np.where(mask > 0, 200, 50).astype(np.uint8)

    pixels, ids = augment.crop(np.random.default_rng(seed), picture, mask, (128.0, 160.0), (128, 192), STILL)

    np.testing.assert_array_equal(pixels > 100, ids > 0)


def test_a_crop_larger_than_the_picture_is_filled_by_reflection() -> None:
    picture = np.full((64, 64), 90, np.uint8)

    pixels, _ = augment.crop(
        np.random.default_rng(1), picture, np.zeros_like(picture), (32.0, 32.0), (96, 128), augment.Changes()
    )

    assert pixels.shape == (96, 128)
    assert (pixels == 90).all()


def test_other_light_keeps_the_picture_in_range_and_changes_it() -> None:
    picture = sheets.generate(1, width=320).image

    relit = augment.relight(np.random.default_rng(1), picture, augment.Changes())

    assert relit.dtype == np.uint8
    assert not np.array_equal(relit, picture)
