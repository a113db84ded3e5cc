"""Run lengths against the COCO API's own."""

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from defect_api.exports import runs


@pytest.mark.parametrize("seed", range(6))
def test_compressed_runs_are_those_of_the_coco_api(seed: int) -> None:
    mask = np.random.default_rng(seed).random((37, 53)) < seed / 5  # from empty to full
    expected = coco_mask.encode(np.asfortranarray(mask.view(np.uint8)))
    assert runs.coco(mask).encode() == expected["counts"]
