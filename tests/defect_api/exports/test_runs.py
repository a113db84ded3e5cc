"""Run lengths against the COCO API's own."""

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from defect_api.exports import runs


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(
    "box",
    [(0, 0, 53, 37), (5, 7, 20, 11), (10, 0, 9, 37), (40, 20, 13, 17), (0, 0, 1, 1)],
    ids=["all", "within", "of the full height", "to the end", "one pixel"],
)
def test_compressed_runs_of_a_window_are_those_of_the_coco_api(box: tuple[int, int, int, int], seed: int) -> None:
    x, y, width, height = box
    window = np.random.default_rng(seed).random((height, width)) < seed / 5  # from empty to full
    mask = np.zeros((37, 53), bool)
    mask[y : y + height, x : x + width] = window
    expected = coco_mask.encode(np.asfortranarray(mask.view(np.uint8)))
    assert runs.coco(window, (x, y), mask.shape).encode() == expected["counts"]
