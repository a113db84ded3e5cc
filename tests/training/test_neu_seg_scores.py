"""The scores of a pre-trained network, on a set as small as can be."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from training import neu_seg_scores
from training.examples import DataError

SIDE = 64


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Make a training picture and three test pictures, of which the first shows the training picture's scene."""
    scenes = {"training/0.jpg": 0, "test/0.jpg": 0, "test/1.jpg": 1, "test/2.jpg": 2}
    for name in scenes:
        picture, mask = tmp_path / "images" / name, (tmp_path / "annotations" / name).with_suffix(".png")
        for path in (picture, mask):
            path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(picture), np.full((SIDE, SIDE), 120, np.uint8))
        cv2.imwrite(str(mask), np.zeros((SIDE, SIDE), np.uint8))
    (tmp_path / "scene_groups.json").write_text(json.dumps(scenes))
    return tmp_path


def test_the_kept_network_is_scored_on_all_and_on_new_scenes(data: Path) -> None:
    every, new = neu_seg_scores.scores(None, data, resamples=10)

    assert every.startswith("published test split, 3 pictures: mean IoU")
    assert new.startswith("of these, scenes not in training, 2 pictures: mean IoU")


def test_a_run_without_pretraining_is_told(data: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no finished network"):
        neu_seg_scores.scores(tmp_path / "run", data, resamples=10)
