"""The loss: low where the network is right, blind where nothing is known."""

import numpy as np
import pytest
import tensorflow as tf

from training.examples import IGNORED
from training.losses import segmentation_loss

LABELS = np.zeros((1, 8, 8), np.int32)
LABELS[:, 2:6, 2:6] = 2


def logits(labels: np.ndarray, certainty: float) -> tf.Tensor:
    return tf.one_hot(labels, 5) * certainty


def test_right_costs_less_than_unsure_and_unsure_less_than_wrong() -> None:
    wrong = np.where(LABELS == 2, 0, 2)

    right, unsure, mistaken = (
        float(segmentation_loss(LABELS, guess))
        for guess in (logits(LABELS, 9.0), logits(LABELS, 0.0), logits(wrong, 9.0))
    )

    assert right < 0.05 < unsure < mistaken


def test_a_batch_without_defects_has_no_overlap_to_lose() -> None:
    clean = np.zeros_like(LABELS)

    assert float(segmentation_loss(clean, logits(clean, 9.0))) == pytest.approx(0, abs=1e-2)


def test_ignored_pixels_do_not_count() -> None:
    ignored = LABELS.copy()
    ignored[:, :2] = IGNORED
    guess = np.where(ignored == IGNORED, 4, LABELS)

    assert float(segmentation_loss(ignored, logits(guess, 9.0))) == pytest.approx(
        float(segmentation_loss(ignored, logits(LABELS, 9.0))), abs=1e-5
    )
